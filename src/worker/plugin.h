/*
 * plugin.h - the plugins of a group: loading, checking, their life.
 *
 *	zygote:  plugin_set_load()	private copies, checks, options
 *		 plugin_set_routes()	their tables, compiled
 *		 plugin_set_warm()	warm() of each
 *	worker:  plugin_set_open()	open() of each, in the order of the group
 *		 plugin_set_close()	close() of those that were opened, backwards
 *
 * Neither loading (a constructor may do anything) nor warm() may leave behind
 * what plugin_quiet.h lists.  Nothing else of a plugin is called before its
 * struct, options and tables have been found good.  Every failure is described
 * by a plugin_why: the operator reads it as the answer to a reload.
 */
#ifndef WORKER_PLUGIN_H
#define WORKER_PLUGIN_H

#include <stddef.h>
#include <stdint.h>

#include <skep/plugin.h>

#include "msg.h"

struct conf;
struct plugin;
struct route_table;
struct worker;

#define PLUGIN_WHY 1024

struct plugin_why {
	enum msg_fail_phase phase;
	int error;		/* -errno */
	char text[PLUGIN_WHY];	/* "plugin shop: ...", one line */
};

/* A plugin as its own calls see it. */
struct skep_app {
	struct plugin *plugin;
	struct worker *worker;	/* NULL in warm() */
	void *data;
	char fail[PLUGIN_WHY - 128];
};

struct plugin_value {
	struct skep_str text;
	int64_t number;
};

struct plugin_set;

struct plugin {
	struct skep_plugin def;		/* a copy: a shorter struct is filled with zeroes */
	struct plugin_set *set;
	const char *name;
	char *path;
	void *dl;
	int fd;				/* of the private copy: kept for crash reports */
	const void *symbol;		/* skep_plugin, in the object */
	size_t n_options;
	struct plugin_value *values;	/* in the order of def.options */
	struct skep_app app;
	int opened;
};

struct plugin_set {
	struct plugin *list;
	unsigned n;
	char *state_dir;		/* absolute; made when first asked for */
	const struct conf *conf;
	struct plugin *conn;		/* the one with a conn handler, for protocol stream */
};

/* The plugins of group g of the configuration (borrowed for the set's life).  0, -errno and *why. */
int plugin_set_load(struct plugin_set **out, const struct conf *, int g,
    struct plugin_why *why);
/* Does not unload: code may still be on some stack.  For tests and failed loads. */
void plugin_set_free(struct plugin_set **);

int plugin_set_routes(struct plugin_set *, struct route_table *,
    struct plugin_why *why);
int plugin_set_warm(struct plugin_set *, struct plugin_why *why);
int plugin_set_open(struct plugin_set *, struct worker *,
    struct plugin_why *why);
void plugin_set_close(struct plugin_set *);

/* The value of an option: NULL when the plugin has none of that name. */
const struct plugin_value *plugin_option(const struct plugin *,
    const char *name);

/* Check a definition as found in a file: for plugin_set_load() and its tests. */
int plugin_check(const struct skep_plugin *def, const char *want_name,
    struct skep_plugin *copy_out, struct plugin_why *why);

/* Set *why and return error: "plugin NAME: " and the text. */
__attribute__((format(printf, 5, 6))) int plugin_refuse(struct plugin_why *,
    enum msg_fail_phase, int error, const char *name, const char *fmt, ...);

#endif

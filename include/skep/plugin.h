/*
 * plugin.h - the one symbol that a plugin exports.
 *
 *	SKEP_EXPORT const struct skep_plugin skep_plugin = {
 *		SKEP_PLUGIN_HEAD, .name = "shop", .routes = routes,
 *	};
 *
 * The server checks the struct before it calls any function of the plugin.
 */
#ifndef SKEP_PLUGIN_H
#define SKEP_PLUGIN_H

#include <skep/http.h>
#include <skep/job.h>
#include <skep/types.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Changes when a plugin built before cannot work any more. */
#define SKEP_ABI 1

enum skep_option_type {
	SKEP_OPT_STR,
	SKEP_OPT_INT,
	SKEP_OPT_BOOL,
	SKEP_OPT_SIZE,		/* 64k, 500MB, 1GiB */
	SKEP_OPT_DURATION	/* 500ms, 30s, 5m */
};

/* An option of the plugin's section in the configuration. */
struct skep_option {
	const char *name;
	enum skep_option_type type;
	const char *fallback;	/* as one would write it; NULL: must be given */
	const char *doc;	/* one line */
	void *reserved[2];
};

struct skep_plugin {
	uint32_t abi, size;			/* SKEP_PLUGIN_HEAD */
	const char *name;			/* [a-z][a-z0-9_-]* */
	const struct skep_route *routes;	/* tables end with { 0 }, all of it */
	const struct skep_job_kind *jobs;
	const struct skep_option *options;
	skep_fn *conn;				/* raw connections */
	/*
	 * Once in the zygote, before it clones: read files, build tables.  No
	 * threads, sockets, connections or children: that is checked.
	 */
	int (*warm)(struct skep_app *);
	int (*open)(struct skep_app *);		/* once a worker, before traffic */
	void (*close)(struct skep_app *);	/* once a worker, at an orderly end */
};

#define SKEP_PLUGIN_HEAD .abi = SKEP_ABI, .size = sizeof(struct skep_plugin)

/* Also makes the symbol visible where the default is hidden. */
extern SKEP_EXPORT const struct skep_plugin skep_plugin;

#ifdef __cplusplus
}
#endif
#endif

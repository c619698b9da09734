/*
 * conf.h - the configuration: read whole, checked whole, then used.
 *
 * A struct conf never changes once it is made; a reload makes another one and
 * swaps.  Values come, in rising precedence, from the defaults in options.h, a
 * preset, the environment variables that older services used, the file,
 * SKEP_SECTION_KEY variables, and -o section.key=value.  Each value knows where
 * it came from.
 *
 *	master:   conf_load() -> conf_write(fd) -> child
 *	child:    conf_read(FD_CONF)
 *	all:      conf_num(c, OPT_http_body_max)
 */
#ifndef BASE_CONF_H
#define BASE_CONF_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "options.h"

struct conf;

#define CONF_GROUPS_MAX	 32
#define CONF_LISTEN_MAX	 16	/* listeners a group can have (ipc/fds.h) */
#define CONF_NAME_MAX	 31	/* bytes of a group's or plugin's name */
#define CONF_GLOBAL	 (-1)	/* in place of a group's number */

/* What conf_load() found wrong, or worth saying. */
struct conf_report {
	char **errors, **notes;	/* whole lines: "skepd.conf:12: ..." */
	size_t n_errors, n_notes;
};

/* Where to read from.  All is borrowed for the call. */
struct conf_source {
	const char *file;	/* path, or NULL with text */
	const char *text;	/* instead of a file, for tests */
	const char *const *env;	/* environment; NULL: none */
	const char *const *sets; /* "section.key=value", "group.web.min=3", "plugin.market.data=/x" */
	size_t n_sets;
};

/*
 * Read and check.  0 and *conf_out (free with conf_close()); -EINVAL when
 * something is wrong, -ENOENT and others when the file cannot be read: then
 * report->errors says what.  report is filled in any case and has to be
 * emptied with conf_report_fini().
 */
int conf_load(const struct conf_source *, struct conf **conf_out,
    struct conf_report *report);
void conf_report_fini(struct conf_report *);
void conf_close(struct conf **);

/*
 * Values.  INT, BOOL (0, 1), DURATION (nanoseconds), SIZE (bytes) and ENUM are
 * numbers.  Strings are borrowed from the conf.
 */
int64_t conf_num(const struct conf *, enum conf_opt);
const char *conf_str(const struct conf *, enum conf_opt);
size_t conf_list_len(const struct conf *, enum conf_opt);
const char *conf_list_at(const struct conf *, enum conf_opt, size_t i);

/* Groups, in the order of the file; g counts from 0. */
int conf_groups(const struct conf *);
const char *conf_group_name(const struct conf *, int g);
int conf_group_find(const struct conf *, const char *name);	/* -ENOENT */
/* Values of OPT_group_*. */
int64_t conf_group_num(const struct conf *, int g, enum conf_opt);
const char *conf_group_str(const struct conf *, int g, enum conf_opt);
size_t conf_group_list_len(const struct conf *, int g, enum conf_opt);
const char *conf_group_list_at(const struct conf *, int g, enum conf_opt,
    size_t i);

/*
 * Plugins: "plugin NAME { file = ..., key = value }".  Their keys are not known
 * here; who loads the plugin checks them against its option table and reports
 * with conf_pair.origin.  A plugin without a section has no pairs.
 */
struct conf_pair {
	const char *key, *value;
	const char *origin;	/* "skepd.conf:12" */
	int secret;		/* read from a file: never print the value */
};

/* The path of its shared object: its key "file", else plugin_dir/NAME.so.  0, -ENAMETOOLONG. */
int conf_plugin_file(const struct conf *, const char *name, char *path_out,
    size_t size);
/*
 * Whether the files of the groups' plugins can be read and begin as shared
 * objects do; report is that of conf_load(), and what is wrong is added.  What
 * they export is seen by who loads them, which runs code of theirs.  0, -EINVAL.
 */
int conf_check_plugins(const struct conf *, struct conf_report *report);
size_t conf_plugin_pairs(const struct conf *, const char *name);
struct conf_pair conf_plugin_pair(const struct conf *, const char *name,
    size_t i);

/* The control socket's path: control.socket, else in run_dir.  0, -ENAMETOOLONG. */
int conf_control_path(const struct conf *, char *path_out, size_t size);

/*
 * The path of the region's file: region.path, else one in /dev/shm named after
 * the run directory (whatever way that is written).  0, -ENAMETOOLONG.
 */
int conf_region_path(const struct conf *, char *path_out, size_t size);

/* Everything, for display: in the order of the table, then groups, then plugins. */
struct conf_item {
	const char *section;	/* "http", "group", "plugin" */
	const char *title;	/* of a group or plugin, else NULL */
	const char *key;
	const char *value;	/* as one would write it; "(secret)" for secrets */
	const char *origin;	/* "default", "preset NAME", "env NAME", "FILE:LINE", "command line" */
	int is_default;
	const struct conf_row *row;	/* NULL for a plugin's keys */
};
void conf_each(const struct conf *,
    void (*fn)(void *arg, const struct conf_item *), void *arg);
/* conf_each() as text, only_changed: without the values nobody has set. */
enum conf_print { CONF_PRINT_ALL, CONF_PRINT_CHANGED };
void conf_print(const struct conf *, enum conf_print, FILE *);

/*
 * Hand the effective configuration to a child: conf_write() into a fresh
 * memfd, conf_read() from its start, any number of times.  0, -errno.
 */
int conf_write(const struct conf *, int fd);
int conf_read(int fd, struct conf **conf_out);

#endif

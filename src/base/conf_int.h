/*
 * conf_int.h - inside of the configuration.
 *
 *	conf_text.c	files, includes, words, variables -> words with their places
 *	conf_file.c	the grammar, by libconfuse -> assignments
 *	conf_value.c	one assignment: type, range -> a value
 *	conf_load.c	the layers in their order; what must hold between values
 *	conf_plugin.c	plugins and their files
 *	conf.c		reading values; conf_show.c display; conf_wire.c hand-over
 */
#ifndef BASE_CONF_INT_H
#define BASE_CONF_INT_H

#include "buf.h"
#include "conf.h"

/* Who set a value, in rising precedence. */
enum conf_rank {
	CONF_BY_NOBODY,
	CONF_BY_DEFAULT,
	CONF_BY_PRESET,
	CONF_BY_ALIAS,	/* an environment variable of older services */
	CONF_BY_FILE,
	CONF_BY_ENV,	/* SKEP_SECTION_KEY */
	CONF_BY_SET	/* -o */
};

struct conf_value {
	enum conf_rank rank;
	int secret;
	int64_t num;
	const char *origin;
	const char **v;	/* the strings, as written; one but for lists */
	size_t n;
};

struct conf_group {
	const char *name, *origin;
	struct conf_value v[OPT_N];	/* only those of section "group" */
};

struct conf_plugin {
	const char *name;
	struct conf_pair *pairs;
	size_t n;
};

struct conf {
	struct conf_value v[OPT_N];
	struct conf_group *groups;
	size_t n_groups;
	struct conf_plugin *plugins;
	size_t n_plugins;
	void *chunks;	/* all strings and arrays above */
	int nomem;
};

/* One "key = value" before it is checked. */
struct conf_assign {
	const char *section, *title, *key;	/* title: of a group or plugin */
	const char **v;
	size_t n;
	const char *origin;
	int secret;
};

struct conf_assigns {
	struct conf_assign *v;
	size_t n;
};

/* Memory that lives as long as the conf.  NULL after a failure, which conf->nomem remembers. */
void *conf_alloc(struct conf *, size_t);
/* As realloc() of an array that doubles whenever n reaches a power of two. */
void *conf_grow(struct conf *, void *old, size_t n, size_t size);
const char *conf_dup(struct conf *, const char *);
const char *conf_fmt(struct conf *, const char *fmt, ...) BUF_PRINTF(2, 3);

void conf_error(struct conf_report *, const char *fmt, ...) BUF_PRINTF(2, 3);
void conf_note(struct conf_report *, const char *fmt, ...) BUF_PRINTF(2, 3);

/* conf_text.c */
enum conf_tok_kind {
	CONF_TOK_NAME,	/* a key, section or title */
	CONF_TOK_VALUE,
	CONF_TOK_EMPTY,	/* stands for the value of an empty list */
	CONF_TOK_OTHER	/* = += { } , ( ) */
};

struct conf_tok {
	enum conf_tok_kind kind;
	int secret;
	int used;	/* a value that an assignment has taken */
	int line;
	const char *file, *text;
};

struct conf_text {
	struct conf_tok *toks;
	size_t n;
	struct buf out;	/* for libconfuse: one token a line, values as numbers of tokens */
};

/*
 * Read the file (or text) and all it includes.  0; -EINVAL with errors
 * reported.  The tokens belong to the conf; buf_fini(&out) is the caller's.
 */
int conf_text_read(struct conf *, const struct conf_source *,
    struct conf_report *, struct conf_text *out);

/* conf_file.c: 0, -EINVAL with errors reported. */
int conf_file_parse(struct conf *, struct conf_text *, struct conf_report *,
    struct conf_assigns *out);

/* conf_value.c */
/* The option of that name; OPT_N with an error reported that says the nearest. */
enum conf_opt conf_opt_find(const char *section, const char *key,
    const char *origin, struct conf_report *);
/* The section of that name in the table: 1, 0. */
int conf_section_known(const char *section);
const char *conf_section_near(const char *wrong);
/* Check and set, replacing what a lower rank has set.  0, -EINVAL with errors reported. */
int conf_assign(struct conf *, const struct conf_assign *, enum conf_rank,
    struct conf_report *);
/* Check and set one value whose place is known. */
int conf_value_set(struct conf *, struct conf_value *, enum conf_opt,
    const struct conf_assign *, enum conf_rank, struct conf_report *);
/* "http.body_max", "group web.min". */
const char *conf_value_name(struct conf *, const struct conf_assign *);
struct conf_group *conf_group_get(struct conf *, const char *name,
    const char *origin);
struct conf_plugin *conf_plugin_get(struct conf *, const char *name);
int conf_name_ok(const char *);

/* conf_check.c: what must hold between values. */
void conf_check(struct conf *, struct conf_report *);

/* conf_env.c: presets and variables. */
struct conf_alias {
	const char *env;
	enum conf_opt opt;
	const char *doc;
};
extern const struct conf_alias conf_aliases[];	/* ends with env == NULL */
struct conf_preset {
	const char *preset;
	enum conf_opt opt;
	const char *value;
};
extern const struct conf_preset conf_presets[];	/* ends with preset == NULL */

#endif

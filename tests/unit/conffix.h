/*
 * conffix.h - a configuration from a text, for the tests of conf.
 */
#ifndef UNIT_CONFFIX_H
#define UNIT_CONFFIX_H

#include <check.h>
#include <errno.h>
#include <string.h>

#include "conf.h"

#define GROUP "group web { plugin = market }\n"

static struct conf *conf;
static struct conf_report rep;

static inline void
conf_begin(void)
{
	conf = NULL;
	memset(&rep, 0, sizeof(rep));
}

static inline void
conf_end(void)
{
	conf_report_fini(&rep);
	conf_close(&conf);
}

static inline int
load_all(const char *text, const char *const *env, const char *const *sets,
    size_t n_sets)
{
	struct conf_source src = { .text = text, .env = env, .sets = sets,
	    .n_sets = n_sets };

	conf_report_fini(&rep);
	conf_close(&conf);
	return conf_load(&src, &conf, &rep);
}

static inline int
load(const char *text)
{
	return load_all(text, NULL, NULL, 0);
}

/* The text is refused, and some message contains word. */
static inline void
refused(const char *text, const char *word)
{
	size_t i;
	int found = 0;

	ck_assert_int_eq(load(text), -EINVAL);
	ck_assert_ptr_null(conf);
	ck_assert_uint_gt(rep.n_errors, 0);
	for (i = 0; i < rep.n_errors; i++)
		found |= strstr(rep.errors[i], word) != NULL;
	ck_assert_msg(found, "\"%s\" lacks \"%s\"", rep.errors[0], word);
}

#endif

/* logs.c - see logs.h */
#include "logs.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#include "fdio.h"
#include "line.h"
#include "log.h"

static int
is_json(const struct conf *conf)
{
	return conf_num(conf, OPT_log_format) == LOG_FORMAT_JSON;
}

static void
apply_levels(const struct conf *conf)
{
	size_t i;

	/* What it does not name is as its first word, or as the default. */
	(void)log_set_level(conf_rows[OPT_log_level].fallback);
	for (i = 0; i < conf_list_len(conf, OPT_log_level); i++)
		(void)log_set_level(conf_list_at(conf, OPT_log_level, i));
}

void
logs_apply(const struct conf *conf)
{
	log_set_json(is_json(conf));
	apply_levels(conf);
}

/* --- the access log --- */

int
logs_open(struct gen *gen, char *why, size_t cap)
{
	const char *path = conf_str(gen->conf, OPT_log_access);
	int fd;

	if (*path == '\0')
		return 0;
	fd = open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0640);
	if (fd < 0) {
		snprintf(why, cap, "cannot open the access log %s: %s "
		    "(log.access)", path, strerror(errno));
		return -errno;
	}
	fdio_close(&gen->access_log);
	gen->access_log = fd;
	return 0;
}

int
logs_reopen(struct master *m)
{
	char why[MASTER_WHY];
	struct gen *gen;
	struct child *c;
	int rc, worst = 0;

	LIST_FOREACH(gen, &m->gens, link) {
		rc = logs_open(gen, why, sizeof why);
		if (rc < 0) {
			log_error("master", "%s", why);
			worst = rc;
		}
	}
	LIST_FOREACH(c, &m->roster, link)
		if (c->crew != NULL && c->crew->gen->access_log >= 0)
			(void)line_send(c, MSG_REOPEN, NULL, NULL, 0,
			    &c->crew->gen->access_log, 1);
	return worst;
}

/* --- levels --- */

static void
send_level(const char *spec, void *arg)
{
	/* One that takes nothing is about to be found dead. */
	(void)line_send(arg, MSG_LOG_LEVEL, NULL, spec, strlen(spec), NULL, 0);
}

int
logs_set_level(struct master *m, const char *spec)
{
	struct child *c;
	int rc;

	rc = log_set_level(spec);
	if (rc < 0)
		return rc;
	LIST_FOREACH(c, &m->roster, link)
		send_level(spec, c);
	return 0;
}

static int
same_levels(const struct gen *a, const struct gen *b)
{
	size_t i, n = conf_list_len(a->conf, OPT_log_level);

	if (conf_list_len(b->conf, OPT_log_level) != n)
		return 0;
	for (i = 0; i < n; i++)
		if (strcmp(conf_list_at(a->conf, OPT_log_level, i),
			conf_list_at(b->conf, OPT_log_level, i)) != 0)
			return 0;
	return 1;
}

void
logs_tell(const struct master *m, struct child *c)
{
	/* The next generation brings its own when it says something else. */
	if (c->crew != NULL && c->crew->gen == m->next &&
	    !same_levels(m->gen, m->next))
		return;
	log_levels(send_level, c);
}

void
logs_commit(struct master *m, const struct gen *old)
{
	struct child *c;

	log_set_json(is_json(m->gen->conf));
	if (same_levels(old, m->gen))
		return;
	apply_levels(m->gen->conf);
	LIST_FOREACH(c, &m->roster, link)
		log_levels(send_level, c);
}

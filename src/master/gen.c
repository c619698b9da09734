/* gen.c - see gen.h */
#include "gen.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cpus.h"
#include "fdio.h"
#include "group.h"
#include "log.h"

unsigned
gen_start_workers(const struct conf *conf, int g, unsigned *min_out,
    unsigned *max_out)
{
	int64_t min = conf_group_num(conf, g, OPT_group_min);
	int64_t max = conf_group_num(conf, g, OPT_group_max);
	int64_t n = conf_group_num(conf, g, OPT_group_start);

	if (!conf_num(conf, OPT_workers_cluster)) {
		*min_out = *max_out = 1;
		return 1;
	}
	if (max < min)
		max = min;
	if (n == 0)
		n = cpus_usable();
	*min_out = (unsigned)min;
	*max_out = (unsigned)max;
	return (unsigned)(n < min ? min : n > max ? max : n);
}

static const char *
bind_error(int rc)
{
	if (rc == -EADDRINUSE)
		return "something else listens there";
	if (rc == -EACCES)
		return "not permitted";
	if (rc == -EINVAL)
		return "not an address";
	return strerror(-rc);
}

static int
listen_one(struct master *m, const char *option, const char *text,
    const struct listen_plan *plan, struct listen_sock **out, char *why,
    size_t cap)
{
	int rc;

	rc = listen_take(&m->listeners, text, plan, out);
	if (rc < 0) {
		snprintf(why, cap,
		    "cannot listen on %s: %s (choose another with %s)", text,
		    bind_error(rc), option);
		return rc;
	}
	if ((*out)->used == 1)
		log_info("listen", "listening address=%s option=%s%s",
		    (*out)->bound, option,
		    (*out)->inherited ? " inherited=yes" : "");
	return 0;
}

#define OPTION_LEN 64

/* What the group's sockets are made with; option is kept in it. */
static struct listen_plan
crew_plan(const struct master *m, const struct crew *c,
    char option[OPTION_LEN])
{
	const struct conf *conf = c->gen->conf;
	const char *mode = conf_group_str(conf, c->g, OPT_group_socket_mode);

	snprintf(option, OPTION_LEN, "group.%s.listen", c->group->name);
	return (struct listen_plan) {
		.owner = option,
		.stamp = c->gen->number,
		.backlog = (int)conf_group_num(conf, c->g, OPT_group_backlog),
		.mode = (mode_t)strtoul(mode, NULL, 8),
		.uid = m->priv.uid,
		.gid = m->priv.gid,
	};
}

static int
crew_listen(struct master *m, struct crew *c, char *why, size_t cap)
{
	const struct conf *conf = c->gen->conf;
	size_t i, n = conf_group_list_len(conf, c->g, OPT_group_listen);
	char option[OPTION_LEN];
	const struct listen_plan plan = crew_plan(m, c, option);
	int rc;

	for (i = 0; i < n && i < FD_LISTEN_MAX; i++) {
		rc = listen_one(m, option,
		    conf_group_list_at(conf, c->g, OPT_group_listen, i), &plan,
		    &c->listen[i], why, cap);
		if (rc < 0)
			return rc;
		c->n_listen++;
	}
	return 0;
}

void
gen_adjust(struct master *m, struct gen *gen)
{
	char option[OPTION_LEN];
	struct listen_plan plan;
	struct crew *c;
	unsigned i, k;
	int rc;

	for (i = 0; i < gen->n_crews; i++) {
		c = &gen->crews[i];
		plan = crew_plan(m, c, option);
		for (k = 0; k < c->n_listen; k++) {
			rc = listen_adjust(c->listen[k], &plan);
			if (rc < 0)
				log_warn("listen", "cannot adjust address=%s: "
				    "%s", c->listen[k]->bound, strerror(-rc));
		}
	}
}

static int
crew_open(struct master *m, struct gen *gen, int g, char *why, size_t cap)
{
	struct crew *c = &gen->crews[g];
	int rc;

	c->gen = gen;
	c->g = g;
	c->start = gen_start_workers(gen->conf, g, &c->min, &c->max);
	rc = group_take(m, conf_group_name(gen->conf, g), &c->group);
	if (rc < 0) {
		snprintf(why, cap, "group %s: %s",
		    conf_group_name(gen->conf, g), strerror(-rc));
		return rc;
	}
	gen->n_crews++;
	return crew_listen(m, c, why, cap);
}

static int
admin_listen(struct master *m, struct gen *gen, char *why, size_t cap)
{
	const struct listen_plan plan = { .owner = "admin.listen",
		.stamp = gen->number,
		.backlog = 128,
		.mode = 0600,
		.uid = m->priv.uid,
		.gid = m->priv.gid };
	size_t i, n = conf_list_len(gen->conf, OPT_admin_listen);
	int rc;

	for (i = 0; i < n && i < FD_LISTEN_MAX; i++) {
		rc = listen_one(m, "admin.listen",
		    conf_list_at(gen->conf, OPT_admin_listen, i), &plan,
		    &gen->admin[i], why, cap);
		if (rc < 0)
			return rc;
		gen->n_admin++;
	}
	return 0;
}

static int
conf_file(struct gen *gen, char *why, size_t cap)
{
	int rc;

	gen->conf_fd = fdio_memfd("skep-conf");
	rc = gen->conf_fd < 0 ? gen->conf_fd :
				conf_write(gen->conf, gen->conf_fd);
	if (rc < 0)
		snprintf(why, cap, "cannot pass the configuration on: %s",
		    strerror(-rc));
	return rc;
}

int
gen_open(struct master *m, struct conf *conf, struct gen **out, char *why,
    size_t cap)
{
	struct gen *gen;
	int g, rc, n = conf_groups(conf);

	snprintf(why, cap, "out of memory");
	gen = calloc(1, sizeof *gen);
	if (gen == NULL)
		return -ENOMEM;
	gen->conf_fd = -1;
	gen->access_log = -1;
	gen->conf = conf;
	/* Also one that fails has its number: sockets remember who took them. */
	gen->number = ++m->last_number;
	LIST_INSERT_HEAD(&m->gens, gen, link);
	gen->crews = calloc(n > 0 ? (size_t)n : 1, sizeof *gen->crews);
	rc = gen->crews != NULL ? conf_file(gen, why, cap) : -ENOMEM;
	for (g = 0; rc == 0 && g < n; g++)
		rc = crew_open(m, gen, g, why, cap);
	if (rc == 0)
		rc = admin_listen(m, gen, why, cap);
	if (rc < 0) {
		gen->conf = NULL; /* the caller's */
		gen_close(m, gen);
		return rc;
	}
	*out = gen;
	return 0;
}

static void
unlisten(struct master *m, struct listen_sock *s)
{
	if (s->used == 1)
		log_info("listen", "closed address=%s", s->bound);
	listen_drop(&m->listeners, s);
}

void
gen_unlisten(struct master *m, struct gen *gen)
{
	struct crew *c;
	unsigned i;

	for (i = 0; i < gen->n_crews; i++) {
		c = &gen->crews[i];
		while (c->n_listen > 0)
			unlisten(m, c->listen[--c->n_listen]);
	}
	while (gen->n_admin > 0)
		unlisten(m, gen->admin[--gen->n_admin]);
}

void
gen_close(struct master *m, struct gen *gen)
{
	gen_unlisten(m, gen);
	fdio_close(&gen->conf_fd);
	fdio_close(&gen->access_log);
	conf_close(&gen->conf);
	LIST_REMOVE(gen, link);
	free(gen->crews);
	free(gen);
	group_sweep(m);
}

int
gen_lives(const struct master *m, const struct gen *gen)
{
	const struct child *c;

	LIST_FOREACH(c, &m->roster, link)
		if (c->crew != NULL && c->crew->gen == gen)
			return 1;
	return 0;
}

void
gen_sweep(struct master *m)
{
	struct gen *gen = LIST_FIRST(&m->gens), *after;

	for (; gen != NULL; gen = after) {
		after = LIST_NEXT(gen, link);
		if (gen != m->gen && gen->retired && !gen_lives(m, gen)) {
			log_info("master", "generation gone generation=%u",
			    gen->number);
			gen_close(m, gen);
		}
	}
}

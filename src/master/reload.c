/* reload.c - see reload.h */
#include "reload.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "crew.h"
#include "ctlclient.h"
#include "fdio.h"
#include "gen.h"
#include "line.h"
#include "log.h"
#include "logs.h"
#include "notify.h"

#define CONF_BYTES_MAX (16u << 20)	/* of a configuration passed on */

/* What only a restart can change; told, not done. */
static const enum conf_opt fixed[] = { OPT_skepd_user, OPT_skepd_group,
	OPT_skepd_run_dir, OPT_skepd_libexec_dir, OPT_control_socket,
	OPT_control_group, OPT_region_path, OPT_region_slots,
	OPT_region_order, OPT_cache_size, OPT_cache_keys_max,
	OPT_cache_value_max, OPT_workers_files_max };

static int
same_value(const struct conf *a, const struct conf *b, enum conf_opt opt)
{
	if (conf_rows[opt].type == CONF_STR)
		return strcmp(conf_str(a, opt), conf_str(b, opt)) == 0;
	return conf_num(a, opt) == conf_num(b, opt);
}

static void
note_fixed(const struct conf *was, const struct conf *is)
{
	size_t i;

	for (i = 0; i < sizeof fixed / sizeof fixed[0]; i++)
		if (!same_value(was, is, fixed[i]))
			log_warn("reload", "needs a restart option=%s.%s",
			    conf_rows[fixed[i]].section,
			    conf_rows[fixed[i]].key);
}

static void
refused(struct master *m, const char *why)
{
	char q[MASTER_WHY];

	if (why != m->reload_why)
		snprintf(m->reload_why, sizeof m->reload_why, "%s", why);
	m->reloads_refused++;
	log_error("reload", "refused reason=\"%s\"",
	    log_quote(q, sizeof q, m->reload_why));
	notify_send("READY=1\nSTATUS=reload refused");
	ctlclient_reload_done(m);
}

static int
read_conf(struct master *m, struct conf **conf)
{
	struct conf_source src = { .file = m->conf_file, .env = (const char *const *)environ,
		.sets = m->sets, .n_sets = m->n_sets };
	struct conf_report report = { 0 };
	size_t i;
	int rc;

	rc = conf_load(&src, conf, &report);
	for (i = 0; i < report.n_errors; i++)
		log_error("reload", "%s", report.errors[i]);
	for (i = 0; i < report.n_notes; i++)
		log_warn("reload", "%s", report.notes[i]);
	if (rc < 0)
		snprintf(m->reload_why, sizeof m->reload_why, "%s",
		    report.n_errors > 0 ? report.errors[0] : strerror(-rc));
	conf_report_fini(&report);
	return rc;
}

int
reload_try(struct master *m)
{
	struct conf *conf = NULL;
	int rc;

	rc = read_conf(m, &conf);
	conf_close(&conf);
	return rc;
}

/* Both generations have their workers in the region for a while. */
static int
slots_suffice(struct master *m, const struct gen *gen)
{
	unsigned need = 0, have, i;

	for (i = 0; i < gen->n_crews; i++)
		need += gen->crews[i].min;
	have = slots_count(&m->slots, SLOTS_FREE);
	have -= have < SLOTS_FOR_MENDERS ? have : SLOTS_FOR_MENDERS;
	if (need <= have)
		return 1;
	snprintf(m->reload_why, sizeof m->reload_why,
	    "%u slots of the region are free, the new generation needs %u: "
	    "wait until the old one is drained, or raise region.slots",
	    have, need);
	return 0;
}

int
reload_begin(struct master *m)
{
	struct conf *conf = NULL;
	struct gen *gen;
	int rc;

	if (m->next != NULL || m->phase != PHASE_SERVING)
		return -EBUSY;
	notify_reloading();
	rc = read_conf(m, &conf);
	if (rc == 0)
		rc = gen_open(m, conf, &gen, m->reload_why,
		    sizeof m->reload_why);
	if (rc == 0) {
		rc = logs_open(gen, m->reload_why, sizeof m->reload_why);
		if (rc == 0 && !slots_suffice(m, gen))
			rc = -ENOSPC;
		if (rc < 0) {
			gen_close(m, gen);
			conf = NULL;
		}
	}
	if (rc < 0) {
		conf_close(&conf);
		refused(m, m->reload_why);
		return rc;
	}
	note_fixed(m->gen->conf, conf);
	m->next = gen;
	m->next_deadline_ns = master_now() +
	    (uint64_t)conf_num(conf, OPT_reload_timeout);
	m->reload_why[0] = '\0';
	log_info("reload", "begun generation=%u", gen->number);
	return 0;
}

void
reload_refuse(struct master *m, const char *why)
{
	struct gen *gen = m->next;

	if (gen == NULL)
		return;
	m->next = NULL;
	/* Its workers may have connections by now: they give them back. */
	crew_retire(m, gen, m->gen,
	    (uint64_t)conf_num(m->gen->conf, OPT_drain_timeout));
	refused(m, why);
}

static int
same_conf(const struct gen *a, const struct gen *b)
{
	char *x = NULL, *y = NULL;
	size_t nx, ny;
	int same = 0;

	if (fdio_slurp(a->conf_fd, CONF_BYTES_MAX, &x, &nx) == 0 &&
	    fdio_slurp(b->conf_fd, CONF_BYTES_MAX, &y, &ny) == 0)
		same = nx == ny && memcmp(x, y, nx) == 0;
	free(x);
	free(y);
	return same;
}

/* The keeper reads its configuration when it starts: let it start again. */
static void
renew_keeper(struct master *m)
{
	struct child *k = m->keeper.child;

	if (k == NULL)
		return;
	line_close(k);
	if (k->state != CST_EXITING)
		roster_step(k, CEV_DRAIN);
	k->kill_ns = master_now() + 2000000000ULL;
	m->keeper.child = NULL;
	m->keeper.retry_ns = 0;
}

static void
commit(struct master *m)
{
	struct gen *old = m->gen;
	int same = same_conf(old, m->next);

	m->gen = m->next;
	m->next = NULL;
	m->reloads++;
	gen_adjust(m, m->gen);
	logs_commit(m, old);
	if (!same)
		renew_keeper(m);
	crew_retire(m, old, m->gen,
	    (uint64_t)conf_num(m->gen->conf, OPT_drain_timeout));
	log_info("reload", "done generation=%u", m->gen->number);
	notify_send("READY=1\nSTATUS=serving");
	ctlclient_reload_done(m);
}

/* The deadline has passed with this group not ready: say how far it came. */
static void
late(struct master *m, const struct crew *c)
{
	char why[MASTER_WHY];
	int warm = c->zygote != NULL && c->zygote->state == CST_SERVING;

	snprintf(why, sizeof why,
	    "group %s was not ready in time: %u of %u workers%s",
	    c->group->name, roster_workers(&m->roster, c, CST_SERVING), c->min,
	    warm ? "" : ", its plugins are still being loaded or warmed");
	reload_refuse(m, why);
}

void
reload_settle(struct master *m)
{
	unsigned i;

	if (m->next == NULL)
		return;
	for (i = 0; i < m->next->n_crews; i++) {
		if (m->next->crews[i].state == CREW_READY)
			continue;
		if (master_now() >= m->next_deadline_ns)
			late(m, &m->next->crews[i]);
		return;
	}
	commit(m);
}

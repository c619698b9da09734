/* launch.c - see launch.h */
#include "launch.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "fdio.h"
#include "line.h"
#include "log.h"
#include "logs.h"
#include "spawn.h"

struct plan {
	struct spawn_fd fds[SPAWN_FDS_MAX];
	size_t n;
};

/* Descriptor numbers of one start at a time: the master has one thread. */
static struct plan plan;

static void
give(int from, int to)
{
	if (from < 0 || plan.n == SPAWN_FDS_MAX)
		return;
	plan.fds[plan.n++] = (struct spawn_fd) { .from = from, .to = to };
}

static void
give_common(const struct master *m, int chan)
{
	uint32_t i;

	plan.n = 0;
	give(chan, FD_CHAN);
	give(m->area.region->fd, FD_REGION);
	for (i = 0; i < m->area.n_slots; i++)
		give(m->area.events[i], FD_EVENT + (int)i);
}

/* Start it with what plan holds; sv is its channel, both ends consumed. */
static int
start(struct master *m, struct child *c, const char *path,
    const char *const *argv, int sv[2])
{
	const struct spawn sp = { .path = path, .argv = argv,
		.fds = plan.fds, .n_fds = plan.n, .out = -1 };
	int rc;

	rc = spawn_start(&sp, &c->pid);
	fdio_close(&sv[1]);
	if (rc < 0) {
		fdio_close(&sv[0]);
		return rc;
	}
	roster_step(c, CEV_SPAWN);
	c->asked_ns = master_now();
	log_debug("master", "started name=%s pid=%d", c->name,
	    (int)c->pid);
	/* Without a channel it sees the end of file and goes by itself. */
	rc = line_open(m, c, sv[0]);
	if (rc == 0)
		logs_tell(m, c);
	return rc;
}

static struct child *
make(struct master *m, enum child_kind kind, const char *name, int sv[2])
{
	struct child *c;
	int rc;

	rc = chan_pair(sv);
	if (rc < 0)
		return NULL;
	c = roster_add(&m->roster, kind, name);
	if (c == NULL) {
		fdio_close(&sv[0]);
		fdio_close(&sv[1]);
	}
	return c;
}

static int
failed(struct child *c, int rc)
{
	log_error("master", "cannot start name=%s: %s", c->name,
	    strerror(-rc));
	/* One that runs after all is reaped as a stranger. */
	roster_drop(c);
	return rc;
}

static uint64_t
start_limit_ns(const struct conf *conf)
{
	return (uint64_t)conf_num(conf, OPT_reload_timeout);
}

int
launch_zygote(struct master *m, struct crew *crew, struct child **out)
{
	char name[64], gen[16], listeners[16], slots[16];
	const char *const argv[] = { "skep-worker", "--group",
		crew->group->name, "--generation", gen, "--listeners",
		listeners, "--slots", slots, NULL };
	struct child *c;
	unsigned i;
	int sv[2], rc;

	snprintf(name, sizeof name, "%s.zygote", crew->group->name);
	snprintf(gen, sizeof gen, "%u", crew->gen->number);
	snprintf(listeners, sizeof listeners, "%u", crew->n_listen);
	snprintf(slots, sizeof slots, "%u", m->area.n_slots);
	c = make(m, CHILD_ZYGOTE, name, sv);
	if (c == NULL)
		return -ENOMEM;
	c->crew = crew;
	c->generation = crew->gen->number;
	give_common(m, sv[1]);
	give(crew->gen->conf_fd, FD_CONF);
	give(crew->group->handover[0], FD_HANDOVER_RX);
	give(crew->group->handover[1], FD_HANDOVER_TX);
	give(crew->gen->access_log, FD_ACCESS_LOG);
	for (i = 0; i < crew->n_listen; i++)
		give(crew->listen[i]->fd, FD_LISTEN + (int)i);
	rc = start(m, c, m->worker_path, argv, sv);
	if (rc < 0)
		return failed(c, rc);
	c->kill_ns = c->asked_ns + start_limit_ns(crew->gen->conf);
	*out = c;
	return 0;
}

int
launch_keeper(struct master *m, struct child **out)
{
	char gen[16], slot[16], listeners[16], slots[16];
	const char *const argv[] = { "skep-keeper", "--generation", gen,
		"--slot", slot, "--listeners", listeners, "--slots", slots,
		NULL };
	struct child *c;
	unsigned i, n;
	int sv[2], rc;

	if (slots_take(&m->slots, SLOTS_ORDINARY, master_now(), &n) != 1)
		return -ENOLCK;
	snprintf(gen, sizeof gen, "%u", m->gen->number);
	snprintf(slot, sizeof slot, "%u", n);
	snprintf(listeners, sizeof listeners, "%u", m->gen->n_admin);
	snprintf(slots, sizeof slots, "%u", m->area.n_slots);
	c = make(m, CHILD_KEEPER, "keeper", sv);
	if (c == NULL) {
		slots_untake(&m->slots, n);
		return -ENOMEM;
	}
	c->slot = n;
	c->generation = m->gen->number;
	give_common(m, sv[1]);
	give(m->gen->conf_fd, FD_CONF);
	for (i = 0; i < m->gen->n_admin; i++)
		give(m->gen->admin[i]->fd, FD_LISTEN + (int)i);
	rc = start(m, c, m->keeper_path, argv, sv);
	if (rc < 0) {
		slots_untake(&m->slots, n);
		return failed(c, rc);
	}
	c->kill_ns = c->asked_ns + start_limit_ns(m->gen->conf);
	*out = c;
	return 0;
}

int
launch_mender(struct master *m, struct child **out)
{
	char slot[16], slots[16];
	const char *json = conf_num(m->gen->conf, OPT_log_format) ==
	    LOG_FORMAT_JSON ? "--json" : NULL; /* it reads no configuration */
	const char *const argv[] = { "skep-mend", "--slot", slot, "--slots",
		slots, json, NULL };
	struct child *c;
	unsigned n;
	int sv[2], rc;

	if (slots_take(&m->slots, SLOTS_MENDER, master_now(), &n) != 1)
		return -ENOLCK;
	snprintf(slot, sizeof slot, "%u", n);
	snprintf(slots, sizeof slots, "%u", m->area.n_slots);
	c = make(m, CHILD_MENDER, "mender", sv);
	if (c == NULL) {
		slots_untake(&m->slots, n);
		return -ENOMEM;
	}
	c->slot = n;
	c->generation = m->gen->number;
	give_common(m, sv[1]);
	rc = start(m, c, m->mend_path, argv, sv);
	if (rc < 0) {
		slots_untake(&m->slots, n);
		return failed(c, rc);
	}
	c->kill_ns = c->asked_ns + start_limit_ns(m->gen->conf);
	*out = c;
	return 0;
}

static int
find(const char *program, const char *dir, char path[PATH_MAX])
{
	int rc;

	rc = spawn_find(program, dir, path, PATH_MAX);
	if (rc < 0)
		log_error("master", "program missing path=%s: %s "
		    "(option skepd.libexec_dir)", path, strerror(-rc));
	return rc;
}

int
launch_find(struct master *m)
{
	const char *dir = conf_str(m->gen->conf, OPT_skepd_libexec_dir);
	int rc;

	rc = find("skep-worker", dir, m->worker_path);
	if (rc == 0)
		rc = find("skep-keeper", dir, m->keeper_path);
	if (rc == 0)
		rc = find("skep-mend", dir, m->mend_path);
	return rc;
}

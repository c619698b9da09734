/* deaths.c - see deaths.h */
#include "deaths.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "crew.h"
#include "line.h"
#include "log.h"
#include "mending.h"

/* Hung up and not gone: its exit takes 16 ms for each GiB it had mapped. */
#define HANGUP_NS 2000000000ULL

static void
say(const struct child *c, const struct death *d, uint64_t now)
{
	char words[128], line[CHILD_WHY_MAX + 512], q[CHILD_WHY_MAX];
	int calm;

	death_words(d, words, sizeof words);
	snprintf(line, sizeof line, "exit %s=%s pid=%d %s slot=%d "
	    "generation=%u kind=%s lived_ms=%llu ready=%s cpu_ms=%llu "
	    "rss_kib=%llu%s%s%s",
	    roster_kind_name(c->kind), c->name, (int)d->pid, words,
	    (int)c->slot, c->generation, death_kind_name(d->kind),
	    (unsigned long long)(now - c->asked_ns) / 1000000,
	    c->ready_ns != 0 ? "yes" : "no", (unsigned long long)d->cpu_ms,
	    (unsigned long long)d->max_rss_kib,
	    c->why[0] != '\0' ? " reason=\"" : "",
	    c->why[0] != '\0' ? log_quote(q, sizeof q, c->why) : "",
	    c->why[0] != '\0' ? "\"" : "");
	calm = d->kind == DEATH_ASKED || d->kind == DEATH_ORDERLY;
	if (calm)
		log_info(roster_kind_name(c->kind), "%s", line);
	else
		log_warn(roster_kind_name(c->kind), "%s", line);
}

/* What its status says, but for what we had decided ourselves. */
static void
judge(const struct child *c, struct death *d)
{
	/* Our SIGKILL may have come to one that was just ending. */
	if (c->doomed &&
	    (d->kind == DEATH_OUTSIDE || d->kind == DEATH_ORDERLY))
		d->kind = c->doom;
	else
		d->kind = death_of_child(d->kind, c->state == CST_DRAINING);
}

/*
 * Each child leads a process group of its own, which keeps its number while it
 * has members: whoever is left in it was forked by a plugin and is nobody's
 * now, with our listeners open.  A clone of a zygote that has not left its
 * group yet goes too and is replaced like any worker.
 */
static void
end_strays(const struct child *c, pid_t pid)
{
	if (kill(-pid, SIGKILL) == 0)
		log_warn(roster_kind_name(c->kind), "strays killed name=%s "
		    "group=%d", c->name, (int)pid);
}

static void
bury(struct master *m, struct child *c, struct death *d)
{
	line_drain(m, c); /* its FAIL may still wait there */
	judge(c, d);
	say(c, d, master_now());
	end_strays(c, d->pid);
	if (c->slot != CHILD_NO_SLOT)
		mending_dead(m, c->slot, d->pid);
	switch (c->kind) {
	case CHILD_WORKER:
		crew_worker_died(m, c, d);
		break;
	case CHILD_ZYGOTE:
		crew_zygote_died(m, c, d);
		break;
	case CHILD_KEEPER:
	case CHILD_MENDER:
		mending_helper_died(m, c, d);
		break;
	}
	roster_step(c, CEV_EXIT);
	roster_drop(c);
}

void
deaths_collect(struct master *m)
{
	struct death d;
	struct child *c;

	while (death_next(&m->oom, &d) == 1) {
		c = roster_find(&m->roster, d.pid);
		if (c == NULL) {
			line_drain_unnamed(m);
			c = roster_find(&m->roster, d.pid);
		}
		if (c != NULL) {
			bury(m, c, &d);
			continue;
		}
		/* A worker not named yet, a zygote's helper, an orphan. */
		roster_unclaimed_put(&m->unclaimed, d.pid, d.status,
		    master_now());
		log_debug("master", "reaped stranger pid=%d", (int)d.pid);
	}
}

void
deaths_after_talk(struct master *m, struct child *c)
{
	struct death d = { .pid = c->pid };
	int status;

	if (c->pid == 0) {
		if (c->kind == CHILD_WORKER && c->hangup_ns != 0)
			crew_worker_lost(m, c);
		return;
	}
	if (roster_unclaimed_take(&m->unclaimed, c->pid, master_now(),
		&status) != 1)
		return;
	d.status = status;
	d.kind = death_of_status(status, 0);
	bury(m, c, &d);
}

/* Its zygote did not fork in time: that one hangs. */
static void
never_forked(struct master *m, struct child *w)
{
	if (w->crew->zygote != NULL && !w->crew->gen->retired) {
		log_error("master", "zygote hangs pid=%d group=%s "
		    "action=killed", (int)w->crew->zygote->pid,
		    w->crew->group->name);
		roster_kill(w->crew->zygote, DEATH_LATE);
	}
	line_close(w);
	crew_worker_lost(m, w);
}

void
deaths_beat(struct master *m, uint64_t now)
{
	struct child *c, *after;

	for (c = LIST_FIRST(&m->roster); c != NULL; c = after) {
		after = LIST_NEXT(c, link);
		if (c->hangup_ns != 0 && now > c->hangup_ns + HANGUP_NS &&
		    c->kill_ns == 0)
			c->kill_ns = now;
		if (c->kill_ns == 0 || now < c->kill_ns)
			continue;
		if (c->pid == 0) {
			never_forked(m, c);
			continue;
		}
		log_warn("master", "killed name=%s pid=%d state=%s",
		    c->name, (int)c->pid, roster_state_name(c->state));
		roster_kill(c,
		    c->state == CST_DRAINING ? DEATH_ASKED : DEATH_LATE);
	}
}

/* pulse.c - see pulse.h */
#include "pulse.h"

#include <stdio.h>
#include <string.h>

#include "beat.h"
#include "log.h"

/* Nobody is looked at more closely before: a STATE comes each second. */
#define QUIET_BEATS (2000 / BEAT_MS)

/* Far behind its own watchdog, which can name the handler. */
#define LIMITS	    2
#define SPARE_BEATS (3000 / BEAT_MS)	/* a STATE a second, and pauses of one */

unsigned
pulse_limit(uint64_t limit_ns)
{
	return (unsigned)(LIMITS * limit_ns / (BEAT_MS * 1000000ULL)) +
	    SPARE_BEATS;
}

enum pulse_verdict
pulse_judge(const struct pulse_look *now, const struct pulse_look *last)
{
	switch (now->state) {
	case 'T':
	case 't':
		return PULSE_STOPPED;
	case 'D':	/* not even SIGKILL would end it */
	case 'Z':
	case 'X':
		return PULSE_EXCUSED;
	case 'R':
		return now->cpu_ticks == last->cpu_ticks ? PULSE_EXCUSED :
		    PULSE_COUNTS;
	default:
		return PULSE_COUNTS;
	}
}

/* 0; -1 where /proc does not say it. */
static int
look_at(pid_t pid, struct pulse_look *out)
{
	unsigned long long user, system;
	char path[64], line[1024], *p;
	FILE *f;

	snprintf(path, sizeof path, "/proc/%d/stat", (int)pid);
	f = fopen(path, "re");
	if (f == NULL)
		return -1;
	p = fgets(line, sizeof line, f);
	(void)fclose(f); /* it was only read */
	/* Its name, in parentheses, may hold anything. */
	if (p == NULL || (p = strrchr(line, ')')) == NULL ||
	    sscanf(p, ") %c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %llu %llu",
		&out->state, &user, &system) != 3)
		return -1;
	out->cpu_ticks = user + system;
	return 0;
}

static void
no_beat(struct child *c, char state)
{
	unsigned long long ms = (unsigned long long)c->silent * BEAT_MS;

	snprintf(c->why, sizeof c->why, "no beat for %llu ms", ms);
	log_error(roster_kind_name(c->kind), "no beat name=%s pid=%d ms=%llu state=%c "
	    "action=killed", c->name, (int)c->pid, ms, state);
	roster_kill(c, DEATH_WATCHDOG);
}

static void
silent(struct child *c, unsigned limit)
{
	const struct pulse_look last = { .cpu_ticks = c->cpu_ticks };
	struct pulse_look now;
	enum pulse_verdict verdict;

	if (c->silent < QUIET_BEATS) {
		c->silent++;
		return;
	}
	if (look_at(c->pid, &now) < 0)
		return;
	c->cpu_ticks = now.cpu_ticks;
	verdict = pulse_judge(&now, &last);
	/* A stopped worker is left to who stopped it: others do its work. */
	if (verdict == PULSE_STOPPED && c->kind == CHILD_KEEPER)
		verdict = PULSE_COUNTS;
	switch (verdict) {
	case PULSE_COUNTS:
		if (++c->silent >= limit)
			no_beat(c, now.state);
		break;
	case PULSE_STOPPED:
		c->silent = 0;
		break;
	case PULSE_EXCUSED:
		break;
	}
}

void
pulse_beat(struct master *m)
{
	struct child *c = m->keeper.child;

	if (c != NULL && c->state == CST_SERVING)
		silent(c, PULSE_KEEPER_MS / BEAT_MS);
	LIST_FOREACH(c, &m->roster, link)
		if (c->kind == CHILD_WORKER && c->state == CST_SERVING)
			silent(c, pulse_limit((uint64_t)conf_num(
			    c->crew->gen->conf, OPT_watchdog_limit)));
}

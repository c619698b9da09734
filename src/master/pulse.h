/*
 * pulse.h - a worker or a keeper that says nothing any more.
 *
 * Each says its STATE once a second.  A keeper has no watchdog: after
 * PULSE_KEEPER_MS it is killed, stopped or not, for its verbs and pages hang
 * with it.
 *
 * A worker's own watchdog ends it when a handler holds the loop; what blocks
 * all signals, or has lost its loop in another way, is seen only from here: by
 * its silence.
 *
 * Silence is counted in beats of the master: where the whole machine pauses, or
 * the master is stopped, none is counted.  Nor is one in which it could not
 * have spoken (pulse_judge).
 */
#ifndef MASTER_PULSE_H
#define MASTER_PULSE_H

#include "master.h"

/* What /proc says of a process. */
struct pulse_look {
	char state;		/* R S D T t Z */
	uint64_t cpu_ticks;	/* spent so far */
};

enum pulse_verdict {
	PULSE_COUNTS,		/* it could have spoken */
	PULSE_EXCUSED,		/* it got no CPU, waits for a device, has ended */
	PULSE_STOPPED		/* by SIGSTOP or a debugger: counting begins anew */
};

/* Pure: what a beat without a word says, the last look being the one before. */
enum pulse_verdict pulse_judge(const struct pulse_look *now,
    const struct pulse_look *last);

/* How many beats that count are too many, watchdog.limit being limit_ns. */
unsigned pulse_limit(uint64_t limit_ns);

#define PULSE_KEEPER_MS 10000	/* its rounds over the region are far shorter */

/* At each beat: kills who is ready and has been silent for too long. */
void pulse_beat(struct master *);

#endif

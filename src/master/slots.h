/*
 * slots.h - the master's own table of the region's slots: who was given which,
 * and which of the dead still wait for the mender.  It is never read from the
 * region, so nothing that a child writes there can confuse it.
 *
 *	FREE --take--> USED --dead--> DEAD --reap--> REAPING --reaped--> FREE
 *	                              ^ <------- failed, or the mender died
 */
#ifndef MASTER_SLOTS_H
#define MASTER_SLOTS_H

#include <stdint.h>
#include <sys/types.h>

#define SLOTS_FOR_MENDERS 2	/* the last ones: or nobody could repair */
#define SLOTS_FAILS_MAX	  3	/* failed repairs of one slot: condemned */

enum slots_use { SLOTS_FREE, SLOTS_USED, SLOTS_DEAD, SLOTS_REAPING };

struct slot_entry {
	uint8_t use;
	uint8_t fails;
	pid_t pid;		/* of the user, or of the dead one */
	uint64_t since_ns;	/* when it got into this state */
	uint64_t dead_ns;	/* when its last user died */
};

struct slots {
	struct slot_entry *v;
	unsigned n;
	unsigned first;		/* slots below are not ours to give */
};

/* Returns 0 or -ENOMEM. */
int slots_init(struct slots *, unsigned first, unsigned n);
void slots_fini(struct slots *);

enum slots_purpose { SLOTS_ORDINARY, SLOTS_MENDER };

/* A free slot: 1 and its number, 0 when there is none for this purpose. */
int slots_take(struct slots *, enum slots_purpose, uint64_t now_ns,
    unsigned *slot_out);

/* Its user never attached (nothing was started): FREE again. */
void slots_untake(struct slots *, unsigned slot);

/* Its user is known to have exited. */
void slots_dead(struct slots *, unsigned slot, pid_t, uint64_t now_ns);

/* The one whose user died first, moved to REAPING: 1, 0: none. */
int slots_next_dead(struct slots *, uint64_t now_ns, unsigned *slot_out,
    pid_t *pid_out);

/*
 * What became of the repair.  ok: FREE; else DEAD again.  Returns how often
 * it has failed; at SLOTS_FAILS_MAX the region is beyond repair.
 */
unsigned slots_reaped(struct slots *, unsigned slot, int ok, uint64_t now_ns);

/* Its repair was not tried to the end, through no fault of its: DEAD again. */
void slots_unasked(struct slots *, unsigned slot);

/* How many are in a state. */
unsigned slots_count(const struct slots *, enum slots_use);

#endif

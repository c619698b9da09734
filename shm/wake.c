/* wake.c - mailboxes: futex words and eventfds of sleeping slots */
#include "wake.h"

#include <errno.h>
#include <linux/futex.h>
#include <stddef.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "crash.h"

int
wake_arm(struct slot_self *me, enum wake_how how)
{
	int rc = slot_check(me);

	if (rc < 0)
		return rc;
	st_rlx(&me->slot->sleeping, (uint32_t)how);
	/* The flag before the caller's second look at its condition; pairs
	 * with the fence in wake_slot(). */
	fence_full();
	return 0;
}

void
wake_disarm(struct slot_self *me)
{
	if (slot_check(me) == 0)
		st_rlx(&me->slot->sleeping, WAKE_NONE);
}

int
wake_sleep(struct slot_self *me, unsigned ms)
{
	struct timespec ts;
	uint32_t rings;
	long rc;

	if (slot_check(me) < 0)
		return -ECHILD;
	if (ms > WAKE_LIMIT_MS)
		ms = WAKE_LIMIT_MS;
	ts.tv_sec = 0;
	ts.tv_nsec = (long)ms * 1000000;
	rings = ld_acq(&me->slot->rings);
	/* The waker clears the flag before it rings: a flag still up means
	 * that no ring of this sleep is in `rings` yet. */
	if (ld_acq(&me->slot->sleeping) != WAKE_FUTEX)
		return 0;
	rc = syscall(SYS_futex, &me->slot->rings, FUTEX_WAIT, rings, &ts, NULL,
	    0);
	if (region_condemned(me->region))
		return -ESTALE;
	return rc < 0 && errno == ETIMEDOUT ? -ETIMEDOUT : 0;
}

int
wake_slot(struct region *r, unsigned number)
{
	struct slot *s;
	uint32_t how;
	uint64_t one = 1;

	must(number < r->n_slots);
	s = &r->slots[number];
	/* What was made true before the look at the flag; pairs with the
	 * fence in wake_arm(). */
	fence_full();
	how = ld_rlx(&s->sleeping);
	if (how == WAKE_NONE || !cas_ar(&s->sleeping, &how, WAKE_NONE))
		return 0;
	/* Dead here: the sleeper's 100 ms, or the next repair. */
	CRASH_POINT("wake.cleared");
	(void)add_ar(&s->rings, 1);
	if (how == WAKE_EVENT && r->event_base >= 0 && number < r->n_events) {
		/* It fails only when the counter is full: readable already. */
		ssize_t n = write(r->event_base + (int)number, &one,
		    sizeof(one));

		(void)n;
		return 1;
	}
	(void)syscall(SYS_futex, &s->rings, FUTEX_WAKE, 1, NULL, NULL, 0);
	return 1;
}

unsigned
wake_all(struct region *r)
{
	unsigned n = 0;

	for (unsigned i = 0; i < r->n_slots; i++)
		n += (unsigned)wake_slot(r, i);
	return n;
}

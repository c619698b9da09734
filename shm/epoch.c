/* epoch.c - stamps, grace periods, ages of readers */
#include "epoch.h"

#include <errno.h>
#include <linux/membarrier.h>
#include <sys/syscall.h>
#include <unistd.h>

#define FINE	(REGION_MARKS / 2)	/* one mark each 100 ms */
#define COARSE_EVERY 10			/* of those are kept longer */

static long
membarrier(int cmd)
{
	return syscall(SYS_membarrier, cmd, 0, 0);
}

int
epoch_register(void)
{
	if (membarrier(MEMBARRIER_CMD_REGISTER_GLOBAL_EXPEDITED) < 0)
		return -errno;
	return 0;
}

uint64_t
epoch_stamp(struct slot_self *me)
{
	struct region *r = me->region;

	must(me->depth == 0);
	/* W2: every processor that runs a registered process has passed a full
	 * barrier after this; pairs with the readers' compiler barrier. */
	if (me->fence)
		fence_full();
	else
		must(membarrier(MEMBARRIER_CMD_GLOBAL_EXPEDITED) == 0);
	(void)add_rlx(&r->hot->n_stamps, UINT64_C(1));
	/* W3: never before the barrier. */
	return add_seq(&r->hot->epoch, UINT64_C(1));
}

uint64_t
epoch_safe(struct region *r)
{
	uint64_t safe = ld_acq(&r->hot->safe), epoch, least, word;

	/*
	 * W4.  All stamps below this value were taken before this load (it
	 * pairs with their fetch_add), so the words below are read after their
	 * barriers: whatever is found out holds for all of them.
	 */
	epoch = ld_acq(&r->hot->epoch);
	least = epoch;
	for (unsigned i = 0; i < r->n_slots; i++) {
		/* Pairs with the release in epoch_leave(). */
		word = ld_acq(&r->slots[i].word);
		if (word != 0 && word < least)
			least = word;
	}
	/* Tell the others; only forward, whoever was faster. */
	while (least - 1 > safe && !cas_ar(&r->hot->safe, &safe, least - 1))
		;
	return least - 1;
}

int
epoch_passed(struct region *r, uint64_t stamp)
{
	return stamp <= ld_acq(&r->hot->safe) || stamp <= epoch_safe(r);
}

static void
mark_put(struct region_mark *m, uint64_t epoch, uint64_t time_ns)
{
	/* A reader that meets the entry in between finds 0 and passes on; a
	 * kill leaves it so. */
	st_rlx(&m->epoch, UINT64_C(0));
	fence_full();
	st_rlx(&m->time_ns, time_ns);
	st_rel(&m->epoch, epoch);
}

void
epoch_mark(struct region *r, uint64_t now_ns)
{
	uint64_t epoch = add_seq(&r->hot->epoch, UINT64_C(1)) + 1;
	uint64_t n = ld_rlx(&r->hot->mark_n), k;

	mark_put(&r->hot->mark[n % FINE], epoch, now_ns);
	st_rlx(&r->hot->mark_n, n + 1);
	if (n % COARSE_EVERY != 0)
		return;
	k = ld_rlx(&r->hot->mark_coarse_n);
	mark_put(&r->hot->mark[FINE + k % (REGION_MARKS - FINE)], epoch,
	    now_ns);
	st_rlx(&r->hot->mark_coarse_n, k + 1);
}

/*
 * A mark (E, t) says: the epoch became E after t, and before the time of the
 * next mark.  So a section entered at e began after the time of the last mark
 * with E <= e, and before the time of the second mark with E > e.
 */
int
epoch_age(const struct region *r, uint64_t word, uint64_t now_ns,
    uint64_t *min_ns_out, uint64_t *max_ns_out)
{
	uint64_t last = 0, first = UINT64_MAX, second = UINT64_MAX;
	uint64_t last_ns = 0, first_ns = 0, second_ns = 0;

	*min_ns_out = 0;
	*max_ns_out = UINT64_MAX;
	if (word == 0)
		return -ENOENT;
	for (unsigned i = 0; i < REGION_MARKS; i++) {
		const struct region_mark *m = &r->hot->mark[i];
		uint64_t e = ld_acq(&m->epoch), t = ld_acq(&m->time_ns);

		if (e == 0 || ld_rlx(&m->epoch) != e)
			continue;
		if (e <= word) {
			if (e > last) {
				last = e;
				last_ns = t;
			}
		} else if (e < first) {
			second = first;
			second_ns = first_ns;
			first = e;
			first_ns = t;
		} else if (e < second && e != first) {
			second = e;
			second_ns = t;
		}
	}
	if (last != 0 && now_ns > last_ns)
		*max_ns_out = now_ns - last_ns;
	if (second != UINT64_MAX && now_ns > second_ns)
		*min_ns_out = now_ns - second_ns;
	return 0;
}

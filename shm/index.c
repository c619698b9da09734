/* index.c - bucket locks, changes of words, overflow lines, their repair */
#include "index.h"

#include <errno.h>
#include <time.h>

#define XXH_INLINE_ALL
#include <xxhash.h>

#include "crash.h"
#include "lock.h"
#include "must.h"
#include "reap.h"
#include "tick.h"

#define SPINS 64u		/* about 1 us: longer than a section is */
#define LIMIT_NS 100000000u	/* of waiting, as LOCK_LIMIT_MS */

/*
 * The intent of a bucket's lock, in the slot:
 *	0 place: what is being done << 60 | index of the word or line
 *	1 old word	2 new word	3 items before	4 bytes before
 *	5 change of the bytes
 * Place is stored last and cleared first, so the others belong to it.
 */
enum { PLACE, OLD, NEW, ITEMS, BYTES, D_BYTES };
#define DOING_STORE (UINT64_C(1) << 60)
#define DOING_CHAIN (UINT64_C(2) << 60)
#define DOING_MASK  (UINT64_C(15) << 60)

uint64_t
index_hash(const struct cmap *m, const void *key, size_t key_len)
{
	return XXH3_64bits_withSecret(key, key_len, m->secret, REGION_SECRET);
}

static off_ref
control_off(const struct cmap *m, uint64_t bucket)
{
	return region_off(m->region, &m->line[bucket].control);
}

static int
control_try(_Atomic uint64_t *control, uint32_t owner)
{
	uint64_t seen = ld_rlx(control);	/* the exchange decides */

	return (seen & INDEX_LOCK_MASK) == 0 &&
	    cas_acq(control, &seen, seen | owner);
}

/* Why it is not given: 0 wait on, or -errno. */
static int
holder_check(const struct cmap *m, struct slot_self *me, uint64_t bucket)
{
	uint64_t seen = ld_rlx(&m->line[bucket].control);
	uint32_t holder = slot_of_owner((uint32_t)(seen & INDEX_LOCK_MASK));

	if (region_condemned(m->region))
		return -ESTALE;
	if ((seen & INDEX_LOCK_MASK) == 0)
		return 0;
	if (holder >= m->n_slots || holder == me->number)
		return -EUCLEAN;
	if (slot_dead(m->region, holder) != 1)
		return 0;
	/* The repair takes locks of its own: our note stands back for it.  Where
	 * we may not repair, a mender will. */
	slot_unhold(me, SLOT_HAND_WORK);
	(void)slot_reap(me, holder);
	slot_hold(me, SLOT_HAND_WORK, LOCK_BUCKET, control_off(m, bucket),
	    NULL, 0);
	return 0;
}

static int
lock_slow(const struct cmap *m, struct slot_self *me, uint64_t bucket)
{
	static const struct timespec step = { 0, 1000000 };
	uint64_t until = tick_clock(CLOCK_MONOTONIC) + LIMIT_NS;
	_Atomic uint64_t *control = &m->line[bucket].control;
	int rc;

	for (;;) {
		for (unsigned i = 0; i < SPINS; i++) {
			if (control_try(control, me->owner))
				return 0;
			cpu_relax();
		}
		rc = holder_check(m, me, bucket);
		if (rc == 0 && tick_clock(CLOCK_MONOTONIC) >= until)
			rc = -EBUSY;
		if (rc < 0)
			return rc;
		nanosleep(&step, NULL);
	}
}

int
index_lock(const struct cmap *m, struct slot_self *me, uint64_t bucket)
{
	int rc = slot_check(me);

	if (rc < 0)
		return rc;
	must_debug(me->depth == 0);
	slot_hold(me, SLOT_HAND_WORK, LOCK_BUCKET, control_off(m, bucket),
	    NULL, 0);
	CRASH_POINT("index.lock.noted");
	if (!control_try(&m->line[bucket].control, me->owner)) {
		rc = lock_slow(m, me, bucket);
		if (rc < 0) {
			slot_unhold(me, SLOT_HAND_WORK);
			return rc;
		}
	}
	CRASH_POINT("index.lock.taken");
	return 0;
}

int
index_try(const struct cmap *m, struct slot_self *me, uint64_t bucket)
{
	must_debug(me->depth == 0);
	/* Only saves noting what we shall not get. */
	if ((ld_rlx(&m->line[bucket].control) & INDEX_LOCK_MASK) != 0)
		return -EBUSY;
	slot_hold(me, SLOT_HAND_WORK, LOCK_BUCKET, control_off(m, bucket),
	    NULL, 0);
	CRASH_POINT("index.try.noted");
	if (control_try(&m->line[bucket].control, me->owner))
		return 0;
	slot_unhold(me, SLOT_HAND_WORK);
	return -EBUSY;
}

void
index_unlock(const struct cmap *m, struct slot_self *me, uint64_t bucket)
{
	_Atomic uint64_t *control = &m->line[bucket].control;

	/* Only the holder changes a locked control word, so a plain release
	 * store does; it pairs with the acquire in control_try().  A kill
	 * before leaves the lock, which the note names; after it a note about
	 * a lock that we do not hold. */
	CRASH_POINT("index.unlock.before");
	st_rel(control, ld_rlx(control) & ~INDEX_LOCK_MASK);
	CRASH_POINT("index.unlock.after");
	slot_unhold(me, SLOT_HAND_WORK);
}

static int64_t
items_change(uint64_t old, uint64_t new)
{
	return (index_kind(new) == INDEX_ITEM) -
	    (int64_t)(index_kind(old) == INDEX_ITEM);
}

/* Make counters what they are with the store done.  Idempotent. */
static void
counters_set(struct cmap_cell *cell, uint64_t items, uint64_t bytes)
{
	st_rlx(&cell->items, items);
	st_rlx(&cell->bytes, bytes);
}

void
index_store(const struct cmap *m, struct slot_self *me, _Atomic uint64_t *word,
    uint64_t to, int64_t d_bytes)
{
	struct cmap_cell *cell = &m->cell[me->number];
	_Atomic uint64_t *intent = me->slot->held[SLOT_HAND_WORK].intent;
	uint64_t old = ld_rlx(word);	/* ours while we hold the lock */
	uint64_t items = ld_rlx(&cell->items), bytes = ld_rlx(&cell->bytes);
	uint64_t place = (uint64_t)(word - (_Atomic uint64_t *)m->line);

	/* A kill cuts between two instructions, so their order is what counts:
	 * these may not move up over the release that ended the last intent. */
	compiler_barrier();
	st_rlx(&intent[OLD], old);
	st_rlx(&intent[NEW], to);
	st_rlx(&intent[ITEMS], items);
	st_rlx(&intent[BYTES], bytes);
	st_rlx(&intent[D_BYTES], (uint64_t)d_bytes);
	/* After the others: a dead process's stores are seen in their order by
	 * who has its record lock (the kernel's lock orders them). */
	st_rel(&intent[PLACE], DOING_STORE | place);
	CRASH_POINT("index.store.noted");
	/*
	 * Publish.  Before this store the record cannot be reached; after it
	 * every byte of it is visible.  Pairs with the acquire of readers.
	 * A kill before it: nothing, the record is dead bytes in its segment.
	 * After it: the counters are made right by index_repair().
	 */
	st_rel(word, to);
	compiler_barrier();	/* nor the counters over this one */
	CRASH_POINT("index.store.done");
	counters_set(cell, items + (uint64_t)items_change(old, to),
	    bytes + (uint64_t)d_bytes);
	CRASH_POINT("index.store.counted");
	st_rel(&intent[PLACE], UINT64_C(0));
}

int
index_chained(const struct cmap *m, uint64_t bucket, uint32_t line)
{
	struct index_line *l = &m->line[bucket];

	for (unsigned hop = 0; l != NULL && hop <= INDEX_HOPS; hop++) {
		uint64_t control = ld_acq(&l->control);

		if (index_next(control) == line + 1)
			return 1;
		l = index_follow(m, control);
	}
	return 0;
}

/* Claim a free overflow line for a bucket; `n` is its number.  The note comes
 * first: a kill after the claim leaves a line that the note leads to. */
static int
line_claim(const struct cmap *m, struct slot_self *me, uint64_t bucket,
    uint32_t n)
{
	_Atomic uint64_t *control = &m->line[m->n_buckets + n].control;
	uint64_t seen = ld_rlx(control);	/* the exchange decides */

	if (seen != 0)
		return 0;
	slot_intend(me, SLOT_HAND_WORK, PLACE, DOING_CHAIN | n);
	CRASH_POINT("index.extend.noted");
	if (!cas_acq(control, &seen, INDEX_USED | (bucket & INDEX_LOCK_MASK)))
		return 0;
	for (unsigned i = 0; i < INDEX_WORDS; i++)
		st_rlx(&m->line[m->n_buckets + n].word[i], UINT64_C(0));
	CRASH_POINT("index.extend.claimed");
	return 1;
}

static int
line_find(const struct cmap *m, struct slot_self *me, uint64_t bucket,
    uint32_t *line_out)
{
	/* Any start will do. */
	uint32_t n = m->n_lines == 0 ? 0 : ld_rlx(&m->head->line_hint) %
	    m->n_lines;

	for (uint32_t i = 0; i < m->n_lines; i++, n++) {
		if (n >= m->n_lines)
			n = 0;
		if (!line_claim(m, me, bucket, n))
			continue;
		st_rlx(&m->head->line_hint, n + 1);
		*line_out = n;
		return 1;
	}
	slot_intend(me, SLOT_HAND_WORK, PLACE, 0);
	return 0;
}

int
index_extend(const struct cmap *m, struct slot_self *me, uint64_t bucket,
    struct index_line **line_out)
{
	struct index_line *last = &m->line[bucket], *next;
	uint64_t control;
	unsigned hops = 0;
	uint32_t n;

	/* Control words of the chain are ours under the bucket's lock. */
	while ((next = index_follow(m, ld_rlx(&last->control))) != NULL) {
		if (++hops >= INDEX_HOPS)
			return 0;
		last = next;
	}
	if (!line_find(m, me, bucket, &n))
		return 0;
	/* An empty line is chained: valid before and after.  Pairs with the
	 * acquire of a reader's load of the control word. */
	control = ld_rlx(&last->control) & ~INDEX_NEXT_MASK;
	st_rel(&last->control, control | (uint64_t)(n + 1) << INDEX_NEXT_SHIFT);
	CRASH_POINT("index.extend.chained");
	slot_intend(me, SLOT_HAND_WORK, PLACE, 0);
	*line_out = &m->line[m->n_buckets + n];
	return 1;
}

void
index_trim(const struct cmap *m, struct slot_self *me, uint64_t bucket)
{
	struct index_line *prev = NULL, *last = &m->line[bucket], *next;
	uint64_t n;

	/* Control words of the chain are ours under the bucket's lock. */
	for (unsigned hop = 0; hop < INDEX_HOPS &&
	    (next = index_follow(m, ld_rlx(&last->control))) != NULL; hop++) {
		prev = last;
		last = next;
	}
	if (prev == NULL)
		return;
	for (unsigned i = 0; i < INDEX_WORDS; i++)
		if (index_kind(ld_rlx(&last->word[i])) == INDEX_ITEM)
			return;
	n = (uint64_t)(last - m->line) - m->n_buckets;
	slot_intend(me, SLOT_HAND_WORK, PLACE, DOING_CHAIN | n);
	CRASH_POINT("index.trim.noted");
	/*
	 * A reader may be in the line: it finds nothing of ours there, and when
	 * another bucket takes the line, nothing with our key either.  A kill
	 * between the two stores leaves a line in no chain, which the note
	 * leads to.
	 */
	st_rel(&prev->control, ld_rlx(&prev->control) & ~INDEX_NEXT_MASK);
	CRASH_POINT("index.trim.cut");
	st_rel(&last->control, UINT64_C(0));
	slot_intend(me, SLOT_HAND_WORK, PLACE, 0);
}

static int
repair_store(const struct cmap *m, unsigned dead, const uint64_t *intent)
{
	uint64_t place = intent[PLACE] & ~DOING_MASK, now;

	if (place >= (m->n_buckets + m->n_lines) * 8)
		return -EUCLEAN;
	now = ld_acq((_Atomic uint64_t *)m->line + place);
	/* The word alone says whether the change was made: whatever the
	 * counters are, they become what belongs to it. */
	if (now == intent[NEW])
		counters_set(&m->cell[dead], intent[ITEMS] +
		    (uint64_t)items_change(intent[OLD], intent[NEW]),
		    intent[BYTES] + intent[D_BYTES]);
	else if (now == intent[OLD])
		counters_set(&m->cell[dead], intent[ITEMS], intent[BYTES]);
	else
		return -EUCLEAN;
	return 0;
}

static int
repair_chain(const struct cmap *m, uint64_t bucket, const uint64_t *intent)
{
	uint64_t n = intent[PLACE] & ~DOING_MASK;
	_Atomic uint64_t *control;

	if (n >= m->n_lines)
		return -EUCLEAN;
	control = &m->line[m->n_buckets + n].control;
	/* Claimed for this bucket and not chained: nobody else may do either
	 * while the bucket is locked. */
	if (ld_acq(control) == (INDEX_USED | (bucket & INDEX_LOCK_MASK)) &&
	    !index_chained(m, bucket, (uint32_t)n))
		st_rel(control, UINT64_C(0));
	return 0;
}

int
index_repair(struct slot_self *me, unsigned dead, off_ref off,
    const uint64_t *intent, void *arg)
{
	_Atomic uint64_t *control;
	struct cmap map, *m = &map;
	uint64_t bucket, first, seen;
	int rc = cmap_open(me->region, m);

	(void)arg;
	if (rc < 0)
		return -EUCLEAN;
	first = region_off(m->region, m->line);
	bucket = (off - first) / sizeof(*m->line);
	if (off < first || bucket >= m->n_buckets ||
	    (off - first) % sizeof(*m->line) != 0)
		return -EUCLEAN;
	control = &m->line[bucket].control;
	seen = ld_acq(control);
	if (slot_of_owner((uint32_t)(seen & INDEX_LOCK_MASK)) != dead)
		return 0;	/* noted, not yet taken or given already */
	if ((intent[PLACE] & DOING_MASK) == DOING_STORE)
		rc = repair_store(m, dead, intent);
	else if ((intent[PLACE] & DOING_MASK) == DOING_CHAIN)
		rc = repair_chain(m, bucket, intent);
	if (rc < 0)
		return rc;
	CRASH_POINT("index.repair.release");
	st_rel(control, ld_rlx(control) & ~INDEX_LOCK_MASK);
	return 1;
}

uint32_t
index_lines_used(const struct cmap *m)
{
	uint32_t n = 0;

	for (uint32_t i = 0; i < m->n_lines; i++)
		n += ld_rlx(&m->line[m->n_buckets + i].control) != 0;
	return n;
}

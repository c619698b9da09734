/* metric.c - table of metrics, folding of the dead, sums */
#include "metric.h"

#include <errno.h>
#include <string.h>

#define XXH_INLINE_ALL
#include <xxhash.h>

#include "crash.h"
#include "lock.h"

#define ROW_C(id, family, labels, doc) \
	{ METRIC_##id, METRIC_COUNTER, family, labels, doc },
#define ROW_G(id, family, labels, doc) \
	{ METRIC_##id, METRIC_GAUGE, family, labels, doc },
#define ROW_H(id, family, labels, doc) \
	{ METRIC_##id, METRIC_HISTOGRAM, family, labels, doc },
static const struct metric_row rows[] = { METRIC_TABLE(ROW_C, ROW_G, ROW_H) };

#define N_ROWS (sizeof(rows) / sizeof(rows[0]))

#define PRINT_C(id, family, labels, doc) "c" #id family labels
#define PRINT_G(id, family, labels, doc) "g" #id family labels
#define PRINT_H(id, family, labels, doc) "h" #id family labels
static const char print[] = METRIC_TABLE(PRINT_C, PRINT_G, PRINT_H);

const struct metric_row *
metric_rows(unsigned *n_out)
{
	*n_out = N_ROWS;
	return rows;
}

uint32_t
metric_print(void)
{
	return (uint32_t)XXH3_64bits(print, sizeof(print));
}

static struct hist *
slot_hist(const struct region *r, unsigned number)
{
	struct hist *h = region_section(r, REGION_HISTS, NULL);

	return &h[(size_t)number * HIST_MAX];
}

void
metric_time(struct slot_self *me, enum metric_hist id, uint64_t ns)
{
	if (me->slot != NULL)
		hist_add(&me->hists[id], ns);
}

/* --- totals --- */

#define CUR_COPY(w)	((unsigned)((w) >> 63))
#define CUR_OWNER(w)	((w) & ~(UINT64_C(1) << 63))

/* The part of `cur` that names a slot in one of its lives. */
static uint64_t
cur_owner(unsigned number, uint64_t generation)
{
	return (uint64_t)(number + 1) << 51 |
	    (generation & ((UINT64_C(1) << 51) - 1));
}

static struct metric_total *
totals(const struct region *r)
{
	return region_section(r, REGION_TOTALS, NULL);
}

/* The gauges go with their owner. */
static int
is_counter(unsigned cell)
{
	for (unsigned i = 0; i < N_ROWS; i++)
		if (rows[i].id == cell && rows[i].type != METRIC_HISTOGRAM)
			return rows[i].type == METRIC_COUNTER;
	return 0;
}

/* Index of a group's totals; makes one when there is room, under the lock.
 * Group 0 has no name and takes what finds no place. */
static unsigned
total_find(struct metric_total *t, const char *name)
{
	for (unsigned i = 1; name[0] != '\0' && i < METRIC_GROUPS; i++) {
		if (ld_acq(&t[i].used) == 0) {
			memcpy(t[i].name, name, SLOT_NAME);
			t[i].name[SLOT_NAME - 1] = '\0';
			/* A kill before this line leaves a free entry. */
			st_rel(&t[i].used, UINT64_C(1));
			return i;
		}
		if (strncmp(t[i].name, name, SLOT_NAME) == 0)
			return i;
	}
	return 0;
}

/*
 * A folder that died after it had published a group's new totals, and before
 * it marked the slot as folded: mark it now.  Must run before `cur` of any
 * group changes, for it is the only note of that.
 */
static void
totals_settle(const struct region *r)
{
	struct metric_total *t = totals(r);

	for (unsigned i = 0; i < METRIC_GROUPS; i++) {
		uint64_t owner = CUR_OWNER(ld_acq(&t[i].cur));
		uint64_t number = (owner >> 51) - 1, gen;
		struct slot *s;

		if (owner == 0 || number >= r->n_slots)
			continue;
		s = &r->slots[number];
		gen = SLOT_GENERATION(ld_acq(&s->state));
		if (cur_owner((unsigned)number, gen) == owner &&
		    ld_rlx(&s->folded) != gen)
			st_rel(&s->folded, gen);
	}
}

static void
fold_sum(struct metric_copy *to, const struct metric_copy *from,
    const struct slot *s, const struct hist *h)
{
	for (unsigned i = 0; i < SLOT_COUNTERS; i++)
		st_rlx(&to->cell[i], ld_rlx(&from->cell[i]) +
		    (is_counter(i) ? ld_rlx(&s->counter[i]) : 0));
	for (unsigned i = 0; i < HIST_MAX; i++) {
		memcpy((void *)&to->hist[i], (const void *)&from->hist[i],
		    sizeof(to->hist[i]));
		hist_merge(&to->hist[i], &h[i]);
	}
}

/* Under the lock. */
static void
fold_locked(struct region *r, unsigned dead, uint64_t gen)
{
	struct slot *s = &r->slots[dead];
	struct metric_total *t = totals(r);
	char group[SLOT_NAME];
	uint64_t cur;
	unsigned copy;

	totals_settle(r);
	if (ld_rlx(&s->folded) == gen)
		return;
	memcpy(group, s->group, SLOT_NAME);
	group[SLOT_NAME - 1] = '\0';
	t += total_find(t, group);
	cur = ld_rlx(&t->cur);
	copy = CUR_COPY(cur) ^ 1;
	/* Nobody reads this copy but who is late by a whole fold, and that one
	 * sees `cur` changed. */
	fold_sum(&t->copy[copy], &t->copy[copy ^ 1], s, slot_hist(r, dead));
	CRASH_POINT("metric.fold.publish");
	/*
	 * One store makes the new totals current and says whose they include;
	 * from here readers leave that slot out.  A kill before: nothing
	 * happened.  After: totals_settle() of the next one finishes.
	 */
	st_rel(&t->cur, (uint64_t)copy << 63 | cur_owner(dead, gen));
	CRASH_POINT("metric.fold.mark");
	st_rel(&s->folded, gen);
}

/* The next owner counts from zero.  `folded` keeps readers away until the
 * generation changes; a kill in the middle: the next repairer begins again. */
static void
fold_clear(struct region *r, unsigned dead)
{
	struct slot *s = &r->slots[dead];

	for (unsigned i = 0; i < SLOT_COUNTERS; i++)
		st_rlx(&s->counter[i], UINT64_C(0));
	CRASH_POINT("metric.fold.clear");
	for (unsigned i = 0; i < HIST_MAX; i++) {
		struct hist *h = slot_hist(r, dead) + i;

		st_rlx(&h->sum, UINT64_C(0));
		for (unsigned k = 0; k < HIST_BUCKETS; k++)
			st_rlx(&h->bucket[k], UINT64_C(0));
	}
}

int
metric_fold(struct slot_self *me, unsigned dead)
{
	struct region *r = me->region;
	uint64_t gen = SLOT_GENERATION(ld_acq(&r->slots[dead].state));
	int rc;

	rc = lock_take(me, &r->hot->totals, LOCK_TOTALS, NULL, 0);
	if (rc < 0)
		return rc;
	fold_locked(r, dead, gen);
	lock_give(me, SLOT_HAND_WORK, &r->hot->totals);
	fold_clear(r, dead);
	return 0;
}

/* --- checking --- */

/* Of the slot named, which was folded in that life or an earlier one. */
static int
cur_known(const struct region *r, uint64_t cur)
{
	uint64_t number = (CUR_OWNER(cur) >> 51) - 1;
	uint64_t gen = cur & ((UINT64_C(1) << 51) - 1);

	return CUR_OWNER(cur) == 0 || (number < r->n_slots &&
	    gen <= SLOT_GENERATION(ld_acq(&r->slots[number].state)));
}

const char *
metric_wrong(const struct region *r, unsigned group)
{
	const struct metric_total *t = totals(r) + group;

	if (!cur_known(r, ld_acq(&t->cur)))
		return "count a slot that never was";
	if (ld_acq(&t->used) > 1)
		return "are used in no known way";
	if (t->name[SLOT_NAME - 1] != '\0')
		return "have a name without an end";
	return NULL;
}

void
metric_mend(struct region *r, unsigned group)
{
	struct metric_total *t = totals(r) + group;
	uint64_t cur = ld_rlx(&t->cur);

	if (!cur_known(r, cur))
		st_rel(&t->cur, (uint64_t)CUR_COPY(cur) << 63);
	st_rel(&t->used, (uint64_t)(ld_rlx(&t->used) != 0));
	t->name[SLOT_NAME - 1] = '\0';
}

/* --- sums --- */

/* A number that changes whenever a slot turns over or is folded. */
static uint64_t
snap_stamp(const struct region *r)
{
	const struct metric_total *t = totals(r);
	uint64_t sum = 0;

	for (unsigned i = 0; i < METRIC_GROUPS; i++)
		sum = sum * 31 + ld_acq(&t[i].cur);
	for (unsigned i = 0; i < r->n_slots; i++)
		sum = sum * 31 + ld_acq(&r->slots[i].state);
	return sum;
}

static int
snap_folded(const struct region *r, unsigned number, uint64_t gen)
{
	const struct metric_total *t = totals(r);

	if (ld_acq(&r->slots[number].folded) == gen)
		return 1;
	for (unsigned i = 0; i < METRIC_GROUPS; i++)
		if (CUR_OWNER(ld_acq(&t[i].cur)) == cur_owner(number, gen))
			return 1;
	return 0;
}

static void
snap_total(const struct metric_total *t, struct metric_group *g)
{
	const struct metric_copy *c = &t->copy[CUR_COPY(ld_acq(&t->cur))];

	for (unsigned i = 0; i < METRIC_N; i++)
		g->cell[i] += (int64_t)ld_rlx(&c->cell[i]);
	for (unsigned i = 0; i < HIST_MAX; i++)
		hist_merge(&g->hist[i], &c->hist[i]);
}

static struct metric_group *
snap_group(struct metric_snap *snap, const char *name)
{
	struct metric_group *g;

	for (unsigned i = 0; i < snap->n_groups; i++)
		if (strcmp(snap->group[i].name, name) == 0)
			return &snap->group[i];
	if (snap->n_groups == METRIC_GROUPS)
		return &snap->group[0];
	g = &snap->group[snap->n_groups++];
	memset((void *)g, 0, sizeof(*g));
	memcpy(g->name, name, SLOT_NAME);
	return g;
}

static void
snap_slot(const struct region *r, unsigned number, struct metric_snap *snap)
{
	const struct slot *s = &r->slots[number];
	uint64_t state = ld_acq(&s->state);
	struct metric_group *g;
	char name[SLOT_NAME];

	if (SLOT_STATE(state) != SLOT_LIVE)
		return;
	memcpy(name, s->group, SLOT_NAME);
	name[SLOT_NAME - 1] = '\0';
	g = snap_group(snap, name);
	if (snap_folded(r, number, SLOT_GENERATION(state)))
		return;
	g->n_slots++;
	for (unsigned i = 0; i < METRIC_N; i++)
		g->cell[i] += (int64_t)ld_rlx(&s->counter[i]);
	for (unsigned i = 0; i < HIST_MAX; i++)
		hist_merge(&g->hist[i], slot_hist(r, number) + i);
}

static void
snap_once(const struct region *r, struct metric_snap *snap)
{
	const struct metric_total *t = totals(r);
	char name[SLOT_NAME];

	snap->n_groups = 0;
	(void)snap_group(snap, (const char[SLOT_NAME]){ 0 });
	for (unsigned i = 0; i < METRIC_GROUPS; i++) {
		if (i != 0 && ld_acq(&t[i].used) == 0)
			continue;
		memcpy(name, t[i].name, SLOT_NAME);
		name[SLOT_NAME - 1] = '\0';
		snap_total(&t[i], snap_group(snap, name));
	}
	for (unsigned i = 0; i < r->n_slots; i++)
		snap_slot(r, i, snap);
}

int
metric_snapshot(const struct region *r, struct metric_snap *snap)
{
	uint64_t before, after;

	for (int try = 0; try < 8; try++) {
		before = snap_stamp(r);
		snap_once(r, snap);
		/* The counters, which are relaxed loads, before the second
		 * look at what guards them. */
		fence_full();
		after = snap_stamp(r);
		if (before == after)
			return 0;
	}
	return -EAGAIN;
}

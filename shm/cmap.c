/* cmap.c - sizes of the cache's parts, and whether a region's make sense */
#include "cmap.h"

#include <errno.h>
#include <string.h>

#define XXH_INLINE_ALL
#include <xxhash.h>

#include "cache.h"
#include "flight.h"
#include "index.h"
#include "item.h"
#include "seg.h"

#define BUDGET_MIN (UINT64_C(1) << 20)
#define BUDGET_MAX (UINT64_C(1) << 42)	/* 40 bits of 4 B name an offset */
#define HUGE_FROM (UINT64_C(16) << 20)	/* below it aligning costs too much */
#define TAGS_MIN (UINT64_C(64) << 10)
#define TAGS_MAX (UINT64_C(4) << 20)
#define ITEM_BYTES 128u		/* default of item_bytes: small objects */
#define LINE sizeof(struct index_line)
/* Overflow lines for a hundred buckets.  At 5.6 records a bucket a fifth of
 * them has more than the seven words of its line. */
#define OVERFLOW 22u

struct sizes {
	uint64_t n_buckets, n_lines, tag_bytes, budget;
	uint32_t seg_shift, n_segs, n_reserve, value_max, item_bytes;
};

static uint32_t
seg_shift_of(uint64_t budget)
{
	uint32_t shift = 14;

	while (shift < 20 && (UINT64_C(2) << shift) <= budget / 1024)
		shift++;
	return shift;
}

/*
 * The index is dimensioned for the budget full of records of item_bytes: such
 * a record takes its bytes, 2 % of them for the reserve and open tails, and
 * its share of index lines that are 0.8 full, and of overflow lines.
 */
static void
sizes_index(struct sizes *s)
{
	uint64_t room = s->budget - s->tag_bytes;
	/* In 1/1000 of a byte an item; 7 words of a line at 0.8 are 5.6. */
	uint64_t log = (uint64_t)s->item_bytes * 1000 * 100 / 98;
	uint64_t index = LINE * 1000 * (100 + OVERFLOW) / 100 * 10 / 56;
	uint64_t items = room / (log + index) * 1000 +
	    room % (log + index) * 1000 / (log + index);

	s->n_buckets = items * 10 / 56;
	if (s->n_buckets < 16)
		s->n_buckets = 16;
	s->n_lines = s->n_buckets * OVERFLOW / 100;
	if (s->n_lines < 8)
		s->n_lines = 8;
}

static int
sizes_of(const struct cache_plan *p, struct sizes *s)
{
	uint64_t tags = p->budget_bytes / 256, index;

	memset(s, 0, sizeof(*s));
	s->budget = p->budget_bytes;
	s->item_bytes = p->item_bytes == 0 ? ITEM_BYTES : p->item_bytes;
	if (s->budget < BUDGET_MIN || s->budget > BUDGET_MAX ||
	    s->item_bytes < 24 || s->item_bytes > CMAP_SEG_MAX ||
	    p->value_max > CACHE_VALUE_TOP)
		return -EINVAL;
	s->tag_bytes = tags < TAGS_MIN ? TAGS_MIN
	    : tags > TAGS_MAX ? TAGS_MAX : tags & ~UINT64_C(4095);
	s->seg_shift = seg_shift_of(s->budget);
	if (p->seg_bytes != 0) {
		if ((p->seg_bytes & (p->seg_bytes - 1)) != 0 ||
		    p->seg_bytes < CMAP_SEG_MIN || p->seg_bytes > CMAP_SEG_MAX)
			return -EINVAL;
		s->seg_shift = (uint32_t)__builtin_ctz(p->seg_bytes);
	}
	sizes_index(s);
	index = (s->n_buckets + s->n_lines) * LINE;
	if (s->n_lines > CMAP_LINES_MAX || index > s->budget / 2)
		return -EINVAL;
	s->n_segs = (uint32_t)((s->budget - s->tag_bytes - index) >>
	    s->seg_shift);
	if (s->n_segs < 16)
		return -EINVAL;
	s->n_reserve = s->n_segs / 50 > 4 ? s->n_segs / 50 : 4;
	s->value_max = p->value_max == 0 ? CACHE_VALUE_MAX : p->value_max;
	if (s->value_max > ((uint64_t)s->n_segs << s->seg_shift) / 4)
		s->value_max = (uint32_t)(((uint64_t)s->n_segs <<
		    s->seg_shift) / 4);
	return 0;
}

static uint64_t
segtab_size(uint64_t n_segs)
{
	uint64_t dead = (n_segs * sizeof(uint32_t) + 63) & ~UINT64_C(63);
	uint64_t state = (n_segs * sizeof(uint64_t) + 63) & ~UINT64_C(63);

	return state + dead + n_segs * sizeof(struct seg_side);
}

int
cmap_plan(const struct cache_plan *p, struct region_section *out)
{
	uint32_t huge = p->budget_bytes >= HUGE_FROM ? REGION_SEC_HUGE : 0;
	struct sizes s;
	int rc = sizes_of(p, &s);

	if (rc != 0)
		return rc;
	memset(out, 0, CACHE_SECTIONS * sizeof(*out));
	/* A cell for every slot there can be: their number is decided later. */
	out[0].kind = REGION_CACHE;
	out[0].flags = REGION_SEC_REPAIR;
	out[0].size = REGION_PAGE + SLOT_MAX * sizeof(struct cmap_cell);
	out[1].kind = REGION_INDEX;
	out[1].flags = huge;
	out[1].size = (s.n_buckets + s.n_lines) * LINE;
	out[2].kind = REGION_SEGTAB;
	out[2].size = segtab_size(s.n_segs);
	out[3].kind = REGION_SEGMENTS;
	out[3].flags = huge;
	out[3].size = (uint64_t)s.n_segs << s.seg_shift;
	out[4].kind = REGION_TAGS;
	out[4].size = s.tag_bytes;
	out[5].kind = REGION_FLIGHTS;
	out[5].flags = REGION_SEC_REPAIR;
	out[5].size = sizeof(struct flight_table);
	return CACHE_SECTIONS;
}

static uint64_t
head_check(const struct cmap_head *h)
{
	return XXH3_64bits(h, offsetof(struct cmap_head, check));
}

int
cmap_format(struct region *r, const struct cache_plan *p)
{
	struct cmap_head *h = region_section(r, REGION_CACHE, NULL);
	struct sizes s;
	struct cmap map;
	int rc = sizes_of(p, &s);

	if (rc != 0)
		return rc;
	if (h == NULL || h->check != 0)
		return -EINVAL;
	h->n_buckets = h->n0 = s.n_buckets;
	h->n_lines = (uint32_t)s.n_lines;
	h->seg_shift = s.seg_shift;
	h->n_segs = s.n_segs;
	h->n_reserve = s.n_reserve;
	h->n_cells = (uint32_t)(s.tag_bytes / sizeof(uint64_t));
	h->value_max = s.value_max;
	h->item_bytes = s.item_bytes;
	h->keys_max = p->keys_max;
	h->budget_bytes = s.budget;
	h->n_slots = r->n_slots;
	h->check = head_check(h);
	st_rlx(&r->hot->cache[CMAP_CLOCK], UINT64_C(1));
	rc = cmap_open(r, &map);
	return rc == -EUCLEAN ? -EINVAL : rc;
}

/* Whether the geometry can be, whatever a file says. */
static int
head_sane(const struct cmap_head *h, const struct region *r)
{
	return h->check == head_check(h) && h->n_segs >= 16 &&
	    h->n_segs <= CMAP_SEGS_MAX && h->seg_shift >= 14 &&
	    h->seg_shift <= 20 && h->n_buckets >= 16 &&
	    h->n_buckets < UINT64_C(1) << 40 && h->n_lines <= CMAP_LINES_MAX &&
	    h->n_reserve < h->n_segs && h->n_slots == r->n_slots &&
	    h->n_slots <= SLOT_MAX && h->value_max <= CACHE_VALUE_TOP;
}

/* Segments are sealed at this many records, so that a limit of keys too is
 * reached in steps: 128, or half of the segments where they are few. */
static uint32_t
keys_seg(uint64_t keys_max, uint32_t n_segs)
{
	uint64_t steps = n_segs / 2 < 128 ? n_segs / 2 : 128;
	uint64_t n = keys_max / steps;

	if (keys_max == 0 || n > UINT32_MAX)
		return UINT32_MAX;
	return n == 0 ? 1 : (uint32_t)n;
}

static int
map_sections(struct region *r, const struct cmap_head *h, struct cmap *m)
{
	uint64_t size, state = ((uint64_t)h->n_segs * 8 + 63) & ~UINT64_C(63);
	uint64_t dead = ((uint64_t)h->n_segs * 4 + 63) & ~UINT64_C(63);
	char *tab;

	m->line = region_section(r, REGION_INDEX, &size);
	if (m->line == NULL || size / LINE < h->n_buckets + h->n_lines)
		return -EUCLEAN;
	tab = region_section(r, REGION_SEGTAB, &size);
	if (tab == NULL || size < segtab_size(h->n_segs))
		return -EUCLEAN;
	m->state = (void *)tab;
	m->dead = (void *)(tab + state);
	m->side = (void *)(tab + state + dead);
	m->data = region_section(r, REGION_SEGMENTS, &size);
	m->data_size = (uint64_t)h->n_segs << h->seg_shift;
	if (m->data == NULL || size < m->data_size)
		return -EUCLEAN;
	m->flight = region_section(r, REGION_FLIGHTS, &size);
	if (m->flight == NULL || size < sizeof(*m->flight))
		return -EUCLEAN;
	return 0;
}

int
cmap_open(struct region *r, struct cmap *m)
{
	struct cmap_head *shared, copy, *h = &copy;
	uint64_t size;

	memset(m, 0, sizeof(*m));
	shared = region_section(r, REGION_CACHE, &size);
	if (shared == NULL)
		return -ENOENT;
	if (size < REGION_PAGE + SLOT_MAX * sizeof(struct cmap_cell))
		return -EUCLEAN;
	memcpy(h, shared, offsetof(struct cmap_head, births));
	if (!head_sane(h, r) || map_sections(r, h, m) != 0)
		return -EUCLEAN;
	m->region = r;
	m->head = shared;
	m->cell = (void *)((char *)shared + REGION_PAGE);
	m->hot = r->hot->cache;
	m->secret = r->head->secret;
	m->n_buckets = h->n_buckets;
	m->n_lines = h->n_lines;
	m->n_segs = h->n_segs;
	m->seg_shift = h->seg_shift;
	m->seg_bytes = 1u << h->seg_shift;
	m->n_reserve = h->n_reserve;
	m->budget_bytes = h->budget_bytes;
	m->keys_max = h->keys_max;
	m->keys_seg = keys_seg(h->keys_max, h->n_segs);
	m->value_max = h->value_max;
	m->n_slots = h->n_slots;
	/* Heads of long values are short: a segment full of them would stand
	 * for more than there is, and go all at once. */
	m->chunks_seg = h->n_segs / 32;
	m->chunks_max = (h->value_max >> h->seg_shift) + 1;
	return 0;
}

uint64_t
cmap_items(const struct cmap *m)
{
	uint64_t sum = 0;

	/* Each is exact at some moment; a sum that mixes moments is off by
	 * what changed while it was taken. */
	for (uint32_t i = 0; i < m->n_slots; i++)
		sum += ld_rlx(&m->cell[i].items);
	return (int64_t)sum < 0 ? 0 : sum;
}

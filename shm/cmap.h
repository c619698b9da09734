/*
 * cmap.h - where the cache's parts lie in a region, checked once.
 *
 * cmap_open() reads the geometry from the region's header and the cache's own,
 * checks that everything lies inside, and keeps private copies: from then on
 * no size or count is read from shared memory again, so bytes that go bad
 * later can spoil values, not addresses.
 *
 * Sections:	CACHE	  struct cmap_head, then a struct cmap_cell a slot
 *		INDEX	  lines of 64 bytes: buckets, then overflow lines
 *		SEGTAB	  a state word a segment, dead bytes, side records
 *		SEGMENTS  the log
 *		TAGS	  cells of the invalidation clock (a later issue)
 *		FLIGHTS	  loads under way (flight.h)
 */
#ifndef SHM_CMAP_H
#define SHM_CMAP_H

#include <assert.h>
#include <stddef.h>
#include <stdint.h>

#include "atomic.h"
#include "region.h"
#include "slot.h"

#define CMAP_SEG_MIN (16u << 10)
#define CMAP_SEG_MAX (1u << 20)
#define CMAP_SEGS_MAX (1u << 24)
#define CMAP_LINES_MAX ((1u << 28) - 2)	/* 28 bits name an overflow line */

/* First page of CACHE.  Writer: the creator, once (`check` covers up to it);
 * then the words below, each with its own writers. */
struct cmap_head {
	uint64_t n_buckets;	/* n0 << doublings */
	uint64_t n0;
	uint32_t doublings;
	uint32_t n_lines;	/* overflow lines */
	uint32_t seg_shift;
	uint32_t n_segs;
	uint32_t n_reserve;	/* free segments kept for the evictor */
	uint32_t n_cells;
	uint32_t value_max;
	uint32_t item_bytes;
	uint64_t keys_max;
	uint64_t budget_bytes;
	uint32_t n_slots;
	uint32_t pad0;
	uint64_t check;		/* XXH3 of the bytes before it */
	uint64_t pad1[6];
	/* A line: taken from by who opens a segment (add); chunks have none of
	 * their own.  The order in which segments of records came to be: FIFO
	 * for eviction, time for ghosts. */
	_Atomic uint64_t births;
	uint64_t pad2[7];
	/* A line: where to look first; any value is right.  Writer: anyone. */
	_Atomic uint32_t free_hint;
	_Atomic uint32_t line_hint;
	/* Where the sweep for chunks without a head goes on.  Writer: who has
	 * the maint word. */
	_Atomic uint32_t chunk_cursor;
	/* Set before the first value is ever pinned, never cleared: until then
	 * reclaimers need not look for pins. */
	_Atomic uint32_t pinned;
	/* Segments with records, as counted by who evicted last: a hint. */
	_Atomic uint32_t in_use;
	/* Low 32 bits of the tick until which maintenance need not look again
	 * for segments that cost nothing; 0 now.  Writer: who has the maint
	 * word; who flushes. */
	_Atomic uint32_t quiet;
	uint32_t pad3[10];
	/*
	 * A line: a tick at which no segment had records that all expired more
	 * than EVICT_LATE before.  Writer: who has looked at all.
	 */
	_Atomic uint64_t swept;
	uint64_t pad4[7];
	uint64_t spare[480 - 32];
};
static_assert(sizeof(struct cmap_head) <= REGION_PAGE, "one page");
static_assert(offsetof(struct cmap_head, births) == 128, "region format");
static_assert(offsetof(struct cmap_head, free_hint) == 192, "region format");
static_assert(offsetof(struct cmap_head, swept) == 256, "region format");

/*
 * A slot's part.  Writer: the slot's owner, plain stores; once it is dead who
 * repairs it.  Never cleared: items and bytes are sums over all slots that
 * ever wrote (one slot may be below 0), and cas must not repeat.
 */
struct cmap_cell {
	/* Line 0: what a read changes. */
	_Atomic uint64_t hits, misses;
	uint64_t pad0[6];
	/* Lines 1, 2: what a write changes. */
	_Atomic uint64_t cas;
	_Atomic uint64_t items, bytes;	/* differences, modulo 2^64 */
	_Atomic uint64_t sets, deletes;
	_Atomic uint64_t evictions, promoted, expired;
	_Atomic uint64_t ghosts_hit, full, crowded, compacted;
	uint64_t pad1[4];
	uint64_t pad2[8];
};
static_assert(sizeof(struct cmap_cell) == 256, "region format");

/* Places in region_hot.cache, the line that every get loads for the epoch. */
enum cmap_hot {
	CMAP_FLUSHED,		/* cell of `everything`: clock of the last flush */
	CMAP_BANNED,		/* clock of the newest ban (a later issue) */
	CMAP_CLOCK		/* the invalidation clock; starts at 1 */
};

struct seg_side;
struct index_line;
struct flight_table;

struct cmap {
	struct region *region;
	struct cmap_head *head;
	struct cmap_cell *cell;
	_Atomic uint64_t *hot;
	struct index_line *line;	/* n_buckets + n_lines */
	_Atomic uint64_t *state;	/* n_segs */
	_Atomic uint32_t *dead;		/* n_segs */
	struct seg_side *side;		/* n_segs */
	struct flight_table *flight;
	char *data;
	uint64_t data_size;
	uint64_t n_buckets;
	uint64_t budget_bytes, keys_max;
	const uint8_t *secret;
	uint32_t n_lines, n_segs, seg_shift, seg_bytes, n_reserve;
	uint32_t value_max, keys_seg;	/* records at which a segment is sealed */
	uint32_t n_slots;
	uint32_t chunks_max;	/* in one value */
	uint32_t chunks_seg;	/* named by records at which one is sealed */
};

struct cache_plan;

/* The sections for a plan: CACHE_SECTIONS of them, or -EINVAL. */
int cmap_plan(const struct cache_plan *, struct region_section *out);

/* Write the head into a fresh region. */
int cmap_format(struct region *, const struct cache_plan *);

/* Check and map.  0, -ENOENT no cache in it, -EUCLEAN. */
int cmap_open(struct region *, struct cmap *out);

/* Sums over all cells of a counter. */
uint64_t cmap_items(const struct cmap *);

#endif

/*
 * metric.h - what is counted, and where.
 *
 * METRIC_TABLE is the one table of metrics (exporters, man pages and tests are
 * written from it).  Rows:
 *
 *	C(ID, family, labels, doc)	 counter: only grows
 *	G(ID, family, labels, doc)	 gauge: may go down; gone with its owner
 *	H(ID, family, labels, doc)	 histogram of nanoseconds (hist.h)
 *
 * Rows of one family stand together and differ in labels (written as in
 * Prometheus text, "" none).  Exporters add the prefix skep_ and the label
 * group.  A histogram's values are nanoseconds, its family is in seconds.
 *
 * Each slot has its own cells, written by the owning thread alone with plain
 * increments.  When a slot is freed its counters and histograms are folded
 * into the totals of its group, so sums never go down; gauges are dropped.
 *
 * Adding or dropping a row changes what cells mean: regions made by a program
 * with another table are refused (metric_print()).
 *
 * What the cache counts is not here but in its own cells (cmap.h).
 */
#ifndef SHM_METRIC_H
#define SHM_METRIC_H

#include <stdint.h>

#include "atomic.h"
#include "hist.h"
#include "slot.h"

#define METRIC_TABLE(C, G, H)						\
C(HTTP_1XX, "http_requests_total", "class=\"1xx\"",			\
    "Requests answered, by class of status")				\
C(HTTP_2XX, "http_requests_total", "class=\"2xx\"", "")			\
C(HTTP_3XX, "http_requests_total", "class=\"3xx\"", "")			\
C(HTTP_4XX, "http_requests_total", "class=\"4xx\"", "")			\
C(HTTP_5XX, "http_requests_total", "class=\"5xx\"", "")			\
C(HTTP_IN, "http_received_bytes_total", "",				\
    "Bytes read from connections of HTTP listeners")			\
C(HTTP_OUT, "http_sent_bytes_total", "",				\
    "Bytes written to connections of HTTP listeners")			\
C(HTTP_ACCEPTED, "http_accepted_connections_total", "",		\
    "Connections accepted")						\
C(HTTP_HANDED, "http_handed_over_connections_total", "",		\
    "Connections given to another worker while draining")		\
G(HTTP_OPEN, "http_open_connections", "",				\
    "Connections open now")						\
C(HANDLER_ERRORS, "handler_errors_total", "",				\
    "Handlers that returned an error or no reply")			\
C(FILL_LOADS, "cache_fill_loads_total", "",				\
    "Loaders of missing keys that were run")			\
C(FILL_ERRORS, "cache_fill_errors_total", "",				\
    "Loaders that failed")						\
C(FILL_WAITS, "cache_fill_waits_total", "",				\
    "Calls that waited for another's loader")				\
C(FILL_TAKEN, "cache_fill_taken_over_total", "",			\
    "Loads begun anew after their owner died, was late or gave up")	\
C(FILL_VOID, "cache_fill_void_total", "",				\
    "Results not stored: changed, deleted or invalidated meanwhile")	\
C(FILL_ALONE, "cache_fill_alone_total", "",				\
    "Loads that could not be shared: no room in the table of loads")	\
H(HTTP_DURATION, "http_request_duration_seconds", "",			\
    "From the first byte of a request to the last byte of its answer")

#define METRIC_CELL(id, family, labels, doc) METRIC_##id,
#define METRIC_NONE(id, family, labels, doc)
enum metric_id {
	METRIC_TABLE(METRIC_CELL, METRIC_CELL, METRIC_NONE)
	METRIC_N
};
enum metric_hist {
	METRIC_TABLE(METRIC_NONE, METRIC_NONE, METRIC_CELL)
	METRIC_HIST_N
};
static_assert(METRIC_N <= SLOT_COUNTERS, "slot.counter has no more cells");
static_assert(METRIC_HIST_N <= HIST_MAX, "raise HIST_MAX and REGION_FORMAT");

enum metric_type { METRIC_COUNTER, METRIC_GAUGE, METRIC_HISTOGRAM };

struct metric_row {
	unsigned id;		/* enum metric_id, or enum metric_hist */
	enum metric_type type;
	const char *family, *labels;
	const char *doc;	/* in the first row of a family, then "" */
};

/* The table, in order; *n_out rows.  For exporters and documentation. */
const struct metric_row *metric_rows(unsigned *n_out);

/* Fingerprint of names, types and order, kept in the region's header. */
uint32_t metric_print(void);

/* --- counting (the owner of the handle) --- */

static inline void
metric_add(struct slot_self *me, enum metric_id id, int64_t n)
{
	_Atomic uint64_t *cell;

	if (__builtin_expect(me->slot == NULL, 0))
		return;		/* a forked child counts nothing */
	cell = &me->slot->counter[id];
	st_rlx(cell, ld_rlx(cell) + (uint64_t)n);
}

static inline void
metric_set(struct slot_self *me, enum metric_id id, int64_t n)
{
	if (__builtin_expect(me->slot != NULL, 1))
		st_rlx(&me->slot->counter[id], (uint64_t)n);
}

/* Count a duration. */
void metric_time(struct slot_self *, enum metric_hist, uint64_t ns);

/* --- reading (anyone who maps the region, also read-only) --- */

#define METRIC_GROUPS 16u	/* names; further groups count as group 0 */

struct metric_group {
	char name[SLOT_NAME];	/* "" for who has no group */
	unsigned n_slots;	/* attached now */
	int64_t cell[METRIC_N];
	struct hist hist[HIST_MAX];
};

struct metric_snap {
	unsigned n_groups;
	struct metric_group group[METRIC_GROUPS];
};

/*
 * Sums by group over the living and the dead.  *snap is the caller's; it is
 * large (300 KiB), so allocate it once.  Counters never run backwards from one
 * call to the next.  0, or -EAGAIN when slots turned over all the while (then
 * the figures may be off by one slot).
 */
int metric_snapshot(const struct region *, struct metric_snap *snap);

/* --- for reap.c --- */

/* Fold the counters of a slot, which the caller holds by its record lock, into
 * the totals of its group, then clear them.  Idempotent.  0 or -errno. */
int metric_fold(struct slot_self *me, unsigned dead);

/* For fsck.c: why the totals of a group make no sense, NULL when they do; and
 * make them harmless. */
const char *metric_wrong(const struct region *, unsigned group);
void metric_mend(struct region *, unsigned group);

/* A group's totals: two copies, one current.  Writer: the holder of hot.totals;
 * readers: anyone, checking cur before and after. */
struct metric_copy {
	_Atomic uint64_t cell[SLOT_COUNTERS];
	struct hist hist[HIST_MAX];
};
struct metric_total {
	_Atomic uint64_t used;
	/* current copy 1 | slot + 1 12 | generation 51: which copy holds, and
	 * whose counters were added last */
	_Atomic uint64_t cur;
	char name[SLOT_NAME];
	uint64_t pad[3];
	struct metric_copy copy[2];
};
static_assert(sizeof(struct metric_total) ==
    64 + 2 * (SLOT_COUNTERS * 8 + HIST_MAX * HIST_SIZE), "region format");
#define METRIC_TOTALS_SIZE (METRIC_GROUPS * sizeof(struct metric_total))

#endif

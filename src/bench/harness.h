/*
 * harness.h - how everything here is measured.
 *
 * The machines that this runs on stop for up to a second at a time, and their
 * processors do not always run together.  So nothing is work over wall time:
 * a round is cut into chunks of 50 us to a few ms, the figure of a round is its
 * median chunk, the figure of a line is the median of its rounds.
 *
 * The lines of a plan are measured in turn in every round (forth in one, back
 * in the next), so that whatever the machine does happens to all of them.  A
 * ratio is taken within each round; the median of these is what a row shows.
 *
 * Where two processes are measured together, only those chunks count in which
 * both were seen to run at once; a round with too few of them is thrown away,
 * for all lines, and made again.
 */
#ifndef BENCH_HARNESS_H
#define BENCH_HARNESS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

#include "row.h"

#define HARNESS_ROUNDS_MIN 9	/* fewer say nothing about how far a figure can be off */
#define HARNESS_CHUNKS_MIN 3	/* a round needs as many that count */

static inline uint64_t
harness_now_ns(void)
{
	struct timespec t;

	(void)clock_gettime(CLOCK_MONOTONIC, &t); /* cannot fail with this clock */
	return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

enum chunk_seen {
	CHUNK_ALONE,	/* one process is measured */
	CHUNK_BOTH,	/* two, and both were seen to run at once */
	CHUNK_APART	/* two, and they were not: does not count */
};

struct chunks;		/* those of one round */

/* Add one, in the unit of its line. */
void chunks_add(struct chunks *, double value, enum chunk_seen);

/* Whether more are wanted: until there are enough that count, or four times as many in all. */
bool chunks_want(const struct chunks *);

/* One thing that is measured. */
struct line {
	const char *name;	/* in words: becomes the row's case */
	const char *unit;
	/* Measures one round: adds chunks while chunks_want().  0 or -errno, which ends the plan. */
	int (*round)(void *arg, struct chunks *);
	void *arg;

	/* filled by harness_run(), freed by harness_fini(): */
	double *figure;		/* of each round */
	size_t n_figures;
	size_t n_chunks, n_both;	/* of all rounds, two processes */
};

struct plan {
	int rounds;		/* that count; at least HARNESS_ROUNDS_MIN */
	int warmup;		/* rounds before them */
	int iterations;		/* chunks a round */
	uint64_t deadline_ns;	/* CLOCK_MONOTONIC; 0: none */
};

/*
 * Measure the lines.  0; -ETIMEDOUT when the deadline came before the rounds
 * were complete; -EAGAIN when the machine never let two processes run at once;
 * or what a round returned.
 */
int harness_run(const struct plan *, struct line *, size_t n);
void harness_fini(struct line *, size_t n);

/* Percent of a line's chunks in which both ran at once; -1 for one process. */
int harness_both_percent(const struct line *);

/*
 * Rows.  Alone; against another line of the same plan; against a fixed value of
 * the line's unit named by a text ("1 ns").  aim may be NULL.  0, -ENOMEM,
 * -EINVAL for an aim that is none.
 */
int harness_row(struct rows *, const char *bench, const struct line *);
int harness_row_against(struct rows *, const char *bench, const struct line *,
    const struct line *against, const char *aim);
int harness_row_limit(struct rows *, const char *bench, const struct line *,
    double limit, const char *limit_name, const char *aim);

#endif

/*
 * row.h - results: one row for each line of a table, and their list.
 *
 * A row's ratio is the median over the rounds of value / the value of what it
 * is held against in the same round.  met follows from ratio and aim, and
 * nothing else sets it.
 */
#ifndef BENCH_ROW_H
#define BENCH_ROW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include <jansson.h>

struct row {
	char *bench;	/* the case's name on the command line */
	char *name;	/* what was measured, in words */
	char *unit;
	double value;	/* median of the rounds */
	double min, max;	/* the least and the greatest round */
	int runs;	/* rounds */
	int both;	/* percent of chunks in which both processes ran at once; -1: one process */
	char *against;	/* name of the other side, NULL: none */
	double ratio;	/* STATS_NONE without another side */
	char *aim;	/* NULL: no table asks for one */
};

struct rows {
	struct row *v;
	size_t n;
};

void rows_fini(struct rows *);

/* A zeroed row at the end of the list, to be filled; NULL: no memory.  Its strings are freed with the list. */
struct row *rows_add(struct rows *);

/* The row of that bench and name, or NULL.  Borrowed until the list changes. */
struct row *rows_find(const struct rows *, const char *bench,
    const char *name);

/* 1 met, 0 missed, -1 there is nothing to meet. */
int row_met(const struct row *);
/* Whether it misses its aim by more than twice. */
bool row_far_off(const struct row *);

/* One object with every field; free with json_decref(); NULL: no memory. */
json_t *row_json(const struct row *);
json_t *rows_json(const struct rows *);

/* Append the rows of an array as rows_json() makes it.  0, -EINVAL, -ENOMEM (what came before stays). */
int rows_from_json(struct rows *, const json_t *);

/* A table for people. */
void rows_print(const struct rows *, FILE *);

#endif

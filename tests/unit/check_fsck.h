/*
 * check_fsck.h - a good region to spoil and what fsck says of it, for the
 * files of this program: check_fsck.c the cache, check_fsck_slot.c the rest,
 * check_fsck_recover.c who may repair, check_fsck_flight.c flights.
 */
#ifndef CHECK_FSCK_H
#define CHECK_FSCK_H

#include "../lib/cachefix.h"
#include "cmap.h"
#include "fsck.h"

static char lines[100][FSCK_LINE];
static unsigned n_lines;

static inline void
keep(void *arg, const char *line)
{
	(void)arg;
	if (n_lines < 100)
		strcpy(lines[n_lines++], line);
}

static inline int
said(const char *what)
{
	for (unsigned i = 0; i < n_lines; i++)
		if (strstr(lines[i], what) != NULL)
			return 1;
	return 0;
}

/* A cache with 100 keys and a long value, and nobody in it. */
static inline struct region *
filled(struct cmap *m)
{
	struct cachefix f = cachefix_open(NULL);
	char *big = calloc(1, 100000), key[16];

	for (int i = 0; i < 100; i++) {
		snprintf(key, sizeof(key), "key%d", i);
		ck_assert_int_eq(cachefix_set(f.c, key, key), 1);
	}
	ck_assert_int_eq(cache_put(f.c, CACHE_SET, "big", 3, big, 100000, NULL,
	    NULL), 1);
	free(big);
	cache_close(&f.c);
	slot_detach(&f.me);
	ck_assert_int_eq(cmap_open(f.r, m), 0);
	n_lines = 0;
	return f.r;
}

static inline struct fsck_report
check(struct region *r, unsigned flags)
{
	struct fsck_report rep;

	n_lines = 0;
	ck_assert_int_eq(fsck_region(r, flags, keep, NULL, &rep), 0);
	return rep;
}

/* Found without repair, repaired, clean afterwards. */
static inline void
found_and_repaired(struct region *r, const char *what)
{
	ck_assert_int_eq(check(r, FSCK_QUIET).verdict, FSCK_FOUND);
	ck_assert_msg(said(what), "not said: %s; but %s", what, lines[0]);
	ck_assert_int_eq(check(r, FSCK_QUIET | FSCK_REPAIR).verdict,
	    FSCK_REPAIRED);
	ck_assert_int_eq(check(r, FSCK_QUIET).verdict, FSCK_CLEAN);
}

/* The same, and in a region in use as well. */
static inline void
found_at_any_time(struct region *r, const char *what)
{
	ck_assert_int_eq(check(r, 0).verdict, FSCK_FOUND);
	ck_assert_msg(said(what), "not said: %s; but %s", what, lines[0]);
	found_and_repaired(r, what);
}

/* Right while others are in the region. */
static inline void
found_at_rest(struct region *r, const char *what)
{
	ck_assert_msg(check(r, 0).verdict == FSCK_CLEAN, "%s", lines[0]);
	found_and_repaired(r, what);
}

static inline void
beyond_repair(struct region *r, const char *what)
{
	ck_assert_int_eq(check(r, 0).verdict, FSCK_SPOILED);
	ck_assert_msg(said(what), "not said: %s; but %s", what, lines[0]);
	ck_assert_int_eq(check(r, FSCK_QUIET | FSCK_REPAIR).verdict,
	    FSCK_SPOILED);
}

TCase *fsck_slot_case(void);
TCase *fsck_recover_case(void);
TCase *fsck_flight_case(void);

#endif

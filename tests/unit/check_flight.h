/*
 * check_flight.h - a cache and three threads' slots, played by one, for the
 * files of this program: check_flight.c the course and the table,
 * check_flight_end.c what changes the key or takes the owner away.
 */
#ifndef CHECK_FLIGHT_H
#define CHECK_FLIGHT_H

#include "../lib/cachefix.h"
#include "../lib/suite.h"
#include "cache_fill.h"
#include "cmap.h"
#include "fsck.h"
#include "index.h"
#include "lock.h"
#include "reap.h"
#include "wake.h"

#define KEY "price:1"
#define KEY_N (sizeof(KEY) - 1)
#define MS UINT64_C(1000000)
#define LATE (1000 * MS)	/* a load is late after */

#define US 3
static struct region *r;
static struct slot_self *me[US];
static struct cache *c[US];
static struct cmap m;
static struct flight f[US];
static uint64_t now;

static inline void
setup(void)
{
	r = cachefix_region(NULL);
	for (unsigned i = 0; i < US; i++) {
		me[i] = shmfix_attach(r, i, SLOT_ROLE_WORKER, "web");
		ck_assert_int_eq(cache_open(me[i], &c[i]), 0);
	}
	ck_assert_int_eq(cmap_open(r, &m), 0);
	now = 5000 * MS;
	memset(f, 0, sizeof(f));
}

static inline void
teardown(void)
{
	struct fsck_report rep;

	for (unsigned i = 0; i < US; i++) {
		cache_close(&c[i]);
		slot_detach(&me[i]);
	}
	ck_assert_int_eq(fsck_region(r, FSCK_QUIET, NULL, NULL, &rep), 0);
	ck_assert_msg(rep.verdict == FSCK_CLEAN, "%s", rep.first);
	region_close(&r);
}

static inline struct flight_ask
ask(void)
{
	return (struct flight_ask){ .now_ns = now, .late_ns = now + LATE };
}

static inline int
begin(unsigned i)
{
	struct flight_ask a = ask();

	return cache_fill_begin(c[i], KEY, KEY_N, &a, &f[i]);
}

static inline int
look(unsigned i)
{
	struct flight_ask a = ask();

	return cache_fill_look(c[i], &f[i], &a);
}

static inline int
done(unsigned i, const char *val)
{
	return cache_fill_done(c[i], &f[i], KEY, KEY_N, val, strlen(val), NULL,
	    0, now);
}

/* What the flight gives a waiter: the value, NULL nothing. */
static inline const char *
result(unsigned i)
{
	static char text[64];
	struct cache_room room = { .buf = text, .cap = sizeof(text) - 1 };
	int rc = cache_fill_result(c[i], &f[i], KEY, KEY_N, &room, NULL);

	ck_assert_int_ge(rc, 0);
	if (rc == 0)
		return NULL;
	text[room.len] = '\0';
	return text;
}

static inline void
one_leads_one_waits(void)
{
	ck_assert_int_eq(begin(0), FLIGHT_LEAD);
	ck_assert_int_eq(begin(1), FLIGHT_WAIT);
}

static inline uint8_t
mask(void)
{
	return ld_acq(&m.flight->mask[flight_set(f[0].hash)]);
}

static inline unsigned
state(unsigned i)
{
	return flight_state(ld_acq(&m.flight->entry[f[i].entry].word));
}

TCase *flight_change_case(void);
TCase *flight_owner_case(void);

#endif

/* fillers.c - misses, loads and changes at random, and the judgement on them */
#include "fillers.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "tick.h"
#include "wake.h"

struct run {
	struct fillers *t;
	struct cache *c;
	struct slot_self *me;
	uint64_t rng;
};

static uint64_t
next(struct run *r)
{
	r->rng ^= r->rng << 13;
	r->rng ^= r->rng >> 7;
	r->rng ^= r->rng << 17;
	return r->rng;
}

struct fillers *
fillers_make(uint64_t seed)
{
	struct fillers *t = mmap(NULL, sizeof(*t), PROT_READ | PROT_WRITE,
	    MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	if (t == MAP_FAILED)
		abort();
	t->seed = seed;
	t->late_ns = UINT64_C(60000000000);
	t->load_us = 2000;
	for (unsigned i = 0; i < FILLERS_KEYS; i++)
		st_rlx(&t->key[i].source, UINT64_C(1));
	return t;
}

__attribute__((format(printf, 2, 3))) static void
wrong(struct fillers *t, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	if (add_ar(&t->errors, 1) == 0)
		vsnprintf(t->first, sizeof(t->first), fmt, ap);
	va_end(ap);
}

static uint64_t
now_ns(void)
{
	return tick_clock(CLOCK_MONOTONIC);
}

static size_t
key_name(char name[32], unsigned k)
{
	return (size_t)snprintf(name, 32, "filled:%u", k);
}

/* --- counting loads of a flight --- */

#define ONE_EXCUSED 1u
#define ONE_LOAD    (1u << 10)
#define EXCUSED(w)  ((unsigned)(w) & 0x3ff)
#define LOADS(w)    ((unsigned)((w) >> 10) & 0x1ff)

static uint64_t
who_is(const struct flight *f)
{
	return (uint64_t)(f->entry + 1) << 32 | flight_generation(f->word);
}

/* Adds to the flight's counts, which begin where another's were.  The counts. */
static uint64_t
count(struct fillers *t, uint64_t who, unsigned n)
{
	_Atomic uint64_t *p = &t->flight[(who ^ who >> 29) *
	    UINT64_C(0x9e3779b97f4a7c15) >> 48];
	uint64_t seen = ld_acq(p), to;

	do
		to = (seen >> 19 == who ? seen : who << 19) + n;
	while (!cas_ar(p, &seen, to));
	return to;
}

static void
load_begins(struct run *r, const struct flight *f)
{
	uint64_t n;

	/* Who is killed between the two is excused for nothing. */
	st_rel(&r->t->leads[r->me->number], who_is(f));
	n = count(r->t, who_is(f), ONE_LOAD);
	if (!r->t->late && LOADS(n) > 1 + EXCUSED(n))
		wrong(r->t, "flight %u/%u: %u loads, %u excused", f->entry,
		    flight_generation(f->word), LOADS(n), EXCUSED(n));
	add_rlx(&r->t->loads, UINT64_C(1));
}

static void
load_ends(struct run *r)
{
	st_rel(&r->t->leads[r->me->number], UINT64_C(0));
}

void
fillers_died(struct fillers *t, unsigned slot)
{
	uint64_t who = ld_acq(&t->leads[slot]);

	st_rel(&t->leads[slot], UINT64_C(0));
	if (who != 0)
		(void)count(t, who, ONE_EXCUSED);
}

/* --- judging --- */

/* What was given for the key, asked for when `before` was acked. */
static void
judge(struct run *r, unsigned k, uint64_t before, uint64_t given,
    const char *how)
{
	uint64_t source = ld_acq(&r->t->key[k].source);

	if (given < before)
		wrong(r->t, "key %u, %s: %llu is stale, %llu was acked", k, how,
		    (unsigned long long)given, (unsigned long long)before);
	if (given > source)
		wrong(r->t, "key %u, %s: %llu, the source is at %llu", k, how,
		    (unsigned long long)given, (unsigned long long)source);
}

static void
took(struct run *r, unsigned k, uint64_t ns)
{
	uint64_t longest = ld_rlx(&r->t->longest_ns);

	while (ns > longest && !cas_rlx(&r->t->longest_ns, &longest, ns))
		;
	if (ns > FILLERS_LIMIT_NS)
		wrong(r->t, "key %u took %llu ms", k,
		    (unsigned long long)ns / 1000000);
}

/* --- asking --- */

struct call {
	unsigned k;
	char name[32];
	size_t n;
	uint64_t before, given;
	struct flight f;
};

/* 1 a number, 0 absent. */
static int
number_is(struct run *r, struct call *x, int rc, uint64_t v,
    const struct cache_room *room)
{
	if (rc == 1 && room->len != sizeof(v))
		wrong(r->t, "%s has %zu bytes", x->name, room->len);
	if (rc < 0)
		wrong(r->t, "get %s: %d", x->name, rc);
	x->given = v;
	return rc == 1;
}

static int
get(struct run *r, struct call *x)
{
	uint64_t v = 0;
	struct cache_room room = { .buf = &v, .cap = sizeof(v) };

	int rc = cache_get(r->c, x->name, x->n, &room, NULL);

	return number_is(r, x, rc, v, &room);
}

static int
result(struct run *r, struct call *x)
{
	uint64_t v = 0;
	struct cache_room room = { .buf = &v, .cap = sizeof(v) };

	int rc = cache_fill_result(r->c, &x->f, x->name, x->n, &room, NULL);

	return number_is(r, x, rc, v, &room);
}

static void
pause_a_while(struct run *r)
{
	uint64_t x = next(r);

	if (x % 4 != 0)
		(void)usleep((useconds_t)(x >> 8) % (r->t->load_us + 1));
}

/* What was read first is what the load is of: from before it took its time. */
static uint64_t
read_source(struct run *r, struct call *x)
{
	uint64_t v = ld_acq(&r->t->key[x->k].source);

	pause_a_while(r);
	return v;
}

/* Ours to load.  1 given, 0 nothing (it failed). */
static int
lead(struct run *r, struct call *x)
{
	struct flight look = x->f;
	uint64_t chance = next(r) % 32;
	int rc;

	add_rlx(&r->t->taken, (uint64_t)x->f.taken);
	look.early = 0;
	if (cache_fill_result(r->c, &look, x->name, x->n, &(struct cache_room){
		.buf = &x->given, .cap = sizeof(x->given) }, NULL) == 1) {
		cache_fill_end(r->c, &x->f);
		return 1;
	}
	load_begins(r, &x->f);
	x->given = read_source(r, x);
	if (chance == 0) {
		(void)count(r->t, who_is(&x->f), ONE_EXCUSED);
		cache_fill_pass(r->c, &x->f);
	} else if (chance == 1) {
		cache_fill_fail(r->c, &x->f, EIO, now_ns());
	} else {
		rc = cache_fill_done(r->c, &x->f, x->name, x->n, &x->given,
		    sizeof(x->given), NULL, 0, now_ns());
		add_rlx(&r->t->voided, (uint64_t)(rc != 1));
		if (rc < 0 && rc != -ECANCELED && rc != -ENOBUFS &&
		    rc != -EBUSY)
			wrong(r->t, "done %s: %d", x->name, rc);
	}
	load_ends(r);
	add_rlx(&r->t->failed, (uint64_t)(chance <= 1));
	return chance > 1;
}

static struct flight_ask
ask_of(const struct run *r)
{
	uint64_t now = now_ns();

	return (struct flight_ask){ .now_ns = now,
		.late_ns = now + r->t->late_ns };
}

static int
wait_for_it(struct run *r, struct call *x)
{
	struct flight_ask ask = ask_of(r);
	int what;

	add_rlx(&r->t->waits, UINT64_C(1));
	(void)wake_arm(r->me, WAKE_FUTEX);
	while ((what = cache_fill_look(r->c, &x->f, &ask)) == FLIGHT_WAIT) {
		/* Now and then one has no time to wait. */
		if (next(r) % 64 == 0) {
			cache_fill_leave(r->c, &x->f);
			break;
		}
		(void)wake_sleep(r->me, WAKE_LIMIT_MS);
		(void)wake_arm(r->me, WAKE_FUTEX);
		ask = ask_of(r);
	}
	wake_disarm(r->me);
	return what;
}

/* 1 given, 0 not. */
static int
miss(struct run *r, struct call *x)
{
	int what;

	while (ld_rlx(&r->t->errors) == 0) {
		struct flight_ask ask = ask_of(r);

		what = cache_fill_begin(r->c, x->name, x->n, &ask, &x->f);
		if (what == FLIGHT_WAIT)
			what = wait_for_it(r, x);
		if (what == FLIGHT_LEAD)
			return lead(r, x);
		if (what == FLIGHT_OVER) {
			if (result(r, x))
				return 1;
			continue;
		}
		if (what < 0 && what != -EBUSY)
			wrong(r->t, "begin %s: %d", x->name, what);
		add_rlx(&r->t->alone, (uint64_t)(what == FLIGHT_ALONE));
		return 0;
	}
	return 0;
}

static void
ask_one(struct run *r, unsigned k)
{
	struct call x = { .k = k, .before = ld_acq(&r->t->key[k].acked) };
	uint64_t began = now_ns();

	x.n = key_name(x.name, k);
	add_rlx(&r->t->asked, UINT64_C(1));
	if (get(r, &x)) {
		add_rlx(&r->t->hits, UINT64_C(1));
		judge(r, k, x.before, x.given, "found");
	} else if (miss(r, &x)) {
		judge(r, k, x.before, x.given, "filled");
	}
	took(r, k, now_ns() - began);
}

/* --- changing --- */

static void
acked(struct run *r, unsigned k, uint64_t v)
{
	uint64_t seen = ld_rlx(&r->t->key[k].acked);

	while (seen < v && !cas_ar(&r->t->key[k].acked, &seen, v))
		;
}

static void
change_one(struct run *r, unsigned k)
{
	uint64_t v = add_ar(&r->t->key[k].source, UINT64_C(1)) + 1;
	char name[32];
	size_t n = key_name(name, k);
	int rc;

	add_rlx(&r->t->changed, UINT64_C(1));
	rc = next(r) % 16 == 0 ? cache_flush(r->c)
			       : cache_del(r->c, name, n);
	if (rc >= 0)
		acked(r, k, v);
	else if (rc != -EBUSY && rc != -ENOBUFS)
		wrong(r->t, "change %s: %d", name, rc);
}

static void
run_begin(struct run *r, struct fillers *t, struct cache *c,
    struct slot_self *me, uint64_t seed)
{
	r->t = t;
	r->c = c;
	r->me = me;
	r->rng = seed * UINT64_C(0x9e3779b97f4a7c15) | 1;
	for (unsigned i = 0; i < 8; i++)
		(void)next(r);
}

void
fillers_run(struct fillers *t, struct cache *c, struct slot_self *me,
    unsigned round, unsigned n)
{
	struct run r;

	run_begin(&r, t, c, me, t->seed + me->number * 7919 + round * 104729);
	for (unsigned i = 0; i < n && ld_rlx(&t->errors) == 0; i++) {
		unsigned k = (unsigned)(next(&r) % FILLERS_KEYS);

		if (i % 64 == 0)
			(void)cache_tick(c);
		/* Two keys are asked for as often as all others. */
		if (next(&r) % 2 == 0)
			k %= 2;
		if (next(&r) % 8 == 0)
			change_one(&r, k);
		else
			ask_one(&r, k);
	}
}

int
fillers_verify(struct fillers *t, struct cache *c, struct slot_self *me)
{
	struct run r;

	run_begin(&r, t, c, me, 1);
	for (unsigned k = 0; k < FILLERS_KEYS; k++)
		ask_one(&r, k);
	return ld_acq(&t->errors) == 0 ? 0 : -1;
}

/* cachefix.h - a small region with a cache, and short calls for tests */
#ifndef TESTS_CACHEFIX_H
#define TESTS_CACHEFIX_H

#include "shmfix.h"

#include "cache.h"

/* 2 MiB in segments of 16 KiB, unless the plan says something else. */
static inline struct region *
cachefix_region(const struct cache_plan *plan)
{
	static const struct cache_plan small = { .budget_bytes = 2u << 20 };
	struct region_section sec[CACHE_SECTIONS];
	struct region *r;

	if (plan == NULL)
		plan = &small;
	ck_assert_int_eq(cache_sizes(plan, sec), CACHE_SECTIONS);
	r = shmfix_region(&(struct region_plan){ .n_slots = 16,
	    .sections = sec, .n_sections = CACHE_SECTIONS });
	ck_assert_int_eq(cache_format(r, plan), 0);
	return r;
}

struct cachefix {
	struct region *r;
	struct slot_self *me;
	struct cache *c;
};

static inline struct cachefix
cachefix_open(const struct cache_plan *plan)
{
	struct cachefix f;

	f.r = cachefix_region(plan);
	f.me = shmfix_attach(f.r, SLOT_ANY, SLOT_ROLE_WORKER, "web");
	ck_assert_int_eq(cache_open(f.me, &f.c), 0);
	return f;
}

static inline void
cachefix_close(struct cachefix *f)
{
	cache_close(&f->c);
	slot_detach(&f->me);
	region_close(&f->r);
}

/* The region's clock goes forward, as while the machine sleeps. */
static inline void
cachefix_pass(struct region *r, int64_t ns)
{
	add_rlx(&r->hot->suspended_ns, ns);
}

static inline int
cachefix_set(struct cache *c, const char *key, const char *val)
{
	return cache_put(c, CACHE_SET, key, strlen(key), val, strlen(val),
	    NULL, NULL);
}

/* The value as a string in a static buffer, NULL when it is absent. */
static inline const char *
cachefix_get(struct cache *c, const char *key)
{
	static char text[4096];
	struct cache_room room = { .buf = text, .cap = sizeof(text) - 1 };
	int rc = cache_get(c, key, strlen(key), &room, NULL);

	ck_assert_int_ge(rc, 0);
	if (rc == 0)
		return NULL;
	text[room.len] = '\0';
	return text;
}

/* Its cas, 0 when it is absent. */
static inline uint64_t
cachefix_cas(struct cache *c, const char *key)
{
	char text[4096];
	struct cache_room room = { .buf = text, .cap = sizeof(text) };
	struct cache_info info;

	return cache_get(c, key, strlen(key), &room, &info) == 1 ? info.cas
								 : 0;
}

#endif

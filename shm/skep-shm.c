/* skep-shm.c - the library's public face over region, slots and cache */
#include "skep-shm.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cache.h"
#include "fsck.h"
#include "reap.h"
#include "region.h"
#include "slot.h"

struct skep_shm {
	struct region *region;
};

struct skep_shm_user {
	struct region *region;
	struct slot_self *self;		/* NULL when reading only */
	struct cache *cache;
};

static_assert(sizeof(struct skep_shm_why) == sizeof(struct region_why),
    "one buffer for the reason");

/* Repair needs the cache's steps from the first attach on. */
static int
handle_make(struct region *r, struct skep_shm **out, struct skep_shm_why *why)
{
	struct skep_shm *shm = calloc(1, sizeof(*shm));
	int rc = shm == NULL ? -ENOMEM : 0;

	if (rc == 0 && !r->read_only)
		rc = cache_register(r);
	if (rc < 0) {
		if (why != NULL)
			snprintf(why->text, sizeof(why->text),
			    "the region's cache cannot be used: %s",
			    strerror(-rc));
		region_close(&r);
		free(shm);
		return rc;
	}
	shm->region = r;
	*out = shm;
	return 0;
}

static int
fill_cache(struct region *r, const void *arg)
{
	return cache_format(r, arg);
}

int
skep_shm_create(const char *path, uint64_t bytes, struct skep_shm **out,
    struct skep_shm_why *why)
{
	const struct cache_plan cp = { .budget_bytes = bytes };
	struct region_section sections[CACHE_SECTIONS];
	struct region_plan plan = {
		.path = path, .reapers = REGION_REAP_ANY,
		.sections = sections, .fill = fill_cache, .fill_arg = &cp
	};
	struct region *r;
	int n = cache_sizes(&cp, sections), rc;

	if (n < 0) {
		if (why != NULL)
			strcpy(why->text, "a cache has at least 1 MiB");
		return n;
	}
	plan.n_sections = (unsigned)n;
	rc = region_create(&plan, &r, (struct region_why *)why);
	return rc < 0 ? rc : handle_make(r, out, why);
}

static enum region_access
access_of(enum skep_shm_access a)
{
	return a == SKEP_SHM_READ ? REGION_RDONLY : REGION_RDWR;
}

int
skep_shm_open(const char *path, enum skep_shm_access a, struct skep_shm **out,
    struct skep_shm_why *why)
{
	struct region *r;
	int rc = region_open(path, access_of(a), &r, (struct region_why *)why);

	return rc < 0 ? rc : handle_make(r, out, why);
}

int
skep_shm_open_fd(int fd, enum skep_shm_access a, struct skep_shm **out,
    struct skep_shm_why *why)
{
	struct region *r;
	int rc = region_map(fd, access_of(a), &r, (struct region_why *)why);

	return rc < 0 ? rc : handle_make(r, out, why);
}

int
skep_shm_fd(const struct skep_shm *shm)
{
	return shm->region->fd;
}

void
skep_shm_close(struct skep_shm **shm)
{
	if (*shm == NULL)
		return;
	region_close(&(*shm)->region);
	free(*shm);
	*shm = NULL;
}

/* --- a thread --- */

static int
user_attach(struct region *r, struct skep_shm_user *me)
{
	const struct slot_plan plan = {
		.number = SLOT_ANY, .role = SLOT_ROLE_CLIENT
	};
	struct fsck_report report = { .verdict = FSCK_CLEAN };
	int rc;

	if (r->head->reapers != REGION_REAP_ANY)
		return -EPERM;
	rc = slot_attach(r, &plan, &me->self);
	if (rc < 0)
		return rc;
	rc = reap_all(me->self);
	/* A dead one left what its own notes do not explain. */
	if (rc == -EUCLEAN)
		rc = fsck_recover(me->self, &report);
	if (rc == 0 && report.verdict == FSCK_SPOILED)
		rc = -EUCLEAN;
	return rc < 0 ? rc : cache_open(me->self, &me->cache);
}

int
skep_shm_attach(struct skep_shm *shm, struct skep_shm_user **out)
{
	struct skep_shm_user *me = calloc(1, sizeof(*me));
	int rc;

	if (me == NULL)
		return -ENOMEM;
	me->region = shm->region;
	rc = shm->region->read_only ? cache_open_ro(shm->region, &me->cache) :
	    user_attach(shm->region, me);
	if (rc < 0) {
		skep_shm_detach(&me);
		return rc;
	}
	*out = me;
	return 0;
}

void
skep_shm_detach(struct skep_shm_user **mep)
{
	struct skep_shm_user *me = *mep;

	if (me == NULL)
		return;
	*mep = NULL;
	cache_close(&me->cache);
	slot_detach(&me->self);
	free(me);
}

int
skep_shm_tick(struct skep_shm_user *me)
{
	return me->self == NULL ? 0 : cache_tick(me->cache);
}

/* --- items --- */

int
skep_shm_get(struct skep_shm_user *me, const void *key, size_t key_len,
    void *buf, size_t cap, size_t *len_out, struct skep_shm_item *item_out)
{
	struct cache_room room = { .buf = buf, .cap = cap };
	struct cache_info info;
	int rc = cache_get(me->cache, key, key_len, &room, &info);

	*len_out = rc == 1 || rc == -ENOSPC ? room.len : 0;
	if (rc == 1 && item_out != NULL)
		*item_out = (struct skep_shm_item){
			.cas = info.cas, .ttl_left_ns = info.ttl_left_ns,
			.flags = info.flags
		};
	return rc;
}

int
skep_shm_put(struct skep_shm_user *me, enum skep_shm_op op, const void *key,
    size_t key_len, const void *val, size_t val_len,
    const struct skep_shm_item *item)
{
	static const enum cache_op ops[] = {
		[SKEP_SHM_SET] = CACHE_SET, [SKEP_SHM_ADD] = CACHE_ADD,
		[SKEP_SHM_REPLACE] = CACHE_REPLACE, [SKEP_SHM_CAS] = CACHE_CAS
	};
	struct cache_opt opt;

	if ((unsigned)op >= sizeof(ops) / sizeof(ops[0]))
		return -EINVAL;
	memset(&opt, 0, sizeof(opt));
	if (item != NULL) {
		opt.ttl_ns = item->ttl_left_ns;
		opt.cas = item->cas;
		opt.flags = item->flags;
	}
	return cache_put(me->cache, ops[op], key, key_len, val, val_len, &opt,
	    NULL);
}

int
skep_shm_del(struct skep_shm_user *me, const void *key, size_t key_len)
{
	return cache_del(me->cache, key, key_len);
}

int
skep_shm_incr(struct skep_shm_user *me, const void *key, size_t key_len,
    uint64_t by, uint64_t *now_out)
{
	return cache_incr(me->cache, key, key_len, by, now_out);
}

int
skep_shm_stats(struct skep_shm_user *me, struct skep_shm_stats *out)
{
	const struct region *r = me->region;
	struct cache_stats st;

	memset(out, 0, sizeof(*out));
	cache_stats(me->cache, &st);
	out->items = st.items;
	out->bytes = st.bytes;
	out->capacity_bytes = st.capacity_bytes;
	out->hits = st.hits;
	out->misses = st.misses;
	out->sets = st.sets;
	out->evictions = st.evictions;
	out->places = r->n_slots;
	for (unsigned i = 0; i < r->n_slots; i++)
		out->places_taken +=
		    SLOT_STATE(ld_rlx(&r->slots[i].state)) == SLOT_LIVE;
	return 0;
}

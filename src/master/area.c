/* area.c - see area.h */
#include "area.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/stat.h>
#include <unistd.h>

#include "budget.h"
#include "cache.h"
#include "fdio.h"
#include "log.h"
#include "slot.h"
#include "unit.h"
#include "verify.h"

/* Below this the cache has too few segments to be worth its index. */
#define FLOOR_BYTES (4u << 20)

static void
parent_dir(const char *path, char *dir, size_t cap)
{
	char *slash;

	snprintf(dir, cap, "%s", path);
	slash = strrchr(dir, '/');
	if (slash == NULL)
		snprintf(dir, cap, ".");
	else
		slash[slash == dir] = '\0';
}

/* Who names a path wants the file there, not a region without a name. */
static int
dir_of_choice(const struct area *a, const struct conf *conf)
{
	char dir[PATH_MAX];
	struct stat st;

	if (*conf_str(conf, OPT_region_path) == '\0')
		return 0;
	parent_dir(a->path, dir, sizeof dir);
	if (stat(dir, &st) < 0)
		return -errno;
	return S_ISDIR(st.st_mode) ? 0 : -ENOTDIR;
}

/*
 * What a dead skepd left.  A living one holds the run directory's lock, which
 * is ours now, so whoever still maps this file only finishes.
 */
static int
remove_stale(const char *path, const char *mend_path)
{
	char verdict[512];
	struct stat st;
	int rc;

	if (lstat(path, &st) < 0)
		return errno == ENOENT ? 0 : -errno;
	rc = verify_region(mend_path, path, verdict, sizeof verdict);
	log_warn("region", "stale path=%s action=replaced exit=%d verdict=\"%s\"",
	    path, rc, verdict);
	return unlink(path) < 0 ? -errno : 0;
}

static void
decide(struct area *a, const struct conf *conf, struct budget *b)
{
	char dir[PATH_MAX], size[UNIT_LEN], wanted[UNIT_LEN];
	struct budget_input in = {
		.wanted_bytes = (uint64_t)conf_num(conf, OPT_cache_size),
		.memory_bytes = budget_memory(),
		.floor_bytes = FLOOR_BYTES,
	};
	const char *limit;

	parent_dir(a->path, dir, sizeof dir);
	in.free_bytes = budget_free(dir);
	budget_decide(&in, b);
	limit = budget_limit_name(b->limit);
	if (limit != NULL)
		log_warn("region", "cache limited to=%s wanted=%s by=\"%s\"",
		    unit_size_str(size, (int64_t)b->size_bytes),
		    unit_size_str(wanted, (int64_t)in.wanted_bytes), limit);
	if (b->memfd) {
		log_warn("region", "without a name dir=%s free=%s", dir,
		    unit_size_str(size, (int64_t)in.free_bytes));
		a->path[0] = '\0';
	}
}

static uint32_t
order_of(const struct conf *conf)
{
	switch (conf_num(conf, OPT_region_order)) {
	case REGION_ORDER_MEMBARRIER:
		return REGION_RCU_MEMBARRIER;
	case REGION_ORDER_FENCE:
		return REGION_RCU_FENCE;
	default:
		return 0;
	}
}

static uint32_t
value_max(const struct conf *conf)
{
	int64_t n = conf_num(conf, OPT_cache_value_max);

	return n > (int64_t)CACHE_VALUE_TOP ? CACHE_VALUE_TOP : (uint32_t)n;
}

/* Before the file has its name: nobody opens a region without a cache. */
static int
fill(struct region *r, const void *plan)
{
	return cache_format(r, plan);
}

static int
make(struct area *a, const struct conf *conf, uint64_t size_bytes)
{
	struct region_section sections[CACHE_SECTIONS] = { 0 };
	const struct cache_plan cache = {
		.budget_bytes = size_bytes,
		.value_max = value_max(conf),
		.keys_max = (uint64_t)conf_num(conf, OPT_cache_keys_max),
	};
	struct region_plan plan = {
		.path = a->path[0] != '\0' ? a->path : NULL,
		.n_slots = a->n_slots,
		.rcu = order_of(conf),
		.reapers = REGION_REAP_MENDER,
		.sections = sections,
		.fill = fill,
		.fill_arg = &cache,
	};
	struct region_why why = { .text = "" };
	int rc;

	rc = cache_sizes(&cache, sections);
	if (rc < 0) {
		log_error("region", "cache size=%llu refused",
		    (unsigned long long)size_bytes);
		return rc;
	}
	plan.n_sections = (unsigned)rc;
	rc = region_create(&plan, &a->region, &why);
	if (rc < 0)
		log_error("region", "cannot make path=%s: %s: %s", a->path,
		    strerror(-rc), why.text);
	return rc;
}

static int
open_events(struct area *a)
{
	uint32_t i;

	if (a->events != NULL)
		return 0;
	a->events = malloc(a->n_slots * sizeof *a->events);
	if (a->events == NULL)
		return -ENOMEM;
	for (i = 0; i < a->n_slots; i++)
		a->events[i] = -1;
	for (i = 0; i < a->n_slots; i++) {
		a->events[i] = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
		if (a->events[i] < 0)
			return -errno;
	}
	return 0;
}

static uint32_t
slots_of(const struct conf *conf)
{
	int64_t n = conf_num(conf, OPT_region_slots);

	return n > SLOT_MAX ? SLOT_MAX : (uint32_t)n;
}

int
area_open(struct area *a, const struct conf *conf, const char *mend_path)
{
	char size[UNIT_LEN];
	struct budget b;
	int rc;

	a->n_slots = a->events != NULL ? a->n_slots : slots_of(conf);
	rc = conf_region_path(conf, a->path, sizeof a->path);
	if (rc == 0)
		rc = dir_of_choice(a, conf);
	if (rc == 0)
		rc = remove_stale(a->path, mend_path);
	if (rc == 0)
		rc = open_events(a);
	if (rc < 0) {
		log_error("region", "cannot make path=%s: %s (region.path)",
		    a->path, strerror(-rc));
		return rc;
	}
	decide(a, conf, &b);
	rc = make(a, conf, b.size_bytes);
	if (rc < 0)
		return rc;
	/* Without the view the figures are 0; nothing else depends on it. */
	(void)cache_open_ro(a->region, &a->cache);
	a->size_bytes = a->region->size;
	log_info("region", "made path=%s size=%s slots=%u",
	    a->path[0] != '\0' ? a->path : "memfd",
	    unit_size_str(size, (int64_t)a->size_bytes), a->n_slots);
	return 0;
}

void
area_drop(struct area *a)
{
	struct stat named, ours;

	cache_close(&a->cache);
	/* Only our own file: somebody may have put another in its place. */
	if (a->region != NULL && a->path[0] != '\0' &&
	    lstat(a->path, &named) == 0 && fstat(a->region->fd, &ours) == 0 &&
	    named.st_dev == ours.st_dev && named.st_ino == ours.st_ino)
		(void)unlink(a->path); /* the next start replaces it */
	region_close(&a->region);
}

void
area_close(struct area *a)
{
	uint32_t i;

	area_drop(a);
	for (i = 0; a->events != NULL && i < a->n_slots; i++)
		fdio_close(&a->events[i]);
	free(a->events);
	a->events = NULL;
}

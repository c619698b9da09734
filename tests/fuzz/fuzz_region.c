/*
 * fuzz_region.c - a region whose bytes went bad: mapping it, fsck, attaching,
 * reading and writing.  None may crash or hang, and fsck always has a verdict;
 * what it has repaired it must find clean afterwards.
 *
 * An input is commands of 8 bytes: where (2 bytes: the place in `areas`), how
 * (1 byte), what (1 byte), offset (4 bytes, modulo the area's size).
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "cache_fill.h"
#include "cmap.h"
#include "fsck.h"
#include "fuzz.h"
#include "maint.h"
#include "reap.h"

#define COMMANDS 64u

#define CLAIM(c)							\
	do {								\
		if (!(c)) {						\
			fprintf(stderr, "%s:%d: not so: %s\n", __FILE__,\
			    __LINE__, #c);				\
			abort();					\
		}							\
	} while (0)

static char *image;		/* a good region, as bytes */
static uint64_t image_size;
static struct area {
	uint64_t offset, size;
} area[24];
static unsigned n_areas;

static void
area_add(uint64_t offset, uint64_t size)
{
	if (n_areas < sizeof(area) / sizeof(area[0]) && size != 0)
		area[n_areas++] = (struct area){ offset, size };
}

/* The words that decide most are areas of their own, so that they are hit. */
static void
areas_find(const struct region *r)
{
	struct cmap m;

	CLAIM(cmap_open((struct region *)(uintptr_t)r, &m) == 0);
	area_add(0, r->size);
	area_add(sizeof(struct region_head), REGION_PAGE);
	area_add(REGION_PAGE, 1024);
	for (unsigned i = 0; i < r->head->n_sections; i++)
		area_add(r->head->section[i].offset, r->head->section[i].size);
	area_add(region_off(r, m.state), m.n_segs * 8u);
	area_add(region_off(r, m.side), m.n_segs * 64u);
	area_add(region_off(r, m.line), m.n_buckets * 64);
	area_add(region_off(r, m.head), 256);
	/* Where the first records and the heads of long values are. */
	area_add(region_off(r, m.data), 4096);
	/* The masks and the first flights. */
	area_add(region_off(r, m.flight), 2 * REGION_PAGE);
	area_add(region_off(r, r->slots), 3 * SLOT_SIZE);
}

static void
put(struct cache *c, unsigned i, size_t len)
{
	static char val[60000];
	struct cache_opt opt = { .flags = i, .ttl_ns = i % 3 == 0 ?
	    INT64_C(3600000000000) : 0 };
	char key[32];

	memset(val, (int)i, len);
	(void)cache_put(c, CACHE_SET, key, (size_t)snprintf(key, sizeof(key),
	    "key%u", i), val, len, &opt, NULL);
}

static struct cache *
enter(struct region *r, struct slot_self **me)
{
	struct cache *c;

	if (slot_attach(r, &(struct slot_plan){ .number = SLOT_ANY,
		.role = SLOT_ROLE_CLIENT }, me) != 0)
		return NULL;
	if (cache_open(*me, &c) == 0)
		return c;
	slot_detach(me);
	return NULL;
}

static void
image_make(void)
{
	struct cache_plan plan = { .budget_bytes = 3u << 19,
		.item_bytes = 3000, .value_max = 100000 };
	struct region_section sec[CACHE_SECTIONS];
	struct region_why why;
	struct slot_self *me;
	struct region *r;
	struct cache *c;

	CLAIM(cache_sizes(&plan, sec) == CACHE_SECTIONS);
	CLAIM(region_create(&(struct region_plan){ .n_slots = 8,
	    .sections = sec, .n_sections = CACHE_SECTIONS }, &r, &why) == 0);
	CLAIM(cache_format(r, &plan) == 0);
	CLAIM((c = enter(r, &me)) != NULL);
	for (unsigned i = 0; i < 700; i++)
		put(c, i, i % 40 == 0 ? 50000 : 100 + i * 37 % 1500);
	cache_close(&c);
	slot_detach(&me);
	areas_find(r);
	image_size = r->size;
	image = malloc(image_size);
	CLAIM(image != NULL);
	memcpy(image, r->base, image_size);
	region_close(&r);
}

static void
spoil(char *base, const uint8_t *p)
{
	const struct area *a = &area[(p[0] | p[1] << 8) % n_areas];
	uint32_t off;
	char *at;

	memcpy(&off, p + 4, sizeof(off));
	at = base + a->offset + off % a->size;
	switch (p[2] % 5) {
	case 0:
		*at ^= (char)(1 << p[3] % 8);
		break;
	case 1:
		*at = (char)p[3];
		break;
	case 2:		/* a whole word of some value */
		at = base + (a->offset + off % a->size) / 8 * 8;
		memset(at, p[3], 8);
		break;
	case 3:		/* a word from elsewhere in the area */
		at = base + (a->offset + off % a->size) / 8 * 8;
		memmove(at, base + a->offset / 8 * 8 + (off >> 8) % a->size /
		    8 * 8, 8);
		break;
	default:	/* a small number */
		at = base + (a->offset + off % a->size) / 8 * 8;
		memset(at, 0, 8);
		*at = (char)p[3];
		break;
	}
}

/* A file of the spoiled bytes, mapped; NULL when that is refused. */
static struct region *
spoiled(const uint8_t *data, size_t n)
{
	int fd = memfd_create("fuzz", MFD_CLOEXEC);
	struct region_why why;
	struct region *r;
	char *base;

	CLAIM(fd >= 0 && ftruncate(fd, (off_t)image_size) == 0);
	base = mmap(NULL, image_size, PROT_READ | PROT_WRITE, MAP_SHARED, fd,
	    0);
	CLAIM(base != MAP_FAILED);
	memcpy(base, image, image_size);
	for (size_t i = 0; i < COMMANDS && (i + 1) * 8 <= n; i++)
		spoil(base, data + i * 8);
	munmap(base, image_size);
	if (region_map(fd, REGION_RDWR, &r, &why) == 0)
		return r;
	CLAIM(why.text[0] != '\0');
	close(fd);
	return NULL;
}

static int
look(const struct iovec *iov, unsigned n, const struct cache_info *info,
    void *arg)
{
	unsigned *sum = arg;

	(void)info;
	for (unsigned i = 0; i < n; i++)
		for (size_t k = 0; k < iov[i].iov_len; k += 61)
			*sum += ((unsigned char *)iov[i].iov_base)[k];
	return 1;
}

/* Whatever a flight turns out to be: it comes to an end. */
static void
fly(struct cache *c, const char *key, size_t n)
{
	struct flight_ask ask = { .now_ns = 1000000000u,
		.late_ns = 2000000000u };
	struct flight f, second;
	int what = cache_fill_begin(c, key, n, &ask, &f), early;

	if (what == FLIGHT_WAIT) {
		(void)cache_fill_open(c, &f, &early);
		ask.now_ns += FLIGHT_LOOK_NS;
		what = cache_fill_look(c, &f, &ask);
		if (what != FLIGHT_LEAD)
			cache_fill_leave(c, &f);
	}
	if (what != FLIGHT_LEAD)
		return;
	ask.no_wait = 1;
	(void)cache_fill_begin(c, key, n, &ask, &second);
	if (n % 2 == 0)
		cache_fill_fail(c, &f, 5, ask.now_ns);
	else if (key[n - 1] == '0')
		cache_fill_pass(c, &f);
	else
		(void)cache_fill_done(c, &f, key, n, "filled", 6, NULL, 1,
		    ask.now_ns);
}

static void
use(struct cache *c)
{
	static char buf[200000];
	struct cache_room room;
	struct cache_stats st;
	unsigned sum = 0;
	char key[32];

	for (unsigned i = 0; i < 700; i++) {
		size_t n = (size_t)snprintf(key, sizeof(key), "key%u", i);

		room = (struct cache_room){ .buf = buf, .cap = sizeof(buf) };
		(void)cache_get(c, key, n, &room, NULL);
		(void)cache_look(c, key, n, look, &sum);
		if (i % 7 == 0)
			(void)cache_del(c, key, n);
		else if (i % 7 == 1)
			put(c, i, i % 5 == 0 ? 40000 : i * 31 % 2000);
		else if (i % 7 == 2)
			(void)cache_put(c, CACHE_APPEND, key, n, "x", 1, NULL,
			    NULL);
		else if (i % 7 == 3)
			fly(c, key, n);
		if (i % 100 == 0)
			(void)cache_tick(c);
	}
	cache_stats(c, &st);
}

static void
judge(struct region *r)
{
	struct fsck_report rep;
	struct slot_self *me;
	struct cache *c;

	CLAIM(fsck_region(r, 0, NULL, NULL, &rep) == 0);
	if (cache_open_ro(r, &c) == 0) {
		use(c);
		cache_close(&c);
	}
	c = enter(r, &me);
	if (c != NULL) {
		(void)reap_all(me);
		use(c);
		cache_close(&c);
		slot_detach(&me);
	}
	CLAIM(fsck_region(r, FSCK_QUIET | FSCK_REPAIR, NULL, NULL, &rep) == 0);
	if (rep.verdict == FSCK_SPOILED)
		return;
	CLAIM(rep.verdict != FSCK_FOUND);
	CLAIM(fsck_region(r, FSCK_QUIET, NULL, NULL, &rep) == 0);
	if (rep.verdict != FSCK_CLEAN)
		fprintf(stderr, "after repair: %s\n", rep.first);
	CLAIM(rep.verdict == FSCK_CLEAN);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct region *r;

	if (image == NULL)
		image_make();
	r = spoiled(data, n);
	if (r != NULL) {
		judge(r);
		region_close(&r);
	}
	return 0;
}

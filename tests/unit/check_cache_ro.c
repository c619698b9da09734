/*
 * check_cache_ro.c - reading without a slot, while the log goes round under the
 * reader.  Its mapping is its own: pages of it are closed, so that the writer's
 * steps run where the reader stands when it comes to them.
 */
#include <sys/mman.h>

#include "../lib/cachefix.h"
#include "../lib/suite.h"
#include "cache_int.h"
#include "index.h"
#include "seg.h"

#define LEN 2000u

/* Before the reader looks at a segment's state; before it looks at the index
 * again. */
enum stage { AT_STATE, AT_INDEX, DONE };

static struct {
	struct cachefix f;		/* the writer */
	struct region *ro;		/* the reader's mapping */
	enum stage stage;
	struct tails tails;
	struct tail *tail;
	struct item_plan plan;
	uint32_t size;
	char *to;			/* where the new value goes */
	char old[LEN], new[LEN];
} rd;

static void
guard(uint32_t kind, int prot)
{
	uint64_t size;
	void *p = region_section(rd.ro, kind, &size);

	if (mprotect(p, size, prot) != 0)
		_exit(1);
}

/* All that was in the first segment is gone, it is free, and open again with
 * half of a new record where the key's was. */
static void
go_round(void)
{
	const struct cmap *m = &rd.f.c->m;
	uint64_t word;
	uint32_t seg = 0;
	void *at;

	tail_give_all(m, &rd.f.c->tails);
	word = seg_load(m, seg);
	if (cache_del(rd.f.c, "key", 3) != 1 ||
	    !seg_change(m, seg, &word, SEG_EVICTING, 0, 0,
		rd.f.me->number + 1))
		_exit(2);
	seg_retire(m, rd.f.me, &seg, &word, 1);
	if (seg_reclaim(m, 1) != 1)
		_exit(3);
	st_rlx(&m->head->free_hint, 0);
	if (tail_reserve(m, rd.f.me, &rd.tails, 0, 0, rd.size, 0, &rd.tail,
		&at) != 1 || rd.tail->seg != seg)
		_exit(4);
	rd.plan.cas = 77;
	rd.to = item_fill(at, &rd.plan);
	memcpy(rd.to, rd.new, LEN / 2);
}

static void
finish(void)
{
	const struct cmap *m = &rd.f.c->m;
	uint64_t hash = index_hash(m, "key", 3);
	uint64_t bucket = index_bucket(m, hash);

	memcpy(rd.to, rd.new, LEN);
	tail_commit(m, rd.tail, rd.size, SEG_NEVER, 1);
	if (index_lock(m, rd.f.me, bucket) != 0)
		_exit(5);
	index_store(m, rd.f.me, &m->line[bucket].word[0], index_word(INDEX_ITEM,
	    hash, tail_offset(m, rd.tail)), (int64_t)rd.size);
	index_unlock(m, rd.f.me, bucket);
}

static void
on_fault(int sig)
{
	(void)sig;
	switch (rd.stage++) {
	case AT_STATE:
		go_round();
		guard(REGION_SEGTAB, PROT_READ);
		guard(REGION_INDEX, PROT_NONE);
		break;
	case AT_INDEX:
		finish();
		guard(REGION_INDEX, PROT_READ);
		break;
	default:
		_exit(6);
	}
}

START_TEST(value_is_whole_though_the_log_went_round_under_the_reader)
{
	struct sigaction sa = { .sa_handler = on_fault };
	struct cache_room room;
	struct region_why why;
	struct cache *c;
	char buf[LEN];

	rd.f = cachefix_open(NULL);
	memset(rd.old, 'o', LEN);
	memset(rd.new, 'n', LEN);
	rd.tails.k = 1;
	rd.plan = (struct item_plan){ .key = "key", .key_len = 3, .len = LEN,
	    .born = 1 };
	rd.size = item_size(&rd.plan);
	ck_assert_int_eq(cache_put(rd.f.c, CACHE_SET, "key", 3, rd.old, LEN,
	    NULL, NULL), 1);
	ck_assert_int_eq(region_map(dup(rd.f.r->fd), REGION_RDONLY, &rd.ro,
	    &why), 0);
	ck_assert_int_eq(cache_open_ro(rd.ro, &c), 0);
	ck_assert_int_eq(sigaction(SIGSEGV, &sa, NULL), 0);
	guard(REGION_SEGTAB, PROT_NONE);
	room = (struct cache_room){ .buf = buf, .cap = LEN };
	ck_assert_int_eq(cache_get(c, "key", 3, &room, NULL), 1);
	ck_assert_int_eq(rd.stage, DONE);
	ck_assert_mem_eq(buf, rd.new, LEN);
	cache_close(&c);
	region_close(&rd.ro);
	cachefix_close(&rd.f);
}
END_TEST

SUITE_MAIN("cache_ro", NULL, NULL,
    value_is_whole_though_the_log_went_round_under_the_reader)

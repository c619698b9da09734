/* traffic.c - operations at random, and the judgement on what is read */
#include "traffic.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#define MAGIC UINT64_C(0x736b6570766c7565)

struct head {
	uint64_t magic, key, version, len, check;
};

struct run {
	struct traffic *t;
	struct cache *c;
	uint64_t rng;
	char *buf;		/* of large_max and 64 KiB */
	size_t cap;
};

static uint64_t
next(uint64_t *s)
{
	*s ^= *s << 13;
	*s ^= *s >> 7;
	*s ^= *s << 17;
	return *s;
}

struct traffic *
traffic_make(uint64_t seed, int evicts, unsigned large_max)
{
	struct traffic *t = mmap(NULL, sizeof(*t), PROT_READ | PROT_WRITE,
	    MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	if (t == MAP_FAILED)
		abort();
	t->seed = seed;
	t->evicts = evicts;
	t->large_max = large_max;
	return t;
}

__attribute__((format(printf, 2, 3))) static void
wrong(struct traffic *t, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	if (add_ar(&t->errors, 1) == 0)
		vsnprintf(t->first, sizeof(t->first), fmt, ap);
	va_end(ap);
}

static uint64_t
body_seed(uint64_t key, uint64_t version)
{
	return (key * 1000003 + version) * UINT64_C(0x9e3779b97f4a7c15) | 1;
}

/* Every word of a body follows from key, version and place, so bytes of two
 * versions cannot be taken for one. */
static void
fill(char *p, size_t len, uint64_t key, uint64_t version)
{
	struct head h = { MAGIC, key, version, len, 0 };
	uint64_t s = body_seed(key, version), w;

	h.check = h.key ^ h.version * 31 ^ h.len * 131 ^ MAGIC;
	memcpy(p, &h, sizeof(h));
	for (size_t i = sizeof(h); i < len; i += sizeof(w)) {
		w = next(&s);
		memcpy(p + i, &w, len - i < sizeof(w) ? len - i : sizeof(w));
	}
}

/* The version that a value is, 0 when it is none. */
static uint64_t
version_of(const char *p, size_t len, uint64_t key)
{
	struct head h;
	uint64_t s, w;

	if (len < sizeof(h))
		return 0;
	memcpy(&h, p, sizeof(h));
	if (h.magic != MAGIC || h.key != key || h.len != len ||
	    h.check != (h.key ^ h.version * 31 ^ h.len * 131 ^ MAGIC))
		return 0;
	s = body_seed(key, h.version);
	for (size_t i = sizeof(h); i < len; i += sizeof(w)) {
		w = next(&s);
		if (memcmp(p + i, &w, len - i < sizeof(w) ? len - i
							  : sizeof(w)) != 0)
			return 0;
	}
	return h.version;
}

static size_t
key_name(char name[64], unsigned writer, unsigned k)
{
	return (size_t)snprintf(name, 64, "writer:%u:key:%u", writer, k);
}

static size_t
value_len(struct run *r)
{
	uint64_t x = next(&r->rng);
	size_t min = sizeof(struct head);

	if (r->t->large_max != 0 && x % 64 == 0)
		return min + (x >> 8) % (r->t->large_max - min);
	if (x % 8 == 0)
		return min + (x >> 8) % 4000;
	return min + (x >> 8) % 100;
}

static int64_t
value_ttl(struct run *r)
{
	static const int64_t s[] = { 0, 0, 0, 60, 90, 3600, 86400 };

	/* None ends while the test runs; they spread over TTL buckets. */
	return s[next(&r->rng) % 7] * INT64_C(1000000000);
}

static int
write_value(struct run *r, const char *name, size_t n, uint64_t key,
    uint64_t version)
{
	size_t len = value_len(r);
	struct cache_opt opt = { .ttl_ns = value_ttl(r),
		.flags = (uint32_t)version };

	fill(r->buf, len, key, version);
	return cache_put(r->c, CACHE_SET, name, n, r->buf, len, &opt, NULL);
}

static void
write_one(struct run *r, unsigned writer)
{
	unsigned k = (unsigned)(next(&r->rng) % TRAFFIC_KEYS);
	struct traffic_key *m = &r->t->key[writer][k];
	uint64_t version = (ld_rlx(&m->pending) | 1) + 1, x = next(&r->rng) % 16;
	char name[64];
	size_t n = key_name(name, writer, k);
	int rc;

	if (x == 0) {
		/* Another record of the same version. */
		rc = cache_touch(r->c, name, n, value_ttl(r));
		if (rc < 0 && rc != -EBUSY && rc != -ENOBUFS)
			wrong(r->t, "touch %s: %d", name, rc);
		return;
	}
	if (x < 4)
		version++;		/* a deletion */
	st_rel(&m->pending, version);
	rc = version & 1 ? cache_del(r->c, name, n)
			 : write_value(r, name, n, writer * 1000 + k, version);
	add_rlx(&r->t->writes, 1);
	if (rc >= 0)
		st_rel(&m->acked, version);
	else if (rc == -EBUSY || rc == -ENOBUFS)
		add_rlx(&r->t->refused, 1);
	else
		wrong(r->t, "write %s: %d", name, rc);
}

static void
judge(struct run *r, const char *name, uint64_t key, uint64_t before,
    uint64_t after, int rc, const char *p, size_t len)
{
	uint64_t v;

	add_rlx(&r->t->reads, 1);
	if (rc < 0) {
		wrong(r->t, "get %s: %d", name, rc);
		return;
	}
	if (rc == 0) {
		if (!r->t->evicts && before != 0 && (before & 1) == 0 &&
		    after == before)
			wrong(r->t, "%s is missing: version %llu was acked",
			    name, (unsigned long long)before);
		return;
	}
	add_rlx(&r->t->hits, 1);
	v = version_of(p, len, key);
	if (v == 0)
		wrong(r->t, "%s is torn: %zu bytes", name, len);
	else if (v < before)
		wrong(r->t, "%s is of version %llu, %llu was acked", name,
		    (unsigned long long)v, (unsigned long long)before);
	else if (v > after)
		wrong(r->t, "%s is of version %llu, %llu is the last", name,
		    (unsigned long long)v, (unsigned long long)after);
}

static int
look_copy(const struct iovec *iov, unsigned n, const struct cache_info *info,
    void *arg)
{
	struct run *r = arg;
	size_t at = 0;

	(void)info;
	for (unsigned i = 0; i < n && at + iov[i].iov_len <= r->cap; i++) {
		memcpy(r->buf + at, iov[i].iov_base, iov[i].iov_len);
		at += iov[i].iov_len;
	}
	return (int)at;
}

static void
read_one(struct run *r, unsigned writer, unsigned k)
{
	struct traffic_key *m = &r->t->key[writer][k];
	struct cache_room room = { .buf = r->buf, .cap = r->cap };
	uint64_t before = ld_acq(&m->acked);
	char name[64];
	size_t n = key_name(name, writer, k);
	int rc;

	if (next(&r->rng) % 4 == 0) {
		rc = cache_look(r->c, name, n, look_copy, r);
		room.len = rc > 0 ? (size_t)rc : 0;
		rc = rc > 0 ? 1 : rc;
	} else {
		rc = cache_get(r->c, name, n, &room, NULL);
	}
	judge(r, name, writer * 1000 + k, before, ld_acq(&m->pending), rc,
	    r->buf, room.len);
}

static void
read_many(struct run *r)
{
	struct cache_mget get[20];
	char name[20][64];
	uint64_t before[20];
	unsigned w[20], k[20];

	memset(get, 0, sizeof(get));
	for (unsigned i = 0; i < 20; i++) {
		w[i] = (unsigned)(next(&r->rng) % TRAFFIC_WRITERS);
		k[i] = (unsigned)(next(&r->rng) % TRAFFIC_KEYS);
		get[i].key = name[i];
		get[i].key_len = key_name(name[i], w[i], k[i]);
		get[i].room.buf = r->buf + i * 2000;
		get[i].room.cap = 2000;
		before[i] = ld_acq(&r->t->key[w[i]][k[i]].acked);
	}
	(void)cache_mget(r->c, get, 20);
	for (unsigned i = 0; i < 20; i++)
		if (get[i].rc != -ENOSPC)
			judge(r, name[i], w[i] * 1000 + k[i], before[i],
			    ld_acq(&r->t->key[w[i]][k[i]].pending), get[i].rc,
			    get[i].room.buf, get[i].room.len);
}

static void
count_one(struct run *r)
{
	unsigned i = (unsigned)(next(&r->rng) % TRAFFIC_COUNTERS);
	char name[64];
	size_t n = (size_t)snprintf(name, sizeof(name), "counter:%u", i);
	int rc;

	add_rlx(&r->t->tried[i], 1);
	rc = cache_incr(r->c, name, n, 1, NULL);
	if (rc == 0) {
		rc = cache_put(r->c, CACHE_ADD, name, n, "1", 1, NULL, NULL);
		if (rc == 0)
			rc = cache_incr(r->c, name, n, 1, NULL);
	}
	if (rc == 1)
		add_rlx(&r->t->counted[i], 1);
	else if (rc < 0 && rc != -EBUSY && rc != -ENOBUFS)
		wrong(r->t, "incr %s: %d", name, rc);
}

static void
run_begin(struct run *r, struct traffic *t, struct cache *c, uint64_t seed)
{
	r->t = t;
	r->c = c;
	r->rng = seed * UINT64_C(0x9e3779b97f4a7c15) | 1;
	for (unsigned i = 0; i < 8; i++)
		(void)next(&r->rng);
	r->cap = t->large_max + 65536;
	r->buf = malloc(r->cap);
	if (r->buf == NULL)
		abort();
}

void
traffic_run(struct traffic *t, struct cache *c, unsigned writer,
    unsigned round, unsigned n)
{
	struct run r;

	run_begin(&r, t, c, t->seed + writer * 7919 + round * 104729);
	for (unsigned i = 0; i < n && ld_rlx(&t->errors) == 0; i++) {
		uint64_t x = next(&r.rng) % 100;

		if (x < 45)
			write_one(&r, writer);
		else if (x < 90)
			read_one(&r, (unsigned)(next(&r.rng) % TRAFFIC_WRITERS),
			    (unsigned)(next(&r.rng) % TRAFFIC_KEYS));
		else if (x < 98)
			count_one(&r);
		else
			read_many(&r);
		if (t->flush_every != 0 && i % t->flush_every == 0 && i != 0)
			(void)cache_flush(c);
		if (i % 512 == 511)
			(void)cache_tick(c);
	}
	free(r.buf);
}

static void
verify_counter(struct run *r, unsigned i)
{
	char name[64], text[32] = "";
	size_t n = (size_t)snprintf(name, sizeof(name), "counter:%u", i);
	struct cache_room room = { .buf = text, .cap = sizeof(text) - 1 };
	int rc = cache_get(r->c, name, n, &room, NULL);
	uint64_t v = rc == 1 ? strtoull(text, NULL, 10) : 0;

	if (r->t->evicts)
		return;
	if (v < ld_acq(&r->t->counted[i]) || v > ld_acq(&r->t->tried[i]))
		wrong(r->t, "%s is %llu, %llu were acked of %llu", name,
		    (unsigned long long)v,
		    (unsigned long long)ld_acq(&r->t->counted[i]),
		    (unsigned long long)ld_acq(&r->t->tried[i]));
}

int
traffic_verify(struct traffic *t, struct cache *c)
{
	struct run r;

	run_begin(&r, t, c, 1);
	for (unsigned w = 0; w < TRAFFIC_WRITERS; w++)
		for (unsigned k = 0; k < TRAFFIC_KEYS; k++)
			read_one(&r, w, k);
	for (unsigned i = 0; i < TRAFFIC_COUNTERS; i++)
		verify_counter(&r, i);
	free(r.buf);
	return ld_acq(&t->errors) == 0 ? 0 : -1;
}

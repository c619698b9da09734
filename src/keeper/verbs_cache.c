/* verbs_cache.c - cache stats get set del flush. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "jsonw.h"
#include "show.h"
#include "table.h"
#include "unit.h"
#include "verbs.h"

/* An -errno of the cache in words. */
static const char *
why(int rc)
{
	switch (rc) {
	case -EMSGSIZE:
		return "key or value too long";
	case -ENOBUFS:
		return "no memory could be freed";
	case -EBUSY:
		return "the entry is locked";
	case -ESTALE:
		return "the region is condemned";
	case -EUCLEAN:
		return "the region makes no sense at this place: see fsck";
	default:
		return strerror(-rc);
	}
}

static void
failed(struct buf *out, const struct ctl_line *l, int rc)
{
	ctl_err(out, l->json, CTL_EXIT_FAILED, "%s", why(rc));
}

struct figure {
	const char *name;
	uint64_t value;
	int bytes;
};

static void
stats(struct keeper *k, const struct ctl_line *l, struct buf *out)
{
	struct cache_stats s;
	struct buf body = BUF_INIT;
	struct jsonw w = JSONW(&body);
	char text[SHOW_LEN];
	size_t i;

	cache_stats(k->cache, &s);
	{
		const struct figure f[] = {
			{ "items", s.items, 0 },
			{ "bytes", s.bytes, 1 },
			{ "capacity_bytes", s.capacity_bytes, 1 },
			{ "budget_bytes", s.budget_bytes, 1 },
			{ "used_bytes", s.used_bytes, 1 },
			{ "keys_max", s.keys_max, 0 },
			{ "value_max_bytes", s.value_max, 1 },
			{ "hits", s.hits, 0 },
			{ "misses", s.misses, 0 },
			{ "sets", s.sets, 0 },
			{ "deletes", s.deletes, 0 },
			{ "evictions", s.evictions, 0 },
			{ "expired", s.expired, 0 },
			{ "promoted", s.promoted, 0 },
			{ "ghost_hits", s.ghosts_hit, 0 },
			{ "full", s.full, 0 },
			{ "crowded", s.crowded, 0 },
			{ "segment_bytes", s.seg_bytes, 1 },
			{ "segments", s.n_segs, 0 },
			{ "segments_free", s.seg[CACHE_SEG_FREE], 0 },
			{ "segments_main", s.n_main, 0 },
			{ "index_lines", s.n_buckets, 0 },
			{ "overflow_lines", s.n_lines, 0 },
			{ "overflow_used", s.lines_used, 0 },
		};

		if (l->json)
			jsonw_open(&w, NULL, '{');
		for (i = 0; i < sizeof(f) / sizeof(*f); i++)
			if (l->json)
				jsonw_uint(&w, f[i].name, f[i].value);
			else
				(void)buf_printf(&body, "%-16s %s\n", f[i].name,
				    f[i].bytes ? show_bytes(text,
				    (double)f[i].value) :
				    show_count(text, (double)f[i].value));
		if (l->json)
			jsonw_close(&w, '}');
	}
	ctl_ok(out, l->json, buf_head(&body), buf_len(&body));
	buf_fini(&body);
}

/* Base64 of RFC 4648. */
static void
base64(struct jsonw *w, const char *key, const char *s, size_t n)
{
	static const char abc[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
	    "abcdefghijklmnopqrstuvwxyz0123456789+/";
	const unsigned char *u = (const unsigned char *)s;
	struct buf b = BUF_INIT;
	size_t i;

	for (i = 0; i < n; i += 3) {
		uint32_t v = (uint32_t)u[i] << 16 |
		    (uint32_t)(i + 1 < n ? u[i + 1] : 0) << 8 |
		    (uint32_t)(i + 2 < n ? u[i + 2] : 0);

		(void)buf_addc(&b, abc[v >> 18]);
		(void)buf_addc(&b, abc[v >> 12 & 63]);
		(void)buf_addc(&b, i + 1 < n ? abc[v >> 6 & 63] : '=');
		(void)buf_addc(&b, i + 2 < n ? abc[v & 63] : '=');
	}
	jsonw_strn(w, key, buf_head(&b), buf_len(&b));
	buf_fini(&b);
}

static int
is_utf8(const char *s, size_t n)
{
	size_t i, len;

	for (i = 0; i < n; i += len)
		if ((len = jsonw_utf8(s + i, n - i)) == 0)
			return 0;
	return 1;
}

static void *
room_alloc(void *arg, size_t n)
{
	return buf_room(arg, n);
}

static void
get(struct keeper *k, const struct ctl_line *l, struct buf *out)
{
	struct buf value = BUF_INIT, body = BUF_INIT;
	struct cache_room room = { .alloc = room_alloc, .arg = &value };
	struct jsonw w = JSONW(&body);
	struct cache_info info;
	size_t n;
	const char *key = ctl_arg(l, 0, &n), *v;
	int rc;

	rc = cache_get(k->cache, key, n, &room, &info);
	if (rc == 0)
		ctl_err(out, l->json, CTL_EXIT_FAILED, "no such key");
	else if (rc < 0)
		failed(out, l, rc);
	if (rc != 1)
		goto out;
	v = room.buf == NULL ? "" : room.buf;
	if (!l->json) {
		ctl_ok(out, 0, v, room.len);
		goto out;
	}
	jsonw_open(&w, NULL, '{');
	jsonw_strn(&w, "key", key, n);
	if (is_utf8(v, room.len))
		jsonw_strn(&w, "value", v, room.len);
	else
		base64(&w, "base64", v, room.len);
	jsonw_uint(&w, "size", room.len);
	jsonw_uint(&w, "flags", info.flags);
	jsonw_uint(&w, "cas", info.cas);
	jsonw_num(&w, "ttl_s", (double)info.ttl_left_ns / 1e9);
	jsonw_close(&w, '}');
	ctl_ok(out, 1, buf_head(&body), buf_len(&body));
out:
	buf_fini(&value);
	buf_fini(&body);
}

static void
set(struct keeper *k, const struct ctl_line *l, struct buf *out)
{
	struct cache_opt opt = { .ttl_ns = conf_num(k->conf, OPT_cache_ttl) };
	const char *ttl = ctl_opt(l, "--ttl"), *flags = ctl_opt(l, "--flags"),
	    *key, *value;
	int64_t n_flags = 0;
	size_t nk, nv;
	int rc;

	key = ctl_arg(l, 0, &nk);
	value = ctl_arg(l, 1, &nv);
	if (ttl != NULL && unit_duration(ttl, &opt.ttl_ns) < 0) {
		ctl_err(out, l->json, CTL_EXIT_USAGE, "--ttl=%.32s: not a"
		    " duration such as 30s or 5m, or 0", ttl);
		return;
	}
	if (flags != NULL && (unit_int(flags, &n_flags) < 0 || n_flags < 0 ||
	    n_flags > UINT32_MAX)) {
		ctl_err(out, l->json, CTL_EXIT_USAGE, "--flags=%.32s: not a"
		    " number of 32 bits", flags);
		return;
	}
	opt.flags = (uint32_t)n_flags;
	rc = cache_put(k->cache, CACHE_SET, key, nk, value, nv, &opt, NULL);
	if (rc < 0)
		failed(out, l, rc);
	else if (l->json)
		ctl_ok(out, 1, "{\"stored\":1}", 12);
	else
		ctl_ok(out, 0, "stored\n", 7);
}

/* Whether there is such a key, without copying it. */
static int
exists_look(const struct iovec *iov, unsigned n, const struct cache_info *info,
    void *arg)
{
	(void)iov;
	(void)n;
	(void)info;
	(void)arg;
	return 1;
}

static void
removed(const struct ctl_line *l, uint64_t n, struct buf *out)
{
	char text[96];
	int dry = ctl_opt(l, "--dry-run") != NULL, len;

	if (l->json)
		len = snprintf(text, sizeof(text),
		    "{\"removed\":%llu,\"dry_run\":%s}",
		    (unsigned long long)n, dry ? "true" : "false");
	else
		len = snprintf(text, sizeof(text), "%s %llu\n",
		    dry ? "would remove" : "removed", (unsigned long long)n);
	ctl_ok(out, l->json, text, (size_t)len);
}

static void
del(struct keeper *k, const struct ctl_line *l, struct buf *out)
{
	int dry = ctl_opt(l, "--dry-run") != NULL, rc;
	uint64_t n_removed = 0;
	const char *key;
	unsigned i;
	size_t n;

	for (i = 0; (key = ctl_arg(l, i, &n)) != NULL; i++) {
		rc = dry ? cache_look(k->cache, key, n, exists_look, NULL) :
		    cache_del(k->cache, key, n);
		if (rc < 0) {
			failed(out, l, rc);
			return;
		}
		n_removed += (unsigned)rc;
	}
	removed(l, n_removed, out);
}

static void
flush(struct keeper *k, const struct ctl_line *l, struct buf *out)
{
	struct cache_stats s;
	int rc = 0;

	cache_stats(k->cache, &s);
	if (ctl_opt(l, "--dry-run") == NULL)
		rc = cache_flush(k->cache);
	if (rc < 0)
		failed(out, l, rc);
	else
		removed(l, s.items, out);
}

void
verbs_cache(struct keeper *k, const struct ctl_command *cmd,
    const struct ctl_line *l, struct buf *out)
{
	if (k->cache == NULL) {
		ctl_err(out, l->json, CTL_EXIT_FAILED, "there is no cache");
		return;
	}
	switch (cmd->id) {
	case CTL_CACHE_STATS:
		stats(k, l, out);
		break;
	case CTL_CACHE_GET:
		get(k, l, out);
		break;
	case CTL_CACHE_SET:
		set(k, l, out);
		break;
	case CTL_CACHE_DEL:
		del(k, l, out);
		break;
	default:
		flush(k, l, out);
		break;
	}
}

/*
 * plugin_http - what the HTTP suite asks for.  Handlers that read bodies, leave
 * them, wait, send much, send pieces, and one that tells whether another was
 * cancelled.
 */
#include <errno.h>
#include <stdlib.h>

#include <skep/skep.h>

#define BIG (8u << 20)

static int
hello(struct skep_task *t)
{
	return skep_reply(t, 200, "text/plain", skep_str("hello"));
}

static int
echo(struct skep_task *t)
{
	struct skep_str body = skep_body(t);

	if (body.p == NULL)
		return -EIO;		/* the server answers by itself */
	return skep_reply(t, 200, "application/octet-stream", body);
}

static int
ignore(struct skep_task *t)
{
	return skep_reply(t, 200, "text/plain", skep_str("ignored"));
}

static int
number(struct skep_task *t, const char *name)
{
	struct skep_str s = skep_copy(t, skep_param(t, name));

	return s.p == NULL ? 0 : atoi(s.p);
}

static int
nap(struct skep_task *t)
{
	int rc = skep_sleep(t, number(t, "ms") * SKEP_MILLISECOND);

	return rc < 0 ? rc : hello(t);
}

/* Waits for good; says in the cache that it does, and how that ended. */
static int
wait_for_good(struct skep_task *t)
{
	struct skep_str key = skep_str("http:wait"), val;
	int rc = skep_cache_put(t, key, NULL, skep_str("waits"));

	if (rc < 0)
		return rc;
	rc = skep_sleep(t, SKEP_HOUR);
	val = skep_str(rc == -ECANCELED ? "canceled" : "other");
	(void)skep_cache_put(t, key, NULL, val);
	return rc;
}

static int
how_it_ended(struct skep_task *t)
{
	struct skep_str val;
	int rc = skep_cache_get(t, skep_str("http:wait"), &val);

	if (rc == 0)
		return -ENOENT;
	return rc < 0 ? rc : skep_reply(t, 200, "text/plain", val);
}

static int
big(struct skep_task *t)
{
	char *p = skep_alloc(t, BIG);

	if (p == NULL)
		return -ENOMEM;
	for (unsigned i = 0; i < BIG; i++)
		p[i] = (char)('a' + i % 23);
	return skep_reply(t, 200, "text/plain", skep_strn(p, BIG));
}

static int
pieces(struct skep_task *t)
{
	int n = number(t, "n"), rc = skep_reply_begin(t, 200, "text/plain");

	for (int i = 0; i < n && rc == 0; i++) {
		rc = skep_reply_write(t, skep_fmt(t, "piece %06d\n", i));
		if (rc == 0 && i % 1000 == 1)
			rc = skep_sleep(t, 0);
	}
	return rc < 0 ? rc : skep_reply_end(t);
}

static int
tagged(struct skep_task *t)
{
	int rc = skep_reply_etag(t);

	return rc < 0 ? rc : hello(t);
}

static int
gone(struct skep_task *t)
{
	return skep_reply(t, 204, NULL, skep_str(""));
}

static int
id(struct skep_task *t)
{
	return skep_reply(t, 200, "text/plain", skep_param(t, "id"));
}

static int
peer(struct skep_task *t)
{
	return skep_reply(t, 200, "text/plain", skep_peer(t));
}

static const struct skep_route routes[] = {
	{ .method = "GET", .path = "/hello", .fn = hello },
	{ .method = "DELETE", .path = "/hello", .fn = gone },
	{ .method = "POST", .path = "/echo", .fn = echo },
	{ .method = "GET", .path = "/echo", .fn = echo },
	{ .method = "POST", .path = "/ignore", .fn = ignore },
	{ .method = "GET", .path = "/nap/:ms", .fn = nap },
	{ .method = "GET", .path = "/wait", .fn = wait_for_good },
	{ .method = "GET", .path = "/waited", .fn = how_it_ended },
	{ .method = "GET", .path = "/big", .fn = big },
	{ .method = "GET", .path = "/pieces/:n", .fn = pieces },
	{ .method = "GET", .path = "/tagged", .fn = tagged },
	{ .method = "GET", .path = "/id/:id", .fn = id },
	{ .method = "GET", .path = "/peer", .fn = peer },
	{ 0 }
};

SKEP_EXPORT const struct skep_plugin skep_plugin = {
	SKEP_PLUGIN_HEAD, .name = "http", .routes = routes,
};

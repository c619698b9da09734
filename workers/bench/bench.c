/*
 * bench - what skep-bench asks: GET /hit answers 200 bytes of JSON from the
 * shared cache.
 */
#include <skep/skep.h>

#define SIZE 200

/* The bytes that its peers are configured to answer as well. */
static struct skep_str
fill(struct skep_task *t, struct skep_str key)
{
	static const char begin[] = "{\"id\":1,\"pad\":\"";
	const struct skep_keep keep = { 0 };
	struct skep_str none = { NULL, 0 }, body;
	char *text = skep_alloc(t, SIZE);

	if (text == NULL)
		return none;
	memset(text, 'x', SIZE);
	memcpy(text, begin, sizeof begin - 1);
	memcpy(text + SIZE - 2, "\"}", 2);
	body = skep_strn(text, SIZE);
	if (skep_cache_put(t, key, &keep, body) < 0)
		return none;
	return body;
}

static int
hit(struct skep_task *t)
{
	struct skep_str key = skep_str("bench:hit"), body;
	int rc = skep_cache_get(t, key, &body);

	if (rc < 0)
		return rc;
	if (rc == 0)
		body = fill(t, key);
	return skep_reply(t, 200, "application/json", body);
}

static const struct skep_route routes[] = {
	{ .method = "GET", .path = "/hit", .fn = hit },
	{ 0 }
};

SKEP_EXPORT const struct skep_plugin skep_plugin = {
	SKEP_PLUGIN_HEAD,
	.name = "bench",
	.routes = routes,
};

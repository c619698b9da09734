/*
 * plugin_item - what the end-to-end suites ask for: GET /item/:id answers
 * "item ID " and a text of 100 to 3000 letters that follows from the id,
 * through the shared cache.
 */
#include <errno.h>
#include <stdlib.h>

#include <skep/skep.h>

static int
item_get(struct skep_task *t)
{
	struct skep_str id = skep_param(t, "id"), key, body;
	const struct skep_keep keep = { .ttl = 2 * SKEP_SECOND };
	unsigned n = (unsigned)atoi(skep_copy(t, id).p), len;
	char *text;
	int rc;

	key = skep_fmt(t, "item:%.*s", SKEP_PR(id));
	rc = skep_cache_get(t, key, &body);
	if (rc < 0)
		return rc;
	if (rc == 1)
		return skep_reply(t, 200, "text/plain", body);
	len = 100 + n * 37 % 2900;
	text = skep_alloc(t, len);
	if (text == NULL)
		return -ENOMEM;
	for (unsigned i = 0; i < len; i++)
		text[i] = (char)('a' + (n + i) % 26);
	body = skep_fmt(t, "item %u %.*s", n, (int)len, text);
	rc = skep_cache_put(t, key, &keep, body);
	if (rc < 0)
		skep_log(t, SKEP_LOG_WARN, "item not cached rc=%d", rc);
	return skep_reply(t, 200, "text/plain", body);
}

static const struct skep_route routes[] = {
	{ .method = "GET", .path = "/item/:id", .fn = item_get },
	{ 0 }
};

const struct skep_plugin skep_plugin = {
	SKEP_PLUGIN_HEAD,
	.name = "item",
	.routes = routes,
};

#include "market.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include "fetch.h"
#include "server.h"

int
market_conf(char *out, size_t size, int workers)
{
	const char *top = getenv("top_srcdir");
	char file[512];

	if (server_plugin("market", file, sizeof file) < 0) {
		printf("skip: market.so is not built\n");
		return 77;
	}
	snprintf(out, size,
	    "cache { size = 64MiB }\nhttp { worker_header = true }\n"
	    "group web {\n\tplugin = {\"market\"}\n"
	    "\tlisten = {\"127.0.0.1:0\"}\n"
	    "\tstart = %d\n\tmin = %d\n\tmax = %d\n}\n"
	    "plugin market {\n\tfile = \"%s\"\n"
	    "\tdata = \"%s/workers/market/data\"\n}\n",
	    workers, workers, workers, file, top == NULL ? "." : top);
	return 0;
}

/* "%" and what follows, for whatever is no plain letter of a path. */
static void
quote_path(const char *symbol, char *out, size_t size)
{
	size_t n = (size_t)snprintf(out, size, "/v1/quotes/");

	for (; *symbol != '\0' && n + 4 < size; symbol++) {
		unsigned char c = (unsigned char)*symbol;

		if ((c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') ||
		    (c >= '0' && c <= '9') || c == '-' || c == '.')
			out[n++] = (char)c;
		else
			n += (size_t)snprintf(out + n, size - n, "%%%02X", c);
	}
	out[n] = '\0';
}

static int
learn_page(struct corpus *c, int port, const json_t *page)
{
	const json_t *data = json_object_get(page, "data");

	for (size_t i = 0; i < json_array_size(data); i++) {
		const char *symbol = json_string_value(
		    json_object_get(json_array_get(data, i), "symbol"));
		char path[256];
		int rc;

		if (symbol == NULL)
			return -EBADMSG;
		quote_path(symbol, path, sizeof path);
		rc = corpus_learn(c, port, path);
		if (rc < 0 && rc != -ENOENT) /* a company without prices */
			return rc;
	}
	return json_is_true(json_object_get(page, "hasNext"));
}

int
market_corpus(struct corpus *c, int port)
{
	int rc = corpus_learn(c, port, "/v1/quotes/AAPL"), more = rc == 0;

	for (int n = 1; more > 0; n++) {
		struct fetched f;
		char path[64];
		json_t *page;

		snprintf(path, sizeof path, "/v1/symbols?page=%d&limit=100", n);
		rc = fetch(port, path, &f);
		if (rc < 0)
			return rc;
		page = json_loads(f.body, 0, NULL);
		more = learn_page(c, port, page);
		json_decref(page);
		free(f.body);
	}
	return more < 0 ? more : rc;
}

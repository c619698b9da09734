/* history.c - GET /v1/history/:symbol: rows of a span, newest first. */
#include <inttypes.h>
#include <stdio.h>

#include "answer.h"
#include "date.h"
#include "page.h"
#include "param.h"
#include "routes.h"

struct ask {
	struct skep_str symbol;
	uint32_t from, to;
	struct page page;
};

static int
ask_read(struct skep_task *t, void *arg, struct fault *f)
{
	static const char *const names[] = { "from", "to", "page", "limit",
		NULL };
	struct ask *ask = arg;
	int rc;

	if ((rc = param_check(t, names, f)) < 0 ||
	    (rc = answer_symbol(t, &ask->symbol, f)) < 0 ||
	    (rc = param_date(t, "from", DATE_MIN, &ask->from, f)) < 0 ||
	    (rc = param_date(t, "to", DATE_MAX, &ask->to, f)) < 0 ||
	    (rc = page_read(t, &ask->page, f)) < 0)
		return rc;
	if (ask->from > ask->to)
		return fault_set(f, 400, "from: is later than to");
	return 0;
}

static int
ask_name(const void *arg, char *to, size_t size)
{
	const struct ask *ask = arg;

	return snprintf(to, size,
	    "history:%.*s:%u:%u:%" PRIu64 ":%" PRIu64, SKEP_PR(ask->symbol),
	    ask->from, ask->to, ask->page.page, ask->page.limit);
}

static int
make(const struct store *s, const void *arg, struct jout *j, struct fault *f)
{
	const struct ask *ask = arg;
	struct store_bars bars;
	struct record_bar bar;
	uint64_t skip, n, i;
	size_t low, high;
	int rc;

	rc = answer_bars(s, ask->symbol, &bars, f);
	if (rc != 0)
		return rc;
	low = store_bars_from(&bars, ask->from);
	high = store_bars_from(&bars, ask->to + 1);
	skip = page_slice(&ask->page, high - low, &n);
	jout_open(j, '{');
	jout_key_str(j, "symbol", ask->symbol);
	jout_key(j, "data");
	jout_open(j, '[');
	for (i = 0; i < n; i++) {
		store_bar(&bars, high - 1 - (skip + i), &bar);
		jout_open(j, '{');
		answer_bar(j, &bar);
		jout_close(j, '}');
	}
	jout_close(j, ']');
	page_json(&ask->page, high - low, j);
	jout_close(j, '}');
	return 0;
}

int
history_get(struct skep_task *t)
{
	static const struct answer_route route = { "ttl_history",
		sizeof(struct ask), ask_read, ask_name, make };

	return answer(t, &route);
}

/* quotes.c - GET /v1/quotes/:symbol: the latest row. */
#include <stdio.h>

#include "answer.h"
#include "param.h"
#include "routes.h"

struct ask {
	struct skep_str symbol;
};

static int
ask_read(struct skep_task *t, void *arg, struct fault *f)
{
	static const char *const names[] = { NULL };
	struct ask *ask = arg;
	int rc;

	rc = param_check(t, names, f);
	return rc < 0 ? rc : answer_symbol(t, &ask->symbol, f);
}

static int
ask_name(const void *arg, char *to, size_t size)
{
	const struct ask *ask = arg;

	return snprintf(to, size, "quotes:%.*s", SKEP_PR(ask->symbol));
}

static int
make(const struct store *s, const void *arg, struct jout *j, struct fault *f)
{
	const struct ask *ask = arg;
	struct record_bar bar;
	struct store_bars bars;
	int rc;

	rc = answer_bars(s, ask->symbol, &bars, f);
	if (rc != 0)
		return rc;
	if (bars.n == 0)
		return answer_no_prices(ask->symbol, f);
	store_bar(&bars, bars.n - 1, &bar);
	jout_open(j, '{');
	jout_key_str(j, "symbol", ask->symbol);
	answer_bar(j, &bar);
	jout_close(j, '}');
	return 0;
}

int
quotes_get(struct skep_task *t)
{
	static const struct answer_route route = { "ttl_quotes",
		sizeof(struct ask), ask_read, ask_name, make };

	return answer(t, &route);
}

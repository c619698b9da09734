/* portfolio.c - GET /v1/portfolio/summary: what holdings are worth. */
#include <errno.h>
#include <stdio.h>

#include "answer.h"
#include "dbl.h"
#include "number.h"
#include "param.h"
#include "routes.h"

#define HOLDINGS "AAPL:10,TSLA:5"	/* where the parameter is left out */
#define QUANTITY_MAX 1e12

struct holding {
	struct skep_str symbol;
	double quantity;
};

struct ask {
	struct holding *holding;
	size_t n;
};

static int
is_listed(const struct ask *ask, struct skep_str symbol)
{
	const struct holding *h;

	for (h = ask->holding; h < ask->holding + ask->n; h++)
		if (h->symbol.n == symbol.n &&
		    memcmp(h->symbol.p, symbol.p, symbol.n) == 0)
			return 1;
	return 0;
}

static int
holding_read(struct skep_str text, struct ask *ask, struct fault *f)
{
	struct holding *h = &ask->holding[ask->n];
	const char *colon = memchr(text.p, ':', text.n);
	struct skep_str quantity;

	if (colon == NULL || colon == text.p)
		return fault_set(f, 400, "holdings: each should be "
		    "SYMBOL:QUANTITY");
	h->symbol = skep_strn(text.p, (size_t)(colon - text.p));
	quantity = skep_strn(colon + 1, text.n - h->symbol.n - 1);
	if (number_parse(quantity, &h->quantity) < 0 || h->quantity <= 0 ||
	    h->quantity > QUANTITY_MAX)
		return fault_set(f, 400, "holdings: a quantity should be a "
		    "number above 0, at most 1e12");
	if (is_listed(ask, h->symbol))
		return fault_set(f, 400, "holdings: a symbol is given twice");
	ask->n++;
	return 0;
}

static size_t
pieces(struct skep_str s)
{
	size_t i, n = 1;

	for (i = 0; i < s.n; i++)
		n += s.p[i] == ',';
	return n;
}

static int
ask_read(struct skep_task *t, void *arg, struct fault *f)
{
	static const char *const names[] = { "holdings", NULL };
	struct ask *ask = arg;
	struct skep_str all;
	size_t n, from, to;
	int rc;

	rc = param_check(t, names, f);
	if (rc < 0)
		return rc;
	all = skep_query(t, "holdings");
	if (all.p == NULL)
		all = skep_str(HOLDINGS);
	n = pieces(all);
	ask->holding = skep_alloc(t, n * sizeof(*ask->holding));
	if (ask->holding == NULL)
		return -ENOMEM;
	for (from = 0; ask->n < n; from = to + 1) {
		for (to = from; to < all.n && all.p[to] != ','; to++)
			;
		rc = holding_read(skep_strn(all.p + from, to - from), ask, f);
		if (rc < 0)
			return rc;
	}
	return 0;
}

/* In the order given, which is the answer's; 5 and 5.0 are the same. */
static int
ask_name(const void *arg, char *to, size_t size)
{
	const struct ask *ask = arg;
	char quantity[DBL_TEXT];
	size_t i, n;
	int m;

	m = snprintf(to, size, "portfolio");
	n = m < 0 ? size : (size_t)m;
	for (i = 0; i < ask->n && n < size; i++) {
		(void)dbl_text(ask->holding[i].quantity, quantity);
		m = snprintf(to + n, size - n, ":%.*s:%s",
		    SKEP_PR(ask->holding[i].symbol), quantity);
		n = m < 0 ? size : n + (size_t)m;
	}
	return (int)n;
}

/* One position; its worth is added to *value. */
static int
position(const struct store *s, const struct holding *h, struct jout *j,
    double *value, struct fault *f)
{
	struct store_bars bars;
	struct record_bar bar;
	size_t at;
	int rc;

	rc = answer_bars(s, h->symbol, &bars, f);
	if (rc != 0)
		return rc;
	if (!store_bars_close(&bars, bars.n, &at, &bar))
		return answer_no_prices(h->symbol, f);
	*value += h->quantity * bar.close;
	jout_open(j, '{');
	jout_key_str(j, "symbol", h->symbol);
	jout_key_num(j, "quantity", h->quantity);
	jout_key_date(j, "date", bar.date);
	jout_key_num(j, "close", bar.close);
	jout_key_num(j, "value", h->quantity * bar.close);
	jout_close(j, '}');
	return 0;
}

static int
make(const struct store *s, const void *arg, struct jout *j, struct fault *f)
{
	const struct ask *ask = arg;
	double value = 0;
	size_t i;
	int rc;

	jout_open(j, '{');
	jout_key(j, "positions");
	jout_open(j, '[');
	for (i = 0; i < ask->n; i++) {
		rc = position(s, &ask->holding[i], j, &value, f);
		if (rc != 0)
			return rc;
	}
	jout_close(j, ']');
	jout_key_num(j, "value", value);
	jout_close(j, '}');
	return 0;
}

int
portfolio_get(struct skep_task *t)
{
	static const struct answer_route route = { "ttl_portfolio",
		sizeof(struct ask), ask_read, ask_name, make };

	return answer(t, &route);
}

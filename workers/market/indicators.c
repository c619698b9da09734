/* indicators.c - GET /v1/indicators/:symbol: means and strength of the closes. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "answer.h"
#include "calc.h"
#include "param.h"
#include "routes.h"

struct ask {
	struct skep_str symbol;
	uint64_t sma, ema, rsi;		/* periods */
};

static int
ask_read(struct skep_task *t, void *arg, struct fault *f)
{
	static const char *const names[] = { "sma", "ema", "rsi", NULL };
	const uint64_t max = PARAM_UINT_MAX;
	struct ask *ask = arg;
	int rc;

	if ((rc = param_check(t, names, f)) < 0 ||
	    (rc = answer_symbol(t, &ask->symbol, f)) < 0 ||
	    (rc = param_uint(t, "sma", 20, 1, max, &ask->sma, f)) < 0 ||
	    (rc = param_uint(t, "ema", 20, 1, max, &ask->ema, f)) < 0)
		return rc;
	return param_uint(t, "rsi", 14, 1, max, &ask->rsi, f);
}

static int
ask_name(const void *arg, char *to, size_t size)
{
	const struct ask *ask = arg;

	return snprintf(to, size,
	    "indicators:%.*s:%" PRIu64 ":%" PRIu64 ":%" PRIu64,
	    SKEP_PR(ask->symbol), ask->sma, ask->ema, ask->rsi);
}

/* The closes of the rows that have one, oldest first; *date_out of the last. */
static double *
closes(const struct store_bars *bars, size_t *n_out, uint32_t *date_out)
{
	double *v = malloc((bars->n + 1) * sizeof(*v));
	struct record_bar bar;
	size_t i, n = 0;

	for (i = 0; v != NULL && i < bars->n; i++) {
		store_bar(bars, i, &bar);
		if (bar.has & RECORD_HAS_CLOSE) {
			v[n++] = bar.close;
			*date_out = bar.date;
		}
	}
	*n_out = n;
	return v;
}

static int
too_many(const char *name, uint64_t period, size_t n, struct fault *f)
{
	return fault_set(f, 422, "%s: %" PRIu64 " periods are more than the "
	    "%zu closes allow", name, period, n);
}

static int
make(const struct store *s, const void *arg, struct jout *j, struct fault *f)
{
	const struct ask *ask = arg;
	double sma, ema, rsi, *v;
	struct store_bars bars;
	uint32_t date = 0;
	size_t n;
	int rc;

	rc = answer_bars(s, ask->symbol, &bars, f);
	if (rc != 0)
		return rc;
	v = closes(&bars, &n, &date);
	if (v == NULL)
		return -ENOMEM;
	if (calc_sma(v, n, ask->sma, &sma) < 0)
		rc = too_many("sma", ask->sma, n, f);
	else if (calc_ema(v, n, ask->ema, &ema) < 0)
		rc = too_many("ema", ask->ema, n, f);
	else if (calc_rsi(v, n, ask->rsi, &rsi) < 0)
		rc = too_many("rsi", ask->rsi, n, f);
	free(v);
	if (rc != 0)
		return rc;
	jout_open(j, '{');
	jout_key_str(j, "symbol", ask->symbol);
	jout_key_date(j, "date", date);
	jout_key_num(j, "sma", sma);
	jout_key_num(j, "ema", ema);
	jout_key_num(j, "rsi", rsi);
	jout_close(j, '}');
	return 0;
}

int
indicators_get(struct skep_task *t)
{
	static const struct answer_route route = { "ttl_indicators",
		sizeof(struct ask), ask_read, ask_name, make };

	return answer(t, &route);
}

/* summary.c - GET /v1/market/summary: who rose and who fell last. */
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "answer.h"
#include "param.h"
#include "routes.h"

#define SHOWN 5

/* Between a symbol's last two closes. */
struct move {
	struct skep_str symbol;
	double close, change, percent;
};

struct tally {
	const struct store *store;
	struct move *move;
	size_t n, cap;
	uint32_t date;		/* of the newest row of all */
	size_t up, down, same;
};

static int
ask_read(struct skep_task *t, void *ask, struct fault *f)
{
	static const char *const names[] = { NULL };

	(void)ask;
	return param_check(t, names, f);
}

static int
ask_name(const void *ask, char *to, size_t size)
{
	(void)ask;
	return snprintf(to, size, "summary");
}

static int
move_add(struct tally *y, const struct move *m)
{
	struct move *more;
	size_t cap;

	if (y->n == y->cap) {
		cap = y->cap == 0 ? 16 : 2 * y->cap;
		more = realloc(y->move, cap * sizeof(*more));
		if (more == NULL)
			return -ENOMEM;
		y->move = more;
		y->cap = cap;
	}
	y->move[y->n++] = *m;
	y->up += m->change > 0;
	y->down += m->change < 0;
	y->same += m->change == 0;
	return 0;
}

static int
one(void *arg, const struct store_symbol *sym)
{
	struct record_bar last, prev;
	struct tally *y = arg;
	struct store_bars bars;
	struct move m;
	size_t i;
	int rc;

	rc = store_bars(y->store, sym->symbol, &bars);
	if (rc != 1)
		return rc;
	if (sym->head.to > y->date)
		y->date = sym->head.to;
	if (!store_bars_close(&bars, bars.n, &i, &last) ||
	    !store_bars_close(&bars, i, &i, &prev))
		return 0;
	m.symbol = sym->symbol;
	m.close = last.close;
	m.change = last.close - prev.close;
	/* A price can be negative; its rise is a rise all the same. */
	m.percent = m.change / fabs(prev.close) * 100;
	return move_add(y, &m);
}

/* Highest first; equal ones by symbol, so that there is only one order. */
static int
by_percent(const void *a, const void *b)
{
	const struct move *x = a, *y = b;
	size_t n = x->symbol.n < y->symbol.n ? x->symbol.n : y->symbol.n;
	int order;

	if (x->percent != y->percent)
		return x->percent < y->percent ? 1 : -1;
	order = memcmp(x->symbol.p, y->symbol.p, n);
	return order != 0 ? order : x->symbol.n < y->symbol.n ? -1 : 1;
}

static void
move_json(struct jout *j, const struct move *m)
{
	jout_open(j, '{');
	jout_key_str(j, "symbol", m->symbol);
	jout_key_num(j, "close", m->close);
	jout_key_num(j, "change", m->change);
	jout_key_num(j, "changePercent", m->percent);
	jout_close(j, '}');
}

/* Only who rose is a gainer, only who fell a loser. */
static void
tally_json(struct jout *j, const struct tally *y)
{
	size_t i;

	jout_open(j, '{');
	jout_key_date(j, "date", y->date);
	jout_key(j, "gainers");
	jout_open(j, '[');
	for (i = 0; i < y->n && i < SHOWN && y->move[i].change > 0; i++)
		move_json(j, &y->move[i]);
	jout_close(j, ']');
	jout_key(j, "losers");
	jout_open(j, '[');
	for (i = y->n; i-- > 0 && i + SHOWN >= y->n && y->move[i].change < 0;)
		move_json(j, &y->move[i]);
	jout_close(j, ']');
	jout_key_int(j, "advancers", y->up);
	jout_key_int(j, "decliners", y->down);
	jout_key_int(j, "unchanged", y->same);
	jout_close(j, '}');
}

static int
make(const struct store *s, const void *ask, struct jout *j, struct fault *f)
{
	struct tally y = { .store = s };
	int rc;

	(void)ask;
	(void)f;
	rc = store_each(s, one, &y);
	if (rc == 0) {
		if (y.n > 0)
			qsort(y.move, y.n, sizeof(*y.move), by_percent);
		tally_json(j, &y);
	}
	free(y.move);
	return rc;
}

int
summary_get(struct skep_task *t)
{
	static const struct answer_route route = { "ttl_summary", 1, ask_read,
		ask_name, make };

	return answer(t, &route);
}

/* symbols.c - GET /v1/symbols: all symbols that any file names, in order. */
#include <inttypes.h>
#include <stdio.h>

#include "answer.h"
#include "page.h"
#include "param.h"
#include "routes.h"

static int
ask_read(struct skep_task *t, void *ask, struct fault *f)
{
	static const char *const names[] = { "page", "limit", NULL };
	int rc;

	rc = param_check(t, names, f);
	return rc < 0 ? rc : page_read(t, ask, f);
}

static int
ask_name(const void *ask, char *to, size_t size)
{
	const struct page *p = ask;

	return snprintf(to, size, "symbols:%" PRIu64 ":%" PRIu64, p->page,
	    p->limit);
}

struct walk {
	struct jout *json;
	uint64_t i, from, n;
};

static int
one(void *arg, const struct store_symbol *sym)
{
	static const char *const kinds[] = {
		[RECORD_OHLCV] = "ohlcv",
		[RECORD_CLOSE] = "close",
		[RECORD_COMPANY] = "company",
	};
	struct walk *w = arg;
	struct jout *j = w->json;

	if (w->i++ < w->from)
		return 0;
	if (w->i > w->from + w->n)
		return 1;
	jout_open(j, '{');
	jout_key_str(j, "symbol", sym->symbol);
	jout_key_str(j, "name", sym->name);
	jout_key_str(j, "sector", sym->sector);
	jout_key_str(j, "kind", skep_str(sym->head.kind <= RECORD_COMPANY ?
		kinds[sym->head.kind] : NULL));
	jout_key_date(j, "from", sym->head.from);
	jout_key_date(j, "to", sym->head.to);
	jout_key_int(j, "rows", sym->head.n_bars);
	jout_close(j, '}');
	return 0;
}

static int
make(const struct store *s, const void *ask, struct jout *j, struct fault *f)
{
	uint64_t total = store_count(s);
	struct walk w = { j, 0, 0, 0 };
	int rc;

	(void)f;	/* no page can fail */
	w.from = page_slice(ask, total, &w.n);
	jout_open(j, '{');
	jout_key(j, "data");
	jout_open(j, '[');
	rc = store_each(s, one, &w);
	jout_close(j, ']');
	page_json(ask, total, j);
	jout_close(j, '}');
	return rc < 0 ? rc : 0;
}

int
symbols_get(struct skep_task *t)
{
	static const struct answer_route route = { "ttl_symbols",
		sizeof(struct page), ask_read, ask_name, make };

	return answer(t, &route);
}

#include "answer.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/*
 * To be raised when the form of any answer changes: the cache outlives the
 * plugin, and answers of an older one must not be found.
 */
#define ANSWER_FORM 1

#define KEY_MAX 250	/* the cache's; a longer name is just not cached */

int
answer_fault(struct skep_task *t, int rc, const struct fault *f)
{
	if (rc == FAULT)
		return skep_reply_error(t, f->status, "%s", f->text);
	return rc;	/* the server's answer, and its line in the log */
}

int
answer_symbol(struct skep_task *t, struct skep_str *out, struct fault *f)
{
	*out = skep_param(t, "symbol");
	if (out->n == 0)
		return fault_set(f, 400, "symbol: is empty");
	return 0;
}

/* Symbols are ASCII; what is not cannot be one and is not repeated. */
static int
no_such(struct skep_str symbol, const char *what, struct fault *f)
{
	size_t i;

	for (i = 0; i < symbol.n; i++)
		if (symbol.p[i] <= ' ' || symbol.p[i] > '~')
			return fault_set(f, 404, "symbol: %s", what);
	return fault_set(f, 404, "symbol: %.*s %s",
	    symbol.n > 32 ? 32 : (int)symbol.n, symbol.p, what);
}

int
answer_unknown(struct skep_str symbol, struct fault *f)
{
	return no_such(symbol, "is unknown", f);
}

int
answer_no_prices(struct skep_str symbol, struct fault *f)
{
	return no_such(symbol, "has no prices", f);
}

int
answer_bars(const struct store *s, struct skep_str symbol,
    struct store_bars *bars, struct fault *f)
{
	struct store_symbol sym;
	int rc;

	rc = store_bars(s, symbol, bars);
	if (rc < 0 || rc == 1)
		return rc < 0 ? rc : 0;
	rc = store_symbol(s, symbol, &sym);
	if (rc < 0)
		return rc;
	return rc == 1 ? answer_no_prices(symbol, f) :
	    answer_unknown(symbol, f);
}

static void
field(struct jout *j, const char *key, int known, double value)
{
	jout_key(j, key);
	if (known)
		jout_num(j, value);
	else
		jout_null(j);
}

void
answer_bar(struct jout *j, const struct record_bar *bar)
{
	jout_key_date(j, "date", bar->date);
	field(j, "open", bar->has & RECORD_HAS_OPEN, bar->open);
	field(j, "high", bar->has & RECORD_HAS_HIGH, bar->high);
	field(j, "low", bar->has & RECORD_HAS_LOW, bar->low);
	field(j, "close", bar->has & RECORD_HAS_CLOSE, bar->close);
	field(j, "volume", bar->has & RECORD_HAS_VOLUME, bar->volume);
}

static int
reply(struct skep_task *t, const char *x_cache, struct skep_str body)
{
	int rc;

	rc = skep_reply_header(t, "X-Cache", skep_str(x_cache));
	if (rc == 0)
		rc = skep_reply_etag(t);
	if (rc == 0)
		rc = skep_reply(t, 200, "application/json", body);
	return rc;
}

/*
 * The key: the form, the data it comes from, the ask's name.  Absent when it
 * would be too long.
 */
static struct skep_str
key_make(const struct answer_route *r, const struct store *s, const void *ask,
    char key[KEY_MAX + 1])
{
	int n, m;

	n = snprintf(key, KEY_MAX + 1, "market:%d:%016" PRIx64 ":", ANSWER_FORM,
	    store_hash(s));
	if (n < 0 || n > KEY_MAX)
		return skep_str(NULL);
	m = r->name(ask, key + n, (size_t)(KEY_MAX + 1 - n));
	if (m < 0 || m > KEY_MAX - n)
		return skep_str(NULL);
	return skep_strn(key, (size_t)(n + m));
}

static void
free_json(void *j)
{
	jout_fini(j);
}

/* What makes an answer. */
struct making {
	const struct answer_route *route;
	const struct store *store;
	const void *ask;
	struct fault *fault;
};

/* The answer's bytes live as long as the task.  0, FAULT, -errno. */
static int
make(struct skep_task *t, const struct making *m, struct skep_str *body)
{
	struct jout *j = skep_alloc(t, sizeof(*j));
	int rc;

	if (j == NULL)
		return -ENOMEM;
	rc = skep_defer(t, free_json, j);
	if (rc == 0)
		rc = m->route->make(m->store, m->ask, j, m->fault);
	if (rc == 0 && j->failed)
		rc = -ENOMEM;
	if (rc == 0)
		*body = skep_strn(j->p, j->n);
	return rc;
}

static int
load(struct skep_task *t, struct skep_str arg, struct skep_str *body)
{
	struct making m;

	memcpy(&m, arg.p, sizeof(m));
	return make(t, &m, body);
}

/* From the cache, or made, by us or by who is at it.  1 from the cache, 0,
 * FAULT, -errno. */
static int
find(struct skep_task *t, const struct making *m, struct skep_str key,
    struct skep_str *body)
{
	const struct skep_keep keep = { .ttl = skep_option_int(t,
	    m->route->ttl) };
	int rc;

	if (key.p == NULL || keep.ttl <= 0)
		return make(t, m, body);
	rc = skep_cache_fill(t, key, &keep, load, skep_strn((const char *)m,
	    sizeof(*m)), body);
	/* What another made failed: why, it cannot tell us. */
	if (rc == FAULT && m->fault->status == 0)
		return make(t, m, body);
	return rc;
}

int
answer(struct skep_task *t, const struct answer_route *r)
{
	struct fault fault = { 0, "" };
	struct making m = { r, skep_data(t), NULL, &fault };
	struct skep_str body;
	char text[KEY_MAX + 1];
	void *ask;
	int rc;

	m.ask = ask = skep_alloc(t, r->ask_size);
	if (ask == NULL)
		return -ENOMEM;
	rc = r->read(t, ask, &fault);
	if (rc == 0)
		rc = find(t, &m, key_make(r, m.store, ask, text), &body);
	if (rc < 0)
		return answer_fault(t, rc, &fault);
	return reply(t, rc == 1 ? "HIT" : "MISS", body);
}

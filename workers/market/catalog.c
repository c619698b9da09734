#include "catalog.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "csv.h"
#include "date.h"

static struct catalog_entry *
entry_find(struct catalog *cat, struct skep_str symbol)
{
	size_t i;

	/* Rows of one symbol follow each other, so the last one is likely. */
	for (i = cat->n; i-- > 0;)
		if (skep_str_eq(symbol, cat->entry[i].symbol))
			return &cat->entry[i];
	return NULL;
}

/* What a symbol may hold: requests use ':' and ',' to join them. */
static int
is_symbol(struct skep_str s)
{
	size_t i;

	if (s.n < 1 || s.n > RECORD_SYMBOL_MAX)
		return 0;
	for (i = 0; i < s.n; i++)
		if (s.p[i] <= ' ' || s.p[i] > '~' ||
		    strchr(",:\"\\/", s.p[i]) != NULL)
			return 0;
	return 1;
}

static int
entry_add(struct catalog *cat, struct csv *c, uint32_t kind,
    struct catalog_entry **out)
{
	struct catalog_entry *e;
	size_t cap;

	if (!is_symbol(c->field[0]))
		return csv_refuse(c, "\"%.*s\" cannot be a symbol",
		    SKEP_PR(c->field[0]));
	if (cat->n == cat->cap) {
		cap = cat->cap == 0 ? 64 : 2 * cat->cap;
		e = realloc(cat->entry, cap * sizeof(*e));
		if (e == NULL)
			return -ENOMEM;
		cat->entry = e;
		cat->cap = cap;
	}
	e = &cat->entry[cat->n++];
	memset(e, 0, sizeof(*e));
	memcpy(e->symbol, c->field[0].p, c->field[0].n);
	e->head.kind = kind;
	*out = e;
	return 0;
}

static int
bar_add(struct catalog *cat, struct catalog_entry *e, struct csv *c,
    const struct record_bar *bar)
{
	struct record_bar *more;
	size_t cap;

	if (e->head.n_bars > 0 && bar->date <= e->head.to)
		return csv_refuse(c, "the dates of %s do not ascend",
		    e->symbol);
	if (e->head.n_bars == e->cap) {
		cap = e->cap == 0 ? 1024 : 2 * e->cap;
		more = realloc(e->bars, cap * sizeof(*more));
		if (more == NULL)
			return -ENOMEM;
		e->bars = more;
		e->cap = cap;
	}
	if (e->head.n_bars == 0)
		e->head.from = bar->date;
	e->head.to = bar->date;
	e->bars[e->head.n_bars++] = *bar;
	cat->n_bars++;
	return 0;
}

/* Fields 2 on are the columns that has[] names, in order. */
static int
price_row(struct catalog *cat, struct csv *c, uint32_t kind)
{
	static const uint32_t ohlcv[] = { RECORD_HAS_OPEN, RECORD_HAS_HIGH,
		RECORD_HAS_LOW, RECORD_HAS_CLOSE, RECORD_HAS_VOLUME };
	static const uint32_t close[] = { RECORD_HAS_CLOSE };
	const uint32_t *has = kind == RECORD_OHLCV ? ohlcv : close;
	struct record_bar bar = { 0, 0, 0, 0, 0, 0, 0 };
	struct catalog_entry *e;
	double value;
	unsigned i;
	int rc;

	if (date_parse(c->field[1], &bar.date) < 0)
		return csv_refuse(c, "\"%.*s\" is not a date",
		    SKEP_PR(c->field[1]));
	for (i = 2; i < c->n_fields; i++) {
		rc = csv_number(c, i, &value);
		if (rc < 0)
			return rc;
		if (rc == 0)
			continue;
		bar.has |= has[i - 2];
		switch (has[i - 2]) {
		case RECORD_HAS_OPEN: bar.open = value; break;
		case RECORD_HAS_HIGH: bar.high = value; break;
		case RECORD_HAS_LOW: bar.low = value; break;
		case RECORD_HAS_CLOSE: bar.close = value; break;
		default: bar.volume = value;
		}
	}
	e = entry_find(cat, c->field[0]);
	if (e == NULL && (rc = entry_add(cat, c, kind, &e)) < 0)
		return rc;
	if (e->head.kind != kind)
		return csv_refuse(c, "%s has prices in another file",
		    e->symbol);
	return bar_add(cat, e, c, &bar);
}

static int
company_row(struct catalog *cat, struct csv *c, int has_eps)
{
	struct catalog_entry *e = entry_find(cat, c->field[0]);
	int rc;

	if (e == NULL && (rc = entry_add(cat, c, RECORD_COMPANY, &e)) < 0)
		return rc;
	if (has_eps && e->name.p != NULL)
		return csv_refuse(c, "%s is there twice", e->symbol);
	/* The financials come first and know all that the other file does. */
	if (e->name.p == NULL) {
		if (c->field[1].n > UINT16_MAX || c->field[2].n > UINT16_MAX)
			return csv_refuse(c, "the name is too long");
		e->name = c->field[1];
		e->sector = c->field[2];
		e->head.name_bytes = (uint16_t)e->name.n;
		e->head.sector_bytes = (uint16_t)e->sector.n;
	}
	if (!has_eps)
		return 0;
	rc = csv_number(c, 6, &e->head.eps);
	if (rc < 0)
		return rc;
	e->head.has_eps = (uint32_t)rc;
	return 0;
}

static int
file_read(struct catalog *cat, struct source *s, int i)
{
	static const char *const header[SOURCE_FILES] = {
		[SOURCE_OHLCV] = "symbol,date,open,high,low,close,volume",
		[SOURCE_CLOSES] = "symbol,date,close",
		[SOURCE_FINANCIALS] =
		    "Symbol,Name,Sector,Price,Price/Earnings,Dividend Yield,"
		    "Earnings/Share,52 Week Low,52 Week High,Market Cap,EBITDA,"
		    "Price/Sales,Price/Book,SEC Filings",
		[SOURCE_CONSTITUENTS] = "Symbol,Name,Sector",
	};
	struct csv c;
	int rc;

	csv_init(&c, s->file[i].name, s->file[i].text, s->file[i].n);
	rc = csv_header(&c, header[i]);
	while (rc == 0) {
		rc = csv_next(&c);
		if (rc == 0)
			return 0;
		if (rc == 1 && i == SOURCE_OHLCV)
			rc = price_row(cat, &c, RECORD_OHLCV);
		else if (rc == 1 && i == SOURCE_CLOSES)
			rc = price_row(cat, &c, RECORD_CLOSE);
		else if (rc == 1)
			rc = company_row(cat, &c, i == SOURCE_FINANCIALS);
	}
	memcpy(cat->error, c.error, sizeof(c.error));
	return rc;
}

static int
by_symbol(const void *a, const void *b)
{
	const struct catalog_entry *x = a, *y = b;

	return strcmp(x->symbol, y->symbol);
}

int
catalog_read(struct catalog *cat, struct source *s,
    void (*told)(void *arg, const char *file, size_t rows), void *arg)
{
	int i, rc;

	memset(cat, 0, sizeof(*cat));
	for (i = 0; i < SOURCE_FILES; i++) {
		rc = file_read(cat, s, i);
		if (rc < 0) {
			if (cat->error[0] == '\0')
				(void)snprintf(cat->error, sizeof(cat->error),
				    "%s: %s", s->file[i].name, strerror(-rc));
			return rc;
		}
		told(arg, s->file[i].name, cat->n_bars);
	}
	if (cat->n > 0)
		qsort(cat->entry, cat->n, sizeof(*cat->entry), by_symbol);
	return 0;
}

void
catalog_fini(struct catalog *cat)
{
	size_t i;

	for (i = 0; i < cat->n; i++)
		free(cat->entry[i].bars);
	free(cat->entry);
	memset(cat, 0, sizeof(*cat));
}

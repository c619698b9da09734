/*
 * catalog.h - what the CSV files say, in memory: symbols in byte order, each
 * with its company and its prices.  It lives only while a store is made.
 */
#ifndef MARKET_CATALOG_H
#define MARKET_CATALOG_H

#include "record.h"
#include "source.h"

struct catalog_entry {
	char symbol[RECORD_SYMBOL_MAX + 1];
	struct record_symbol head;
	struct skep_str name, sector;	/* borrowed from the source's text */
	struct record_bar *bars;
	size_t cap;
};

struct catalog {
	struct catalog_entry *entry;	/* sorted by symbol once read */
	size_t n, cap;
	size_t n_bars;
	char error[300];
};

/*
 * Read one file after the other; told() is called after each with the rows so
 * far.  The source's text is used up and must outlive the catalog.  0, -EINVAL
 * with error "file:line: reason", -ENOMEM.  Free it in any case.
 */
int catalog_read(struct catalog *, struct source *,
    void (*told)(void *arg, const char *file, size_t rows), void *arg);
void catalog_fini(struct catalog *);

#endif

/*
 * store.h - read what import.c made (record.h says what is in it).
 *
 * A store is opened by each worker after its fork, never before: an LMDB
 * environment does not survive one.  The file is never changed, so one read
 * transaction serves for the whole life of the store, and what is found in it
 * stays where it is: bytes handed out are borrowed until store_close().
 *
 * Look-ups return 1 found, 0 absent, -errno (-EIO: the file is damaged); none
 * waits but for the disk.
 */
#ifndef MARKET_STORE_H
#define MARKET_STORE_H

#include <skep/types.h>

#include "record.h"

struct store;

struct store_symbol {
	struct skep_str symbol, name, sector;	/* absent where unknown */
	struct record_symbol head;
};

struct store_bars {
	const char *p;		/* unaligned: read by store_bar() */
	size_t n;
};

/*
 * readers: how many processes the reader table has room for, where this is the
 * first to open the file.  Places of processes that were killed are cleared.
 * 0, -errno with a reason in error.
 */
int store_open(struct store **, const char *path, unsigned readers,
    char *error, size_t error_size);
void store_close(struct store **);

uint64_t store_hash(const struct store *);	/* of the sources */
size_t store_count(const struct store *);	/* of symbols */

int store_symbol(const struct store *, struct skep_str symbol,
    struct store_symbol *out);

/* Each symbol in byte order, until fn returns other than 0: that, or 0, -EIO. */
int store_each(const struct store *,
    int (*fn)(void *arg, const struct store_symbol *), void *arg);

/* The prices of a symbol, oldest first.  A company without any is absent. */
int store_bars(const struct store *, struct skep_str symbol,
    struct store_bars *out);
void store_bar(const struct store_bars *, size_t i, struct record_bar *out);

/* The index of the first bar that is not before date; n when there is none. */
size_t store_bars_from(const struct store_bars *, uint32_t date);

/*
 * The last bar below index before (at most n) that has a close: 1 with its
 * index and itself, or 0.
 */
int store_bars_close(const struct store_bars *, size_t before, size_t *i_out,
    struct record_bar *out);

#endif

/*
 * source.h - the CSV files: read whole, and hashed to see whether they changed.
 */
#ifndef MARKET_SOURCE_H
#define MARKET_SOURCE_H

#include <limits.h>

#include <skep/types.h>

enum source_file {
	SOURCE_OHLCV,
	SOURCE_CLOSES,
	SOURCE_FINANCIALS,
	SOURCE_CONSTITUENTS,
	SOURCE_FILES
};

struct source {
	struct {
		const char *name;
		char *text;
		size_t n;
	} file[SOURCE_FILES];
	uint64_t hash;		/* of all files and the store's format */
	char error[PATH_MAX + 64];	/* why source_open() failed */
};

/* Read all files of dir.  0, -errno with error set; close it in any case. */
int source_open(struct source *, const char *dir);
void source_close(struct source *);

#endif

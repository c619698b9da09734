/*
 * import.h - the store, made from the CSV files when there is none of them.
 *
 * A store is named by the hash of its sources, market-HASH.mdb, so changed
 * files make another store beside the one that running workers read.  It is
 * written under a lock file as ....new and renamed when it is whole and on the
 * disk; killed at any point, the next start begins again.  Nothing stays open
 * but one descriptor, which keeps the store from being tidied away by a later
 * import as long as it or a copy of it in a forked child lives.
 */
#ifndef MARKET_IMPORT_H
#define MARKET_IMPORT_H

#include <limits.h>

#include <skep/types.h>

struct import {
	const char *data_dir;	/* where the CSV files are */
	const char *state_dir;	/* where the store goes */
	void (*say)(void *arg, const char *line);	/* progress */
	void *arg;

	/* Set by import_ensure(). */
	char path[PATH_MAX];	/* of the store */
	int hold;		/* the descriptor; -1: none */
	int made;		/* 1: it was made now */
	char error[400];	/* why it failed */
};

/*
 * Make sure that the store exists.  Blocks: for the time of an import, or of
 * another process's, at most IMPORT_WAIT_S seconds.  0, -errno with error set.
 */
int import_ensure(struct import *);

#define IMPORT_WAIT_S 30	/* an import takes less than a second */

#endif

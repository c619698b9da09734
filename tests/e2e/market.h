/* market.h - the demo service as the end-to-end suites start it. */
#ifndef E2E_MARKET_H
#define E2E_MARKET_H

#include <stddef.h>

#include "corpus.h"

/* The sections of a group "web" with so many workers.  0; 77 when the plugin is not built. */
int market_conf(char *out, size_t size, int workers);

/*
 * The latest quote of AAPL first, then those of all symbols that have one, as
 * the service answers them now.  0, -errno.
 */
int market_corpus(struct corpus *, int port);

#endif

/* keep.h - how a plugin wants a value kept, in the cache's terms. */
#ifndef WORKER_KEEP_H
#define WORKER_KEEP_H

#include <skep/cache.h>

#include "cache.h"

/* keep NULL: what the configuration says for those that say nothing. */
struct cache_opt keep_opt(const struct skep_task *, const struct skep_keep *);

#endif

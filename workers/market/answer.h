/*
 * answer.h - how every GET is answered.
 *
 * A route reads its parameters into a struct of its own (its "ask"), names the
 * answer, and can make it from the store alone.  Equal asks have equal names,
 * whatever the order of the parameters in the request, so that the name can
 * stand for the answer in the cache that all workers share.
 */
#ifndef MARKET_ANSWER_H
#define MARKET_ANSWER_H

#include <skep/skep.h>

#include "fault.h"
#include "jout.h"
#include "store.h"

struct answer_route {
	const char *ttl;	/* the option that says how long it is kept */
	size_t ask_size;

	/* Fill the ask, which is zeroed.  0, FAULT, -errno. */
	int (*read)(struct skep_task *, void *ask, struct fault *);

	/* The ask's name, as snprintf() would return it. */
	int (*name)(const void *ask, char *to, size_t size);

	/* The answer of a 200.  0, FAULT, -errno. */
	int (*make)(const struct store *, const void *ask, struct jout *,
	    struct fault *);
};

/*
 * Answer the task's request: from the cache, or made and put there.  A 200
 * carries X-Cache and an entity tag.  Returns what a handler returns.
 */
int answer(struct skep_task *, const struct answer_route *);

/* Say in JSON why there is no answer; rc is FAULT or -errno. */
int answer_fault(struct skep_task *, int rc, const struct fault *);

/* The path's :symbol, and the answer where there is no such thing (404). */
int answer_symbol(struct skep_task *, struct skep_str *out, struct fault *);
int answer_unknown(struct skep_str symbol, struct fault *);
int answer_no_prices(struct skep_str symbol, struct fault *);

/* The prices of a symbol.  0, FAULT (404), -errno. */
int answer_bars(const struct store *, struct skep_str symbol,
    struct store_bars *, struct fault *);

/* The keys date, open, high, low, close, volume; null what is unknown. */
void answer_bar(struct jout *, const struct record_bar *);

#endif

/*
 * param.h - read query parameters strictly.
 *
 * A parameter that is given twice, is empty, is not what it should be or is
 * out of range is a 400 that names it; so is one that the route does not know,
 * because a misspelt "form=2015-01-01" would otherwise give a wrong answer
 * without a word.  Each call returns 0, or FAULT with the fault filled.
 */
#ifndef MARKET_PARAM_H
#define MARKET_PARAM_H

#include <skep/skep.h>

#include "fault.h"

/* The largest number that every JSON reader takes for itself. */
#define PARAM_UINT_MAX ((uint64_t)1 << 53)

/* names: all that the route knows, up to a NULL. */
int param_check(struct skep_task *, const char *const *names, struct fault *);

/* A whole number from min to max; fallback where it was left out. */
int param_uint(struct skep_task *, const char *name, uint64_t fallback,
    uint64_t min, uint64_t max, uint64_t *out, struct fault *);

/* A day, YYYY-MM-DD; fallback (date.h) where it was left out. */
int param_date(struct skep_task *, const char *name, uint32_t fallback,
    uint32_t *out, struct fault *);

#endif

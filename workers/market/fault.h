/*
 * fault.h - why a request cannot be answered.
 *
 * A function that takes a struct fault fills it when it returns FAULT; the
 * text names the parameter that was wrong and is for the client's eyes.
 */
#ifndef MARKET_FAULT_H
#define MARKET_FAULT_H

#include <skep/types.h>

/* Returned beside -errno, so outside of what errno can be. */
#define FAULT (-4096)

struct fault {
	int status;		/* of HTTP */
	char text[200];
};

/* Always returns FAULT. */
int fault_set(struct fault *, int status, const char *fmt, ...)
    SKEP_PRINTF(3, 4);

#endif

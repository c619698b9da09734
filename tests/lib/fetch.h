/* fetch.h - one GET on a connection of its own, waiting for the answer. */
#ifndef TESTS_FETCH_H
#define TESTS_FETCH_H

#include <stddef.h>

struct fetched {
	int status;
	char *body;		/* with a NUL behind it; free it */
	size_t len;
};

/* From the loopback address.  0; -ETIMEDOUT after 10 s; -EBADMSG, -errno. */
int fetch(int port, const char *path, struct fetched *out);

#endif

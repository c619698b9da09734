/*
 * http_checks.h - what the files of the suite e2e_http share: http.c has the
 * server and the table, http_bytes.c limits and bodies.
 */
#ifndef E2E_HTTP_CHECKS_H
#define E2E_HTTP_CHECKS_H

#include <stdio.h>

#include "http_rows.h"
#include "wire.h"

#define E "\r\n"
#define H "Host: a" E
#define WAIT_MS 10000

extern int http_n_failed, http_n_checks;

#define CHECK(c, ...)                                                          \
	do {                                                                   \
		http_n_checks++;                                               \
		if (!(c)) {                                                    \
			http_n_failed++;                                       \
			printf("FAIL %s:%d: %s: ", __func__, __LINE__, #c);    \
			printf(__VA_ARGS__);                                   \
			printf("\n");                                          \
		}                                                              \
	} while (0)

/* Connect, by TCP or by the UNIX socket; 0 or a failed check and -errno. */
int http_dial(struct wire *, int tcp);

/* Read the answers that the row wants, and see to it that the connection ends
 * or still serves. */
void http_answers(const struct http_row *, struct wire *);

/* Limits, large bodies, expectations and refused uploads. */
void http_bytes(void);

#endif

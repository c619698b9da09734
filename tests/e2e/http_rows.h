/*
 * http_rows.h - requests as bytes, and what must come back: the conformance
 * table of the end-to-end suite.
 */
#ifndef E2E_HTTP_ROWS_H
#define E2E_HTTP_ROWS_H

struct http_row {
	const char *rule;	/* in words */
	const char *in;
	/*
	 * Statuses of the answers in order; "h" behind one: the answer to HEAD;
	 * "!" at the end: then the connection ends, without a reset.
	 */
	const char *want;
	const char *body;	/* of the last answer, NULL: not looked at */
};

extern const struct http_row http_rows[];
extern const int http_n_rows;

#endif

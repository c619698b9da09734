/*
 * answer.h - HTTP answers as a strict client reads them.  Bodies have a
 * Content-Length; that is all the services under test send.
 */
#ifndef TESTS_ANSWER_H
#define TESTS_ANSWER_H

#include <stddef.h>

struct answer {
	int status;
	const char *head;	/* from the status line to the empty line */
	size_t head_len;
	const char *body;
	size_t body_len;
	int close;		/* it says Connection: close */
};

/*
 * Read one answer from the front of n bytes.  Returns its length and fills
 * *out, which points into the bytes; 0 when it is not complete; -EBADMSG with
 * *why_out (a constant) when it is no answer.
 */
long answer_parse(const char *bytes, size_t n, struct answer *out,
    const char **why_out);

/* The value of a field, without blanks around it, copied and cut to size; "" without it. */
void answer_field(const struct answer *, const char *name, char *out,
    size_t size);

#endif

/*
 * jsonw.h - write JSON into a buf: strings that are always valid, and commas.
 *
 *	struct jsonw w = JSONW(&buf);
 *	jsonw_open(&w, NULL, '{');
 *	jsonw_str(&w, "name", "web.1");
 *	jsonw_int(&w, "pid", 812);
 *	jsonw_close(&w, '}');
 *
 * key is NULL at the top and in arrays.  Failures are sticky in the buf.
 */
#ifndef BASE_JSONW_H
#define BASE_JSONW_H

#include <stddef.h>
#include <stdint.h>

#include "buf.h"

struct jsonw {
	struct buf *b;
	int comma;	/* the next thing needs one before it */
};

#define JSONW(buf) { (buf), 0 }

void jsonw_open(struct jsonw *, const char *key, char bracket);	/* '{' or '[' */
void jsonw_close(struct jsonw *, char bracket);
/* NULL writes null. */
void jsonw_str(struct jsonw *, const char *key, const char *z);
/* What is not UTF-8 is replaced by U+FFFD. */
void jsonw_strn(struct jsonw *, const char *key, const char *s, size_t n);
void jsonw_int(struct jsonw *, const char *key, int64_t);
void jsonw_uint(struct jsonw *, const char *key, uint64_t);
void jsonw_num(struct jsonw *, const char *key, double);	/* null when not finite */
void jsonw_bool(struct jsonw *, const char *key, int);
/* JSON text that is known to be valid. */
void jsonw_raw(struct jsonw *, const char *key, const char *json, size_t n);

/* Length of the UTF-8 sequence at s (1 to 4), 0 when it is not valid. */
size_t jsonw_utf8(const char *s, size_t n);

#endif

/* http_json.h - {"error": "..."}: the body of every error answer. */
#ifndef HTTP_JSON_H
#define HTTP_JSON_H

#include <stddef.h>

/* Room that http_json_error() may need for a text of n bytes. */
#define HTTP_JSON_ROOM(n) (6 * (size_t)(n) + 16)

/*
 * Write the object with a newline behind it; returns its length.  Control
 * bytes are escaped; what is not UTF-8 becomes U+FFFD, for the text may hold
 * bytes that a client sent.
 */
size_t http_json_error(char *out, const char *text, size_t n);

#endif

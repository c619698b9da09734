/* http_head_int.h - what http_head.c (form) asks http_field.c (meaning). */
#ifndef HTTP_HEAD_INT_H
#define HTTP_HEAD_INT_H

#include "http_head.h"

/* Remember why the request is refused; returns -EBADMSG. */
int http_head_refuse(struct http_head *, unsigned status, const char *why);

/* Whether n bytes are uri-host [":" port]; an empty one is. */
int http_field_is_host(const char *p, size_t n);

/* Whether each '%' begins an escape, and none of them stands for NUL. */
int http_field_escapes_ok(const char *p, size_t n);

/* Note what the field means if it is one that matters here.  0, -EBADMSG. */
int http_field_note(struct http_head *, const char *buf,
    const struct http_field *);

/* The head is whole: do the fields go together?  1, -EBADMSG. */
int http_field_agree(struct http_head *);

/* struct http_head.te */
enum {
	HTTP_TE_NONE,	 /* no such field */
	HTTP_TE_CHUNKED, /* chunked, and nothing else */
	HTTP_TE_CODED,	 /* other codings, then chunked */
	HTTP_TE_OPEN,	 /* the last one is not chunked (yet) */
	HTTP_TE_BAD
};

#endif

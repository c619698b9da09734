/*
 * http_etag.h - strong entity tags of a body, and conditions on them
 * (RFC 9110 8.8.3, 13.1.1 and 13.1.2).
 */
#ifndef HTTP_ETAG_H
#define HTTP_ETAG_H

#include <stddef.h>

/* Quote, 32 hexadecimal digits of XXH3's 128 bits, quote. */
#define HTTP_ETAG_LEN 34

/* The tag of these bytes: the same in every process. */
void http_etag_make(char tag[HTTP_ETAG_LEN], const void *body, size_t n);

/*
 * Whether an If-None-Match value names the tag: 1 for "*" or a list with a tag
 * that is weakly equal, 0 when none is or the value is malformed.
 */
int http_etag_listed(const char *list, size_t list_n, const char *tag,
    size_t tag_n);

/* The same for If-Match, where a weak tag is equal to none. */
int http_etag_listed_strong(const char *list, size_t list_n, const char *tag,
    size_t tag_n);

#endif

/*
 * http_query.h - the parameters of a query: "a=1&b=%20&c" is a: "1", b: " ",
 * c: "".  Empty parts are skipped.  Names and values are percent-decoded once;
 * a '+' stays what it is (RFC 3986).  The parser has seen to it that every
 * escape is whole and none is %00.
 */
#ifndef HTTP_QUERY_H
#define HTTP_QUERY_H

#include <skep/types.h>

struct http_pair {
	struct skep_str name, value;
};

/* How many parameters there are. */
int http_query_count(struct skep_str query);

/*
 * Fill as many pairs.  What has escapes is decoded into room, which has at least
 * query.n bytes; the rest points into the query.  0, -EINVAL (room is NULL).
 */
int http_query_split(struct skep_str query, struct http_pair *, char *room);

#endif

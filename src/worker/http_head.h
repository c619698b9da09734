/*
 * http_head.h - the head of a request: its line and its fields (RFC 9112).
 *
 * A strict incremental parser.  It neither allocates nor does I/O: it walks
 * over the caller's buffer, remembers how far it came, and describes what it
 * found by offsets from the buffer's first byte, so that the buffer may move
 * and grow between two calls.  The answer does not depend on how the bytes were
 * divided over the calls: each is judged when the parser comes to it.
 *
 *	http_head_init(&h, &limits, fields);
 *	while ((rc = http_head_parse(&h, buf, n)) == 0)
 *		n += read more behind buf + n
 *	rc == 1: h describes the request, its body begins at buf + h.len
 *	rc < 0:  answer h.status with h.why; nothing behind it may be parsed
 */
#ifndef HTTP_HEAD_H
#define HTTP_HEAD_H

#include <stdint.h>

struct http_limits {
	uint32_t line_max;	/* of the request line without its CR LF: 414 */
	uint32_t head_max;	/* of all field lines and the empty one: 431 */
	uint32_t fields_max;	/* field lines: 431 */
	uint32_t reserved;
	uint64_t body_max;	/* 413 */
};

struct http_span {
	uint32_t off, n;
};

struct http_field {
	struct http_span name, value;	/* value without blanks around it */
};

enum http_method {
	HTTP_OTHER,	/* any token that is none of these */
	HTTP_GET,
	HTTP_HEAD,
	HTTP_POST,
	HTTP_PUT,
	HTTP_DELETE,
	HTTP_PATCH,
	HTTP_OPTIONS,
	HTTP_CONNECT,
	HTTP_TRACE
};

enum http_form {
	HTTP_ORIGIN,	/* /path?query */
	HTTP_ABSOLUTE,	/* http://host/path?query */
	HTTP_ASTERISK,	/* OPTIONS * */
	HTTP_AUTHORITY	/* CONNECT host:port */
};

/* Facts about the request, in http_head.flags. */
#define HTTP_HAS_HOST	   0x0001
#define HTTP_HAS_LENGTH	   0x0002
#define HTTP_CHUNKED	   0x0004 /* the body comes in chunks */
#define HTTP_EXPECTS	   0x0008 /* the client waits for 100 Continue */
#define HTTP_CLOSE	   0x0010 /* Connection: close */
#define HTTP_KEEP	   0x0020 /* Connection: keep-alive */
#define HTTP_HAS_ESCAPE	   0x0040 /* the target holds a '%' */
#define HTTP_HAS_REQUEST_ID 0x0080 /* request_id is set */
#define HTTP_HAS_NONE_MATCH 0x0100 /* there is an If-None-Match field */
#define HTTP_HAS_MATCH	   0x0200 /* there is an If-Match field */

struct http_head {
	/* The parser's own. */
	const struct http_limits *limits;
	struct http_field *fields;	/* fields_max of them, the caller's */
	uint32_t pos;			/* bytes judged so far */
	uint32_t mark;			/* where the present element began */
	uint32_t block;			/* where the field lines began */
	uint8_t state;
	uint8_t te;			/* what Transfer-Encoding says */
	uint8_t bad_expect;

	/* Valid once parsing returned 1; method and minor as far as it came. */
	uint8_t method_id;		/* enum http_method */
	uint8_t form;			/* enum http_form */
	uint8_t minor;			/* HTTP/1.minor: 0 or 1 */
	uint16_t flags;
	uint32_t n_fields;
	uint32_t len;			/* of the whole head */
	struct http_span method;
	struct http_span target;	/* as it was sent */
	struct http_span path;		/* empty stands for "/" (or "*") */
	struct http_span query;		/* without the '?' */
	struct http_span host;		/* of the target, else of Host */
	struct http_span request_id;	/* the first X-Request-Id */
	uint64_t length;		/* Content-Length, 0 without */

	/* Valid once parsing returned -EBADMSG. */
	uint16_t status;
	const char *why;		/* a constant string */
};

/* Begin a new request.  limits and fields are borrowed until the last call. */
void http_head_init(struct http_head *, const struct http_limits *,
    struct http_field *fields);

/*
 * Look at the first n bytes at buf, of which earlier calls may have seen some.
 * 1: the head is whole.  0: more is needed.  -EBADMSG: status and why say what
 * is wrong; asking again gives the same answer.
 */
int http_head_parse(struct http_head *, const char *buf, uint32_t n);

/* Whether anything but empty lines has come: a request has begun. */
int http_head_begun(const struct http_head *);

/*
 * The i-th (from 0) field named name (lower case): its index, or -1.
 */
int http_head_find(const struct http_head *, const char *buf, const char *name,
    uint32_t name_n, uint32_t from);

/* Whether the connection can carry another request after this one. */
int http_head_keeps(const struct http_head *);

#endif

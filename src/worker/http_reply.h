/*
 * http_reply.h - the head of an answer as bytes.
 *
 * Order of lines: status, Date (Server, X-Skep-Worker), X-Request-Id,
 * Content-Type, ETag, Allow, the handler's own fields, framing, Connection.
 */
#ifndef HTTP_REPLY_H
#define HTTP_REPLY_H

#include <stddef.h>
#include <stdint.h>

#include <skep/types.h>

/* A field that a handler added: "name: value\r\n". */
struct http_line {
	struct http_line *next;
	uint32_t n;
	char text[];
};

enum http_framing {
	HTTP_FRAME_LENGTH,	/* Content-Length: length */
	HTTP_FRAME_CHUNKED,
	HTTP_FRAME_CLOSE,	/* the body ends with the connection */
	HTTP_FRAME_NONE		/* the status has no body: 204, 304 */
};

enum http_persist {
	HTTP_PERSIST,		/* HTTP/1.1: need not be said */
	HTTP_PERSIST_SAID,	/* Connection: keep-alive, for HTTP/1.0 */
	HTTP_PERSIST_NOT	/* Connection: close */
};

struct http_reply {
	uint16_t status;
	uint8_t framing;	/* enum http_framing */
	uint8_t persist;	/* enum http_persist */
	uint64_t length;
	struct skep_str type;	/* absent: no Content-Type */
	struct skep_str etag;	/* absent: none */
	struct skep_str id;	/* X-Request-Id; absent: none */
	struct skep_str allow;	/* absent: none */
	const struct http_line *lines;
};

/* The fields that are the same in all answers of a second. */
struct http_stamp {
	int64_t until_ns;	/* CLOCK_MONOTONIC: valid before it */
	uint32_t n;
	uint32_t fixed_n;	/* of fixed */
	char text[256];
	char fixed[160];	/* Server and X-Skep-Worker */
};

/* server: whether to say it; worker: "web.1/4711", or NULL. */
void http_stamp_init(struct http_stamp *, int server, const char *worker);
/* Make text anew if the second is over. */
void http_stamp_make(struct http_stamp *, int64_t mono_ns);

static inline void
http_stamp_refresh(struct http_stamp *s, int64_t mono_ns)
{
	if (__builtin_expect(mono_ns >= s->until_ns, 0))
		http_stamp_make(s, mono_ns);
}

/* "Sun, 06 Nov 1994 08:49:37 GMT" (29 bytes, no NUL) of seconds since 1970. */
void http_reply_date(char out[29], int64_t unix_s);

/* Whether this status has no body, whatever the handler gave: 1xx, 204, 304. */
int http_reply_bodiless(unsigned status);

/* "Not Found"; "" for one that has no name. */
const char *http_reply_phrase(unsigned status);

/* The most bytes http_reply_head() writes for it. */
size_t http_reply_room(const struct http_reply *);
/* Returns how many it wrote. */
size_t http_reply_head(char *out, const struct http_reply *,
    const struct http_stamp *);

/*
 * Whether a handler may set this field: a token that is not one of those that
 * the server answers for (framing, connection, Date, Content-Type, ...), with a
 * value that is neither folded nor holds control bytes.
 */
int http_reply_field_ok(struct skep_str name, struct skep_str value);

#endif

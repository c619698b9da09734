/*
 * http.h - HTTP requests and answers.
 *
 * Path parameters and query values are percent-decoded once.  A request with a
 * bad escape or %00 is answered 400 before any handler runs.
 */
#ifndef SKEP_HTTP_H
#define SKEP_HTTP_H

#include <skep/types.h>

#ifdef __cplusplus
extern "C" {
#endif

/*
 * A route.  path is literal but for segments ":name" (one segment) and, as the
 * last one, "*name" (the rest).  A literal segment wins over a parameter.
 * HEAD follows GET; a path that matches with another method answers 405.
 */
struct skep_route {
	const char *method;
	const char *path;
	skep_fn *fn;
	/*
	 * The handler's deadline; 0: http.request_timeout.  It stands still while
	 * the handler waits for its client (a body, room for a piece): there
	 * http.body_timeout and http.write_timeout rule.
	 */
	int64_t timeout;
	void *reserved[4];
};

struct skep_str skep_method(struct skep_task *);
struct skep_str skep_path(struct skep_task *);		/* as sent, without the query */
struct skep_str skep_route_path(struct skep_task *);	/* the route's pattern */
struct skep_str skep_param(struct skep_task *, const char *name);	/* from the path */

/* A query parameter: the first with that name, absent (p == NULL) if there is none. */
struct skep_str skep_query(struct skep_task *, const char *name);
/* How often it occurs. */
int skep_query_count(struct skep_task *, const char *name);
/* The i-th (from 0) name and value.  1, 0 when there are no more. */
int skep_query_at(struct skep_task *, int i, struct skep_str *name_out,
    struct skep_str *value_out);

/* A request field by name, case-insensitive; several lines are joined with ", ". */
struct skep_str skep_header(struct skep_task *, const char *name);

/*
 * The whole request body.  Waits until it has arrived (and sends 100 Continue
 * first where the client asked for it and no answer has begun).  Absent after an error: the answer is
 * then made by the server (400, 408, 413) and the handler should return; absent
 * too when a deadline that the handler set itself (skep_deadline()) has passed.
 */
struct skep_str skep_body(struct skep_task *);

/*
 * Add a field to the answer, before it is begun.  name and value are copied.  0,
 * -EINVAL (no token, control bytes, a field that the server makes), -EALREADY
 * (begun; or a second ETag, that of skep_reply_etag() included).
 */
int skep_reply_header(struct skep_task *, const char *name,
    struct skep_str value);

/*
 * Give a 200 answer to GET or HEAD a strong entity tag: the hash of its body,
 * the same in every process.  If-None-Match then gets a 304 without a body,
 * and If-Match that names another tag a 412.
 * Only for a whole answer.  0, -EALREADY (begun, or the handler has added an ETag).
 */
int skep_reply_etag(struct skep_task *);

/*
 * The whole answer.  type (NULL: none) is copied; body is borrowed until the task
 * ends, which is after the handler has returned: it must not lie on its stack.
 * 0, -EINVAL (a status outside 200 to 599, control bytes in type), -EALREADY when
 * one was begun.
 */
int skep_reply(struct skep_task *, int status, const char *type,
    struct skep_str body);

/* An error answer in JSON: {"error": "..."}.  Returns as skep_reply(). */
int skep_reply_error(struct skep_task *, int status, const char *fmt, ...)
    SKEP_PRINTF(3, 4);

/*
 * An answer in pieces: begin once, write often (waits for a slow client, and lets
 * others run where the client is fast), end once.  begin: 0, -EALREADY, -EINVAL (a
 * bad status or type; or after skep_reply_etag(), which needs the whole content).
 */
int skep_reply_begin(struct skep_task *, int status, const char *type);
int skep_reply_write(struct skep_task *, struct skep_str piece);
int skep_reply_end(struct skep_task *);

#ifdef __cplusplus
}
#endif
#endif

/* The handlers that the tests of the HTTP front ask for. */
#include <check.h>
#include <errno.h>

#include <skep/http.h>
#include <skep/task.h>

#include "httpfix.h"

static int last_rc;		/* what the last handler's wait gave */

int
hf_last_rc(void)
{
	return last_rc;
}

static int
hello(struct skep_task *t)
{
	return skep_reply(t, 200, "text/plain", skep_str("hello"));
}

static int
echo(struct skep_task *t)
{
	struct skep_str body = skep_body(t);

	if (body.p == NULL)
		return -EIO;
	return skep_reply(t, 200, "text/plain", body);
}

static int
ignore(struct skep_task *t)
{
	return skep_reply(t, 200, NULL, skep_str("ignored"));
}

static int
big(struct skep_task *t)
{
	return skep_reply(t, 200, "text/plain", skep_strn(hf_big(), HF_BIG));
}

static int
tagged(struct skep_task *t)
{
	int rc = skep_reply_etag(t);

	ck_assert_int_eq(skep_reply_header(t, "ETag", skep_str("\"a\"")),
	    -EALREADY);
	ck_assert_int_eq(skep_reply_begin(t, 200, NULL), -EINVAL);
	if (rc == 0)
		rc = skep_reply_header(t, "X-Cache", skep_str("HIT"));
	return rc < 0 ? rc : hello(t);
}

static int
slow(struct skep_task *t)
{
	last_rc = skep_sleep(t, 20 * SKEP_MILLISECOND);
	return last_rc < 0 ? last_rc : hello(t);
}

static int
forever(struct skep_task *t)
{
	last_rc = 1;
	last_rc = skep_sleep(t, SKEP_HOUR);
	return last_rc;
}

static int
pieces(struct skep_task *t)
{
	int status = skep_query(t, "reset").p != NULL ? 205 : 200;
	int rc = skep_reply_begin(t, status, "text/plain");

	if (rc == 0)
		rc = skep_reply_write(t, skep_str("one"));
	if (rc == 0)
		rc = skep_sleep(t, SKEP_MILLISECOND);
	if (rc == 0)
		rc = skep_reply_write(t, skep_str("seventeen bytes.."));
	if (rc == 0)
		rc = skep_reply_write(t, skep_str(""));
	return rc < 0 ? rc : skep_reply_end(t);
}

static int
flood(struct skep_task *t)
{
	int rc = skep_reply_begin(t, 200, NULL), i;

	for (i = 0; i < 30 && rc == 0; i++)
		rc = skep_reply_write(t, skep_strn(hf_big(), HF_BIG / 30));
	return rc < 0 ? rc : skep_reply_end(t);
}

static int
torn(struct skep_task *t)
{
	(void)skep_reply_begin(t, 200, NULL);
	(void)skep_reply_write(t, skep_str("half"));
	return -EIO;
}

static int
fails(struct skep_task *t)
{
	static const struct {
		const char *name;
		int rc;
	} errors[] = { { "enoent", -ENOENT }, { "einval", -EINVAL },
		{ "eacces", -EACCES }, { "ebusy", -EBUSY },
		{ "enospc", -ENOSPC }, { "etimedout", -ETIMEDOUT },
		{ "eio", -EIO }, { "nothing", 0 } };
	size_t i;

	for (i = 0; i < sizeof(errors) / sizeof(errors[0]); i++)
		if (skep_str_eq(skep_param(t, "what"), errors[i].name))
			return errors[i].rc;
	return skep_reply_error(t, 422, "no \"%.*s\"",
	    SKEP_PR(skep_param(t, "what")));
}

static int
show(struct skep_task *t)
{
	struct skep_str x = skep_query(t, "x"), n, v;
	struct skep_str s = skep_fmt(t, "%.*s %.*s %.*s x=%.*s/%d h=%.*s",
	    SKEP_PR(skep_method(t)), SKEP_PR(skep_path(t)),
	    SKEP_PR(skep_route_path(t)), SKEP_PR(x), skep_query_count(t, "x"),
	    SKEP_PR(skep_header(t, "X-H")));
	int i;

	for (i = 0; skep_query_at(t, i, &n, &v); i++)
		s = skep_fmt(t, "%.*s [%.*s=%.*s]", SKEP_PR(s), SKEP_PR(n),
		    SKEP_PR(v));
	return skep_reply(t, 200, NULL, s);
}

static int
fields(struct skep_task *t)
{
	const char *evil = "a\r\nX-Evil: 1";

	ck_assert_int_eq(skep_reply_header(t, "X-A", skep_str(evil)), -EINVAL);
	ck_assert_int_eq(skep_reply_header(t, evil, skep_str("a")), -EINVAL);
	ck_assert_int_eq(skep_reply_header(t, "", skep_str("a")), -EINVAL);
	ck_assert_int_eq(skep_reply_header(t, "Content-Length",
	    skep_str("1")), -EINVAL);
	ck_assert_int_eq(skep_reply_header(t, "transfer-encoding",
	    skep_str("chunked")), -EINVAL);
	ck_assert_int_eq(skep_reply(t, 200, evil, skep_str("")), -EINVAL);
	ck_assert_int_eq(skep_reply_header(t, "ETag", skep_str("\"a\"")), 0);
	ck_assert_int_eq(skep_reply_header(t, "etag", skep_str("\"b\"")),
	    -EALREADY);
	ck_assert_int_eq(skep_reply_etag(t), -EALREADY);
	ck_assert_int_eq(skep_reply(t, 99, NULL, skep_str("")), -EINVAL);
	ck_assert_int_eq(skep_reply_header(t, "X-A", skep_str("1")), 0);
	ck_assert_int_eq(skep_reply_header(t, "X-B", skep_str("")), 0);
	ck_assert_int_eq(skep_reply(t, 200, NULL, skep_str("")), 0);
	ck_assert_int_eq(skep_reply(t, 200, NULL, skep_str("")), -EALREADY);
	ck_assert_int_eq(skep_reply_header(t, "X-C", skep_str("")), -EALREADY);
	return 0;
}

/* The type lies where something else lies when it is sent. */
static int
borrowed(struct skep_task *t)
{
	char type[] = "text/plain";
	int rc = skep_reply(t, 200, type, skep_str("hello"));
	volatile char *p = type;

	p[4] = '\r';
	p[5] = '\n';
	return rc;
}

static int
no_content(struct skep_task *t)
{
	return skep_reply(t, 204, NULL, skep_str("not sent"));
}

/* It answers while the body comes. */
static int
begun(struct skep_task *t)
{
	int rc = skep_reply_begin(t, 200, NULL);

	if (rc == 0)
		rc = skep_reply_write(t, skep_str("body: "));
	if (rc == 0)
		rc = skep_reply_write(t, skep_body(t));
	return rc < 0 ? rc : skep_reply_end(t);
}

/* Its own limit is over before the body has come. */
static int
hasty(struct skep_task *t)
{
	skep_deadline(t, 0);
	return skep_body(t).p == NULL ? -ETIMEDOUT : hello(t);
}

const struct skep_route hf_routes[] = {
	{ "GET", "/", hello, 0, { 0 } },
	{ "GET", "/hello", hello, 0, { 0 } },
	{ "POST", "/echo", echo, 0, { 0 } },
	{ "POST", "/ignore", ignore, 0, { 0 } },
	{ "GET", "/ignore", ignore, 0, { 0 } },
	{ "GET", "/big", big, 0, { 0 } },
	{ "GET", "/tagged", tagged, 0, { 0 } },
	{ "POST", "/tagged", tagged, 0, { 0 } },
	{ "GET", "/slow", slow, 0, { 0 } },
	{ "GET", "/forever", forever, 0, { 0 } },
	{ "GET", "/late", forever, 20 * SKEP_MILLISECOND, { 0 } },
	{ "GET", "/pieces", pieces, 0, { 0 } },
	{ "GET", "/flood", flood, 0, { 0 } },
	{ "GET", "/flood/late", flood, 1, { 0 } },
	{ "POST", "/begun", begun, 0, { 0 } },
	{ "POST", "/hasty", hasty, 0, { 0 } },
	{ "GET", "/torn", torn, 0, { 0 } },
	{ "GET", "/fails/:what", fails, 0, { 0 } },
	{ "GET", "/show/:id", show, 0, { 0 } },
	{ "GET", "/borrowed", borrowed, 0, { 0 } },
	{ "GET", "/fields", fields, 0, { 0 } },
	{ "DELETE", "/hello", no_content, 0, { 0 } },
	{ NULL, NULL, NULL, 0, { 0 } },
};

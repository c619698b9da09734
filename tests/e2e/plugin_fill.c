/*
 * plugin_fill - what e2e_fill asks for: GET /fill/:key answers the value of the
 * key through skep_cache_fill().  Its loader notes each of its runs in a file,
 * a line "KEY PID", takes a while, and fails on request.
 *
 *	ms=N		how long the load takes
 *	rc=N		what it returns, negative
 *	value=TEXT	what it loads; "KEY loaded" else
 *	limit=N		the task's deadline, in ms
 *	ttl=N stale=N error=N negative=N early=N	of the keep, in ms
 *
 * X-Fill says what the call returned.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <skep/skep.h>

struct order {
	char key[64], value[64], log[256];
	long ms;
	int rc;
};

static void
text_copy(char *to, size_t size, struct skep_str s)
{
	size_t n = s.n < size - 1 ? s.n : size - 1;

	if (n > 0)
		memcpy(to, s.p, n);
	to[n] = '\0';
}

static long
number(struct skep_task *t, const char *name)
{
	struct skep_str s = skep_query(t, name);

	return s.p == NULL ? 0 : strtol(skep_copy(t, s).p, NULL, 10);
}

static void
note(struct skep_task *t, const struct order *o)
{
	struct skep_str line = skep_fmt(t, "%s %d\n", o->key, (int)getpid());
	int fd = open(o->log, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600);

	if (fd < 0 || write(fd, line.p, line.n) != (ssize_t)line.n)
		skep_log(t, SKEP_LOG_ERROR, "cannot note the load");
	if (fd >= 0)
		(void)close(fd);
}

static int
load(struct skep_task *t, struct skep_str arg, struct skep_str *val)
{
	struct order o;
	int rc;

	memcpy(&o, arg.p, sizeof o);
	note(t, &o);
	rc = o.ms == 0 ? 0 : skep_sleep(t, o.ms * SKEP_MILLISECOND);
	if (rc < 0)
		return rc;
	*val = o.value[0] != '\0' ? skep_copy(t, skep_str(o.value)) :
	    skep_fmt(t, "%s loaded", o.key);
	return o.rc;
}

static int
fill(struct skep_task *t)
{
	struct skep_keep keep = { .ttl = SKEP_MINUTE };
	struct order o = { .ms = number(t, "ms"), .rc = (int)number(t, "rc") };
	struct skep_str val;
	int rc;

	text_copy(o.key, sizeof o.key, skep_param(t, "key"));
	text_copy(o.value, sizeof o.value, skep_query(t, "value"));
	text_copy(o.log, sizeof o.log, skep_option(t, "log"));
	if (number(t, "limit") != 0)
		skep_deadline(t, number(t, "limit") * SKEP_MILLISECOND);
	rc = skep_cache_fill(t, skep_str(o.key), &keep, load,
	    skep_strn((const char *)&o, sizeof o), &val);
	if (rc < 0)
		return rc;
	rc = skep_reply_header(t, "X-Fill", skep_fmt(t, "%d", rc));
	return rc < 0 ? rc : skep_reply(t, 200, "text/plain", val);
}

static const struct skep_route routes[] = {
	{ .method = "GET", .path = "/fill/:key", .fn = fill },
	{ 0 }
};

static const struct skep_option options[] = {
	{ "log", SKEP_OPT_STR, "/nowhere", "where loads are noted", { NULL } },
	{ NULL, SKEP_OPT_STR, NULL, NULL, { NULL } }
};

const struct skep_plugin skep_plugin = {
	SKEP_PLUGIN_HEAD,
	.name = "fill",
	.routes = routes,
	.options = options,
};

#include "http_log.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <event2/event.h>

#include "clock.h"

/* A target may be longer than a line should be. */
#define TARGET_MAX 2048
#define LINE_ROOM  (TARGET_MAX + 1024)

static void
on_timer(evutil_socket_t fd, short what, void *arg)
{
	struct http_log *l = arg;

	(void)fd;
	(void)what;
	l->armed = 0;
	http_log_flush(l);
}

int
http_log_open(struct http_log *l, struct event_base *base, int fd,
    const char *worker)
{
	memset(l, 0, sizeof(*l));
	l->fd = fd;
	l->worker = worker;
	l->timer = evtimer_new(base, on_timer, l);
	return l->timer == NULL ? -ENOMEM : 0;
}

void
http_log_close(struct http_log *l)
{
	http_log_flush(l);
	if (l->timer != NULL)
		event_free(l->timer);
	free(l->buf);
	memset(l, 0, sizeof(*l));
}

/* No log is /dev/null, or nothing at all. */
static int
is_log(int fd)
{
	struct stat st, null;

	if (fstat(fd, &st) < 0)
		return 0;
	return !S_ISCHR(st.st_mode) || stat("/dev/null", &null) < 0 ||
	    st.st_rdev != null.st_rdev;
}

int
http_log_wanted(struct http_log *l, int64_t mono_ns)
{
	if (mono_ns >= l->check_ns) {
		l->check_ns = mono_ns + CLOCK_NS_PER_S;
		l->on = is_log(l->fd);
		if (l->on && l->buf == NULL) {
			l->cap = HTTP_LOG_FULL + LINE_ROOM;
			l->buf = malloc(l->cap);
			l->on = l->buf != NULL;
		}
	}
	return l->on;
}

void
http_log_flush(struct http_log *l)
{
	ssize_t n;

	if (l->n == 0)
		return;
	/* One write appends whole lines.  A full disk costs lines, not answers. */
	do
		n = write(l->fd, l->buf, l->n);
	while (n < 0 && errno == EINTR);
	if (n < 0 && errno == EBADF)
		l->on = 0;
	l->n = 0;
}

static void
put(struct http_log *l, const char *fmt, ...) SKEP_PRINTF(2, 3);

static void
put(struct http_log *l, const char *fmt, ...)
{
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(l->buf + l->n, l->cap - l->n, fmt, ap);
	va_end(ap);
	if (n > 0)
		l->n += (uint32_t)n < l->cap - l->n ? (uint32_t)n :
						      l->cap - l->n - 1;
}

static void
put_time(struct http_log *l)
{
	int64_t wall = clock_wall_ns();
	time_t s = (time_t)(wall / CLOCK_NS_PER_S);
	struct tm tm;

	memset(&tm, 0, sizeof(tm));
	(void)gmtime_r(&s, &tm);
	put(l, "%04d-%02d-%02dT%02d:%02d:%02d.%03dZ", tm.tm_year + 1900,
	    tm.tm_mon + 1, tm.tm_mday, tm.tm_hour, tm.tm_min, tm.tm_sec,
	    (int)(wall % CLOCK_NS_PER_S / CLOCK_NS_PER_MS));
}

/*
 * Methods, targets and ids have passed the parser: they hold neither blanks nor
 * quotes nor control bytes.
 */
static struct skep_str
shown(struct skep_str s, size_t max)
{
	if (s.n == 0)
		return skep_str("-");
	return skep_strn(s.p, s.n < max ? s.n : max);
}

void
http_log_put(struct http_log *l, const struct http_log_line *x)
{
	static const struct timeval tenth = { 0, 100000 };
	struct skep_str peer = shown(x->peer, 200), method = shown(x->method, 32),
			target = shown(x->target, TARGET_MAX),
			id = shown(x->id, 128);

	put_time(l);
	put(l,
	    " worker=%s peer=%.*s method=%.*s target=\"%.*s\" proto=1.%u"
	    " status=%u bytes=%llu us=%lld id=%.*s",
	    l->worker, SKEP_PR(peer), SKEP_PR(method), SKEP_PR(target),
	    x->minor, x->status, (unsigned long long)x->bytes,
	    (long long)x->us, SKEP_PR(id));
	if (x->why != NULL)
		put(l, " why=\"%.200s\"", x->why);
	put(l, "\n");
	if (l->n >= HTTP_LOG_FULL) {
		http_log_flush(l);
	} else if (!l->armed) {
		l->armed = event_add(l->timer, &tenth) == 0;
	}
}

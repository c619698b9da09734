#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "conf.h"
#include "handover.h"
#include "httpfix.h"
#include "log.h"
#include "route.h"
#include "worker.h"

static struct worker w;
static int n_over;		/* connections that have ended */
static struct hf_handed handed;
static char big_bytes[HF_BIG];

struct worker *
hf_worker(void)
{
	return &w;
}

struct hf_handed *
hf_handed(void)
{
	return &handed;
}

const char *
hf_big(void)
{
	return big_bytes;
}

void
hf_pass(int wait)
{
	loop_pass(&w.loop, wait);
}

void
worker_conn_over(struct worker *x)
{
	x->n_conns--;
	n_over++;
}

int
handover_put(struct handover *h, int fd, const struct sockaddr *peer,
    socklen_t peer_len, const char *bytes, size_t n)
{
	(void)h;
	(void)peer;
	(void)peer_len;
	ck_assert_uint_lt(n, sizeof(handed.bytes));
	handed.fd = fd;
	handed.n = n;
	if (n > 0)
		memcpy(handed.bytes, bytes, n);
	return 0;
}

void
hf_start(const char *settings)
{
	static const struct task_limits limits = { .stack_bytes = 131072,
		.memory_max = 64 << 20,
		.keep_max = 64 };
	struct conf_source src = { .text = settings };
	struct conf_report report;
	char err[256];

	(void)signal(SIGPIPE, SIG_IGN);
	log_set_fd(open("/dev/null", O_WRONLY | O_CLOEXEC));
	memset(&w, 0, sizeof(w));
	strcpy(w.name, "web.1");
	if (conf_load(&src, &w.conf, &report) < 0)
		ck_abort_msg("%s", report.errors[0]);
	conf_report_fini(&report);
	ck_assert_int_eq(loop_init(&w.loop), 0);
	ck_assert_int_eq(task_pool_init(&w.tasks, &w.loop, &w, &limits), 0);
	ck_assert_int_eq(route_table_new(&w.routes), 0);
	ck_assert_int_eq(route_table_add(w.routes, NULL, "test", hf_routes, err,
			     sizeof(err)), 0);
	w.front = &http_front;
	ck_assert_int_eq(w.front->open(&w), 0);
	n_over = 0;
	memset(big_bytes, 'x', HF_BIG);
}

void
hf_start_plain(void)
{
	hf_start(HF_CONF(""));
}

void
hf_stop(void)
{
	w.front->close(&w);
	task_cancel_all(&w.tasks);
	loop_pass(&w.loop, 0);
	loop_pass(&w.loop, 0);
	ck_assert_uint_eq(w.tasks.n_live, 0);
	task_pool_fini(&w.tasks);
	route_table_free(&w.routes);
	conf_close(&w.conf);
	loop_fini(&w.loop);
}

int
hf_dial(void)
{
	int s[2];

	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, s),
	    0);
	w.n_conns++;
	w.front->take(&w, s[1], NULL, 0, NULL, 0);
	return s[0];
}

void
hf_text_read(struct hf_text *t, int fd)
{
	ssize_t n;

	do {
		if (t->cap - t->n < 65536) {
			t->cap = t->cap * 2 + 131072;
			t->p = realloc(t->p, t->cap);
		}
		n = read(fd, t->p + t->n, t->cap - t->n - 1);
		if (n > 0)
			t->n += (size_t)n;
	} while (n > 0);
	t->p[t->n] = '\0';
	if (n == 0)
		t->eof = 1;
	else if (errno != EAGAIN)
		t->eof = -1;
}

void
hf_settle(struct hf_text *t, int fd)
{
	int quiet = 0, i;
	size_t before;

	for (i = 0; i < 20000 && quiet < 4; i++) {
		before = t->n;
		hf_text_read(t, fd);	/* first: it may wait for us to read */
		loop_pass(&w.loop, w.tasks.n_live > 0);
		hf_text_read(t, fd);
		quiet = t->n == before && w.tasks.n_live == 0 ? quiet + 1 : 0;
	}
}

void
hf_put(int fd, const char *p, size_t n)
{
	while (n > 0) {
		ssize_t k = write(fd, p, n);

		if (k < 0 && errno == EAGAIN) {
			loop_pass(&w.loop, 0);
			continue;
		}
		ck_assert_int_gt(k, 0);
		p += k;
		n -= (size_t)k;
	}
}

void
hf_put_text(int fd, const char *text)
{
	hf_put(fd, text, strlen(text));
}

/* Cut the lines that differ from run to run, check that they are there. */
char *
hf_plain(char *p)
{
	static const char *const names[] = { "Date: ", "X-Request-Id: ",
		"Server: skep" };
	char *out = p, *to = p, *line, *end;
	size_t i;
	int cut;

	for (line = p; *line != '\0'; line = end) {
		end = strchr(line, '\n');
		end = end == NULL ? line + strlen(line) : end + 1;
		cut = 0;
		for (i = 0; i < 3; i++)
			cut |= strncmp(line, names[i], strlen(names[i])) == 0;
		if (!cut) {
			memmove(to, line, (size_t)(end - line));
			to += end - line;
		}
	}
	*to = '\0';
	return out;
}

void
hf_expect_n(const char *in, size_t n, const char *want, int eof)
{
	struct hf_text t = { 0 };
	int fd = hf_dial();

	hf_put(fd, in, n);
	hf_settle(&t, fd);
	if (strcmp(hf_plain(t.p), want) != 0)
		ck_abort_msg("%.*s\n-> %s\nwant %s", (int)n, in, t.p, want);
	if (t.eof != eof)
		ck_abort_msg("%.*s\nends %d, want %d", (int)n, in, t.eof, eof);
	free(t.p);
	close(fd);
	while (w.n_conns > 0)		/* or the test's time limit */
		loop_pass(&w.loop, 1);
}

void
hf_expect(const char *in, const char *want)
{
	hf_expect_n(in, strlen(in), want, 0);
}

void
hf_expect_end(const char *in, const char *want)
{
	hf_expect_n(in, strlen(in), want, 1);
}

void
hf_until_end(struct hf_text *t, int fd)
{
	while (t->eof == 0) {
		loop_pass(&w.loop, 1);
		hf_text_read(t, fd);
	}
}

#include "fakemaster.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "cache.h"
#include "clock.h"
#include "fdio.h"
#include "fds.h"

#define REGION_MB 8

static int
make_region(struct fm *m)
{
	struct cache_plan cp = { .budget_bytes = REGION_MB << 20 };
	struct region_section sec[CACHE_SECTIONS];
	struct region_plan rp = { .n_slots = FM_SLOTS, .sections = sec };
	struct region_why why;
	int n, rc;

	if ((n = cache_sizes(&cp, sec)) < 0)
		return n;
	rp.n_sections = (unsigned)n;
	if ((rc = region_create(&rp, &m->region, &why)) < 0) {
		(void)fprintf(stderr, "region: %s\n", why.text);
		return rc;
	}
	m->region_fd = m->region->fd;
	return cache_format(m->region, &cp);
}

static int
make_listener(struct fm *m)
{
	struct sockaddr_in a = { .sin_family = AF_INET };
	socklen_t len = sizeof a;

	a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	m->listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC |
	    SOCK_NONBLOCK, 0);
	if (m->listener < 0 ||
	    bind(m->listener, (struct sockaddr *)&a, sizeof a) < 0 ||
	    listen(m->listener, 64) < 0 ||
	    getsockname(m->listener, (struct sockaddr *)&a, &len) < 0)
		return -errno;
	m->port = ntohs(a.sin_port);
	return 0;
}

static int
make_conf(struct fm *m, const char *text)
{
	const char *top = getenv("top_builddir");
	struct conf_source src = { 0 };
	struct conf_report rep;
	char dir[4096], *whole = NULL;
	size_t i;
	int rc;

	(void)snprintf(dir, sizeof dir, "%s/.libs", top != NULL ? top : ".");
	if (dir[0] != '/') {
		char here[2048];

		(void)snprintf(dir, sizeof dir, "%.2000s/%s",
		    getcwd(here, sizeof here), ".libs");
	}
	if (asprintf(&whole, "skepd { plugin_dir = \"%s\" }\n%s", dir,
	    text) < 0)
		return -ENOMEM;
	src.text = whole;
	rc = conf_load(&src, &m->conf, &rep);
	for (i = 0; i < rep.n_errors; i++)
		(void)fprintf(stderr, "%s\n", rep.errors[i]);
	conf_report_fini(&rep);
	free(whole);
	if (rc < 0)
		return rc;
	m->conf_fd = fdio_memfd("conf");
	return conf_write(m->conf, m->conf_fd);
}

/* In the child: nothing but what it is given, at its numbers. */
static void
place(const int *from, const int *to, int n)
{
	int keep[64], i, high[64];

	/* First all out of the way of the numbers to come. */
	for (i = 0; i < n; i++)
		high[i] = fcntl(from[i], F_DUPFD, 300);
	for (i = 0; i < n; i++)
		keep[i] = dup2(high[i], to[i]);
	fdio_close_from(3, keep, (size_t)n);
}

__attribute__((noreturn)) static void
run(struct fm *m, int chan, const char *const *argv)
{
	int from[32], to[32], n = 0, i;
	const char *top = getenv("top_builddir");
	char path[4096];

#define GIVE(f, t) (from[n] = (f), to[n++] = (t))
	GIVE(chan, FD_CHAN);
	GIVE(m->region_fd, FD_REGION);
	GIVE(m->conf_fd, FD_CONF);
	GIVE(m->handover[0], FD_HANDOVER_RX);
	GIVE(m->handover[1], FD_HANDOVER_TX);
	GIVE(m->listener, FD_LISTEN);
	for (i = 0; i < FM_SLOTS; i++)
		GIVE(m->events[i], FD_EVENT + i);
#undef GIVE
	(void)dup2(m->log_fd, STDERR_FILENO);
	place(from, to, n);
	(void)setpgid(0, 0);
	(void)snprintf(path, sizeof path, "%s/%s", top != NULL ? top : ".",
	    argv[0]);
	(void)execv(path, (char *const *)(uintptr_t)argv);
	perror(path);
	_exit(127);
}

__attribute__((noreturn)) static void
run_zygote(struct fm *m, int chan)
{
	char gen[16], slots[16];
	const char *const argv[] = { "skep-worker", "--group", m->group,
		"--generation", gen, "--listeners", "1", "--slots", slots,
		NULL };

	(void)snprintf(gen, sizeof gen, "%u", m->generation);
	(void)snprintf(slots, sizeof slots, "%d", FM_SLOTS);
	run(m, chan, argv);
}

static int
start_zygote(struct fm *m)
{
	int sv[2], rc;

	if ((rc = chan_pair(sv)) < 0)
		return rc;
	m->zygote = fork();
	if (m->zygote == 0)
		run_zygote(m, sv[1]);
	(void)close(sv[1]);
	return m->zygote < 0 ? -errno : chan_open(&m->chan, sv[0],
	    m->generation);
}

int
fm_prepare(struct fm *m, const char *conf_text, const char *group)
{
	int rc, i;

	memset(m, 0, sizeof *m);
	m->generation = 1;
	m->next_slot = 1;
	(void)snprintf(m->group, sizeof m->group, "%s", group);
	(void)prctl(PR_SET_CHILD_SUBREAPER, 1);
	(void)signal(SIGPIPE, SIG_IGN);
	if ((rc = make_region(m)) < 0 || (rc = make_listener(m)) < 0 ||
	    (rc = make_conf(m, conf_text)) < 0)
		return rc;
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0,
	    m->handover) < 0)
		return -errno;
	for (i = 0; i < FM_SLOTS; i++)
		m->events[i] = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	m->log_fd = fdio_memfd("log");
	return 0;
}

int
fm_open(struct fm *m, const char *conf_text, const char *group)
{
	int rc = fm_prepare(m, conf_text, group);

	return rc < 0 ? rc : start_zygote(m);
}

pid_t
fm_orphan(struct fm *m, const char *const *argv)
{
	int sv[2];
	pid_t pid;

	if (chan_pair(sv) < 0)
		return -1;
	(void)close(sv[0]);
	pid = fork();
	if (pid == 0)
		run(m, sv[1], argv);
	(void)close(sv[1]);
	return pid;
}

int
fm_open_next(struct fm *m, const struct fm *prev, const char *conf_text)
{
	int rc;

	*m = *prev;
	memset(m->worker, 0, sizeof m->worker);
	m->chan = NULL;
	m->conf = NULL;
	m->log = NULL;
	m->generation = prev->generation + 1;
	m->next_slot = FM_SLOTS / 2;
	/* Shared with prev, which closes them: no region here. */
	m->region = NULL;
	if ((rc = make_conf(m, conf_text)) < 0)
		return rc;
	return start_zygote(m);
}

int
fm_expect(struct fm *m, struct chan *c, unsigned type)
{
	int64_t end = clock_mono_ns() + FM_WAIT_MS * CLOCK_NS_PER_MS, left;
	int rc;

	for (;;) {
		left = (end - clock_mono_ns()) / CLOCK_NS_PER_MS;
		if (left <= 0)
			return 0;
		rc = chan_wait(c, (int)left, &m->msg);
		if (rc == -ETIMEDOUT)
			return 0;
		if (rc < 0)
			return rc;
		if (m->msg.head.type == type)
			return 1;
		chan_msg_fini(&m->msg);
	}
}

int
fm_clone(struct fm *m, unsigned i)
{
	struct fm_worker *w = &m->worker[i];
	struct msg_clone c = { i + 1, m->next_slot,
		(uint64_t)clock_mono_ns() };
	int sv[2], rc;

	if ((rc = chan_pair(sv)) < 0)
		return rc;
	w->slot = m->next_slot++;
	if ((rc = chan_open(&w->chan, sv[0], m->generation)) < 0)
		return rc;
	rc = chan_send(m->chan, MSG_CLONE, &c, NULL, 0, &sv[1], 1);
	(void)close(sv[1]);
	if (rc < 0)
		return rc;
	rc = fm_expect(m, w->chan, MSG_SPAWNED);
	if (rc <= 0)
		return rc == 0 ? -ETIMEDOUT : rc;
	w->pid = ((const struct msg_spawned *)m->msg.body)->pid;
	return 0;
}

int
fm_wait_exit(pid_t pid)
{
	static const struct timespec ms = { 0, 1000000 };
	int64_t end = clock_mono_ns() + FM_WAIT_MS * CLOCK_NS_PER_MS;
	int st;

	while (clock_mono_ns() < end) {
		if (waitpid(pid, &st, WNOHANG) == pid)
			return st;
		(void)nanosleep(&ms, NULL);
	}
	return -1;
}

int
fm_drain(struct fm *m, unsigned i, unsigned mode, unsigned deadline_ms)
{
	struct msg_drain d = { mode, deadline_ms };

	return chan_send(m->worker[i].chan, MSG_DRAIN, &d, NULL, 0, NULL, 0);
}

const char *
fm_read_log(struct fm *m)
{
	size_t n;

	free(m->log);
	m->log = NULL;
	if (fdio_slurp(m->log_fd, 1 << 20, &m->log, &n) < 0)
		return "";
	return m->log;
}

int
fm_connect(const struct fm *m)
{
	struct timeval tv = { FM_WAIT_MS / 1000, 0 };
	struct sockaddr_in a = { .sin_family = AF_INET };
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	a.sin_port = htons((uint16_t)m->port);
	(void)setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &tv, sizeof tv);
	if (connect(fd, (struct sockaddr *)&a, sizeof a) < 0)
		return -errno;
	return fd;
}

void
fm_close(struct fm *m)
{
	unsigned i;

	for (i = 0; i < FM_WORKERS; i++) {
		if (m->worker[i].pid > 0) {
			(void)kill(m->worker[i].pid, SIGKILL);
			(void)waitpid(m->worker[i].pid, NULL, 0);
		}
		chan_close(&m->worker[i].chan);
	}
	if (m->zygote > 0) {
		(void)kill(m->zygote, SIGKILL);
		(void)waitpid(m->zygote, NULL, 0);
	}
	chan_close(&m->chan);
	conf_close(&m->conf);
	fdio_close(&m->conf_fd);
	free(m->log);
	m->log = NULL;
	if (m->region == NULL)
		return;
	region_close(&m->region);
	fdio_close(&m->listener);
	fdio_close(&m->handover[0]);
	fdio_close(&m->handover[1]);
	fdio_close(&m->log_fd);
	for (i = 0; i < FM_SLOTS; i++)
		fdio_close(&m->events[i]);
}

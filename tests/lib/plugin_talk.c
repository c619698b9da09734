/*
 * talk - a protocol front for tests: one command a line, one answer a line.
 * Beside what a good plugin does it crashes, loops and overflows on request.
 */
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <skep/skep.h>

#ifdef BAD_THREAD
#include <pthread.h>
#endif
#if defined(BAD_SOCKET) || defined(BAD_LOAD)
#include <sys/socket.h>
#endif
#ifdef BAD_DAEMON
#include <sys/wait.h>
#endif

/* The second word of a line. */
static struct skep_str
word2(struct skep_str line)
{
	const char *sp = memchr(line.p, ' ', line.n);

	if (sp == NULL)
		return skep_strn("", 0);
	return skep_strn(sp + 1, line.n - (size_t)(sp + 1 - line.p));
}

static long
num2(struct skep_task *t, struct skep_str line)
{
	struct skep_str z = skep_copy(t, word2(line));

	return z.p == NULL ? 0 : strtol(z.p, NULL, 10);
}

static volatile int sink;
/* Volatile, so that no compiler sees what is done with it. */
static int *volatile nowhere = (int *)8;

__attribute__((noinline)) static int
recurse(int n)
{
	volatile char room[512];

	memset((char *)room, n, sizeof room);
	return n == 0 ? 0 : recurse(n - 1) + room[3];
}

/* A frame of 200 kB, not written but at its far end. */
static void
leap(void)
{
	uintptr_t here = (uintptr_t)__builtin_frame_address(0);

	*(volatile char *)(here - 200000) = 1;
}

__attribute__((noinline)) static void
loop_for_ever(void)
{
	for (;;)
		sink++;
}

/* What no plugin should do: close what is the server's. */
static void
close_epolls(void)
{
	char path[32], what[32];
	ssize_t n;
	int fd;

	for (fd = 3; fd < 256; fd++) {
		(void)snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
		n = readlink(path, what, sizeof what);
		if (n == 22 && memcmp(what, "anon_inode:[eventpoll]", 22) == 0)
			(void)close(fd);
	}
}

static int
answer(struct skep_task *t, struct skep_str s)
{
	int rc = skep_write(t, s);

	return rc < 0 ? rc : skep_write(t, skep_str("\n"));
}

static int
cache_command(struct skep_task *t, struct skep_str line)
{
	const struct skep_keep keep = { .ttl = 60 * SKEP_SECOND };
	struct skep_str key = skep_str("k"), val;
	int rc;

	if (line.p[0] == 'p')
		return skep_cache_put(t, key, &keep, word2(line));
	rc = skep_cache_get(t, key, &val);
	return rc > 0 ? answer(t, val) : answer(t, skep_str("(miss)"));
}

/* Until another connection has put a value. */
static int
await(struct skep_task *t)
{
	struct skep_str val;
	int rc;

	while ((rc = skep_cache_get(t, skep_str("k"), &val)) == 0)
		if ((rc = skep_sleep(t, SKEP_MILLISECOND)) < 0)
			break;
	return rc < 0 ? rc : answer(t, val);
}

/* What a look() must not do: the read section would be held across the wait. */
static int
look_and_wait(struct skep_str val, void *arg)
{
	(void)val;
	return skep_sleep(arg, SKEP_SECOND);
}

static void
note_end(void *arg)
{
	(void)!write(STDERR_FILENO, arg, strlen(arg));
}

static void
loop_at_end(void *arg)
{
	(void)arg;
	loop_for_ever();
}

static int
bytes(struct skep_task *t, struct skep_str line)
{
	long n = num2(t, line);
	char block[1000];
	int rc = 0;

	memset(block, 'x', sizeof block);
	while (n > 0 && rc == 0) {
		size_t k = n < 1000 ? (size_t)n : 1000;

		rc = skep_write(t, skep_strn(block, k));
		n -= (long)k;
	}
	return rc < 0 ? rc : skep_write(t, skep_str("\n"));
}

static int
command(struct skep_task *t, struct skep_str line)
{
	static char defer_note[] = "talk: deferred\n";
	struct skep_str rest = word2(line), big;
	int rc;

	if (line.n >= 4 && memcmp(line.p, "echo", 4) == 0)
		return answer(t, rest);
	if (skep_str_eq(line, "quit"))
		return 1;
	if (skep_str_eq(line, "pid"))
		return answer(t, skep_fmt(t, "%d", (int)getpid()));
	if (skep_str_eq(line, "opt"))
		return answer(t, skep_fmt(t, "%.*s %lld",
		    SKEP_PR(skep_option(t, "greeting")),
		    (long long)skep_option_int(t, "wait")));
	if (skep_str_eq(line, "data"))
		return answer(t, skep_str(skep_data(t)));
	if (line.n >= 5 && memcmp(line.p, "sleep", 5) == 0) {
		rc = skep_sleep(t, num2(t, line) * SKEP_MILLISECOND);
		return rc < 0 ? rc : answer(t, skep_str("slept"));
	}
	if (line.n >= 5 && memcmp(line.p, "exact", 5) == 0) {
		rc = skep_read_exact(t, (size_t)num2(t, line), &big);
		return rc <= 0 ? rc : answer(t, skep_fmt(t, "got %zu", big.n));
	}
	if (line.n >= 5 && memcmp(line.p, "bytes", 5) == 0)
		return bytes(t, line);
	if (line.n >= 5 && memcmp(line.p, "alloc", 5) == 0)
		return skep_alloc(t, (size_t)num2(t, line)) == NULL ? -ENOMEM :
		    answer(t, skep_str("allocated"));
	if (skep_str_eq(line, "defer"))
		return skep_defer(t, note_end, defer_note);
	if (skep_str_eq(line, "deferloop"))
		return skep_defer(t, loop_at_end, NULL);
	if (skep_str_eq(line, "get") ||
	    (line.n > 4 && memcmp(line.p, "put ", 4) == 0))
		return cache_command(t, line);
	if (skep_str_eq(line, "await"))
		return await(t);
	if (skep_str_eq(line, "lookwait"))
		return skep_cache_look(t, skep_str("k"), look_and_wait, t);
	if (skep_str_eq(line, "crash"))
		*nowhere = 1;
	if (skep_str_eq(line, "abort"))
		abort();
	if (skep_str_eq(line, "overflow"))
		sink = recurse(1 << 30);
	if (skep_str_eq(line, "leap"))
		leap();
	if (line.n >= 6 && memcmp(line.p, "close ", 6) == 0)
		return answer(t, skep_fmt(t, "%d",
		    close((int)num2(t, line))));
	if (skep_str_eq(line, "deafen"))
		close_epolls();
	if (skep_str_eq(line, "loop"))
		loop_for_ever();
	return answer(t, skep_str("what?"));
}

static int
serve(struct skep_task *t)
{
	struct skep_str line;
	int rc;

	while ((rc = skep_read_line(t, 200, &line)) > 0)
		if ((rc = command(t, line)) != 0)
			break;
	if (rc == -EMSGSIZE)
		(void)answer(t, skep_str("too long"));
	if (rc == -ENOMEM)
		(void)!write(STDERR_FILENO, "talk: out of memory\n", 20);
	return rc < 0 ? rc : 0;
}

static const struct skep_option options[] = {
	{ "greeting", SKEP_OPT_STR, "hello", "what to say", { NULL } },
	{ "wait", SKEP_OPT_DURATION, "1500ms", "how long", { NULL } },
#ifdef BAD_OPTION
	{ "needed", SKEP_OPT_INT, NULL, "has no default", { NULL } },
#endif
#ifdef BAD_ROW
	{ NULL, SKEP_OPT_INT, "3", "has no name", { NULL } },
#endif
	{ NULL, SKEP_OPT_STR, NULL, NULL, { NULL } }
};

#ifdef BAD_THREAD
static void *
idle(void *arg)
{
	(void)arg;
	for (;;)
		pause();
	return NULL;
}
#endif

#ifdef BAD_LOAD
__attribute__((constructor)) static void
on_load(void)
{
	(void)!socket(AF_UNIX, SOCK_STREAM, 0);
}
#endif

#if defined(BAD_CHILD) || defined(BAD_DAEMON)
static void
leave_a_child(void)
{
	if (fork() != 0)
		return;
	(void)alarm(60);	/* should it not be ended */
	(void)pause();
	_exit(0);
}
#endif

static int
warm(struct skep_app *a)
{
#ifdef BAD_CHILD
	leave_a_child();
#endif
#ifdef BAD_DAEMON
	pid_t pid = fork();

	if (pid == 0) {
		leave_a_child();
		_exit(0);
	}
	(void)waitpid(pid, NULL, 0);
#endif
#ifdef BAD_THREAD
	pthread_t id;

	pthread_create(&id, NULL, idle, NULL);
#endif
#ifdef BAD_SOCKET
	(void)!socket(AF_UNIX, SOCK_STREAM, 0);
#endif
#ifdef BAD_WARM
	skep_app_fail(a, "the table has no rows");
	return -EINVAL;
#endif
#ifdef BAD_CRASH
	*nowhere = 1;
#endif
	skep_app_log(a, SKEP_LOG_INFO, "warm");
	return 0;
}

static int
open_(struct skep_app *a)
{
	static char data[] = "opened";

#ifdef BAD_OPEN
	return -ENOTCONN;
#endif
	skep_app_set_data(a, data);
	return 0;
}

static void
close_(struct skep_app *a)
{
	skep_app_log(a, SKEP_LOG_INFO, "closing talk");
}

#ifdef BAD_JOBS
static const struct skep_job_kind jobs[] = {
	{ "letter", serve, 0, 0, 0, { NULL } },
	{ NULL, NULL, 0, 0, 0, { NULL } }
};
#endif

#ifdef BAD_NAME
#define NAME "other"
#elif defined(PLUGIN_NAME)
#define NAME PLUGIN_NAME
#else
#define NAME "talk"
#endif

SKEP_EXPORT const struct skep_plugin
#ifdef BAD_SYMBOL
    skep_plug_in
#else
    skep_plugin
#endif
    = {
#ifdef BAD_ABI
	.abi = SKEP_ABI + 7, .size = sizeof(struct skep_plugin),
#else
	SKEP_PLUGIN_HEAD,
#endif
	.name = NAME,
	.options = options,
	.conn = serve,
	.warm = warm,
	.open = open_,
	.close = close_,
#ifdef BAD_JOBS
	.jobs = jobs,
#endif
};

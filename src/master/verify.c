/* verify.c - see verify.h */
#include "verify.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "clock.h"
#include "fdio.h"
#include "fds.h"
#include "spawn.h"

/* Its output until it closes it or the time is over: 0, -ETIMEDOUT. */
static int
read_verdict(int fd, char *text, size_t cap)
{
	int64_t end = clock_mono_ns() + VERIFY_LIMIT_MS * CLOCK_NS_PER_MS;
	struct pollfd p = { .fd = fd, .events = POLLIN };
	int64_t left;
	size_t len = 0;
	ssize_t n;

	text[0] = '\0';
	while (len + 1 < cap) {
		left = (end - clock_mono_ns()) / CLOCK_NS_PER_MS;
		if (left <= 0 || poll(&p, 1, (int)left) == 0)
			return -ETIMEDOUT;
		n = read(fd, text + len, cap - 1 - len);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			break;
		len += (size_t)n;
		text[len] = '\0';
	}
	text[strcspn(text, "\n")] = '\0';
	return 0;
}

static int
finish(pid_t pid, int killed, char *verdict, size_t cap)
{
	int status;

	if (killed)
		(void)kill(pid, SIGKILL); /* ours, not yet reaped */
	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			return -errno;
	if (WIFEXITED(status))
		return WEXITSTATUS(status);
	snprintf(verdict, cap, killed ? "took longer than %d ms, killed" :
					"ended by signal %d",
	    killed ? VERIFY_LIMIT_MS : WTERMSIG(status));
	return 128 + WTERMSIG(status);
}

int
verify_region(const char *mend_path, const char *path, char *verdict,
    size_t cap)
{
	static const char *const argv[] = { "skep-mend", "--verify", NULL };
	struct spawn_fd fd = { .from = -1, .to = FD_REGION };
	struct spawn sp = { .path = mend_path, .argv = argv, .fds = &fd,
		.n_fds = 1 };
	int out[2] = { -1, -1 }, rc;
	pid_t pid;

	snprintf(verdict, cap, "not verified");
	fd.from = open(path, O_RDWR | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	if (fd.from < 0)
		return -errno;
	rc = pipe2(out, O_CLOEXEC) < 0 ? -errno : 0;
	if (rc < 0)
		goto out;
	sp.out = out[1];
	rc = spawn_start(&sp, &pid);
	if (rc < 0)
		goto out;
	fdio_close(&out[1]);
	rc = read_verdict(out[0], verdict, cap);
	rc = finish(pid, rc < 0, verdict, cap);
out:
	fdio_close(&fd.from);
	fdio_close(&out[0]);
	fdio_close(&out[1]);
	return rc;
}

/* notify.c - see notify.h */
#include "notify.h"

#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

static struct {
	int fd;
	uint64_t watchdog_ns;
} ctx = { .fd = -1 };

static uint64_t
watchdog_asked(void)
{
	const char *usec = getenv("WATCHDOG_USEC"), *pid;

	pid = getenv("WATCHDOG_PID");
	if (usec == NULL)
		return 0;
	if (pid != NULL && strtol(pid, NULL, 10) != (long)getpid())
		return 0;
	return strtoull(usec, NULL, 10) * 1000 / 2;
}

int
notify_open(void)
{
	struct sockaddr_un sa = { .sun_family = AF_UNIX };
	const char *path = getenv("NOTIFY_SOCKET");
	size_t len;
	int rc = 0;

	ctx.watchdog_ns = watchdog_asked();
	if (path == NULL || *path == '\0')
		goto out;
	len = strlen(path);
	rc = -EINVAL;
	if ((path[0] != '/' && path[0] != '@') || len >= sizeof sa.sun_path)
		goto out;
	memcpy(sa.sun_path, path, len);
	if (path[0] == '@')
		sa.sun_path[0] = '\0';
	ctx.fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	rc = -errno;
	if (ctx.fd < 0)
		goto out;
	rc = 0;
	len += offsetof(struct sockaddr_un, sun_path);
	if (connect(ctx.fd, (struct sockaddr *)&sa, (socklen_t)len) < 0) {
		rc = -errno;
		notify_close();
	}
out:
	unsetenv("NOTIFY_SOCKET");
	unsetenv("WATCHDOG_USEC");
	unsetenv("WATCHDOG_PID");
	return rc;
}

uint64_t
notify_watchdog_ns(void)
{
	return ctx.fd >= 0 ? ctx.watchdog_ns : 0;
}

void
notify_send(const char *lines)
{
	/* A full socket loses one notice: better than a master that waits. */
	if (ctx.fd >= 0)
		(void)!send(ctx.fd, lines, strlen(lines), MSG_NOSIGNAL);
}

void
notify_reloading(void)
{
	char lines[96];
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	snprintf(lines, sizeof lines, "RELOADING=1\nMONOTONIC_USEC=%llu",
	    (unsigned long long)ts.tv_sec * 1000000 +
		(unsigned long long)ts.tv_nsec / 1000);
	notify_send(lines);
}

void
notify_close(void)
{
	if (ctx.fd >= 0)
		close(ctx.fd);
	ctx.fd = -1;
}

#include "plugin_quiet.h"

#include <dirent.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

/* Of this process; -errno. */
static int
n_threads(void)
{
	DIR *d = opendir("/proc/self/task");
	struct dirent *e;
	int n = 0;

	if (d == NULL)
		return -errno;
	while ((e = readdir(d)) != NULL)
		n += e->d_name[0] != '.';
	(void)closedir(d);
	return n;
}

/* Calls fn for each open descriptor that is a socket; stops when it returns not 0. */
static int
each_socket(int (*fn)(int fd, void *arg), void *arg)
{
	DIR *d = opendir("/proc/self/fd");
	struct dirent *e;
	struct stat st;
	int rc = 0;

	if (d == NULL)
		return -errno;
	while (rc == 0 && (e = readdir(d)) != NULL) {
		int fd = atoi(e->d_name);

		if (e->d_name[0] != '.' && fstat(fd, &st) == 0 &&
		    S_ISSOCK(st.st_mode))
			rc = fn(fd, arg);
	}
	(void)closedir(d);
	return rc;
}

static int
note(int fd, void *arg)
{
	struct plugin_quiet *q = arg;

	if (fd < PLUGIN_QUIET_FDS)
		q->sockets[fd / 64] |= UINT64_C(1) << fd % 64;
	return 0;
}

void
plugin_quiet_begin(struct plugin_quiet *q)
{
	memset(q, 0, sizeof *q);
	/* Without /proc the check afterwards says so. */
	(void)each_socket(note, q);
}

static int
is_new(int fd, void *arg)
{
	const struct plugin_quiet *q = arg;

	if (fd < PLUGIN_QUIET_FDS && (q->sockets[fd / 64] >> fd % 64 & 1))
		return 0;
	return fd + 1;
}

/* Also one that has ended: it was not waited for. */
static int
has_child(void)
{
	siginfo_t si;

	return waitid(P_ALL, 0, &si, WEXITED | WNOHANG | WNOWAIT | __WALL) == 0;
}

int
plugin_quiet_check(const struct plugin_quiet *q, char *what, size_t n)
{
	int rc = n_threads();

	if (rc > 1) {
		(void)snprintf(what, n, "started a thread");
		return -EBUSY;
	}
	if (has_child()) {
		(void)snprintf(what, n, "left a child process behind");
		return -EBUSY;
	}
	if (rc > 0)
		rc = each_socket(is_new, (void *)(uintptr_t)q);
	if (rc > 0) {
		(void)snprintf(what, n, "opened a socket (descriptor %d)",
		    rc - 1);
		return -EBUSY;
	}
	if (rc < 0)
		(void)snprintf(what, n, "cannot be checked without /proc");
	return rc;
}

void
plugin_quiet_adopt(int on)
{
	/* Without it only direct children are seen. */
	(void)prctl(PR_SET_CHILD_SUBREAPER, on, 0, 0, 0);
}

void
plugin_quiet_end_children(void)
{
	char path[64];
	int pid;
	FILE *f;

	(void)snprintf(path, sizeof path, "/proc/self/task/%d/children",
	    (int)getpid());
	if ((f = fopen(path, "re")) == NULL)
		return;
	/* Ours and not reaped: no pid can have been given to another. */
	while (fscanf(f, "%d", &pid) == 1)
		(void)kill(pid, SIGKILL);
	(void)fclose(f); /* it was only read */
}

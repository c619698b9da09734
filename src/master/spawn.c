/* spawn.c - see spawn.h */
#include "spawn.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "options.h"

#define FD_FREE 3	/* the first descriptor that is not a standard one */

static void
signals_default(void)
{
	struct sigaction dfl = { .sa_handler = SIG_DFL };
	sigset_t none;
	int sig;

	for (sig = 1; sig < NSIG; sig++)
		(void)sigaction(sig, &dfl, NULL); /* KILL and STOP refuse */
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
}

/* The master has one thread, so its child may call what it likes. */
static void __attribute__((noreturn))
die(const char *what)
{
	char line[128];
	int n;

	n = snprintf(line, sizeof line, "skepd: cannot start a child: %s: %d\n",
	    what, errno);
	if (n > 0)
		n = (int)write(STDERR_FILENO, line, (size_t)n);
	_exit(127);
}

static void
std_streams(int out)
{
	int null;

	if (dup2(out >= 0 ? out : STDERR_FILENO, STDOUT_FILENO) < 0)
		die("stdout");
	null = open("/dev/null", O_RDONLY);
	if (null < 0 || dup2(null, STDIN_FILENO) < 0)
		die("stdin");
	if (null > STDERR_FILENO)
		close(null);
}

/*
 * Two passes: first every source moves above the highest target, so that no
 * target can overwrite a source that is still needed.
 */
static void
place_fds(const struct spawn *sp)
{
	static int moved[SPAWN_FDS_MAX];
	int top = FD_FREE, last = FD_FREE - 1;
	size_t i;

	for (i = 0; i < sp->n_fds; i++)
		if (sp->fds[i].to >= top)
			top = sp->fds[i].to + 1;
	for (i = 0; i < sp->n_fds; i++) {
		moved[i] = fcntl(sp->fds[i].from, F_DUPFD_CLOEXEC, top);
		if (moved[i] < 0)
			die("descriptor");
	}
	if (close_range(FD_FREE, (unsigned)top - 1, 0) < 0)
		die("close_range");
	for (i = 0; i < sp->n_fds; i++) {
		if (dup2(moved[i], sp->fds[i].to) < 0)
			die("dup2");
		if (sp->fds[i].to > last)
			last = sp->fds[i].to;
	}
	(void)close_range((unsigned)last + 1, ~0U, 0); /* ours are CLOEXEC */
}

static void __attribute__((noreturn))
child(const struct spawn *sp)
{
	(void)setpgid(0, 0); /* fails only for a session leader */
	signals_default();
	/* What the unit lets us bind with is nothing for plugins. */
	(void)prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0);
	std_streams(sp->out);
	place_fds(sp);
	execv(sp->path, (char *const *)(uintptr_t)sp->argv);
	die(sp->path);
}

int
spawn_start(const struct spawn *sp, pid_t *pid_out)
{
	sigset_t all, old;
	pid_t pid;

	if (sp->n_fds > SPAWN_FDS_MAX)
		return -E2BIG;
	/* A signal must not run our handlers in the child. */
	sigfillset(&all);
	sigprocmask(SIG_SETMASK, &all, &old);
	pid = fork();
	if (pid == 0)
		child(sp);
	sigprocmask(SIG_SETMASK, &old, NULL);
	if (pid < 0)
		return -errno;
	(void)setpgid(pid, pid); /* whoever is first; EACCES after its exec */
	*pid_out = pid;
	return 0;
}

static int
try_dir(const char *dir, const char *program, char *buf, size_t cap)
{
	int n;

	n = snprintf(buf, cap, "%s/%s", dir, program);
	if (n < 0 || (size_t)n >= cap)
		return -ENAMETOOLONG;
	return access(buf, X_OK) == 0 ? 0 : -errno;
}

/*
 * A build tree is known by what only it has.  libtool runs programs that need
 * a library of the tree from .libs, so the directory above counts as well.
 */
static int
build_dir(char *dir, size_t cap)
{
	char probe[PATH_MAX + 32], *slash;
	ssize_t n;

	n = readlink("/proc/self/exe", dir, cap - 1);
	if (n <= 0)
		return 0;
	dir[n] = '\0';
	slash = strrchr(dir, '/');
	if (slash == NULL)
		return 0;
	*slash = '\0';
	if ((slash = strrchr(dir, '/')) != NULL && strcmp(slash, "/.libs") == 0)
		*slash = '\0';
	snprintf(probe, sizeof probe, "%s/config.status", dir);
	return access(probe, F_OK) == 0;
}

int
spawn_find(const char *program, const char *dir, char *buf, size_t cap)
{
	char tree[PATH_MAX];

	if (strcmp(dir, conf_rows[OPT_skepd_libexec_dir].fallback) == 0 &&
	    build_dir(tree, sizeof tree))
		dir = tree;
	return try_dir(dir, program, buf, cap);
}

/*
 * fsck.c - `skepctl fsck`: have a region checked by skep-mend --verify, in a
 * process of its own: whatever the bytes are, there is a verdict.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "fdio.h"
#include "fds.h"
#include "jsonw.h"
#include "region_file.h"

#define VERDICT_MAX 65536

/* skep-mend: beside us in a build tree, else where the configuration says. */
static int
mend_path(const struct skepctl *s, char *path, size_t size)
{
	struct conf *c = NULL;
	char *slash;
	ssize_t n;
	int len;

	n = readlink("/proc/self/exe", path, size - 1);
	if (n > 0) {
		path[n] = '\0';
		slash = strrchr(path, '/');
		len = slash == NULL ? -1 : snprintf(slash,
		    size - (size_t)(slash - path), "/skep-mend");
		if (len > 0 && access(path, X_OK) == 0)
			return 0;
	}
	len = snprintf(path, size, "%s/skep-mend", conf_rows[OPT_skepd_libexec_dir].fallback);
	if (access(path, X_OK) < 0 && s->conf_file != NULL &&
	    skepctl_conf(s, &c) == 0)
		len = snprintf(path, size, "%s/skep-mend",
		    conf_str(c, OPT_skepd_libexec_dir));
	conf_close(&c);
	return len > 0 && (size_t)len < size ? 0 : -ENAMETOOLONG;
}

/* In the child: the region at its number, the verdict on standard output. */
static void
become_mender(const char *mend, int region, int out)
{
	static const int keep[] = { FD_REGION };

	if (dup2(out, STDOUT_FILENO) < 0 || fdio_place(region, FD_REGION) < 0)
		_exit(127);
	fdio_close_from(3, keep, 1);
	(void)execl(mend, "skep-mend", "--verify", (char *)NULL);
	(void)dprintf(STDERR_FILENO, "skepctl: %s: %s\n", mend,
	    strerror(errno));
	_exit(127);
}

/* All that comes from fd, at most VERDICT_MAX bytes. */
static void
read_verdict(int fd, struct buf *out)
{
	ssize_t n;
	char *to;

	while (buf_len(out) < VERDICT_MAX &&
	    (to = buf_room(out, 4096)) != NULL) {
		n = read(fd, to, 4096);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			break;
		buf_added(out, (size_t)n);
	}
	while (buf_len(out) > 0 && buf_head(out)[buf_len(out) - 1] == '\n')
		out->len--;
}

/* Run it.  The wait status, -errno. */
static int
verify(const char *mend, int region, struct buf *verdict)
{
	int ends[2], status, rc;
	pid_t pid;

	if (pipe2(ends, O_CLOEXEC) < 0)
		return -errno;
	pid = fork();
	if (pid == 0)
		become_mender(mend, region, ends[1]);
	rc = pid < 0 ? -errno : 0;
	close(ends[1]);
	if (rc == 0) {
		read_verdict(ends[0], verdict);
		while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
			;
	}
	close(ends[0]);
	return rc < 0 ? rc : status;
}

/* 0 whole, 1 damaged, 2 not usable. */
static int
judge(int status, struct buf *verdict)
{
	if (WIFSIGNALED(status)) {
		buf_clear(verdict);
		(void)buf_printf(verdict,
		    "damaged: the check was ended by signal %d",
		    WTERMSIG(status));
		return 1;
	}
	if (buf_len(verdict) == 0)
		(void)buf_printf(verdict, "no verdict (exit status %d)",
		    WEXITSTATUS(status));
	return WEXITSTATUS(status);
}

static void
print(const struct skepctl *s, const char *path, int result,
    const struct buf *verdict)
{
	static const char *const words[] = { "whole", "damaged", "unusable" };
	struct buf out = BUF_INIT;
	struct jsonw w = JSONW(&out);

	if (!s->json) {
		(void)printf("%s: %.*s\n", path, (int)buf_len(verdict),
		    buf_head(verdict));
		return;
	}
	jsonw_open(&w, NULL, '{');
	jsonw_str(&w, "path", path);
	jsonw_str(&w, "result", result <= 2 ? words[result] : "failed");
	jsonw_strn(&w, "verdict", buf_head(verdict), buf_len(verdict));
	jsonw_close(&w, '}');
	(void)printf("%s\n", buf_str(&out) == NULL ? "{}" : buf_head(&out));
	buf_fini(&out);
}

int
fsck_run(struct skepctl *s)
{
	char path[PATH_MAX], mend[PATH_MAX];
	struct buf verdict = BUF_INIT;
	int fd, rc;

	rc = region_file(s, path, sizeof(path));
	if (rc != CTL_EXIT_OK)
		return rc;
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	if (fd < 0) {
		rc = errno;
		skepctl_complain("%s: %s", path, strerror(rc));
		return rc == EACCES ? CTL_EXIT_DENIED : CTL_EXIT_FAILED;
	}
	rc = mend_path(s, mend, sizeof(mend));
	if (rc == 0)
		rc = verify(mend, fd, &verdict);
	close(fd);
	if (rc < 0) {
		skepctl_complain("cannot run skep-mend: %s", strerror(-rc));
		rc = CTL_EXIT_FAILED;
	} else {
		rc = judge(rc, &verdict);
		print(s, path, rc, &verdict);
		rc = rc == 0 && fflush(stdout) == 0 ? CTL_EXIT_OK :
		    CTL_EXIT_FAILED;
	}
	buf_fini(&verdict);
	return rc;
}

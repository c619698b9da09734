#include "stage.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

/* Every process of a stage inherits this variable. */
#define MARK "SKEP_TEST_STAGE"

int
stage_long(int usually, int at_length)
{
	const char *v = getenv("SKEP_LONG");

	return v != NULL && strcmp(v, "1") == 0 ? at_length : usually;
}

int
stage_open(struct stage *st, const char *conf, const char *group)
{
	int rc;

	*st = (struct stage){ .dir = "/tmp/skep-e2e.XXXXXX" };
	if (mkdtemp(st->dir) == NULL || setenv(MARK, st->dir, 1) < 0) {
		printf("cannot make a directory: %s\n", strerror(errno));
		return 1;
	}
	rc = server_start(&st->server, st->dir, conf, group, -1, st->why,
	    sizeof st->why);
	if (rc == 0)
		return 0;
	printf("%s: %s\n", rc == -ENOENT ? "skip" : "FAIL", st->why);
	(void)stage_close(st, rc != -ENOENT);
	return rc == -ENOENT ? 77 : 1;
}

static void
print_file(const char *path)
{
	char line[512];
	FILE *f = fopen(path, "re");

	while (f != NULL && fgets(line, sizeof line, f) != NULL)
		printf("  %s", line);
	if (f != NULL)
		(void)fclose(f); /* it was only read */
}

int
stage_fsck(const struct stage *st)
{
	char exe[512], out[128];
	const char *argv[] = { exe, "fsck", st->server.region, NULL };
	struct proc p;
	int status;

	snprintf(out, sizeof out, "%s/fsck", st->dir);
	if (server_program("skepctl", exe, sizeof exe) < 0 ||
	    proc_start(&p, argv, out, -1) < 0 ||
	    waitpid(p.pid, &status, 0) < 0) {
		printf("FAIL: skepctl cannot be run\n");
		return 1;
	}
	if (status == 0)
		return 0;
	printf("FAIL: the region is not whole:\n");
	print_file(out);
	return 1;
}

static int
is_ours(const struct stage *st, const char *pid)
{
	char path[300], want[128], env[65536];
	size_t len;
	ssize_t n;
	int fd;

	snprintf(path, sizeof path, "/proc/%s/environ", pid);
	len = (size_t)snprintf(want, sizeof want, MARK "=%s", st->dir);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return 0;
	n = read(fd, env, sizeof env);
	(void)close(fd);
	return n > 0 && memmem(env, (size_t)n, want, len) != NULL;
}

bool
stage_has(const struct stage *st, pid_t pid)
{
	char text[32];

	snprintf(text, sizeof text, "%d", (int)pid);
	return is_ours(st, text);
}

int
stage_processes(const struct stage *st, pid_t *out, int max)
{
	DIR *d = opendir("/proc");
	struct dirent *e;
	int n = 0;

	while (d != NULL && (e = readdir(d)) != NULL) {
		pid_t pid = (pid_t)atoi(e->d_name);

		/* The test has the variable too, since stage_open(). */
		if (pid > 0 && pid != getpid() && is_ours(st, e->d_name) &&
		    n < max)
			out[n++] = pid;
	}
	if (d != NULL)
		(void)closedir(d);
	return n;
}

static int
complain_of_strays(const struct stage *st)
{
	pid_t pid[64];
	int n = stage_processes(st, pid, 64);

	/* What died just now may still be in the table: its parent has reaped it, the kernel frees it. */
	for (int ms = 0; n > 0 && ms < 500; ms += 10) {
		(void)usleep(10000);
		n = stage_processes(st, pid, 64);
	}
	for (int i = 0; i < n; i++)
		printf("FAIL: process %d is left\n", (int)pid[i]);
	return n > 0;
}

static int
complain_of_errors(struct stage *st)
{
	char line[2048];
	int n = 0;

	st->server.log_at = 0;
	while (server_log_next(&st->server, line, sizeof line) == 1)
		if (strncmp(line, "Z error ", 8) != 0 &&
		    strstr(line, "Z error ") != NULL && n++ < 10)
			printf("log: %.300s\n", line);
	return n;
}

static int
remove_one(const char *path, const struct stat *s, int type, struct FTW *ftw)
{
	(void)s;
	(void)type;
	(void)ftw;
	(void)remove(path); /* a temporary file that stays is no failure */
	return 0;
}

int
stage_close(struct stage *st, int failed)
{
	int bad = 0, status = server_stop(&st->server);

	if (status != -1 && status != 0) {
		printf("FAIL: skepd ended with %s %d\n",
		    WIFSIGNALED(status) ? "signal" : "status",
		    WIFSIGNALED(status) ? WTERMSIG(status) :
					  WEXITSTATUS(status));
		bad = 1;
	}
	bad |= complain_of_strays(st);
	if (st->server.region[0] != '\0' && access(st->server.region, F_OK) == 0) {
		printf("FAIL: %s is left\n", st->server.region);
		(void)unlink(st->server.region);
		bad = 1;
	}
	if (!st->errors_meant && complain_of_errors(st) > 0) {
		printf("FAIL: the log has errors\n");
		bad = 1;
	}
	if (bad || failed || getenv("SKEP_KEEP") != NULL)
		printf("see %s/log\n", st->dir);
	else
		(void)nftw(st->dir, remove_one, 16, FTW_DEPTH | FTW_PHYS);
	return bad;
}

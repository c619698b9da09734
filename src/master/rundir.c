/* rundir.c - see rundir.h */
#include "rundir.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

static int
make_dir(const char *path, uid_t uid, gid_t gid)
{
	struct stat st;

	if (mkdir(path, 0755) == 0) {
		if (geteuid() == 0 && chown(path, uid, gid) < 0)
			return -errno;
		return 0;
	}
	if (errno != EEXIST)
		return -errno;
	if (stat(path, &st) < 0)
		return -errno;
	return S_ISDIR(st.st_mode) ? 0 : -ENOTDIR;
}

static pid_t
read_pid(int fd)
{
	char text[32];
	ssize_t n;

	n = pread(fd, text, sizeof text - 1, 0);
	if (n <= 0)
		return 0;
	text[n] = '\0';
	return (pid_t)strtol(text, NULL, 10);
}

static int
write_pid(int fd)
{
	char text[32];
	int n;

	n = snprintf(text, sizeof text, "%ld\n", (long)getpid());
	if (ftruncate(fd, 0) < 0 || pwrite(fd, text, (size_t)n, 0) != n)
		return -EIO;
	return 0;
}

int
rundir_open(struct rundir *rd, const char *path, uid_t uid, gid_t gid,
    pid_t *holder_out)
{
	char lock[PATH_MAX + 16];
	int rc, fd = -1;

	*holder_out = 0;
	rd->lock_fd = -1;
	if (strlen(path) >= sizeof rd->path)
		return -ENAMETOOLONG;
	strcpy(rd->path, path);
	rc = make_dir(path, uid, gid);
	if (rc < 0)
		return rc;
	snprintf(lock, sizeof lock, "%s/lock", path);
	fd = open(lock, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0644);
	if (fd < 0)
		return -errno;
	if (flock(fd, LOCK_EX | LOCK_NB) < 0) {
		rc = errno == EWOULDBLOCK ? -EEXIST : -errno;
		*holder_out = read_pid(fd);
		goto out;
	}
	if (geteuid() == 0 && fchown(fd, uid, gid) < 0) {
		rc = -errno;
		goto out;
	}
	rc = write_pid(fd);
	if (rc < 0)
		goto out;
	rd->lock_fd = fd;
	fd = -1;
out:
	if (fd >= 0)
		close(fd);
	return rc;
}

void
rundir_close(struct rundir *rd)
{
	if (rd->lock_fd >= 0)
		close(rd->lock_fd);
	rd->lock_fd = -1;
}

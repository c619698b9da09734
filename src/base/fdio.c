#include "fdio.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <linux/sockios.h>

#define FDS_MAX 16	/* descriptors in one packet */

int
fdio_write_all(int fd, const void *data, size_t n)
{
	const char *p = data;
	ssize_t k;

	while (n > 0) {
		k = write(fd, p, n);
		if (k < 0 && errno == EINTR)
			continue;
		if (k < 0)
			return -errno;
		p += k;
		n -= (size_t)k;
	}
	return 0;
}

int
fdio_read_all(int fd, void *data, size_t n)
{
	char *p = data;
	ssize_t k;

	while (n > 0) {
		k = read(fd, p, n);
		if (k < 0 && errno == EINTR)
			continue;
		if (k < 0)
			return -errno;
		if (k == 0)
			return -EPIPE;
		p += k;
		n -= (size_t)k;
	}
	return 0;
}

int
fdio_slurp(int fd, size_t max, char **data_out, size_t *len_out)
{
	struct stat st;
	size_t len = 0, size;
	char *data;
	ssize_t k;

	if (fstat(fd, &st) < 0)
		return -errno;
	if (!S_ISREG(st.st_mode))
		return S_ISDIR(st.st_mode) ? -EISDIR : -EINVAL;
	if (st.st_size < 0 || (uintmax_t)st.st_size > max)
		return -EFBIG;
	size = (size_t)st.st_size;
	data = malloc(size + 1);
	if (data == NULL)
		return -ENOMEM;
	while (len < size) {
		k = pread(fd, data + len, size - len, (off_t)len);
		if (k < 0 && errno == EINTR)
			continue;
		if (k < 0) {
			k = -errno;
			free(data);
			return (int)k;
		}
		if (k == 0)
			break;	/* it has just been cut */
		len += (size_t)k;
	}
	data[len] = '\0';
	*data_out = data;
	*len_out = len;
	return 0;
}

int
fdio_slurp_path(const char *path, size_t max, char **data_out, size_t *len_out)
{
	int fd, rc;

	/* Not blocking, or a FIFO of that name would hold us for ever. */
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	if (fd < 0)
		return -errno;
	rc = fdio_slurp(fd, max, data_out, len_out);
	close(fd);
	return rc;
}

static int
set_flag(int fd, int get, int set, int flag, int on)
{
	int flags = fcntl(fd, get);

	if (flags < 0)
		return -errno;
	flags = on ? flags | flag : flags & ~flag;
	return fcntl(fd, set, flags) < 0 ? -errno : 0;
}

int
fdio_set_nonblock(int fd, int on)
{
	return set_flag(fd, F_GETFL, F_SETFL, O_NONBLOCK, on);
}

int
fdio_set_cloexec(int fd, int on)
{
	return set_flag(fd, F_GETFD, F_SETFD, FD_CLOEXEC, on);
}

int
fdio_memfd(const char *name)
{
	int fd = memfd_create(name, MFD_CLOEXEC | MFD_ALLOW_SEALING);

	return fd < 0 ? -errno : fd;
}

int
fdio_memfd_sealed(const char *name, const void *data, size_t n)
{
	int fd = fdio_memfd(name), rc;

	if (fd < 0)
		return fd;
	rc = fdio_write_all(fd, data, n);
	if (rc == 0 && fcntl(fd, F_ADD_SEALS,
	    F_SEAL_WRITE | F_SEAL_GROW | F_SEAL_SHRINK | F_SEAL_SEAL) < 0)
		rc = -errno;
	if (rc < 0) {
		close(fd);
		return rc;
	}
	return fd;
}

int
fdio_place(int fd, int to)
{
	if (fd == to)
		return fdio_set_cloexec(fd, 0);
	if (dup2(fd, to) < 0)
		return -errno;
	close(fd);
	return 0;
}

int
fdio_dup_above(int fd, int min)
{
	int copy = fcntl(fd, F_DUPFD_CLOEXEC, min);

	return copy < 0 ? -errno : copy;
}

void
fdio_close_from(int first, const int *keep, size_t n)
{
	size_t i;

	/* Best effort: numbers in the range that are not open are no error. */
	for (i = 0; i < n; i++) {
		if (keep[i] < first)
			continue;
		if (keep[i] > first)
			(void)close_range((unsigned)first,
			    (unsigned)keep[i] - 1, 0);
		first = keep[i] + 1;
	}
	(void)close_range((unsigned)first, ~0U, 0);
}

void
fdio_close(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

int
fdio_unsent(int sock)
{
	int n;

	return ioctl(sock, SIOCOUTQ, &n) == 0 ? n : -1;
}

int
fdio_taken(int sock, int *unsent)
{
	int n = fdio_unsent(sock), taken = n < *unsent;

	*unsent = n;
	return taken;
}

ssize_t
fdio_sendv(int sock, struct iovec *iov, size_t n, const int *fds, size_t n_fds)
{
	union {
		char space[CMSG_SPACE(FDS_MAX * sizeof(int))];
		struct cmsghdr align;
	} ctl;
	struct msghdr msg = { .msg_iov = iov, .msg_iovlen = n };
	struct cmsghdr *c;
	ssize_t k;

	if (n_fds > FDS_MAX)
		return -EINVAL;
	if (n_fds > 0) {
		memset(&ctl, 0, sizeof(ctl));
		msg.msg_control = ctl.space;
		msg.msg_controllen = CMSG_SPACE(n_fds * sizeof(int));
		c = CMSG_FIRSTHDR(&msg);
		c->cmsg_level = SOL_SOCKET;
		c->cmsg_type = SCM_RIGHTS;
		c->cmsg_len = CMSG_LEN(n_fds * sizeof(int));
		memcpy(CMSG_DATA(c), fds, n_fds * sizeof(int));
	}
	do
		k = sendmsg(sock, &msg, MSG_NOSIGNAL);
	while (k < 0 && errno == EINTR);
	return k < 0 ? -errno : k;
}

ssize_t
fdio_send(int sock, const void *data, size_t n, const int *fds, size_t n_fds)
{
	struct iovec iov = { (void *)(uintptr_t)data, n };

	return fdio_sendv(sock, &iov, 1, fds, n_fds);
}

/* Move the descriptors of one control message to fds; those that do not fit are closed. */
static int
take_fds(const struct cmsghdr *c, int *fds, size_t *n_fds, size_t max)
{
	size_t n = (c->cmsg_len - CMSG_LEN(0)) / sizeof(int), i;
	int fd, rc = 0;

	for (i = 0; i < n; i++) {
		memcpy(&fd, CMSG_DATA(c) + i * sizeof(int), sizeof(fd));
		if (*n_fds < max)
			fds[(*n_fds)++] = fd;
		else {
			close(fd);
			rc = -EMSGSIZE;
		}
	}
	return rc;
}

ssize_t
fdio_recv(int sock, void *data, size_t n, int *fds, size_t *n_fds)
{
	union {
		char space[CMSG_SPACE(FDS_MAX * sizeof(int))];
		struct cmsghdr align;
	} ctl;
	struct iovec iov = { data, n };
	struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1,
	    .msg_control = ctl.space, .msg_controllen = sizeof(ctl.space) };
	size_t max = *n_fds;
	struct cmsghdr *c;
	ssize_t k;

	*n_fds = 0;
	do
		k = recvmsg(sock, &msg, MSG_CMSG_CLOEXEC);
	while (k < 0 && errno == EINTR);
	if (k < 0)
		return -errno;
	for (c = CMSG_FIRSTHDR(&msg); c != NULL; c = CMSG_NXTHDR(&msg, c))
		if (c->cmsg_level == SOL_SOCKET && c->cmsg_type == SCM_RIGHTS &&
		    take_fds(c, fds, n_fds, max) < 0)
			k = -EMSGSIZE;
	if ((msg.msg_flags & (MSG_TRUNC | MSG_CTRUNC)) != 0)
		k = -EMSGSIZE;
	while (k == -EMSGSIZE && *n_fds > 0)
		close(fds[--*n_fds]);
	return k;
}

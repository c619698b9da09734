#include "owner.h"

#include <dirent.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define INODES_MAX 16384

static char
state_of(pid_t pid)
{
	char path[64], text[512], *paren;
	FILE *f;
	size_t n;

	snprintf(path, sizeof path, "/proc/%d/stat", (int)pid);
	f = fopen(path, "re");
	if (f == NULL)
		return '\0';
	n = fread(text, 1, sizeof text - 1, f);
	(void)fclose(f); /* it was only read */
	text[n] = '\0';
	paren = strrchr(text, ')');
	return paren == NULL || paren[1] == '\0' ? '\0' : paren[2];
}

static int
stop(pid_t pid)
{
	if (kill(pid, SIGSTOP) < 0)
		return -errno;
	for (int i = 0; i < 2000; i++) {
		struct timespec t = { 0, 50000 };
		char s = state_of(pid);

		if (s == 'T')
			return 0;
		if (s == '\0' || s == 'Z')
			return -ESRCH;
		(void)nanosleep(&t, NULL);
	}
	return -ETIMEDOUT;
}

static size_t
sockets_of(pid_t pid, unsigned long *inode, size_t max)
{
	char path[64], text[64];
	struct dirent *e;
	size_t n = 0;
	DIR *d;

	snprintf(path, sizeof path, "/proc/%d/fd", (int)pid);
	d = opendir(path);
	while (d != NULL && n < max && (e = readdir(d)) != NULL) {
		ssize_t k = readlinkat(dirfd(d), e->d_name, text,
		    sizeof text - 1);

		if (k <= 0)
			continue;
		text[k] = '\0';
		n += sscanf(text, "socket:[%lu]", &inode[n]) == 1;
	}
	if (d != NULL)
		(void)closedir(d);
	return n;
}

static bool
among(unsigned long inode, const unsigned long *v, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (v[i] == inode)
			return true;
	return false;
}

int
owner_look(struct owner *o, pid_t pid, int port)
{
	static unsigned long inode[INODES_MAX];
	char line[512];
	size_t n;
	FILE *f;
	int rc;

	*o = (struct owner){ 0 };
	rc = stop(pid);
	if (rc < 0)
		return rc;
	n = sockets_of(pid, inode, INODES_MAX);
	f = fopen("/proc/net/tcp", "re");
	if (f == NULL)
		return -errno;
	while (fgets(line, sizeof line, f) != NULL) {
		unsigned local, remote;
		unsigned long ino;

		if (sscanf(line, " %*d: %*x:%x %*x:%x %*x %*s %*s %*s %*d %*d"
				 " %lu", &local, &remote, &ino) == 3 &&
		    (int)local == port && remote < 65536 && ino != 0 &&
		    among(ino, inode, n))
			o->has[remote / 8] |= (uint8_t)(1u << remote % 8);
	}
	(void)fclose(f); /* it was only read */
	return 0;
}

bool
owner_has(const struct owner *o, int client_port)
{
	return client_port > 0 && client_port < 65536 &&
	    (o->has[client_port / 8] >> client_port % 8 & 1) != 0;
}

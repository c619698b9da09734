/*
 * The control protocol as it is spoken by hand, and clients that take what is
 * there: connections, or the patience to wait for their answers to be read.
 */
#include "control_hand.h"

#include <errno.h>
#include <grp.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

static struct stage *st;
static char out[1 << 16];
static int bad;

#define SAY(...)                                                               \
	do {                                                                   \
		printf("FAIL: " __VA_ARGS__);                                  \
		putchar('\n');                                                 \
		bad = 1;                                                       \
	} while (0)

static int
dial(void)
{
	struct sockaddr_un un = { .sun_family = AF_UNIX };
	struct timeval limit = { 10, 0 };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	(void)snprintf(un.sun_path, sizeof(un.sun_path), "%s/run/control.sock",
	    st->dir);
	(void)setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
	if (connect(fd, (struct sockaddr *)&un, sizeof(un)) < 0) {
		close(fd);
		return -1;
	}
	return fd;
}

/* Send text, end our side, and read to the end of theirs. */
static void
talk(const char *text, const char *want)
{
	size_t at = 0;
	ssize_t n;
	int fd = dial();

	if (fd < 0 || send(fd, text, strlen(text), MSG_NOSIGNAL) < 0)
		SAY("cannot talk to the socket");
	(void)shutdown(fd, SHUT_WR);
	while ((n = recv(fd, out + at, sizeof(out) - 1 - at, 0)) > 0)
		at += (size_t)n;
	out[at] = '\0';
	close(fd);
	if (n < 0 || strncmp(out, want, strlen(want)) != 0)
		SAY("said %.100s: got %.300s, wanted %s", text, out, want);
}

static void
by_hand(void)
{
	/* Answers of master and keeper come in the order of the commands. */
	talk("ping\ncache set k \"a\\nb\"\r\n\ncache get k\nping --json\n",
	    "OK 5\npong\nOK 7\nstored\nOK 3\na\nb"
	    "{\"ok\":true,\"data\":{\"result\":\"pong\"");
}

/* --- clients that take what is there --- */

#define GUESTS 64	/* as many as the daemon has connections for */

/* As a member of the group: so many streams, then wait to be killed. */
static void
be_guests(int say)
{
	char first[GUESTS];
	int fd[GUESTS], i;

	if (setgroups(0, NULL) < 0 || setgid(1) < 0 || setuid(65534) < 0)
		_exit(1);
	for (i = 0; i < GUESTS; i++) {
		fd[i] = dial();
		if (fd[i] < 0 || send(fd[i], "events --follow\n", 16,
		    MSG_NOSIGNAL) < 0 || recv(fd[i], &first[i], 1, 0) != 1)
			first[i] = 'E';
	}
	if (write(say, first, sizeof(first)) != sizeof(first))
		_exit(1);
	(void)pause();
	_exit(0);
}

/* However many they are, root gets in. */
static void
guests(void)
{
	char first[GUESTS];
	int ends[2], i, n = 0, status;
	pid_t pid;

	if (geteuid() != 0)
		return;
	if (pipe(ends) < 0 || (pid = fork()) < 0) {
		SAY("cannot fork");
		return;
	}
	if (pid == 0)
		be_guests(ends[1]);
	(void)close(ends[1]);
	if (read(ends[0], first, sizeof(first)) != sizeof(first))
		SAY("the guests did not come in");
	else
		for (i = 0; i < GUESTS; i++)
			n += first[i] == 'M';
	if (n != GUESTS * 3 / 4)
		SAY("%d guests were served", n);
	talk("ping\n", "OK 5\npong\n");
	talk("cache stats --json\n", "{\"ok\":true");
	(void)kill(pid, SIGKILL);
	(void)waitpid(pid, &status, 0);
	(void)close(ends[0]);
}

/* An answer that is not taken is given up after control.idle_timeout. */
static void
deaf(void)
{
	static const char *const words[] = { "answer was not taken", NULL };
	char line[1024];
	int fd = dial(), i;
	ssize_t n;

	for (i = 0; i < 500 && fd >= 0; i++)
		if (send(fd, "metrics\n", 8, MSG_NOSIGNAL) != 8)
			break;
	if (server_log_wait(&st->server, words, 20000, line, sizeof(line)) != 1)
		SAY("an answer that is not taken is kept");
	while ((n = recv(fd, out, sizeof(out), 0)) > 0)
		;
	/* Reset, where some of what we said was not read. */
	if (n < 0 && errno != ECONNRESET)
		SAY("the connection is still open");
	close(fd);
}

int
control_hand(struct stage *stage)
{
	st = stage;
	by_hand();
	guests();
	deaf();
	return bad;
}

/*
 * `skepctl top` on a terminal: it draws, follows a change of size, ends with q,
 * and leaves the screen as it found it; also while it is stopped.
 */
#include "control_top.h"

#include <pty.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

#define ENTER "\033[?1049h\033[?25l"
#define LEAVE "\033[?25h\033[?1049l"

static const char *ctl, *sock;
static char out[1 << 20];	/* all that came from the terminal, as a string */
static size_t at;
static int bad;

#define SAY(...)                                                               \
	do {                                                                   \
		printf("FAIL: " __VA_ARGS__);                                  \
		putchar('\n');                                                 \
		bad = 1;                                                       \
	} while (0)

static void
become_top(void)
{
	(void)execl(ctl, ctl, "-s", sock, "top", "--interval=100ms",
	    (char *)NULL);
	_exit(127);
}

/* More of it; 0: the other end is gone, or out is full. */
static int
read_more(int fd)
{
	ssize_t n = at > sizeof(out) - 4097 ? 0 : read(fd, out + at, 4096);

	at += n > 0 ? (size_t)n : 0;
	out[at] = '\0';
	return n > 0;
}

/* Read until out has word behind from; NULL when it does not come. */
static const char *
read_until(int fd, size_t from, const char *word)
{
	const char *found;

	while ((found = strstr(out + from, word)) == NULL && read_more(fd))
		;
	return found;
}

static void
type(int fd, const char *key)
{
	if (write(fd, key, 1) != 1)
		SAY("cannot type");
}

/* None of what came so far is wider than 40 columns. */
static void
narrow(void)
{
	const char *p, *nl;
	char line[256];

	for (p = out; (nl = strstr(p, "\033[K")) != NULL; p = nl + 5) {
		(void)snprintf(line, sizeof(line), "%.*s", (int)(nl - p), p);
		if (strstr(line, "WORKER") != NULL &&
		    strstr(line, "RESTARTS") != NULL)
			SAY("top is wider than the screen");
	}
}

/* The end of the terminal and of its leader, which must be 0. */
static void
finish(int fd, pid_t pid, const char *what)
{
	int status;

	while (read_more(fd))
		;
	(void)close(fd);
	if (waitpid(pid, &status, 0) != pid || !WIFEXITED(status) ||
	    WEXITSTATUS(status) != 0)
		SAY("%s ended with %x", what, status);
	if (at < 14 || memcmp(out + at - 14, LEAVE, 14) != 0)
		SAY("%s left the screen like this: %.200s", what, out);
}

static void
live(void)
{
	struct winsize small = { .ws_row = 12, .ws_col = 40 },
	    wide = { .ws_row = 30, .ws_col = 120 };
	pid_t pid;
	int fd;

	at = 0;
	out[0] = '\0';
	pid = forkpty(&fd, NULL, NULL, &small);
	if (pid == 0)
		become_top();
	if (read_until(fd, 0, "web.1") == NULL)
		SAY("top does not draw: %.200s", out);
	narrow();
	(void)ioctl(fd, TIOCSWINSZ, &wide);
	if (read_until(fd, 0, "RESTARTS") == NULL)
		SAY("top does not follow the size");
	type(fd, "q");
	finish(fd, pid, "top");
}

/*
 * What a shell is to its job: waits until it stops, looks at the terminal,
 * and continues it.  0; 1 it did not stop, 2 not with a terminal for people.
 */
static int
shell(pid_t job)
{
	struct termios t;
	int status;

	if (waitpid(job, &status, WUNTRACED) != job || !WIFSTOPPED(status))
		return 1;
	if (tcgetattr(STDIN_FILENO, &t) < 0 ||
	    (t.c_lflag & (ICANON | ECHO)) != (ICANON | ECHO)) {
		(void)kill(job, SIGKILL);
		return 2;
	}
	(void)kill(job, SIGCONT);
	if (waitpid(job, &status, 0) != job)
		return 3;
	return WIFEXITED(status) ? WEXITSTATUS(status) : 4;
}

/* In the leader of the terminal's session: top as a job in the foreground. */
static void
become_shell(void)
{
	pid_t job;

	(void)signal(SIGTTOU, SIG_IGN);
	job = fork();
	if (job == 0) {
		(void)setpgid(0, 0);
		(void)tcsetpgrp(STDIN_FILENO, getpid());
		(void)signal(SIGTTOU, SIG_DFL);
		become_top();
	}
	_exit(job < 0 ? 5 : shell(job));
}

static void
stopped(void)
{
	struct winsize size = { .ws_row = 30, .ws_col = 120 };
	const char *left;
	pid_t pid;
	int fd;

	at = 0;
	out[0] = '\0';
	pid = forkpty(&fd, NULL, NULL, &size);
	if (pid == 0)
		become_shell();
	if (read_until(fd, 0, "web.1") == NULL)
		SAY("top does not draw: %.200s", out);
	type(fd, "\032");
	left = read_until(fd, 0, LEAVE);
	if (left == NULL)
		SAY("a stopped top keeps the screen");
	else if (read_until(fd, (size_t)(left - out), ENTER) == NULL)
		SAY("a continued top does not take the screen again");
	type(fd, "q");
	finish(fd, pid, "a stopped top");
}

int
control_top(const char *skepctl, const char *socket_path)
{
	ctl = skepctl;
	sock = socket_path;
	live();
	stopped();
	return bad;
}

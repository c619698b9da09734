#include "proc.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static void
sleep_ms(int ms)
{
	struct timespec t = { ms / 1000, ms % 1000 * 1000000L };

	(void)nanosleep(&t, NULL); /* shorter is harmless: callers loop */
}

int
proc_pin(int cpu)
{
	cpu_set_t set;

	if (cpu < 0)
		return 0;
	CPU_ZERO(&set);
	CPU_SET((size_t)cpu, &set);
	return sched_setaffinity(0, sizeof set, &set) < 0 ? -errno : 0;
}

int
proc_two_cpus(int *server_out, int *client_out)
{
	int found[2], n = 0;
	cpu_set_t set;

	if (sched_getaffinity(0, sizeof set, &set) < 0)
		return -errno;
	for (int i = 0; i < CPU_SETSIZE && n < 2; i++)
		if (CPU_ISSET((size_t)i, &set))
			found[n++] = i;
	if (n < 2)
		return -ENOTSUP;
	*server_out = found[0];
	*client_out = found[1];
	return 0;
}

/*
 * In the child.  Handlers of the parent would act in its name; and it may have
 * died before we asked for the signal.
 */
static void
settle(pid_t parent, int cpu)
{
	static const int own[] = { SIGTERM, SIGINT, SIGHUP, SIGPIPE };

	for (size_t i = 0; i < sizeof own / sizeof *own; i++)
		(void)signal(own[i], SIG_DFL); /* cannot fail for these */
	(void)prctl(PR_SET_PDEATHSIG, SIGTERM); /* cannot fail with a valid signal */
	if (getppid() != parent || proc_pin(cpu) < 0)
		_exit(126);
}

int
proc_fork(struct proc *p, int (*fn)(void *arg), void *arg, int cpu)
{
	pid_t me = getpid(), pid;
	sigset_t all, before;
	int e;

	/* A signal must not meet the child before it has settled. */
	(void)sigfillset(&all);
	(void)sigprocmask(SIG_BLOCK, &all, &before);
	pid = fork();
	if (pid == 0) {
		settle(me, cpu);
		(void)sigprocmask(SIG_SETMASK, &before, NULL);
		_exit(fn(arg));
	}
	e = errno;
	(void)sigprocmask(SIG_SETMASK, &before, NULL);
	if (pid < 0)
		return -e;
	p->pid = pid;
	return 0;
}

struct exec_arg {
	const char *const *argv;
	const char *log;
};

static int
exec_it(void *arg)
{
	const struct exec_arg *e = arg;
	int fd = open(e->log, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
	int null = open("/dev/null", O_RDONLY | O_CLOEXEC);

	if (fd < 0 || null < 0 || dup2(null, 0) < 0 || dup2(fd, 1) < 0 ||
	    dup2(fd, 2) < 0)
		return 126;
	/* exec has always taken what it does not write as if it did */
	execvp(e->argv[0], (char *const *)(uintptr_t)e->argv);
	perror(e->argv[0]);
	return 127;
}

int
proc_start(struct proc *p, const char *const argv[], const char *log, int cpu)
{
	struct exec_arg e = { argv, log };

	return proc_fork(p, exec_it, &e, cpu);
}

int
proc_alive(struct proc *p)
{
	if (p->pid == 0)
		return 0;
	if (waitpid(p->pid, NULL, WNOHANG) == 0)
		return 1;
	p->pid = 0;
	return 0;
}

int
proc_stop(struct proc *p, int wait_ms)
{
	int status = -1;

	if (p->pid == 0)
		return -1;
	(void)kill(p->pid, SIGTERM); /* it may have ended by itself */
	for (int ms = 0; ms < wait_ms; ms += 5) {
		if (waitpid(p->pid, &status, WNOHANG) != 0)
			goto out;
		sleep_ms(5);
	}
	(void)kill(p->pid, SIGKILL);
	(void)waitpid(p->pid, &status, 0); /* our own child: cannot fail */
out:
	p->pid = 0;
	return status;
}

int
proc_find(const char *name, char *out, size_t size)
{
	const char *path = getenv("PATH");
	char dirs[4096], *save, *d;

	snprintf(dirs, sizeof dirs, "%s:/usr/sbin:/usr/local/sbin:/sbin",
	    path == NULL ? "/usr/bin:/bin" : path);
	for (d = strtok_r(dirs, ":", &save); d != NULL;
	    d = strtok_r(NULL, ":", &save)) {
		snprintf(out, size, "%s/%s", d, name);
		if (access(out, X_OK) == 0)
			return 0;
	}
	return -ENOENT;
}

static int
loopback(int port, struct sockaddr_in *a)
{
	*a = (struct sockaddr_in){ .sin_family = AF_INET,
		.sin_port = htons((uint16_t)port),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	return socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
}

int
proc_free_port(void)
{
	struct sockaddr_in a;
	socklen_t len = sizeof a;
	int fd = loopback(0, &a), rc;

	if (fd < 0)
		return -errno;
	if (bind(fd, (struct sockaddr *)&a, sizeof a) < 0 ||
	    getsockname(fd, (struct sockaddr *)&a, &len) < 0)
		rc = -errno;
	else
		rc = ntohs(a.sin_port);
	(void)close(fd);
	return rc;
}

int
proc_wait_port(struct proc *p, int port, int wait_ms)
{
	for (int ms = 0; ms < wait_ms; ms += 5) {
		struct sockaddr_in a;
		int fd = loopback(port, &a), rc;

		if (fd < 0)
			return -errno;
		rc = connect(fd, (struct sockaddr *)&a, sizeof a);
		(void)close(fd);
		if (rc == 0)
			return 0;
		if (!proc_alive(p))
			return -ECHILD;
		sleep_ms(5);
	}
	return -ETIMEDOUT;
}

/*
 * proc.h - the servers that a case starts: child processes that die with it.
 */
#ifndef BENCH_PROC_H
#define BENCH_PROC_H

#include <stddef.h>
#include <sys/types.h>

struct proc {
	pid_t pid;		/* 0: not running */
};

/*
 * Run argv[0] (looked up in PATH) with its output appended to the file log, on
 * processor cpu (-1: any).  It gets SIGTERM when we die.  0, -errno.
 */
int proc_start(struct proc *, const char *const argv[], const char *log, int cpu);

/* The same for a function of our own, which returns the exit status. */
int proc_fork(struct proc *, int (*fn)(void *arg), void *arg, int cpu);

/* SIGTERM, and SIGKILL after wait_ms.  Returns the wait status, -1 if there was none. */
int proc_stop(struct proc *, int wait_ms);

/* Whether it still runs; reaps it otherwise. */
int proc_alive(struct proc *);

/* Stay on one processor; -1: any.  0, -errno. */
int proc_pin(int cpu);

/*
 * The two processors that a case uses, from those we may use: server and
 * client.  0; -ENOTSUP when there is only one.
 */
int proc_two_cpus(int *server_out, int *client_out);

/* Path of a program in PATH or the system's sbin directories into out; 0 or -ENOENT. */
int proc_find(const char *name, char *out, size_t size);

/* A TCP port of the loopback address that was free a moment ago; -errno. */
int proc_free_port(void);

/* Wait until something listens there.  0, -ETIMEDOUT, -ECHILD when the process has ended. */
int proc_wait_port(struct proc *, int port, int wait_ms);

#endif

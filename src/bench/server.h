/*
 * server.h - skepd, started in a directory of its own and followed by its log.
 *
 * The log says which ports were chosen and when a worker is ready, to the
 * microsecond; the control socket does what an operator would do.
 */
#ifndef BENCH_SERVER_H
#define BENCH_SERVER_H

#include <stddef.h>
#include <stdint.h>

#include <jansson.h>

#include "proc.h"

struct server {
	struct proc proc;
	char dir[256];		/* holds run/, state/, skepd.conf and log */
	char region[320];	/* the region's file, in shared memory */
	char log[320];
	long log_at;		/* how far it has been read */
	int port;		/* of the last listener of a group */
	int admin_port;
};

/*
 * Start it with DIR/skepd.conf made of the sections that every test needs (run
 * directory, user, admin server on a free port, region) and of conf, which has
 * the rest: at least one group, listening on port 0.  Returns when the group of
 * that name is ready: 0; -errno with the reason in why.  Stop it in any case.
 */
int server_start(struct server *, const char *dir, const char *conf,
    const char *group, int cpu, char *why, size_t why_size);

/* Write DIR/skepd.conf anew, for the next reload.  0, -errno. */
int server_configure(struct server *, const char *conf);

/* SIGTERM, SIGKILL after 15 s; returns the wait status. */
int server_stop(struct server *);

/*
 * One line of the log that has not been read yet, without its end.  1, 0 when
 * there is none now, -errno.
 */
int server_log_next(struct server *, char *line, size_t size);

/*
 * Wait until a line has all of the words, looking at each line once.  1, with
 * the line; 0 after wait_ms; -ECHILD when skepd has ended.
 */
int server_log_wait(struct server *, const char *const words[], int wait_ms,
    char *line, size_t size);

/* From a log line: its time (CLOCK_REALTIME, in ns; 0: none), and the value of key=value without quotes (1, 0 absent). */
uint64_t server_line_time_ns(const char *line);
int server_line_value(const char *line, const char *key, char *out,
    size_t size);

/*
 * One command on the control socket, without --json.  0 and the reply's data
 * (json_decref() it); -ECANCELED when it was refused, the reason in why; -errno.
 * Waits at most 60 s.
 */
int server_ctl(struct server *, const char *command, json_t **data_out,
    char *why, size_t why_size);

/* Path of a program: beside our own in a build tree, else installed.  0, -ENOENT. */
int server_program(const char *name, char *out, size_t size);

/* A plugin of the build tree (beside our program) or installed.  0, -ENOENT. */
int server_plugin(const char *name, char *out, size_t size);

#endif

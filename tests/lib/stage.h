/*
 * stage.h - a skepd for one test: directory, plugins of the build tree, and
 * the proof that nothing of it is left afterwards.
 */
#ifndef TESTS_STAGE_H
#define TESTS_STAGE_H

#include <stdbool.h>
#include <sys/types.h>

#include "server.h"

struct stage {
	struct server server;
	char dir[64];
	char why[512];
	int errors_meant;	/* set by a test that provokes error lines in the log */
};

/*
 * Start skepd with the sections in conf, ready when the group is; see
 * server_start().  0; 77 when it is not built (a test that returns it is
 * skipped); 1 with a message on standard output.
 */
int stage_open(struct stage *, const char *conf, const char *group);

/*
 * Stop it and prove that it ended in order: exit status 0 within its time, no
 * process of it alive, no region left, and no line of level error in its log
 * (unless errors_meant).
 * Prints what is wrong.  Returns 0 or 1.  Keeps the directory when something
 * was wrong, when failed is not 0, or with SKEP_KEEP in the environment, and
 * says where.
 */
int stage_close(struct stage *, int failed);

/* Have the region of the running server checked by skepctl fsck.  0; 1 with its verdict printed. */
int stage_fsck(const struct stage *);

/* Whether that process lives and belongs to this stage. */
bool stage_has(const struct stage *, pid_t);

/* Processes that belong to this stage, skepd among them. */
int stage_processes(const struct stage *, pid_t *out, int max);

/* For suites that run longer on request: the one or the other by SKEP_LONG in the environment. */
int stage_long(int usually, int at_length);

#endif

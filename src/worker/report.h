/*
 * report.h - log lines and backtraces from a signal handler: only calls that
 * are safe there, whatever the process was doing when the signal came.
 */
#ifndef WORKER_REPORT_H
#define WORKER_REPORT_H

#include <stddef.h>
#include <stdint.h>

struct skep_task;

#define REPORT_TEXT 512

/*
 * Once a process, and again after a fork: under which name lines are written,
 * and in which form.  Also loads what the unwinder needs.
 */
void report_init(const char *prog, int json);

/*
 * So that frames in a plugin's private copy are shown under its path, and with
 * the names of static functions: fd is the copy.  Both are borrowed.
 */
void report_module(const void *addr_in_it, const char *path, int fd);

/* Text under construction, NUL-terminated, cut where it is full. */
struct report {
	char text[REPORT_TEXT];
	size_t n;
};

void report_add(struct report *, const char *);
void report_num(struct report *, int64_t);
void report_hex(struct report *, uint64_t);
/*
 * " plugin=shop handler=\"/item/:id\" in=defer request_id=..." of a task, in=
 * while its defers run; NULL: " handler=none".
 */
void report_task(struct report *, const struct skep_task *);

/* An error line of this subsystem, in one write. */
void report_line(const char *sub, const struct report *);

/*
 * The frames above the signal handler's, one line each: "frame n=0
 * at=libx.so+0x1234 name=f".  Addresses are those of the instruction in the
 * file, as addr2line takes them.
 */
void report_backtrace(const char *sub);

#endif

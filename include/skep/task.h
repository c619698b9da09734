/* task.h - what every handler can do, whatever its task is. */
#ifndef SKEP_TASK_H
#define SKEP_TASK_H

#include <skep/types.h>

#ifdef __cplusplus
extern "C" {
#endif

/*
 * Zeroed memory, aligned for any type, that lives until the task ends.  NULL
 * over the task's limit (task.memory_max).  Running out is sticky: afterwards
 * every call on the task returns -ENOMEM, so that checking only the last
 * return value is enough.
 */
void *skep_alloc(struct skep_task *, size_t n);

/* A copy of s in the task's memory, with a NUL behind it; absent over the limit. */
struct skep_str skep_copy(struct skep_task *, struct skep_str s);

/* printf into the task's memory; the result has a NUL behind it. */
struct skep_str skep_fmt(struct skep_task *, const char *fmt, ...)
    SKEP_PRINTF(2, 3);

/*
 * Run fn(arg) when the task ends, in reverse order of registration, however it
 * ends short of the process dying.  fn must not wait.  0 or -ENOMEM.
 */
int skep_defer(struct skep_task *, void (*fn)(void *), void *arg);

/* Suspend the task.  0, -ETIMEDOUT (the deadline comes first), -ECANCELED.  ns <= 0 only lets others run. */
int skep_sleep(struct skep_task *, int64_t ns);

/* Nanoseconds until the task's deadline; negative when it has passed; INT64_MAX without one. */
int64_t skep_time_left(struct skep_task *);

/*
 * Set the deadline to ns from now, if that is earlier than the present one.  It
 * then also ends the waits for a client, in which a route's deadline stands still.
 */
void skep_deadline(struct skep_task *, int64_t ns);

/* 1 once the task has been cancelled (client gone, worker stopping). */
int skep_canceled(struct skep_task *);

/*
 * The id of the request or raw connection that started this task; also what its
 * log lines carry.
 */
struct skep_str skep_request_id(struct skep_task *);

/* The address of the client, for logs; absent for a task without one. */
struct skep_str skep_peer(struct skep_task *);

/* One line in the log, with the request id.  Never waits. */
void skep_log(struct skep_task *, enum skep_level, const char *fmt, ...)
    SKEP_PRINTF(3, 4);

/* The plugin's value of an option of its table: from the configuration, else its default. */
struct skep_str skep_option(struct skep_task *, const char *name);
/* The same, read as what the table says it is; 0 for another type. */
int64_t skep_option_int(struct skep_task *, const char *name);	/* count, bytes, or ns for a duration */

/* What open() has set with skep_app_set_data(). */
void *skep_data(struct skep_task *);

/* Calls for warm(), open() and close(). */
struct skep_str skep_app_option(struct skep_app *, const char *name);
int64_t skep_app_option_int(struct skep_app *, const char *name);
void skep_app_set_data(struct skep_app *, void *data);
void *skep_app_data(struct skep_app *);
void skep_app_log(struct skep_app *, enum skep_level, const char *fmt, ...)
    SKEP_PRINTF(3, 4);
/* Say why warm() or open() is about to fail: the operator sees it as the reason. */
void skep_app_fail(struct skep_app *, const char *fmt, ...) SKEP_PRINTF(2, 3);
/* Where the service keeps files (skepd.state_dir): an absolute path that exists. */
struct skep_str skep_app_state_dir(struct skep_app *);

#ifdef __cplusplus
}
#endif
#endif

/*
 * zygote.h - waits for CLONE and forks workers.
 *
 * A worker is forked twice: the process in the middle (a vfork(), for it only
 * forks, tells and ends) is gone at once, and the worker becomes the child of the master, which is a subreaper.  It says its
 * pid itself (SPAWNED), before anything else; if it dies even before that, the
 * master sees its channel end.
 */
#ifndef WORKER_ZYGOTE_H
#define WORKER_ZYGOTE_H

struct boot_args;

/* Until the master is gone.  Returns the exit status; in a clone, the worker's. */
int zygote_run(const struct boot_args *);

#endif

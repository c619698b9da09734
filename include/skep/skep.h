/*
 * skep.h - everything a plugin author sees.
 *
 * A plugin is a shared object that exports one constant struct named
 * skep_plugin (plugin.h).  Its handlers are straight-line functions of one
 * task (task.h): a request (http.h), a connection (stream.h) or a job (job.h).
 * Every call that waits suspends only the fiber of its task.
 *
 * Rules that hold throughout:
 *  - Calls return 0 or a count on success and -errno on failure; a look-up
 *    returns 1 found, 0 absent, -errno failed.
 *  - Bytes handed out through a task live until the task ends.  There is
 *    nothing to free.
 *  - Every wait ends: with its answer, -ETIMEDOUT at the task's deadline, or
 *    -ECANCELED when the client is gone or the worker has to stop.  After
 *    -ECANCELED further waits fail at once, so that a handler unwinds.
 */
#ifndef SKEP_SKEP_H
#define SKEP_SKEP_H

#include <skep/types.h>
#include <skep/task.h>
#include <skep/http.h>
#include <skep/stream.h>
#include <skep/cache.h>
#include <skep/job.h>
#include <skep/plugin.h>

#endif

/*
 * job.h - kinds of jobs a plugin can run.  The table has its place in the
 * plugin struct; a worker refuses a plugin that fills it until the queue is
 * part of the server.
 */
#ifndef SKEP_JOB_H
#define SKEP_JOB_H

#include <skep/types.h>

#ifdef __cplusplus
extern "C" {
#endif

/* fn: 0 the job is done, -EAGAIN again later, other -errno it failed. */
struct skep_job_kind {
	const char *name;
	skep_fn *fn;
	int64_t timeout;	/* 0: none, the watchdog rules */
	uint32_t concurrency;	/* at once in the whole cluster; 0: no limit */
	uint32_t attempts;	/* 0: the configuration's */
	void *reserved[6];
};

#ifdef __cplusplus
}
#endif
#endif

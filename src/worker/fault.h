/*
 * fault.h - the last words of a process that crashes: signal, address, the
 * handler that was running and a backtrace; then it dies of the same signal, so
 * that the master, and a core file, see what really happened.
 */
#ifndef WORKER_FAULT_H
#define WORKER_FAULT_H

struct loop;

/*
 * An alternate signal stack for the calling thread (a fiber's may be what
 * overflowed) and handlers for SEGV BUS FPE ILL ABRT SYS.  loop: whose running
 * task is named; NULL in the zygote.  Once; the handlers survive a fork, after
 * which fault_loop() names the loop.  0, -errno.
 */
int fault_init(void);
void fault_loop(const struct loop *);

#endif

/* cpus.h - how many CPUs this process may really use. */
#ifndef MASTER_CPUS_H
#define MASTER_CPUS_H

/* The CPUs of our affinity mask, less where a cgroup has a smaller quota
 * (rounded up); at least 1. */
int cpus_usable(void);

#endif

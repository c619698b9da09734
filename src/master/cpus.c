/* cpus.c - see cpus.h */
#include "cpus.h"

#include <sched.h>

#include "cgroup.h"

int
cpus_usable(void)
{
	struct cgroup_limits group;
	cpu_set_t set;
	int n = 1;

	cgroup_limits("", &group);
	if (sched_getaffinity(0, sizeof set, &set) == 0)
		n = CPU_COUNT(&set);
	if (group.cpus > 0 && group.cpus < n)
		n = group.cpus;
	return n > 0 ? n : 1;
}

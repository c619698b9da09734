/* cpus.c - see cpus.h */
#include "cpus.h"

#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define GROUP_PATH_MAX 4096

/* "max 100000" or "150000 100000": quota over period, rounded up; 0: none. */
static int
quota(const char *group)
{
	char path[GROUP_PATH_MAX + 64];
	long long used, period;
	int n = 0;
	FILE *f;

	snprintf(path, sizeof path, "/sys/fs/cgroup%s/cpu.max", group);
	f = fopen(path, "re");
	if (f == NULL)
		return 0;
	if (fscanf(f, "%lld %lld", &used, &period) == 2 && period > 0)
		n = (int)((used + period - 1) / period);
	(void)fclose(f); /* it was only read */
	return n;
}

/* The smallest quota on the way from our cgroup to the root. */
static int
cgroup_cpus(void)
{
	char line[GROUP_PATH_MAX], *group, *slash;
	int least = 0, n;
	FILE *f;

	f = fopen("/proc/self/cgroup", "re");
	if (f == NULL)
		return 0;
	while (fgets(line, sizeof line, f) != NULL) {
		if (strncmp(line, "0::", 3) != 0)
			continue;
		line[strcspn(line, "\n")] = '\0';
		group = line + 3;
		while ((slash = strrchr(group, '/')) != NULL) {
			n = quota(group);
			if (n > 0 && (least == 0 || n < least))
				least = n;
			*slash = '\0';
		}
	}
	(void)fclose(f); /* it was only read */
	return least;
}

int
cpus_usable(void)
{
	int group = cgroup_cpus(), n = 1;
	cpu_set_t set;

	if (sched_getaffinity(0, sizeof set, &set) == 0)
		n = CPU_COUNT(&set);
	if (group > 0 && group < n)
		n = group;
	return n > 0 ? n : 1;
}

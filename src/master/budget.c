/* budget.c - see budget.h */
#include "budget.h"

#include <stddef.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "cgroup.h"

void
budget_decide(const struct budget_input *in, struct budget *out)
{
	uint64_t size = in->wanted_bytes, fits;

	out->limit = BUDGET_AS_WANTED;
	out->memfd = 0;
	if (in->memory_bytes != 0 && size > in->memory_bytes / 4) {
		size = in->memory_bytes / 4;
		out->limit = BUDGET_BY_MEMORY;
	}
	fits = in->free_bytes / 4 * 3;
	if (fits < size / 2) {
		out->memfd = 1;
	} else if (fits < size) {
		size = fits;
		out->limit = BUDGET_BY_FILE_SYSTEM;
	}
	if (size < in->floor_bytes)
		size = in->floor_bytes;
	out->size_bytes = size;
}

const char *
budget_limit_name(enum budget_limit limit)
{
	static const char *const names[BUDGET_LIMITS] = {
		[BUDGET_BY_MEMORY] = "a quarter of memory",
		[BUDGET_BY_FILE_SYSTEM] =
		    "three quarters of the free memory file system",
	};

	return (unsigned)limit < BUDGET_LIMITS ? names[limit] : NULL;
}

uint64_t
budget_memory(void)
{
	long pages = sysconf(_SC_PHYS_PAGES), page = sysconf(_SC_PAGESIZE);
	struct cgroup_limits group;
	uint64_t machine = 0;

	cgroup_limits("", &group);
	if (pages > 0 && page > 0)
		machine = (uint64_t)pages * (uint64_t)page;
	return group.memory_bytes != 0 && group.memory_bytes < machine ?
	    group.memory_bytes : machine;
}

uint64_t
budget_free(const char *dir)
{
	struct statvfs st;

	if (statvfs(dir, &st) < 0)
		return 0;
	return (uint64_t)st.f_bavail * st.f_frsize;
}

/* budget.c - see budget.h */
#include "budget.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/statvfs.h>
#include <unistd.h>

#define LINE_MAX_BYTES 4096

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

/* A limit file holds a number or "max". */
static uint64_t
limit_read(const char *path)
{
	char text[32];
	uint64_t n = 0;
	FILE *f;

	f = fopen(path, "re");
	if (f == NULL)
		return 0;
	if (fgets(text, sizeof text, f) != NULL)
		n = strtoull(text, NULL, 10);
	(void)fclose(f); /* it was only read */
	return n;
}

/* Walk from our cgroup up to the root: the lowest limit counts. */
static uint64_t
cgroup_limit(char *group)
{
	char path[LINE_MAX_BYTES + 64], *slash;
	uint64_t lowest = 0, n;

	for (;;) {
		snprintf(path, sizeof path, "/sys/fs/cgroup%s/memory.max",
		    group);
		n = limit_read(path);
		if (n != 0 && (lowest == 0 || n < lowest))
			lowest = n;
		slash = strrchr(group, '/');
		if (slash == NULL)
			return lowest;
		*slash = '\0';
	}
}

static uint64_t
cgroup_memory(void)
{
	char line[LINE_MAX_BYTES];
	uint64_t n = 0;
	FILE *f;

	f = fopen("/proc/self/cgroup", "re");
	if (f == NULL)
		return 0;
	while (fgets(line, sizeof line, f) != NULL) {
		if (strncmp(line, "0::", 3) != 0)
			continue;
		line[strcspn(line, "\n")] = '\0';
		n = cgroup_limit(line + 3);
	}
	(void)fclose(f); /* it was only read */
	return n;
}

uint64_t
budget_memory(void)
{
	long pages = sysconf(_SC_PHYS_PAGES), page = sysconf(_SC_PAGESIZE);
	uint64_t group = cgroup_memory(), machine = 0;

	if (pages > 0 && page > 0)
		machine = (uint64_t)pages * (uint64_t)page;
	return group != 0 && group < machine ? group : machine;
}

uint64_t
budget_free(const char *dir)
{
	struct statvfs st;

	if (statvfs(dir, &st) < 0)
		return 0;
	return (uint64_t)st.f_bavail * st.f_frsize;
}

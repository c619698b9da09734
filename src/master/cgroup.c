/* cgroup.c - see cgroup.h */
#include "cgroup.h"

#include <limits.h>
#include <stdio.h>
#include <string.h>

#define LINE_MAX_BYTES 4096

/* Where a line of /proc/self/cgroup leads to. */
struct place {
	char dir[PATH_MAX];	/* of the hierarchy */
	char group[LINE_MAX_BYTES];
};

/* The numbers of a file's first line: how many of at most two there are. */
static int
numbers(const struct place *p, const char *name, long long v[2])
{
	char path[PATH_MAX + LINE_MAX_BYTES + 32];
	FILE *f;
	int n;

	snprintf(path, sizeof path, "%s%s/%s", p->dir, p->group, name);
	f = fopen(path, "re");
	if (f == NULL)
		return 0;
	n = fscanf(f, "%lld %lld", &v[0], &v[1]); /* "max" is no number */
	(void)fclose(f); /* it was only read */
	return n < 0 ? 0 : n;
}

static void
memory(const struct place *p, const char *name, struct cgroup_limits *out)
{
	long long v[2];
	uint64_t n;

	if (numbers(p, name, v) < 1 || v[0] <= 0)
		return;
	n = (uint64_t)v[0];
	if (out->memory_bytes == 0 || n < out->memory_bytes)
		out->memory_bytes = n;
}

static void
cpus(long long quota, long long period, struct cgroup_limits *out)
{
	long long n;

	if (quota <= 0 || period <= 0)
		return; /* -1 is version 1's "max" */
	n = quota / period + (quota % period != 0);
	if (n <= INT_MAX && (out->cpus == 0 || n < out->cpus))
		out->cpus = (int)n;
}

static void
memory_v1(const struct place *p, struct cgroup_limits *out)
{
	memory(p, "memory.limit_in_bytes", out);
}

static void
cpu_v1(const struct place *p, struct cgroup_limits *out)
{
	long long quota[2], period[2];

	if (numbers(p, "cpu.cfs_quota_us", quota) >= 1 &&
	    numbers(p, "cpu.cfs_period_us", period) >= 1)
		cpus(quota[0], period[0], out);
}

static void
both_v2(const struct place *p, struct cgroup_limits *out)
{
	long long v[2];

	memory(p, "memory.max", out);
	if (numbers(p, "cpu.max", v) == 2)
		cpus(v[0], v[1], out);
}

/* From our group up to the root: a parent's limit is ours as well. */
static void
walk(struct place *p, struct cgroup_limits *out,
    void (*look)(const struct place *, struct cgroup_limits *))
{
	char *slash;

	if (strcmp(p->group, "/") == 0)
		p->group[0] = '\0';
	for (;;) {
		look(p, out);
		slash = strrchr(p->group, '/');
		if (slash == NULL)
			return;
		*slash = '\0';
	}
}

/* Whether a list such as "cpu,cpuacct" names a controller. */
static int
lists(const char *list, const char *name)
{
	size_t n;

	for (; *list != '\0'; list += n + (list[n] == ',')) {
		n = strcspn(list, ",");
		if (n == strlen(name) && strncmp(list, name, n) == 0)
			return 1;
	}
	return 0;
}

/* A hierarchy of version 1 is mounted under the list of its controllers. */
static void
one_line(const char *root, char *line, struct cgroup_limits *out)
{
	struct place p;
	char *list = strchr(line, ':'), *group;

	group = list != NULL ? strchr(++list, ':') : NULL;
	if (group == NULL)
		return;
	*group++ = '\0';
	snprintf(p.dir, sizeof p.dir, "%s/sys/fs/cgroup%s%s", root,
	    *list != '\0' ? "/" : "", list);
	snprintf(p.group, sizeof p.group, "%s", group);
	if (*list == '\0')
		walk(&p, out, both_v2);
	else if (lists(list, "memory"))
		walk(&p, out, memory_v1);
	else if (lists(list, "cpu"))
		walk(&p, out, cpu_v1);
}

void
cgroup_limits(const char *root, struct cgroup_limits *out)
{
	char line[LINE_MAX_BYTES], path[PATH_MAX];
	FILE *f;

	memset(out, 0, sizeof *out);
	snprintf(path, sizeof path, "%s/proc/self/cgroup", root);
	f = fopen(path, "re");
	if (f == NULL)
		return;
	while (fgets(line, sizeof line, f) != NULL) {
		line[strcspn(line, "\n")] = '\0';
		one_line(root, line, out);
	}
	(void)fclose(f); /* it was only read */
}

/* check_cgroup - the limits of control groups, on machines made of files */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "../lib/suite.h"
#include "cgroup.h"

static char root[64];

static void
setup(void)
{
	strcpy(root, "/tmp/check_cgroup.XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(root));
}

static void
teardown(void)
{
	char command[128];

	snprintf(command, sizeof command, "rm -r %s", root);
	ck_assert_int_eq(system(command), 0);
}

/* A file of that machine, with the directories on its way. */
static void
file(const char *path, const char *text)
{
	char full[512], *slash;
	FILE *f;

	snprintf(full, sizeof full, "%s%s", root, path);
	for (slash = full + strlen(root) + 1;
	    (slash = strchr(slash, '/')) != NULL; slash++) {
		*slash = '\0';
		(void)mkdir(full, 0755); /* it may be there */
		*slash = '/';
	}
	f = fopen(full, "we");
	ck_assert_ptr_nonnull(f);
	ck_assert_int_ge(fputs(text, f), 0);
	ck_assert_int_eq(fclose(f), 0);
}

static struct cgroup_limits
limits(void)
{
	struct cgroup_limits l;

	cgroup_limits(root, &l);
	return l;
}

START_TEST(without_groups_there_is_no_limit)
{
	ck_assert_uint_eq(limits().memory_bytes, 0);
	ck_assert_int_eq(limits().cpus, 0);
	file("/proc/self/cgroup", "0::/\n4:memory:/\nnonsense\n1:cpu\n");
	ck_assert_uint_eq(limits().memory_bytes, 0);
	ck_assert_int_eq(limits().cpus, 0);
}
END_TEST

START_TEST(version_2_is_read_up_to_the_root)
{
	file("/proc/self/cgroup", "0::/a/b\n");
	file("/sys/fs/cgroup/a/b/memory.max", "max\n");
	file("/sys/fs/cgroup/a/memory.max", "1000000\n");
	file("/sys/fs/cgroup/a/b/cpu.max", "450000 100000\n");
	file("/sys/fs/cgroup/a/cpu.max", "150000 100000\n");
	file("/sys/fs/cgroup/cpu.max", "max 100000\n");
	ck_assert_uint_eq(limits().memory_bytes, 1000000);
	ck_assert_int_eq(limits().cpus, 2);
}
END_TEST

START_TEST(version_1_has_a_hierarchy_for_each_controller)
{
	file("/proc/self/cgroup", "9:name=systemd:/x\n4:memory:/a/b\n"
	    "2:cpuset,cpuacct:/c\n1:cpu:/c\n0::/\n");
	file("/sys/fs/cgroup/memory/a/b/memory.limit_in_bytes", "2000000\n");
	file("/sys/fs/cgroup/memory/a/memory.limit_in_bytes", "3000000\n");
	file("/sys/fs/cgroup/memory/memory.limit_in_bytes",
	    "9223372036854771712\n");
	file("/sys/fs/cgroup/cpu/c/cpu.cfs_quota_us", "250000\n");
	file("/sys/fs/cgroup/cpu/c/cpu.cfs_period_us", "100000\n");
	file("/sys/fs/cgroup/cpu/cpu.cfs_quota_us", "-1\n");
	file("/sys/fs/cgroup/cpu/cpu.cfs_period_us", "100000\n");
	ck_assert_uint_eq(limits().memory_bytes, 2000000);
	ck_assert_int_eq(limits().cpus, 3);
}
END_TEST

START_TEST(in_a_container_the_path_may_be_the_hosts)
{
	file("/proc/self/cgroup",
	    "5:cpu,cpuacct:/docker/0123\n4:memory:/docker/0123\n");
	file("/sys/fs/cgroup/memory/memory.limit_in_bytes", "4000000\n");
	file("/sys/fs/cgroup/cpu,cpuacct/cpu.cfs_quota_us", "100000\n");
	file("/sys/fs/cgroup/cpu,cpuacct/cpu.cfs_period_us", "100000\n");
	ck_assert_uint_eq(limits().memory_bytes, 4000000);
	ck_assert_int_eq(limits().cpus, 1);
}
END_TEST

SUITE_MAIN("cgroup", setup, teardown,
    without_groups_there_is_no_limit,
    version_2_is_read_up_to_the_root,
    version_1_has_a_hierarchy_for_each_controller,
    in_a_container_the_path_may_be_the_hosts)

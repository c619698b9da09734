/* prom_proc.c - the standard process_ family, of the master. */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "prom_int.h"

/* The n-th field (from 1, as proc(5) counts) of /proc/PID/stat; 0. */
static double
stat_field(const char *stat, int n)
{
	const char *p = strrchr(stat, ')');
	int field = 2;

	/* The name may hold spaces and parentheses; the last one ends it. */
	for (; p != NULL && field < n; field++) {
		p = strchr(p, ' ');
		if (p != NULL)
			p++;
	}
	return p == NULL ? 0 : strtod(p, NULL);
}

static int
count_fds(int pid)
{
	char path[64];
	struct dirent *e;
	DIR *d;
	int n = 0;

	(void)snprintf(path, sizeof(path), "/proc/%d/fd", pid);
	d = opendir(path);
	if (d == NULL)
		return -1;	/* another user's: not shown */
	while ((e = readdir(d)) != NULL)
		n += e->d_name[0] != '.';
	(void)closedir(d);
	return n;
}

/* The file's text; -1 when it cannot be read. */
static int
read_text(const char *path, char *buf, size_t size)
{
	FILE *f = fopen(path, "re");
	size_t n;

	if (f == NULL)
		return -1;
	n = fread(buf, 1, size - 1, f);
	(void)fclose(f);
	buf[n] = '\0';
	return 0;
}

static double
boot_time(void)
{
	static char stat[65536];
	const char *p;

	if (read_text("/proc/stat", stat, sizeof(stat)) < 0)
		return 0;
	p = strstr(stat, "\nbtime ");
	return p == NULL ? 0 : strtod(p + 7, NULL);
}

void
prom_process(struct buf *out, int pid)
{
	double hz = (double)sysconf(_SC_CLK_TCK), page =
	    (double)sysconf(_SC_PAGESIZE);
	char text[4096], path[64];
	const char *p;
	int n;

	(void)snprintf(path, sizeof(path), "/proc/%d/stat", pid);
	if (pid <= 0 || read_text(path, text, sizeof(text)) < 0)
		return;
	prom_one(out, "process_cpu_seconds_total",
	    (stat_field(text, 14) + stat_field(text, 15)) / hz);
	prom_one(out, "process_resident_memory_bytes", stat_field(text, 24) * page);
	prom_one(out, "process_virtual_memory_bytes", stat_field(text, 23));
	prom_one(out, "process_start_time_seconds",
	    boot_time() + stat_field(text, 22) / hz);
	n = count_fds(pid);
	if (n >= 0)
		prom_one(out, "process_open_fds", n);
	(void)snprintf(path, sizeof(path), "/proc/%d/limits", pid);
	if (read_text(path, text, sizeof(text)) < 0)
		return;
	p = strstr(text, "Max open files");
	if (p != NULL)
		prom_one(out, "process_max_fds",
		    strtod(p + strlen("Max open files"), NULL));
}

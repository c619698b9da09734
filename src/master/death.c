/* death.c - see death.h */
#include "death.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#define EXIT_BROKEN_INVARIANT 70
#define EXIT_WATCHDOG	      71
#define EXIT_REFUSED	      78
#define EXIT_NO_PROGRAM	      127

/* The value behind `key ` in a file of "key value" lines; 0 when absent. */
static uint64_t
file_value(const char *path, const char *key)
{
	char line[256];
	size_t len = strlen(key);
	uint64_t value = 0;
	FILE *f;

	f = fopen(path, "re");
	if (f == NULL)
		return 0;
	while (fgets(line, sizeof line, f) != NULL) {
		if (strncmp(line, key, len) != 0 || line[len] != ' ')
			continue;
		value = strtoull(line + len, NULL, 10);
		break;
	}
	(void)fclose(f); /* it was only read */
	return value;
}

/* Our cgroup is where the container or the unit put us: the root as seen. */
static uint64_t
cgroup_oom_kills(void)
{
	char line[4096], path[4200];
	uint64_t n = 0;
	FILE *f;

	f = fopen("/proc/self/cgroup", "re");
	if (f == NULL)
		return 0;
	while (fgets(line, sizeof line, f) != NULL) {
		if (strncmp(line, "0::", 3) != 0)
			continue;
		line[strcspn(line, "\n")] = '\0';
		snprintf(path, sizeof path, "/sys/fs/cgroup%s/memory.events",
		    line + 3);
		n = file_value(path, "oom_kill");
		break;
	}
	(void)fclose(f); /* it was only read */
	return n;
}

void
death_oom_init(struct death_oom *oom)
{
	oom->cgroup = cgroup_oom_kills();
	oom->machine = file_value("/proc/vmstat", "oom_kill");
}

static int
oom_kills_since(struct death_oom *oom)
{
	struct death_oom now;
	int n;

	death_oom_init(&now);
	n = now.cgroup > oom->cgroup || now.machine > oom->machine;
	*oom = now;
	return n;
}

enum death_kind
death_of_status(int status, int oom_kills)
{
	if (WIFEXITED(status)) {
		if (WEXITSTATUS(status) == 0)
			return DEATH_ORDERLY;
		if (WEXITSTATUS(status) == EXIT_WATCHDOG)
			return DEATH_WATCHDOG;
		return DEATH_STATUS;
	}
	switch (WTERMSIG(status)) {
	case SIGSEGV:
	case SIGBUS:
	case SIGABRT:
	case SIGILL:
	case SIGFPE:
	case SIGSYS:
		return DEATH_FAULT;
	case SIGXCPU:
	case SIGXFSZ:
		return DEATH_LIMIT;
	case SIGKILL:
		return oom_kills > 0 ? DEATH_MEMORY : DEATH_OUTSIDE;
	default:
		return DEATH_OUTSIDE;
	}
}

int
death_next(struct death_oom *oom, struct death *out)
{
	struct rusage use;
	int status, kills = 0;
	pid_t pid;

	do
		pid = wait4(-1, &status, WNOHANG, &use);
	while (pid < 0 && errno == EINTR);
	if (pid < 0)
		return errno == ECHILD ? 0 : -errno;
	if (pid == 0)
		return 0;
	if (WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL)
		kills = oom_kills_since(oom);
	*out = (struct death) {
		.pid = pid,
		.status = status,
		.kind = death_of_status(status, kills),
		.max_rss_kib = (uint64_t)use.ru_maxrss,
		.cpu_ms = (uint64_t)(use.ru_utime.tv_sec +
			      use.ru_stime.tv_sec) * 1000 +
		    (uint64_t)(use.ru_utime.tv_usec + use.ru_stime.tv_usec) /
			1000,
	};
	return 1;
}

enum death_kind
death_of_child(enum death_kind kind, int asked)
{
	if (kind != DEATH_ORDERLY)
		return kind;
	return asked ? DEATH_ASKED : DEATH_STATUS;
}

static const char *
status_meaning(int status, enum death_kind kind)
{
	switch (status) {
	case 0:
		return kind == DEATH_STATUS ? "ended without being asked" :
		    "in order";
	case EXIT_BROKEN_INVARIANT:
		return "broken invariant";
	case EXIT_WATCHDOG:
		return "watchdog";
	case EXIT_REFUSED:
		return "configuration or plugin refused";
	case EXIT_NO_PROGRAM:
		return "program could not be started";
	default:
		return "error";
	}
}

const char *
death_words(const struct death *d, char *buf, size_t cap)
{
	const char *abbrev;

	if (WIFEXITED(d->status)) {
		snprintf(buf, cap, "status=%d meaning=\"%s\"",
		    WEXITSTATUS(d->status),
		    status_meaning(WEXITSTATUS(d->status), d->kind));
		return buf;
	}
	abbrev = sigabbrev_np(WTERMSIG(d->status));
	snprintf(buf, cap, "sig=%d signal=%s%s%s%s", WTERMSIG(d->status),
	    abbrev != NULL ? "SIG" : "",
	    abbrev != NULL ? abbrev : "unknown",
	    WCOREDUMP(d->status) ? " core=yes" : "",
	    d->kind == DEATH_MEMORY ? " limit=memory" : "");
	return buf;
}

const char *
death_kind_name(enum death_kind kind)
{
	static const char *const names[DEATH_KINDS] = {
		[DEATH_ORDERLY] = "orderly",
		[DEATH_STATUS] = "error",
		[DEATH_WATCHDOG] = "watchdog",
		[DEATH_FAULT] = "fault",
		[DEATH_LIMIT] = "limit",
		[DEATH_MEMORY] = "memory",
		[DEATH_LATE] = "start-timeout",
		[DEATH_ASKED] = "asked",
		[DEATH_OUTSIDE] = "outside",
	};

	return (unsigned)kind < DEATH_KINDS ? names[kind] : "unknown";
}

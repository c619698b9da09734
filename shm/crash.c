/* crash.c - kill points: which exist, which were passed, which one kills */
#include "crash.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#ifdef SKEP_CRASH_POINTS

/* The linker makes these from the name of the section. */
extern struct crash_point *const __start_skep_crash[]
    __attribute__((weak, visibility("hidden")));
extern struct crash_point *const __stop_skep_crash[]
    __attribute__((weak, visibility("hidden")));

static struct crash_ctx {
	int loaded;
	char name[64];
	unsigned nth;
	unsigned passed;
	const char *log;
} ctx;

static void
crash_load(void)
{
	const char *s = getenv("SKEP_CRASH");
	size_t n;

	ctx.loaded = 1;
	ctx.log = getenv("SKEP_CRASH_LOG");
	if (s == NULL)
		return;
	n = strcspn(s, ":");
	if (n >= sizeof(ctx.name))
		return;
	memcpy(ctx.name, s, n);
	ctx.nth = s[n] == ':' ? (unsigned)strtoul(s + n + 1, NULL, 10) : 1;
}

static void
crash_log(const char *name)
{
	char line[80];
	int fd, n;

	n = snprintf(line, sizeof(line), "%.64s\n", name);
	fd = open(ctx.log, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600);
	if (fd < 0)
		return;
	if (write(fd, line, (size_t)n) != n)
		n = 0;		/* a lost line shows as a point not hit */
	close(fd);
}

void
crash_pass(struct crash_point *p)
{
	int saved = errno;

	if (!ctx.loaded)
		crash_load();
	if (p->hits++ == 0 && ctx.log != NULL)
		crash_log(p->name);
	if (ctx.nth != 0 && strcmp(p->name, ctx.name) == 0 &&
	    ++ctx.passed == ctx.nth)
		(void)kill(getpid(), SIGKILL);
	errno = saved;
}

unsigned
crash_each(void (*fn)(const struct crash_point *, void *), void *arg)
{
	struct crash_point *const *p;

	for (p = __start_skep_crash; p < __stop_skep_crash; p++)
		fn(*p, arg);
	return (unsigned)(__stop_skep_crash - __start_skep_crash);
}

static void
crash_match(const struct crash_point *p, void *arg)
{
	const char **name = arg;

	if (*name != NULL && strcmp(p->name, *name) == 0)
		*name = NULL;
}

int
crash_arm(const char *name, unsigned nth)
{
	const char *look = name;

	if (!ctx.loaded)
		crash_load();
	ctx.nth = 0;
	if (name == NULL)
		return 0;
	crash_each(crash_match, &look);
	if (look != NULL || strlen(name) >= sizeof(ctx.name))
		return -ENOENT;
	strcpy(ctx.name, name);
	ctx.passed = 0;
	ctx.nth = nth;
	return 0;
}

#else

unsigned
crash_each(void (*fn)(const struct crash_point *, void *), void *arg)
{
	(void)fn;
	(void)arg;
	return 0;
}

int
crash_arm(const char *name, unsigned nth)
{
	(void)nth;
	return name == NULL ? 0 : -ENOENT;
}

#endif

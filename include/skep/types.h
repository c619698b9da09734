/* types.h - byte strings, times, levels: what the other headers share. */
#ifndef SKEP_TYPES_H
#define SKEP_TYPES_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#ifdef __cplusplus
extern "C" {
#endif

struct skep_task;	/* a unit of work: one request, connection or job */
struct skep_app;	/* a plugin in one process, as open() and warm() see it */

typedef int skep_fn(struct skep_task *);

/* Borrowed bytes; no terminating NUL is promised.  p == NULL means absent. */
struct skep_str {
	const char *p;
	size_t n;
};

/* For "%.*s". */
#define SKEP_PR(s) (int)(s).n, (s).p

static inline struct skep_str
skep_str(const char *z)
{
	struct skep_str s;

	s.p = z;
	s.n = z == NULL ? 0 : strlen(z);
	return s;
}

static inline struct skep_str
skep_strn(const char *p, size_t n)
{
	struct skep_str s;

	s.p = p;
	s.n = n;
	return s;
}

static inline int
skep_str_eq(struct skep_str s, const char *z)
{
	return s.p != NULL && s.n == strlen(z) && memcmp(s.p, z, s.n) == 0;
}

/* Times are nanoseconds in an int64_t. */
#define SKEP_MILLISECOND ((int64_t)1000000)
#define SKEP_SECOND	 ((int64_t)1000000000)
#define SKEP_MINUTE	 (60 * SKEP_SECOND)
#define SKEP_HOUR	 (60 * SKEP_MINUTE)

enum skep_level {
	SKEP_LOG_ERROR,		/* someone must act */
	SKEP_LOG_WARN,		/* degraded */
	SKEP_LOG_INFO,		/* a state changed */
	SKEP_LOG_DEBUG
};

#ifdef __GNUC__
#define SKEP_PRINTF(f, a) __attribute__((format(printf, f, a)))
#define SKEP_EXPORT	  __attribute__((visibility("default")))
#else
#define SKEP_PRINTF(f, a)
#define SKEP_EXPORT
#endif

#ifdef __cplusplus
}
#endif
#endif

/*
 * fiber_san.h - what the sanitizers must be told of a switch of stacks.  All of
 * it is empty in an ordinary build.
 *
 *	leave(from, to)    just before the switch
 *	arrived(self)      the first thing after it, on the stack arrived at
 */
#ifndef BASE_FIBER_SAN_H
#define BASE_FIBER_SAN_H

#include <stddef.h>

#if defined(__SANITIZE_ADDRESS__)
#define FIBER_ASAN 1
#elif defined(__SANITIZE_THREAD__)
#define FIBER_TSAN 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define FIBER_ASAN 1
#elif __has_feature(thread_sanitizer)
#define FIBER_TSAN 1
#endif
#endif

#if defined(FIBER_ASAN)

#include <sanitizer/asan_interface.h>
#include <sanitizer/common_interface_defs.h>

#define FIBER_SAN 1

struct fiber_san {
	void *fake;		/* the fake stack while it is not running */
	const void *low;	/* of the real one; the loop's is learnt on the way */
	size_t n;
};

/* Who left last: its bounds are what arrived() is told, for the loop's stack. */
static _Thread_local struct fiber_san *fiber_san_from;

static inline void
fiber_san_init(struct fiber_san *s, const void *low, size_t n)
{
	s->fake = NULL;
	s->low = low;
	s->n = n;
}

static inline void
fiber_san_leave(struct fiber_san *from, struct fiber_san *to)
{
	fiber_san_from = from;
	__sanitizer_start_switch_fiber(&from->fake, to->low, to->n);
}

static inline void
fiber_san_leave_for_good(struct fiber_san *to)
{
	fiber_san_from = NULL;
	__sanitizer_start_switch_fiber(NULL, to->low, to->n);
}

static inline void
fiber_san_arrived(struct fiber_san *self)
{
	const void *low = NULL;
	size_t n = 0;

	__sanitizer_finish_switch_fiber(self->fake, &low, &n);
	if (fiber_san_from != NULL) {
		fiber_san_from->low = low;
		fiber_san_from->n = n;
	}
}

static inline void
fiber_san_fini(struct fiber_san *s, void *low, size_t n)
{
	(void)s;
	__asan_unpoison_memory_region(low, n);
}

#elif defined(FIBER_TSAN)

#include <sanitizer/tsan_interface.h>

#define FIBER_SAN 1

struct fiber_san {
	void *ctx;
};

static inline void
fiber_san_init(struct fiber_san *s, const void *low, size_t n)
{
	(void)low;
	(void)n;
	s->ctx = __tsan_create_fiber(0);
}

static inline void
fiber_san_leave(struct fiber_san *from, struct fiber_san *to)
{
	from->ctx = __tsan_get_current_fiber();
	__tsan_switch_to_fiber(to->ctx, 0);
}

static inline void
fiber_san_leave_for_good(struct fiber_san *to)
{
	__tsan_switch_to_fiber(to->ctx, 0);
}

static inline void
fiber_san_arrived(struct fiber_san *self)
{
	(void)self;
}

static inline void
fiber_san_fini(struct fiber_san *s, void *low, size_t n)
{
	(void)low;
	(void)n;
	__tsan_destroy_fiber(s->ctx);
}

#else

#define FIBER_SAN 0

struct fiber_san {
	char none;
};

static inline void
fiber_san_init(struct fiber_san *s, const void *low, size_t n)
{
	(void)s;
	(void)low;
	(void)n;
}

static inline void
fiber_san_leave(struct fiber_san *from, struct fiber_san *to)
{
	(void)from;
	(void)to;
}

static inline void
fiber_san_leave_for_good(struct fiber_san *to)
{
	(void)to;
}

static inline void
fiber_san_arrived(struct fiber_san *self)
{
	(void)self;
}

static inline void
fiber_san_fini(struct fiber_san *s, void *low, size_t n)
{
	(void)s;
	(void)low;
	(void)n;
}

#endif
#endif

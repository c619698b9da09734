#include "fiber.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "fiber_ctx.h"
#include "fiber_san.h"

/*
 * A frame that is larger than the guard, and not written from its upper end, can
 * reach over it into another fiber's stack.  Address space only: a page of
 * page tables serves five such fibers (1 MiB would take one for two, and twice
 * as long to map).  -fstack-clash-protection closes the rest.
 */
#define GUARD_BYTES (256u << 10)

struct fiber {
	struct fiber_ctx ctx;
	struct fiber_pool *pool;
	fiber_fn *fn;
	void *arg;
	struct fiber *next;	/* in pool->idle */
	char *map;		/* guard, stack, and this struct at its top */
	int ended;
	struct fiber_san san;
};

struct fiber_pool {
	struct fiber_ctx loop;	/* the stack that resumes */
	struct fiber_san loop_san;
	size_t guard, map_bytes;
	struct fiber *idle;
	unsigned n_idle, n_alive, keep_max;
	uint64_t n_made;
};

/* A thread has one running fiber; the check belongs to the program. */
static _Thread_local struct fiber *current;
static const char *(*check)(void);

/* We are wrong.  Nothing may be unwound: another stack may be half used. */
__attribute__((noreturn, cold)) static void
broken(const char *what, const char *detail)
{
	char line[160];
	int n;

	n = snprintf(line, sizeof line, "must: fiber: %s%s\n", what, detail);
	if (n > 0)
		(void)!write(STDERR_FILENO, line, (size_t)n);
	_exit(70);
}

static size_t
round_up(size_t n, size_t unit)
{
	return (n + unit - 1) / unit * unit;
}

int
fiber_pool_open(struct fiber_pool **out, size_t stack_bytes, unsigned keep_max)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);
	struct fiber_pool *p;

	*out = NULL;
	if (stack_bytes == 0 || stack_bytes > (size_t)1 << 30)
		return -EINVAL;
	if ((p = calloc(1, sizeof *p)) == NULL)
		return -ENOMEM;
	p->guard = round_up(GUARD_BYTES, page);
	p->map_bytes = p->guard +
	    round_up(stack_bytes + sizeof(struct fiber), page);
	p->keep_max = keep_max;
	*out = p;
	return 0;
}

static struct fiber *
fiber_map(struct fiber_pool *p)
{
	struct fiber *f;
	char *map;

	/* Not accessible first: the guard is not to be counted as memory. */
	map = mmap(NULL, p->map_bytes, PROT_NONE,
	    MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_STACK, -1, 0);
	if (map == MAP_FAILED)
		return NULL;
	if (mprotect(map + p->guard, p->map_bytes - p->guard,
		PROT_READ | PROT_WRITE) < 0) {
		(void)munmap(map, p->map_bytes);
		return NULL;
	}
	/* Also keeps the start of the stack 64-aligned. */
	f = (struct fiber *)(map + p->map_bytes - round_up(sizeof *f, 64));
	f->map = map;
	f->pool = p;
	p->n_made++;
	return f;
}

/* The stack's usable part. */
static char *
stack_low(const struct fiber *f)
{
	return f->map + f->pool->guard;
}

static size_t
stack_bytes(const struct fiber *f)
{
	return (size_t)((const char *)f - stack_low(f));
}

/* The first frame on every stack.  fn == NULL: the stack is about to go. */
static void
fiber_main(void *arg)
{
	struct fiber *f = arg;

	fiber_san_arrived(&f->san);
	while (f->fn != NULL) {
		f->fn(f->arg);
		f->ended = 1;
		fiber_san_leave(&f->san, &f->pool->loop_san);
		fiber_ctx_switch(&f->ctx, &f->pool->loop);
		fiber_san_arrived(&f->san);
	}
	fiber_san_leave_for_good(&f->pool->loop_san);
	fiber_ctx_switch(&f->ctx, &f->pool->loop);
	broken("a dead stack was resumed", "");
}

static void
fiber_free(struct fiber *f)
{
	struct fiber_pool *p = f->pool;

	/* Only the sanitizers keep anything for a stack that must be let go. */
	if (FIBER_SAN) {
		f->fn = NULL;
		fiber_san_leave(&p->loop_san, &f->san);
		fiber_ctx_switch(&p->loop, &f->ctx);
		fiber_san_arrived(&p->loop_san);
	}
	fiber_san_fini(&f->san, stack_low(f), stack_bytes(f));
	(void)munmap(f->map, p->map_bytes);
}

void
fiber_pool_close(struct fiber_pool **pp)
{
	struct fiber_pool *p = *pp;
	struct fiber *f;

	*pp = NULL;
	if (p == NULL)
		return;
	if (p->n_alive != 0)
		broken("pool closed with fibers alive", "");
	while ((f = p->idle) != NULL) {
		p->idle = f->next;
		fiber_free(f);
	}
	free(p);
}

struct fiber *
fiber_new(struct fiber_pool *p, fiber_fn *fn, void *arg)
{
	struct fiber *f = p->idle;

	if (f != NULL) {
		p->idle = f->next;
		p->n_idle--;
	} else {
		if ((f = fiber_map(p)) == NULL)
			return NULL;
		fiber_ctx_make(&f->ctx, stack_low(f), stack_bytes(f),
		    fiber_main, f);
		fiber_san_init(&f->san, stack_low(f), stack_bytes(f));
	}
	f->fn = fn;
	f->arg = arg;
	f->ended = 0;
	p->n_alive++;
	return f;
}

/* Its function has returned. */
static void
fiber_retire(struct fiber *f)
{
	struct fiber_pool *p = f->pool;

	p->n_alive--;
	if (p->n_idle >= p->keep_max) {
		fiber_free(f);
		return;
	}
	f->next = p->idle;
	p->idle = f;
	p->n_idle++;
}

int
fiber_resume(struct fiber *f)
{
	struct fiber_pool *p = f->pool;

	if (__builtin_expect(current != NULL, 0))
		broken("resumed from a fiber", "");
	current = f;
	fiber_san_leave(&p->loop_san, &f->san);
	fiber_ctx_switch(&p->loop, &f->ctx);
	fiber_san_arrived(&p->loop_san);
	current = NULL;
	if (!f->ended)
		return 1;
	fiber_retire(f);
	return 0;
}

void
fiber_suspend(void)
{
	struct fiber *f = current;
	const char *held;

	if (__builtin_expect(f == NULL, 0))
		broken("suspended on the loop's stack", "");
	if (check != NULL && (held = check()) != NULL)
		broken("suspended while holding ", held);
	fiber_san_leave(&f->san, &f->pool->loop_san);
	fiber_ctx_switch(&f->ctx, &f->pool->loop);
	fiber_san_arrived(&f->san);
}

struct fiber *
fiber_self(void)
{
	return current;
}

int
fiber_holds_addr(const struct fiber *f, const void *addr)
{
	const char *a = addr;

	if (a < f->map || a >= f->map + f->pool->map_bytes)
		return 0;
	return a < f->map + f->pool->guard ? 2 : 1;
}

void
fiber_set_check(const char *(*held)(void))
{
	check = held;
}

void
fiber_pool_stats(const struct fiber_pool *p, struct fiber_stats *out)
{
	out->made = p->n_made;
	out->alive = p->n_alive;
	out->idle = p->n_idle;
}

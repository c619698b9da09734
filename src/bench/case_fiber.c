/*
 * case_fiber - a switch of fibers, there and back, as a handler that waits
 * costs it; and swapcontext doing the same.
 */
#include "bench.h"

#include <errno.h>
#include <ucontext.h>

#include "fiber.h"

#define FIBER_OPS   2500	/* a chunk of some 50 us */
#define CONTEXT_OPS 150		/* the same */
#define STACK	    65536
#define CHUNKS	    200
#define LIMIT	    "<=30"

static void
forever(void *arg)
{
	(void)arg;
	for (;;)
		fiber_suspend();
}

static int
switch_fibers(void *arg, struct chunks *c)
{
	struct fiber *f = arg;

	while (chunks_want(c)) {
		uint64_t t = harness_now_ns();

		for (int i = 0; i < FIBER_OPS; i++)
			(void)fiber_resume(f); /* it never returns */
		t = harness_now_ns() - t;
		chunks_add(c, (double)t / FIBER_OPS, CHUNK_ALONE);
	}
	return 0;
}

static ucontext_t loop_context, work_context;

static void
forever_swapping(void)
{
	for (;;)
		(void)swapcontext(&work_context, &loop_context); /* fails only without memory for a mask */
}

static int
swap_contexts(void *arg, struct chunks *c)
{
	(void)arg;
	while (chunks_want(c)) {
		uint64_t t = harness_now_ns();

		for (int i = 0; i < CONTEXT_OPS; i++)
			if (swapcontext(&loop_context, &work_context) < 0)
				return -errno;
		t = harness_now_ns() - t;
		chunks_add(c, (double)t / CONTEXT_OPS, CHUNK_ALONE);
	}
	return 0;
}

static int
rows(struct bench *b, struct line *l)
{
	int rc = bench_run(b, l, 2, CHUNKS);

	if (rc == 0)
		rc = harness_row_limit(&b->rows, b->name, &l[0], 1, "1 ns",
		    LIMIT);
	if (rc == 0)
		rc = bench_row(b, &l[1], NULL, NULL);
	return rc;
}

int
case_fiber(struct bench *b)
{
	static char stack[STACK];
	struct line l[] = {
		{ .name = "a fiber switch, there and back", .unit = "ns",
		    .round = switch_fibers },
		{ .name = "swapcontext, there and back", .unit = "ns",
		    .round = swap_contexts },
	};
	struct fiber_pool *pool;
	int rc = fiber_pool_open(&pool, STACK, 1);

	if (rc < 0)
		return rc;
	l[0].arg = fiber_new(pool, forever, NULL);
	if (l[0].arg == NULL || getcontext(&work_context) < 0)
		return -ENOMEM;
	work_context.uc_stack.ss_sp = stack;
	work_context.uc_stack.ss_size = sizeof stack;
	makecontext(&work_context, forever_swapping, 0);
	rc = rows(b, l);
	harness_fini(l, 2);
	return rc; /* the fiber still waits: its pool ends with the process */
}

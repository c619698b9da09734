/* fiber_ctx by ucontext: for machines without a switch of their own; each switch costs a system call. */
#include "fiber_ctx.h"

#ifdef FIBER_UCONTEXT

#include <stdint.h>

/* makecontext() passes ints: a pointer travels as two. */
static void
start(unsigned hi, unsigned lo)
{
	struct fiber_ctx *ctx;

	ctx = (struct fiber_ctx *)(uintptr_t)((uint64_t)hi << 32 | lo);
	ctx->entry(ctx->arg);
}

void
fiber_ctx_make(struct fiber_ctx *ctx, void *low, size_t n,
    void (*entry)(void *), void *arg)
{
	uint64_t p = (uintptr_t)ctx;

	(void)getcontext(&ctx->uc);	/* cannot fail on Linux */
	ctx->uc.uc_stack.ss_sp = low;
	ctx->uc.uc_stack.ss_size = n;
	ctx->uc.uc_link = NULL;
	ctx->entry = entry;
	ctx->arg = arg;
	makecontext(&ctx->uc, (void (*)(void))start, 2, (unsigned)(p >> 32),
	    (unsigned)p);
}

void
fiber_ctx_switch(struct fiber_ctx *from, struct fiber_ctx *to)
{
	(void)swapcontext(&from->uc, &to->uc);
}

#endif

/* The first frame of a context, for the machines whose switch is in assembly. */
#include "fiber_ctx.h"

#ifndef FIBER_UCONTEXT

#include <stdint.h>
#include <string.h>

void fiber_ctx_start(void) __attribute__((visibility("hidden")));

#ifdef __x86_64__

void
fiber_ctx_make(struct fiber_ctx *ctx, void *low, size_t n,
    void (*entry)(void *), void *arg)
{
	uintptr_t top = ((uintptr_t)low + n) & ~(uintptr_t)15;
	uint64_t *frame = (uint64_t *)top - 10;
	uint32_t mxcsr;
	uint16_t x87;

	/* As fiber_ctx_switch() leaves it; after it rsp is 16-aligned. */
	__asm__ volatile("stmxcsr %0" : "=m"(mxcsr));
	__asm__ volatile("fnstcw %0" : "=m"(x87));
	memset(frame, 0, 10 * sizeof *frame);
	frame[0] = mxcsr | (uint64_t)x87 << 32;
	frame[3] = (uintptr_t)arg;			/* r13 */
	frame[4] = (uintptr_t)entry;			/* r12 */
	frame[7] = (uintptr_t)fiber_ctx_start;		/* return address */
	ctx->sp = frame;
}

#else

void
fiber_ctx_make(struct fiber_ctx *ctx, void *low, size_t n,
    void (*entry)(void *), void *arg)
{
	uintptr_t top = ((uintptr_t)low + n) & ~(uintptr_t)15;
	uint64_t *frame = (uint64_t *)top - 22;
	uint64_t fpcr;

	__asm__ volatile("mrs %0, fpcr" : "=r"(fpcr));
	memset(frame, 0, 22 * sizeof *frame);
	frame[0] = (uintptr_t)entry;			/* x19 */
	frame[1] = (uintptr_t)arg;			/* x20 */
	frame[11] = (uintptr_t)fiber_ctx_start;		/* x30 */
	frame[20] = fpcr;
	ctx->sp = frame;
}

#endif
#endif

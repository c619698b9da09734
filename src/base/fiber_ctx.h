/*
 * fiber_ctx.h - the switch itself: a saved point of execution on some stack.
 *
 * Three implementations, one file each: fiber_ctx_x86_64.S,
 * fiber_ctx_aarch64.S, and fiber_ctx_ucontext.c for all other machines (and
 * for -DFIBER_UCONTEXT, which the tests use).
 */
#ifndef BASE_FIBER_CTX_H
#define BASE_FIBER_CTX_H

#if !defined(FIBER_UCONTEXT) && !defined(__x86_64__) && !defined(__aarch64__)
#define FIBER_UCONTEXT 1
#endif

#ifndef __ASSEMBLER__

#include <stddef.h>

#ifdef FIBER_UCONTEXT
#include <ucontext.h>

struct fiber_ctx {
	ucontext_t uc;
	void (*entry)(void *);
	void *arg;
};
#else
struct fiber_ctx {
	void *sp;	/* the registers lie on the stack */
};
#endif

/*
 * Make ctx begin with entry(arg) on the stack [low, low + n) when it is first
 * switched to.  entry never returns.  A backtrace ends there.
 */
void fiber_ctx_make(struct fiber_ctx *ctx, void *low, size_t n,
    void (*entry)(void *), void *arg);

/* Save this point in *from and go on at *to. */
void fiber_ctx_switch(struct fiber_ctx *from, struct fiber_ctx *to);

#endif
#endif

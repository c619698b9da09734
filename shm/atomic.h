/*
 * atomic.h - the only way in which shared words are touched: C11 atomics by
 * names that show the order.
 *
 *	ld_rlx ld_acq			loads
 *	st_rlx st_rel			stores
 *	cas_rlx cas_acq cas_ar		compare-and-swap: 1 done, 0 failed and
 *					*expected_io holds what was found
 *	swap_ar add_* sub_rlx or_ar and_ar
 *					read-modify-write, give the old value
 *	fence_full			nothing passes, in either direction
 *	compiler_barrier		the compiler reorders nothing across it; the
 *					processor may (epoch.h says who orders that)
 *	cpu_relax			one turn of a spin
 *
 * A relaxed load needs a comment that says why an old value does no harm.
 */
#ifndef SHM_ATOMIC_H
#define SHM_ATOMIC_H

#include <assert.h>
#include <stdatomic.h>
#include <stdint.h>

static_assert(ATOMIC_LLONG_LOCK_FREE == 2 && ATOMIC_INT_LOCK_FREE == 2,
    "shared words must be lock-free: a lock would be private to one process");

#define ld_rlx(p)	atomic_load_explicit((p), memory_order_relaxed)
#define ld_acq(p)	atomic_load_explicit((p), memory_order_acquire)
#define st_rlx(p, v)	atomic_store_explicit((p), (v), memory_order_relaxed)
#define st_rel(p, v)	atomic_store_explicit((p), (v), memory_order_release)

#define atomic_cas(p, e, v, order)					\
	atomic_compare_exchange_strong_explicit((p), (e), (v), (order),	\
	    memory_order_relaxed)
#define cas_rlx(p, expected_io, v)					\
	atomic_cas((p), (expected_io), (v), memory_order_relaxed)
#define cas_acq(p, expected_io, v)					\
	atomic_cas((p), (expected_io), (v), memory_order_acquire)
#define cas_ar(p, expected_io, v)					\
	atomic_cas((p), (expected_io), (v), memory_order_acq_rel)

#define swap_ar(p, v)	atomic_exchange_explicit((p), (v), memory_order_acq_rel)
#define add_rlx(p, v)	atomic_fetch_add_explicit((p), (v), memory_order_relaxed)
#define add_ar(p, v)	atomic_fetch_add_explicit((p), (v), memory_order_acq_rel)
#define sub_rlx(p, v)	atomic_fetch_sub_explicit((p), (v), memory_order_relaxed)
#define or_ar(p, v)	atomic_fetch_or_explicit((p), (v), memory_order_acq_rel)
#define and_ar(p, v)	atomic_fetch_and_explicit((p), (v), memory_order_acq_rel)
#define add_seq(p, v)	atomic_fetch_add_explicit((p), (v), memory_order_seq_cst)

#define compiler_barrier()	atomic_signal_fence(memory_order_seq_cst)

static inline void
fence_full(void)
{
#ifdef __SANITIZE_THREAD__
	/* ThreadSanitizer does not know fences; a locked operation is one on
	 * the machines it runs on. */
	_Atomic uint32_t word = 0;

	(void)add_seq(&word, 1);
#else
	atomic_thread_fence(memory_order_seq_cst);
#endif
}

static inline void
cpu_relax(void)
{
#if defined(__x86_64__)
	__builtin_ia32_pause();
#elif defined(__aarch64__)
	__asm__ __volatile__("yield");
#endif
}

#endif

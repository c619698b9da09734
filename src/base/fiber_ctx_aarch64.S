/*
 * fiber_ctx for AArch64, AAPCS64.  A suspended context is its stack pointer;
 * at it lie x19 to x30, d8 to d15 (the halves of v8 to v15 that a called
 * function keeps), and fpcr.
 */
#include "fiber_ctx.h"

#if defined(__aarch64__) && !defined(FIBER_UCONTEXT)

	.text

/* void fiber_ctx_switch(struct fiber_ctx *from (x0), struct fiber_ctx *to (x1)) */
	.globl	fiber_ctx_switch
	.hidden	fiber_ctx_switch
	.type	fiber_ctx_switch, %function
	.p2align 4
fiber_ctx_switch:
	.cfi_startproc
	hint	#34			/* bti c */
	sub	sp, sp, #176
	.cfi_adjust_cfa_offset 176
	stp	x19, x20, [sp, #0]
	stp	x21, x22, [sp, #16]
	stp	x23, x24, [sp, #32]
	stp	x25, x26, [sp, #48]
	stp	x27, x28, [sp, #64]
	stp	x29, x30, [sp, #80]
	.cfi_rel_offset x19, 0
	.cfi_rel_offset x20, 8
	.cfi_rel_offset x21, 16
	.cfi_rel_offset x22, 24
	.cfi_rel_offset x23, 32
	.cfi_rel_offset x24, 40
	.cfi_rel_offset x25, 48
	.cfi_rel_offset x26, 56
	.cfi_rel_offset x27, 64
	.cfi_rel_offset x28, 72
	.cfi_rel_offset x29, 80
	.cfi_rel_offset x30, 88
	stp	d8, d9, [sp, #96]
	stp	d10, d11, [sp, #112]
	stp	d12, d13, [sp, #128]
	stp	d14, d15, [sp, #144]
	mrs	x2, fpcr
	str	x2, [sp, #160]
	mov	x3, sp
	str	x3, [x0]
	/* From here on the other stack, of the same shape: the unwind rules hold. */
	ldr	x3, [x1]
	mov	sp, x3
	ldr	x4, [sp, #160]
	cmp	x4, x2
	b.ne	2f
1:	ldp	x19, x20, [sp, #0]
	ldp	x21, x22, [sp, #16]
	ldp	x23, x24, [sp, #32]
	ldp	x25, x26, [sp, #48]
	ldp	x27, x28, [sp, #64]
	ldp	x29, x30, [sp, #80]
	ldp	d8, d9, [sp, #96]
	ldp	d10, d11, [sp, #112]
	ldp	d12, d13, [sp, #128]
	ldp	d14, d15, [sp, #144]
	.cfi_restore x19
	.cfi_restore x20
	.cfi_restore x21
	.cfi_restore x22
	.cfi_restore x23
	.cfi_restore x24
	.cfi_restore x25
	.cfi_restore x26
	.cfi_restore x27
	.cfi_restore x28
	.cfi_restore x29
	.cfi_restore x30
	add	sp, sp, #176
	.cfi_adjust_cfa_offset -176
	ret
2:	msr	fpcr, x4
	b	1b
	.cfi_endproc
	.size	fiber_ctx_switch, . - fiber_ctx_switch

/*
 * Where a new context begins: x19 is the entry, x20 its argument.  The return
 * address is declared undefined, which is how an unwinder knows the end.
 */
	.globl	fiber_ctx_start
	.hidden	fiber_ctx_start
	.type	fiber_ctx_start, %function
	.p2align 4
fiber_ctx_start:
	.cfi_startproc
	.cfi_undefined x30
	hint	#36			/* bti j */
	mov	x0, x20
	blr	x19
	brk	#0
	.cfi_endproc
	.size	fiber_ctx_start, . - fiber_ctx_start

#endif
	.section .note.GNU-stack, "", %progbits

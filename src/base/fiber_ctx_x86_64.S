/*
 * fiber_ctx for x86-64, System V calling convention.  A suspended context is
 * its stack pointer; below the return address lie, from high to low: rbp rbx
 * r12 r13 r14 r15, and one word with mxcsr and the x87 control word.
 *
 * The jump is through a register instead of ret: the processor predicts ret by
 * the calls it has seen, which is always wrong here.  No note promises a shadow
 * stack, so the linker turns it off for the whole program.
 */
#include "fiber_ctx.h"

#if defined(__x86_64__) && !defined(FIBER_UCONTEXT)

	.text

/* void fiber_ctx_switch(struct fiber_ctx *from (rdi), struct fiber_ctx *to (rsi)) */
	.globl	fiber_ctx_switch
	.hidden	fiber_ctx_switch
	.type	fiber_ctx_switch, @function
	.p2align 4
fiber_ctx_switch:
	.cfi_startproc
	endbr64
	pushq	%rbp
	.cfi_adjust_cfa_offset 8
	.cfi_rel_offset %rbp, 0
	pushq	%rbx
	.cfi_adjust_cfa_offset 8
	.cfi_rel_offset %rbx, 0
	pushq	%r12
	.cfi_adjust_cfa_offset 8
	.cfi_rel_offset %r12, 0
	pushq	%r13
	.cfi_adjust_cfa_offset 8
	.cfi_rel_offset %r13, 0
	pushq	%r14
	.cfi_adjust_cfa_offset 8
	.cfi_rel_offset %r14, 0
	pushq	%r15
	.cfi_adjust_cfa_offset 8
	.cfi_rel_offset %r15, 0
	subq	$8, %rsp
	.cfi_adjust_cfa_offset 8
	stmxcsr	(%rsp)
	fnstcw	4(%rsp)
	movl	(%rsp), %eax
	movzwl	4(%rsp), %ecx
	movq	%rsp, (%rdi)
	/* From here on the other stack, of the same shape: the unwind rules hold. */
	movq	(%rsi), %rsp
	/*
	 * Loading the modes is slow (25 ns) and they hardly ever differ.  The low
	 * six bits of mxcsr are the exceptions seen so far: they differ all the
	 * time, and nobody may rely on them across a call.
	 */
	xorl	(%rsp), %eax
	testl	$0xffc0, %eax
	jne	2f
1:	cmpw	%cx, 4(%rsp)
	jne	3f
4:	addq	$8, %rsp
	.cfi_adjust_cfa_offset -8
	popq	%r15
	.cfi_adjust_cfa_offset -8
	.cfi_restore %r15
	popq	%r14
	.cfi_adjust_cfa_offset -8
	.cfi_restore %r14
	popq	%r13
	.cfi_adjust_cfa_offset -8
	.cfi_restore %r13
	popq	%r12
	.cfi_adjust_cfa_offset -8
	.cfi_restore %r12
	popq	%rbx
	.cfi_adjust_cfa_offset -8
	.cfi_restore %rbx
	popq	%rbp
	.cfi_adjust_cfa_offset -8
	.cfi_restore %rbp
	popq	%rcx
	.cfi_adjust_cfa_offset -8
	.cfi_register %rip, %rcx
	jmpq	*%rcx
	.cfi_adjust_cfa_offset 64
	.cfi_rel_offset %rip, 56
2:	ldmxcsr	(%rsp)
	jmp	1b
3:	fldcw	4(%rsp)
	jmp	4b
	.cfi_endproc
	.size	fiber_ctx_switch, . - fiber_ctx_switch

/*
 * Where a new context begins: r12 is the entry, r13 its argument.  The return
 * address is declared undefined, which is how an unwinder knows the end.
 */
	.globl	fiber_ctx_start
	.hidden	fiber_ctx_start
	.type	fiber_ctx_start, @function
	.p2align 4
fiber_ctx_start:
	.cfi_startproc
	.cfi_undefined %rip
	endbr64
	movq	%r13, %rdi
	callq	*%r12
	ud2
	.cfi_endproc
	.size	fiber_ctx_start, . - fiber_ctx_start

#endif
	.section .note.GNU-stack, "", @progbits

/*
 * Entry, and the faults: fault_N sets up what it needs and makes fault N. Handlers do nothing, for ever, so that everything stays as the fault has left it.
 * test/support/fault-zoo/arm.ts says what each of them is.
 */
#include "zoo.h"
  .syntax unified
  .arm
  .arch_extension sec
  .arch_extension virt
  .fpu neon-vfpv4

#define LAST 46

  .section .text.start, "ax"
  .globl _start
_start:
  ldr sp, =stack + 4096
  ldr r0, =vectors
  mrs r1, cpsr
  and r1, r1, #0x1f
  cmp r1, #0x1a
  mcreq p15, 4, r0, c12, c0, 0 /* HVBAR */
  mcr p15, 0, r0, c12, c0, 0 /* VBAR */
  ldr r0, =__bss_start
  ldr r1, =__bss_end
  mov r3, #0
1:
  cmp r0, r1
  strlo r3, [r0], #4
  blo 1b
  mov r0, r2
  bl fault_number
  cmp r0, #LAST
  movhi r0, #0
  ldr r1, =faults
  ldr r0, [r1, r0, lsl #2]
  bx r0

  .balign 32
vectors:
  .rept 8
  b .
  .endr

  .altmacro
  .macro entry n
  .word fault_\n
  .endm
  .balign 4
faults:
  .word vectors /* no number, or none of ours */
  .set n, 1
  .rept LAST
  entry %n
  .set n, n + 1
  .endr

/* MMU on with short descriptors; domain 0 is a client, the others are closed. R0 has more bits for SCTLR. */
short_mmu:
  push {r4, lr}
  mov r4, r0
  bl short_tables
  ldr r0, =short_first
  mov r1, #0
  mcr p15, 0, r1, c2, c0, 2 /* TTBCR */
  mcr p15, 0, r0, c2, c0, 0 /* TTBR0 */
  mov r1, #1
  mcr p15, 0, r1, c3, c0, 0 /* DACR */
  b mmu_on

/* MMU on with long descriptors. R0 is TTBCR. */
long_mmu:
  push {r4, lr}
  mov r4, r0
  bl long_tables
  mcr p15, 0, r4, c2, c0, 2 /* TTBCR */
  ldr r0, =long_first
  ldr r2, =long_upper
  mov r1, #0
  mcrr p15, 0, r0, r1, c2 /* TTBR0 */
  mcrr p15, 1, r2, r1, c2 /* TTBR1 */
  mov r1, #0xff
  mcr p15, 0, r1, c10, c2, 0 /* MAIR0: normal, write-back */
  mov r4, #0
mmu_on:
  dsb
  mcr p15, 0, r1, c8, c7, 0 /* TLBIALL */
  isb
  mrc p15, 0, r0, c1, c0, 0
  orr r0, r0, #1
  orr r0, r0, r4
  mcr p15, 0, r0, c1, c0, 0 /* SCTLR */
  isb
  pop {r4, pc}

#define SCTLR_A 2
#define SCTLR_AFE (1 << 29)

  .macro short more=0
  mov r0, #\more
  bl short_mmu
  .endm

  .macro long ttbcr=0x80000000
  ldr r0, =\ttbcr
  bl long_mmu
  .endm

/* What follows is in User mode, interrupts masked. */
  .macro user
  mov r0, #0x1d0
  msr spsr_cxsf, r0
  adr lr, 1f
  movs pc, lr
1:
  .endm

/* What follows is in SVC mode under a second stage; R0 has more bits for HCR. */
  .macro guest more=0
  mov r0, #\more
  bl hypervise
  .endm
hypervise:
  push {r4, lr}
  mov r4, r0
  bl stage2_tables
  ldr r0, =stage2_first
  mov r1, #0
  mcrr p15, 6, r0, r1, c2 /* VTTBR */
  ldr r0, =0x80000040
  mcr p15, 4, r0, c2, c1, 2 /* VTCR: from level 1, T0SZ 0 */
  orr r4, r4, #1
  mcr p15, 4, r4, c1, c1, 0 /* HCR.VM */
  mov r0, #0x1d3
  msr spsr_cxsf, r0
  pop {r4, lr}
  msr elr_hyp, lr
  eret

/* Let floating point be used by CPACR; FPEXC.EN is R0. */
open_fpu:
  mov r1, #0xf00000
  mcr p15, 0, r1, c1, c0, 2
  isb
  vmsr fpexc, r0
  bx lr

  .macro fault n
  .ltorg
  .globl fault_\n
fault_\n:
  .endm

/* Go on in T32. */
  .macro thumb
  adr r0, 2f + 1
  bx r0
  .thumb
2:
  .endm

/* NULL, in A32 and in T32. */
  fault 1
  short
  mov r1, #0
  ldr r0, [r1, #16]

  fault 2
  short
  mov r3, #0
  thumb
  str r2, [r3, #4]
  .balign 4
  .arm

/* A hole among pages. */
  fault 3
  short
  ldr r1, =PAGES + 0x1000
  mov r2, #4
  ldr r0, [r1, r2, lsl #2]

/* Writes to what is read-only: a section, a page. */
  fault 4
  short
  ldr r4, =READ_ONLY
  str r0, [r4]

  fault 5
  short
  ldr r5, =PAGES + 0x3000
  thumb
  strb r0, [r5, #1]
  .balign 4
  .arm

/* A domain that is closed. */
  fault 6
  short
  ldr r6, =CLOSED
  ldrh r0, [r6, #2]

/* A page that was never accessed. */
  fault 7
  short SCTLR_AFE
  ldr r1, =PAGES + 0x6000
  ldr r0, [r1]

/* User mode: reads kernel memory, writes memory that is the kernel's to write. */
  fault 8
  short
  ldr r1, =KERNEL_ONLY
  user
  ldr r0, [r1, #8]

  fault 9
  short
  ldr r1, =PAGES + 0x4000
  user
  str r0, [r1, #8]

/* Jumps: by NULL, by a pointer to nothing, into data, to the stack, into user memory. */
  fault 10
  short
  mov r3, #0
  blx r3

  fault 11
  short
  ldr r1, =0x12345678
  bx r1

  fault 12
  short
  ldr r1, =NEVER + 0x100
  blx r1

  fault 13
  short
  ldr sp, =PAGES + 0x5800
  bx sp

  fault 14
  short
  ldr r2, =NOT_PL1
  blx r2

/* User mode jumps into the kernel. */
  fault 15
  short
  ldr r2, =KERNEL_ONLY + 0x40
  user
  bx r2

/* Alignment: what wants it always, and what SCTLR.A asks for. */
  fault 16
  short
  ldr r1, =PAGES + 2
  ldm r1, {r2, r3}

  fault 17
  short SCTLR_A
  ldr r1, =PAGES + 1
  ldr r0, [r1]

  fault 18
  short
  ldr r1, =PAGES + 4
  thumb
  ldrexd r2, r3, [r1]
  .balign 4
  .arm

/* A table where no memory is; a page where nothing is. */
  fault 19
  short
  ldr r1, =LOST
  ldr r0, [r1, #4]

  fault 20
  short
  ldr r1, =FAR + 0x1234
  ldr r0, [r1]

/* The stack grows into a hole. */
  fault 21
  short
  ldr sp, =PAGES + 0x2008
  push {r0, r1, r2, r3, r4, r5, r6, r7, lr}

/* Undefined: by intent, no such coprocessor, floating point that nobody has enabled, or only half. */
  fault 22
  thumb
  udf #66
  .balign 4
  .arm

  fault 23
  .word 0xee110110 /* mrc p1, 0, r0, c1, c0, 0 */

  fault 24
  vadd.f32 s0, s1, s2

  fault 25
  mov r0, #0
  bl open_fpu
  vadd.f64 d0, d1, d2

/* System registers: for PL1, for Hyp mode, not to be written, not there. */
  fault 26
  short
  user
  mrc p15, 0, r0, c1, c0, 0

  fault 27
  mcr p15, 4, r0, c12, c0, 0

  fault 28
  mcr p15, 0, r0, c0, c0, 0

  fault 29
  mrc p15, 0, r0, c15, c9, 7

/* A breakpoint that nobody handles. */
  fault 30
  bkpt #7

/* Pointers by what is in them: a deleted list element, an error, freed memory, a physical address. */
  fault 31
  short
  mov r1, #0x100
  ldr r0, [r1, #4]

  fault 32
  short
  mvn r1, #11 /* -12 */
  ldr r0, [r1, #4]

  fault 33
  short
  ldr r1, =0x6b6b6b6b
  ldr r0, [r1, #8]

  fault 34
  short
  ldr r1, =0x80300000
  ldr r0, [r1]

/* Long descriptors: a hole, rights of a table, no access flag, XN of a table, no table for the address, kernel memory. */
  fault 35
  long
  ldr r1, =LONG_PAGES + 0x1000
  ldrd r2, r3, [r1, #8]

  fault 36
  long
  ldr r1, =LONG_READ_ONLY
  thumb
  strd r2, r3, [r1, #16]
  .balign 4
  .arm

  fault 37
  long
  ldr r1, =LONG_UNUSED
  ldrsb r0, [r1, #1]!

  fault 38
  long
  ldr r1, =LONG_NEVER
  blx r1

  fault 39
  long 0x80010002 /* EAE, T1SZ 1, T0SZ 2 */
  ldr r1, =0x50000000
  ldr r0, [r1]

  fault 40
  long
  ldr r1, =LONG_KERNEL
  user
  ldr r0, [r1]

/* Under a hypervisor: an intermediate address that is not there, one not to be written, a stage-1 table that is not there, code not to be executed. */
  fault 41
  guest
  ldr r1, =IPA_HOLE
  str r0, [r1, #0x24]

  fault 42
  guest
  ldr r1, =IPA_READ_ONLY
  thumb
  strh r0, [r1, #2]
  .balign 4
  .arm

  fault 43
  guest
  ldr r0, =IPA_HOLE
  mov r1, #0
  mcr p15, 0, r1, c2, c0, 2 /* TTBCR */
  mcr p15, 0, r0, c2, c0, 0 /* TTBR0 */
  mrc p15, 0, r0, c1, c0, 0
  orr r0, r0, #1
  mcr p15, 0, r0, c1, c0, 0
  isb

/* Registers and floating point that the hypervisor keeps. */
  fault 44
  guest (1 << 26) /* HCR.TVM */
  mov r5, #0x1000
  mcr p15, 0, r5, c13, c0, 1 /* CONTEXTIDR */

  fault 45
  mov r0, #0x40000000
  bl open_fpu
  mov r0, #0xc00
  mcr p15, 4, r0, c1, c1, 2 /* HCPTR: TCP10, TCP11 */
  guest
  vadd.f32 s0, s1, s2

/* Hyp mode itself: NULL. */
  fault 46
  bl long_tables
  ldr r0, =long_first
  mov r1, #0
  mcrr p15, 4, r0, r1, c2 /* HTTBR */
  mcr p15, 4, r1, c2, c0, 2 /* HTCR */
  mrc p15, 4, r0, c1, c0, 0
  orr r0, r0, #1
  mcr p15, 4, r0, c1, c0, 0 /* HSCTLR */
  isb
  mov r7, #0
  ldr r0, [r7, #0x20]
  .ltorg

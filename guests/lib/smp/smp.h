/*
 * Guests on several vCPUs of board mips-paravirt: the interrupt controller and its mailboxes (MIPS.md B3), atomic
 * operations, and work given by vCPU 0 to all of them.
 *
 * Between pieces of work every vCPU has Status.IE = 0 and lets IP2 through, so that a mailbox ends a WAIT without an
 * exception; its two mailboxes are enabled and empty.
 */
#ifndef SMP_H
#define SMP_H
#define SMP_MAX 8

#ifndef __ASSEMBLER__
#include "guest.h"

/* Registers of the interrupt controller: 32-bit words in the guest's byte order; `word` 0 is lines 31:0, 1 is 63:32. */
#define IRQCHIP(offset) (*(volatile u32 *)(IO_BASE | (0x1e010000 + (offset))))
#define IRQCHIP_STRIDE 8
#define IRQCHIP_CPU(cpu) (8 + 3 * IRQCHIP_STRIDE + (cpu) * 4 * IRQCHIP_STRIDE)
#define CHIP_BITS IRQCHIP(0)
#define CHIP_CPUS IRQCHIP(4)
#define CHIP_RAW(word) IRQCHIP(8 + 4 * (word))
#define CHIP_RAW_W1S(word) IRQCHIP(8 + IRQCHIP_STRIDE + 4 * (word))
#define CHIP_RAW_W1C(word) IRQCHIP(8 + 2 * IRQCHIP_STRIDE + 4 * (word))
#define CHIP_SRC(cpu, word) IRQCHIP(IRQCHIP_CPU(cpu) + 4 * (word))
#define CHIP_EN(cpu, word) IRQCHIP(IRQCHIP_CPU(cpu) + IRQCHIP_STRIDE + 4 * (word))
#define CHIP_EN_W1S(cpu, word) IRQCHIP(IRQCHIP_CPU(cpu) + 2 * IRQCHIP_STRIDE + 4 * (word))
#define CHIP_EN_W1C(cpu, word) IRQCHIP(IRQCHIP_CPU(cpu) + 3 * IRQCHIP_STRIDE + 4 * (word))

/* Mailboxes, as bits of word 1. */
#define BOX_WAKE(cpu) (1u << (2 * (cpu))) /* "reschedule": work is there, or done */
#define BOX_CALL(cpu) (2u << (2 * (cpu))) /* "call function": what a test makes of it */
#define BOX_BOTH(cpu) (3u << (2 * (cpu)))
#define box_post(bits) (CHIP_RAW_W1S(1) = (bits))
#define box_take(bits) (CHIP_RAW_W1C(1) = (bits))

#define SMP_STATUS ST_IM(2) /* between pieces of work */

extern u32 smp_cpus; /* numcpus= */
#define cpu_number() (get_ebase() & 0x3ff)

typedef void (*smp_work)(u32 cpu);
void smp_start(void);            /* brings the others up; returns when all have come */
void smp_run(smp_work work);     /* `work` on every vCPU; returns when all have finished it */
void smp_sleep(volatile u32 *word, u32 until_not); /* WAIT until a mailbox came and *word is another */
void smp_settle(void);           /* vCPU 0: until all others are in WAIT */
void smp_wait_ticks(u32 ticks);  /* WAIT until Count has moved so far: others run meanwhile */

/* Load linked and store conditional apart, for tests; the compiler may put its own accesses between them. */
static inline u32 load_linked(volatile u32 *word) {
  u32 value;
  __asm__ volatile("ll %0, 0(%1)" : "=r"(value) : "r"(word) : "memory");
  return value;
}

static inline u32 store_conditional(volatile u32 *word, u32 value) {
  __asm__ volatile("sc %0, 0(%1)" : "+r"(value) : "r"(word) : "memory");
  return value;
}

/* *word += n; returns what it was. */
static inline u32 atomic_add(volatile u32 *word, u32 n) {
  u32 old, sum;
  __asm__ volatile(".set push\n\t.set noreorder\n"
                   "1:\tll %0, 0(%2)\n\taddu %1, %0, %3\n\tsc %1, 0(%2)\n\tbeqz %1, 1b\n\tnop\n\t.set pop"
                   : "=&r"(old), "=&r"(sum)
                   : "r"(word), "r"(n)
                   : "memory");
  return old;
}

/* *word = value; returns what it was. */
static inline u32 atomic_swap(volatile u32 *word, u32 value) {
  u32 old, stored;
  __asm__ volatile(".set push\n\t.set noreorder\n"
                   "1:\tll %0, 0(%2)\n\tmove %1, %3\n\tsc %1, 0(%2)\n\tbeqz %1, 1b\n\tnop\n\t.set pop"
                   : "=&r"(old), "=&r"(stored)
                   : "r"(word), "r"(value)
                   : "memory");
  return old;
}

/* If *word == expected, *word = value; true when it did. */
static inline u32 atomic_replace(volatile u32 *word, u32 expected, u32 value) {
  u32 old, stored;
  __asm__ volatile(".set push\n\t.set noreorder\n"
                   "1:\tll %0, 0(%2)\n\tbne %0, %3, 2f\n\tmove %1, $0\n"
                   "\tmove %1, %4\n\tsc %1, 0(%2)\n\tbeqz %1, 1b\n\tnop\n"
                   "2:\t.set pop"
                   : "=&r"(old), "=&r"(stored)
                   : "r"(word), "r"(expected), "r"(value)
                   : "memory");
  return stored;
}

static inline u32 read_cc(void) {
  u32 value;
  __asm__ volatile("rdhwr %0, $2" : "=r"(value)::"memory");
  return value;
}

#endif
#endif

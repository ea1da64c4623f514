/* The checks of this guest: each file one topic, run by main.c; vCPU 0 prints, the others only count. */
#ifndef TEST_H
#define TEST_H
#include "smp/smp.h"

/* One line of TAP: `ok N - NAME: INFORMATION` with a printf-like information. Returns `right`. */
#define check(right, name, ...) (check_line((right), (name)), printf(__VA_ARGS__), printf("\n"))
void check_line(int right, const char *name);
void skip(const char *name, const char *why);
/* What the architecture leaves open: said, not judged. */
#define note(...) (printf("# "), printf(__VA_ARGS__), printf("\n"))

#define EACH_CPU(cpu) for (u32 cpu = 0; cpu < smp_cpus; cpu++)

/* Send and take back a mailbox of another vCPU: whoever runs next, it is not this vCPU. */
void switch_away(u32 cpu);

/* Counted per vCPU, and read when all have come back. */
extern volatile u32 tally[SMP_MAX];
void clear_tally(void);
u32 tally_sum(void);
u32 tally_least(void);
u32 tally_most(void);

void test_irqchip(void); /* irqchip.c: the registers, from one vCPU */
void test_ipi(void);     /* ipi.c: mailboxes between vCPUs */
void test_llsc(void);    /* llsc.c: when SC fails */
void test_locks(void);   /* locks.c */
void test_clock(void);   /* clock.c: no Count below one already read */
void test_barrier(void); /* barrier.c */
void test_dma(void);     /* dma.c: a device writes between LL and SC */
void test_order(void);   /* order.c: the schedule, as a hash */
#endif

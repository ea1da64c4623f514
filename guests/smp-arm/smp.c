/*
 * Starts every other CPU by PSCI. All of them read both counters under one spin lock (LDREX, STREX, WFE, SEV), a million times together:
 * nothing but the lock orders the reads, and no CPU may ever see a counter behind what another saw before. Then they go off again.
 */
#include "arm.h"

#define READS 1000000
#define AFFINITY_OFF 1

static u32 lock, cpus, reads, backwards;
static u64 last_virtual, last_physical;

static void acquire(void) {
  u32 value, failed;
  __asm__ volatile("1: ldrex %0, [%2]\n\t"
                   "cmp %0, #0\n\t"
                   "wfene\n\t"
                   "strexeq %1, %3, [%2]\n\t"
                   "cmpeq %1, #0\n\t"
                   "bne 1b\n\t"
                   "dmb"
                   : "=&r"(value), "=&r"(failed)
                   : "r"(&lock), "r"(1)
                   : "cc", "memory");
}

static void release(void) {
  __asm__ volatile("dmb\n\tstr %1, [%0]\n\tdsb\n\tsev" ::"r"(&lock), "r"(0) : "memory");
}

static u64 virtual_count(void) {
  u64 count;
  __asm__ volatile("isb\n\tmrrc p15, 1, %Q0, %R0, c14" : "=r"(count)::"memory");
  return count;
}

static u64 physical_count(void) {
  u64 count;
  __asm__ volatile("isb\n\tmrrc p15, 0, %Q0, %R0, c14" : "=r"(count)::"memory");
  return count;
}

/* One CPU's part of the reads; the first does what does not divide. */
static void read_counters(u32 cpu) {
  u32 part = READS / cpus + (cpu == 0 ? READS % cpus : 0);
  while (part--) {
    acquire();
    u64 v = virtual_count(), p = physical_count();
    if (v < last_virtual || p < last_physical) backwards++;
    last_virtual = v;
    last_physical = p;
    reads++;
    release();
  }
}

void smp_main(u32 cpu) {
  /* Until the first knows how many there are. */
  acquire();
  release();
  read_counters(cpu);
  psci(PSCI_CPU_OFF, 0, 0, 0);
}

void guest_main(void) {
  acquire();
  cpus = 1;
  while (cpus < MAX_CPUS && psci(PSCI_CPU_ON, cpus, (u32)secondary_start, cpus) == 0) cpus++;
  release();
  read_counters(0);
  for (u32 cpu = 1; cpu < cpus; cpu++)
    while (psci(PSCI_AFFINITY_INFO, cpu, 0, 0) != AFFINITY_OFF) continue;
  text("smp-arm, entered in ");
  text(entry_mode == MODE_HYP ? "HYP" : "SVC");
  text(" mode: ");
  number(cpus);
  text(" vCPUs, ");
  number(reads);
  text(" reads under the lock, ");
  number(backwards);
  text(" times a counter went back\n");
  text(backwards == 0 && reads == READS ? "OK\n" : "FAILED\n");
}

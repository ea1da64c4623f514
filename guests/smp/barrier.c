/* Sense-reversing barriers: after each, everybody sees what everybody wrote before it. */
#include "test.h"

static u32 rounds;
static int sleeping;
static volatile u32 arrived, sense;
static u32 own_sense[SMP_MAX];
static volatile u32 cells[2][SMP_MAX]; /* written in even and in odd rounds */
static volatile u32 wrong;

static void meet(u32 cpu) {
  u32 mine = own_sense[cpu] = !own_sense[cpu], all = 0;
  barrier();
  if (atomic_add(&arrived, 1) == smp_cpus - 1) {
    arrived = 0;
    barrier();
    sense = mine;
    EACH_CPU(other) if (other != cpu) all |= BOX_CALL(other);
    if (sleeping) box_post(all);
  } else if (sleeping) {
    for (;;) {
      box_take(BOX_CALL(cpu));
      if (sense == mine) break;
      cpu_wait();
    }
  } else {
    while (sense != mine) continue;
  }
  barrier();
}

static u32 cell(u32 round, u32 cpu) { return round * 2654435761u + cpu; }

static void rounds_of(u32 cpu) {
  u32 bad = 0;
  for (u32 round = 1; round <= rounds; round++) {
    volatile u32 *row = cells[round & 1];
    row[cpu] = cell(round, cpu);
    meet(cpu); /* the row is written again two rounds on: nobody gets there before all have read it */
    EACH_CPU(other) if (row[other] != cell(round, other)) bad++;
    tally[cpu]++;
  }
  atomic_add(&wrong, bad);
}

static void run(const char *name, u32 count, int sleeps) {
  rounds = count;
  sleeping = sleeps;
  wrong = arrived = sense = 0;
  EACH_CPU(cpu) own_sense[cpu] = 0;
  clear_tally();
  smp_run(rounds_of);
  EACH_CPU(cpu) box_take(BOX_CALL(cpu));
  check(wrong == 0 && tally_sum() == count * smp_cpus, name, "%u rounds, %u cells not as written", count, wrong);
}

void test_barrier(void) {
  run("sleeping", 5000, 1);
  run("spinning", 200, 0);
}

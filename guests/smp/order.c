/* The schedule made visible: who took a lock when, as a hash that is the same for one seed and another for another. */
#include "test.h"

#define ENTRIES 400000
static volatile u32 lock, used;
static u8 by[ENTRIES];

static void take_turns(u32 cpu) {
  int more = 1;
  while (more) {
    while (atomic_swap(&lock, 1)) continue;
    barrier();
    more = used < ENTRIES;
    if (more) {
      by[used] = (u8)cpu;
      used++;
      tally[cpu]++;
    }
    barrier();
    lock = 0;
  }
}

void test_order(void) {
  u32 hash = 0x811c9dc5, changes = 0, run = 0;
  clear_tally();
  smp_run(take_turns);
  printf("# first runs of one vCPU:");
  for (u32 i = 0; i < ENTRIES; i++) {
    hash = (hash ^ by[i]) * 0x01000193; /* FNV-1a */
    if (i + 1 < ENTRIES && by[i + 1] == by[i]) continue;
    if (changes++ < 12) printf(" %ux%u", by[i], i + 1 - run);
    run = i + 1;
  }
  printf("\n# order of %u entries, %u runs: hash 0x%08x\n", ENTRIES, changes, hash);
  check(tally_sum() == ENTRIES && changes >= smp_cpus && tally_least() > 0, "order", "%u to %u entries of one vCPU",
        tally_least(), tally_most());
}

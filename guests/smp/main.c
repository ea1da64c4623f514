/*
 * Several vCPUs: interrupt controller and mailboxes, LL/SC, locks, clocks, barriers and the schedule. TAP on the
 * console; exit code 0 when every check held, else 10. `test=NAME` runs one topic, otherwise all but dma and order.
 */
#include "test.h"

volatile u32 tally[SMP_MAX];
static u32 checks, failures;

void check_line(int right, const char *name) {
  checks++;
  if (!right) failures++;
  printf("%s %u - %s: ", right ? "ok" : "not ok", checks, name);
}

void skip(const char *name, const char *why) { printf("ok %u - %s # SKIP %s\n", ++checks, name, why); }

void switch_away(u32 cpu) {
  u32 box = BOX_CALL((cpu + 1) % smp_cpus);
  box_post(box);
  box_take(box);
}

void clear_tally(void) {
  for (u32 cpu = 0; cpu < SMP_MAX; cpu++) tally[cpu] = 0;
}

u32 tally_sum(void) {
  u32 sum = 0;
  EACH_CPU(cpu) sum += tally[cpu];
  return sum;
}

u32 tally_least(void) {
  u32 least = tally[0];
  EACH_CPU(cpu) if (tally[cpu] < least) least = tally[cpu];
  return least;
}

u32 tally_most(void) {
  u32 most = 0;
  EACH_CPU(cpu) if (tally[cpu] > most) most = tally[cpu];
  return most;
}

static const struct {
  const char *name;
  void (*run)(void);
  int asked_only;
} topics[] = {
    {"irqchip", test_irqchip, 0}, {"ipi", test_ipi, 0},         {"llsc", test_llsc, 0}, {"locks", test_locks, 0},
    {"clock", test_clock, 0},     {"barrier", test_barrier, 0}, {"dma", test_dma, 1},   {"order", test_order, 1},
};

int main(void) {
  const char *asked = arg_value("test");
  u32 ran = 0;
  smp_start();
  printf("TAP version 14\n# smp: %u vCPUs, %s endian\n", smp_cpus, BIG_ENDIAN ? "big" : "little");
  for (u32 i = 0; i < sizeof topics / sizeof topics[0]; i++) {
    if (asked ? !word_is(asked, topics[i].name) : topics[i].asked_only) continue;
    ran++;
    printf("# %s\n", topics[i].name);
    topics[i].run();
  }
  if (ran == 0) check(0, "test=", "no such topic");
  printf("1..%u\n# %u checks, %u failed\n", checks, checks, failures);
  return failures ? 10 : 0;
}

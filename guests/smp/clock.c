/*
 * No clock runs backwards across vCPUs: a million reads of Count and RDHWR CC, each compared with the last value any
 * vCPU has read. Differences are taken modulo 2^32. With the argument `wrap` everybody sleeps first until Count is
 * about to wrap.
 */
#include "test.h"

#define READS 1000000
#define SLEEPS 500
#define BEFORE_WRAP 0xff000000
static volatile u32 lock, reads, last, backwards, moves, widest;

static u32 read_clock(u32 i) { return i & 1 ? read_cc() : get_count(); }

static void see(u32 now) {
  u32 step = now - last;
  if ((int)step < 0) backwards++;
  if (step) moves++;
  if (step > widest) widest = step;
  last = now;
}

static void under_lock(u32 cpu) {
  int more = 1;
  while (more) {
    while (atomic_swap(&lock, 1)) continue;
    barrier();
    for (u32 i = 0; i < 4 && more; i++) {
      see(read_clock(i));
      tally[cpu]++;
      more = ++reads < READS;
    }
    barrier();
    lock = 0;
  }
}

/* The last value read, without a lock: sequence odd while it is written; everybody writes in turn and reads always. */
static volatile u32 sequence, published, published_by, published_check;
static volatile u32 torn, retries;

static void publish(u32 cpu, u32 now) {
  u32 before = sequence;
  if (before & 1 || !atomic_replace(&sequence, before, before + 1)) return; /* somebody else is at it */
  barrier();
  published = now;
  published_by = cpu;
  published_check = ~(now + cpu);
  barrier();
  sequence = before + 2;
}

static void lock_free(u32 cpu) {
  u32 back = 0, again = 0, bad = 0;
  for (u32 i = 0; i < READS / smp_cpus; i++) {
    u32 before, then, by, sum;
    for (;;) {
      before = sequence;
      barrier();
      then = published, by = published_by, sum = published_check;
      barrier();
      if (!(before & 1) && sequence == before) break;
      again++;
    }
    u32 now = read_clock(i);
    if ((int)(now - then) < 0) back++;
    if (sum != ~(then + by)) bad++;
    if (i % 8 == 0) publish(cpu, get_count());
    tally[cpu]++;
  }
  atomic_add(&backwards, back);
  atomic_add(&torn, bad);
  atomic_add(&retries, again);
}

/* In two steps: what lies more than 2^31 ahead looks like the past. */
static void sleep_until_wrap(u32 cpu) {
  (void)cpu;
  smp_wait_ticks(0x7fffffff - get_count());
  smp_wait_ticks(BEFORE_WRAP - get_count());
}

/* Guest time that is skipped while all sleep, in different lengths. */
static void between_sleeps(u32 cpu) {
  u32 random = cpu + 1;
  for (u32 i = 0; i < SLEEPS; i++) {
    random = random * 1664525 + 1013904223;
    smp_wait_ticks(1 + (random >> 16) % 5000);
    while (atomic_swap(&lock, 1)) continue;
    barrier();
    see(read_clock(i));
    tally[cpu]++;
    barrier();
    lock = 0;
  }
}

void test_clock(void) {
  if (arg_flag("wrap")) {
    smp_run(sleep_until_wrap);
    check(get_count() >= BEFORE_WRAP, "slept", "to Count 0x%x", get_count());
  }
  clear_tally();
  reads = backwards = moves = widest = 0;
  last = get_count();
  u32 start = last;
  smp_run(under_lock);
  check(backwards == 0 && tally_sum() == reads && reads >= READS, "under-a-lock",
        "%u reads, %u below the last, widest step %u", reads, backwards, widest);
  check(moves > READS / 2 && tally_least() > 0, "moves", "%u times, from 0x%x to 0x%x", moves, start, last);
  if (arg_flag("wrap")) check(last < start, "wrapped", "below the first");
  clear_tally();
  backwards = 0;
  last = get_count();
  smp_run(between_sleeps);
  check(backwards == 0 && tally_sum() == SLEEPS * smp_cpus, "between-sleeps", "%u reads, %u below the last",
        tally_sum(), backwards);
  clear_tally();
  backwards = torn = retries = 0;
  publish(0, get_count());
  smp_run(lock_free);
  check(backwards == 0 && torn == 0, "lock-free", "%u reads, %u below a published one, %u torn, %u tried again",
        tally_sum(), backwards, torn, retries);
}

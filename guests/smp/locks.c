/* Locks: each must exclude (a canary, and a counter that nothing but the lock protects) and let everybody in. */
#include "test.h"

/* A lock's two operations and what is asked of it. */
struct lock {
  const char *name;
  void (*acquire)(u32 cpu);
  void (*release)(u32 cpu);
  u32 total;  /* entries by all vCPUs together */
  u32 factor; /* most entries of one vCPU to least, in tenths; 0: everybody must get in, no more */
};

static const struct lock *lock;
static volatile u32 total, plain_count, violations, canary, held, waiting;
#define NOBODY 0xffffffffu
#define SWITCHES 64 /* entries that give the CPU away inside the lock */

/* Inside the lock: nobody else may be, and plain additions must not be lost. False when all entries are done. */
static int enter(u32 cpu) {
  if (canary != NOBODY) violations++;
  canary = cpu;
  u32 before = plain_count, done = total >= lock->total;
  if (!done) {
    total++;
    if (total % (lock->total / SWITCHES) == 0) switch_away(cpu);
    plain_count = before + 1;
    tally[cpu]++;
  }
  if (canary != cpu) violations++;
  canary = NOBODY;
  return !done;
}

/* vCPU 0 holds the lock until all others stand in line. */
static void line_up(u32 cpu) {
  atomic_add(&waiting, 1);
  if (cpu != 0) {
    while (!held) continue;
    return;
  }
  held = 1;
  while (waiting != smp_cpus) continue;
  smp_settle();
}

static void contend(u32 cpu) {
  int more;
  if (cpu != 0) line_up(cpu);
  lock->acquire(cpu);
  if (cpu == 0) line_up(cpu);
  more = enter(cpu);
  lock->release(cpu);
  while (more) {
    lock->acquire(cpu);
    more = enter(cpu);
    lock->release(cpu);
  }
}

static void run_lock(const struct lock *one) {
  lock = one;
  total = plain_count = violations = held = waiting = 0;
  canary = NOBODY;
  clear_tally();
  smp_run(contend);
  check(violations == 0 && plain_count == one->total && tally_sum() == one->total, one->name,
        "%u entries, %u violations", plain_count, violations);
  printf("#   per vCPU:");
  EACH_CPU(cpu) printf(" %u", tally[cpu]);
  printf("\n");
  u32 least = tally_least(), most = tally_most();
  check(least > 0 && (one->factor == 0 || most * 10 <= least * one->factor), "fair", "%u to %u entries of one vCPU",
        least, most);
}

/* ---- test and set, spinning longer and longer between tries ---- */

static volatile u32 flag;

static void tas_acquire(u32 cpu) {
  u32 pause = 4 + cpu;
  while (atomic_swap(&flag, 1)) {
    for (u32 i = 0; i < pause; i++) barrier();
    if (pause < 1000) pause *= 2;
  }
  barrier();
}

static void tas_release(u32 cpu) {
  (void)cpu;
  barrier();
  flag = 0;
}

/* ---- the same, giving the CPU to the others between tries ---- */

static void sleepy_acquire(u32 cpu) {
  u32 pause = 100 + 10 * cpu;
  while (atomic_swap(&flag, 1)) {
    smp_wait_ticks(pause);
    if (pause < 2000) pause *= 2;
  }
  barrier();
}

/* ---- tickets ---- */

static volatile u32 next_ticket, now_serving;

static void ticket_acquire(u32 cpu) {
  (void)cpu;
  u32 mine = atomic_add(&next_ticket, 1);
  while (now_serving != mine) continue;
  barrier();
}

static void ticket_release(u32 cpu) {
  (void)cpu;
  barrier();
  now_serving++;
}

/* ---- Mellor-Crummey and Scott's queue: everybody spins on a word of their own ---- */

static struct {
  volatile u32 next; /* vCPU number + 1, or 0 */
  volatile u32 blocked;
  u32 pad[6];
} nodes[SMP_MAX];
static volatile u32 tail; /* vCPU number + 1, or 0 */

static void mcs_acquire(u32 cpu) {
  nodes[cpu].next = 0;
  nodes[cpu].blocked = 1;
  barrier();
  u32 before = atomic_swap(&tail, cpu + 1);
  if (before) {
    nodes[before - 1].next = cpu + 1;
    while (nodes[cpu].blocked) continue;
  }
  barrier();
}

static void mcs_release(u32 cpu) {
  barrier();
  if (!nodes[cpu].next) {
    if (atomic_replace(&tail, cpu + 1, 0)) return;
    while (!nodes[cpu].next) continue;
  }
  nodes[nodes[cpu].next - 1].blocked = 0;
}

/* ---- Peterson's lock for two, as a tree of three levels for eight: only loads, stores and SYNC ---- */

#define LEVELS 3
static struct {
  volatile u32 wants[2], last;
} gates[1 << LEVELS]; /* gate 1 is the root; a vCPU starts at gate (8 + cpu) / 2 */

static void peterson_acquire(u32 cpu) {
  for (u32 at = SMP_MAX + cpu; at > 1; at /= 2) {
    u32 side = at & 1, gate = at / 2;
    gates[gate].wants[side] = 1;
    gates[gate].last = side;
    barrier(); /* the stores before the look */
    while (gates[gate].wants[!side] && gates[gate].last == side) continue;
  }
  barrier();
}

static void peterson_release(u32 cpu) {
  barrier();
  for (u32 level = LEVELS; level-- > 0;) { /* from the root down */
    u32 at = (SMP_MAX + cpu) >> level;
    gates[at / 2].wants[at & 1] = 0;
  }
}

/* ---- Dekker's lock between neighbours, all pairs at once, each with canary and counter of its own ---- */

static struct {
  volatile u32 here[2], wants[2], turn, inside, entries[2], plain, violations;
} pairs[SMP_MAX / 2];
#define DEKKER_TOTAL 20000

static void dekker(u32 cpu) {
  u32 me = cpu & 1, other = !me, more = 1;
  if ((cpu ^ 1) >= smp_cpus) return; /* no neighbour */
  __typeof__(&pairs[0]) p = &pairs[cpu / 2];
  p->here[me] = 1;
  while (!p->here[other]) continue;
  while (more) {
    p->wants[me] = 1;
    barrier();
    while (p->wants[other])
      if (p->turn == other) {
        p->wants[me] = 0;
        while (p->turn == other) continue;
        p->wants[me] = 1;
        barrier();
      }
    if (p->inside) p->violations++;
    p->inside = 1;
    u32 plain = p->plain;
    more = plain < DEKKER_TOTAL;
    if (more && plain % 1000 == 0) switch_away(cpu);
    if (more) p->plain = plain + 1, p->entries[me]++;
    p->inside = 0;
    barrier();
    p->turn = other;
    p->wants[me] = 0;
  }
}

static void test_dekker(void) {
  u32 wrong = 0, least = DEKKER_TOTAL;
  smp_run(dekker);
  for (u32 i = 0; i < smp_cpus / 2; i++) {
    if (pairs[i].plain != DEKKER_TOTAL) wrong++;
    if (pairs[i].entries[0] + pairs[i].entries[1] != DEKKER_TOTAL) wrong++;
    wrong += pairs[i].violations;
    for (u32 me = 0; me < 2; me++)
      if (pairs[i].entries[me] < least) least = pairs[i].entries[me];
  }
  check(wrong == 0, "dekker", "%u pairs, %u entries each, %u wrong", smp_cpus / 2, DEKKER_TOTAL, wrong);
  check(least > 0, "fair", "least entries of one vCPU %u", least);
}

static const struct lock locks[] = {
    {"test-and-set", tas_acquire, tas_release, 400000, 30},
    {"test-and-set, sleeping", sleepy_acquire, tas_release, 200000, 40},
    {"ticket", ticket_acquire, ticket_release, 640, 12},
    {"queue", mcs_acquire, mcs_release, 640, 12},
    {"peterson", peterson_acquire, peterson_release, 2000, 0},
};

void test_locks(void) {
  for (u32 i = 0; i < sizeof locks / sizeof locks[0]; i++) run_lock(&locks[i]);
  if (smp_cpus > 1)
    test_dekker();
  else
    skip("dekker", "one vCPU");
}

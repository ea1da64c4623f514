/* Mailboxes between vCPUs: ping-pong between every pair, WAIT and busy vCPUs, broadcast, a line for all, and a storm in
   which no IPI may be lost. */
#include "test.h"

/* What each vCPU's handler does with BOX_CALL, and what it counted. */
static volatile u32 received[SMP_MAX], unexpected;
static volatile u32 bounce_to[SMP_MAX]; /* answer with an IPI to this vCPU, unless NOBODY */
static volatile u32 letters[SMP_MAX], read_letters[SMP_MAX];
#define NOBODY 0xffffffffu
static volatile u32 arrived_at[SMP_MAX]; /* Count in the handler */

static void on_ipi(struct exc_frame *frame) {
  u32 cpu = cpu_number(), box = BOX_CALL(cpu);
  arrived_at[cpu] = get_count();
  if (CA_CODE(frame->cause) != EX_INT || !(CHIP_SRC(cpu, 1) & box)) unexpected++;
  box_take(box); /* first: what is posted from here on interrupts again */
  received[cpu]++;
  read_letters[cpu] += atomic_swap(&letters[cpu], 0);
  if (bounce_to[cpu] != NOBODY) box_post(BOX_CALL(bounce_to[cpu]));
}

static void prepare(void) {
  EACH_CPU(cpu) {
    received[cpu] = letters[cpu] = read_letters[cpu] = 0;
    bounce_to[cpu] = NOBODY;
  }
  unexpected = 0;
  exc_hook = on_ipi;
}

/* Own mailbox only, so that the handler sees nothing else; and back. */
static void listen(u32 cpu) {
  CHIP_EN_W1C(cpu, 1) = BOX_WAKE(cpu);
  set_status(SMP_STATUS | ST_IE);
}

static void leave(u32 cpu) {
  set_status(SMP_STATUS);
  box_take(BOX_CALL(cpu));
  CHIP_EN_W1S(cpu, 1) = BOX_WAKE(cpu);
}

/* WAIT without a gap between look and WAIT: IE is clear for both, and WAIT ends all the same. */
static void wait_for(volatile u32 *word, u32 at_least) {
  for (;;) {
    set_status(SMP_STATUS);
    if (*word >= at_least) break;
    cpu_wait();
    set_status(SMP_STATUS | ST_IE);
  }
  set_status(SMP_STATUS | ST_IE);
}

#define ROUNDS 20
static u32 from, to, latest; /* ticks from a post to its handler, at most */
#define LATENCY 500           /* an IPI ends the sender's quantum */

static void ping_pong(u32 cpu) {
  if (cpu != from && cpu != to) return;
  listen(cpu);
  if (cpu == from) {
    for (u32 round = 1; round <= ROUNDS; round++) {
      u32 posted = get_count();
      box_post(BOX_CALL(to));
      if (round & 1)
        wait_for(&received[from], round);
      else
        while (received[from] < round) barrier(); /* the quantum ends all the same */
      if (arrived_at[to] - posted > latest) latest = arrived_at[to] - posted;
    }
  } else {
    wait_for(&received[to], ROUNDS);
  }
  leave(cpu);
}

static void test_pairs(void) {
  u32 wrong = 0, pairs = 0;
  latest = 0;
  for (from = 0; from < smp_cpus; from++)
    for (to = 0; to < smp_cpus; to++) {
      if (from == to) continue;
      prepare();
      bounce_to[to] = from;
      smp_run(ping_pong);
      pairs++;
      EACH_CPU(cpu) {
        if (received[cpu] != (cpu == from || cpu == to ? ROUNDS : 0)) wrong++;
      }
      wrong += unexpected;
    }
  check(wrong == 0, "ping-pong", "%u ordered pairs, %u rounds each, %u wrong", pairs, ROUNDS, wrong);
  check(latest <= LATENCY, "at-once", "an IPI arrives after at most %u ticks", latest);
}

/* vCPU 0 sends to one that is in WAIT with interrupts off, in WAIT with them on, and busy. */
static volatile u32 stage, woken_by_wait;

static void receiver(u32 cpu) {
  if (cpu == 0) {
    while (stage != 1) barrier();
    smp_settle(); /* now it waits, IE = 0 */
    box_post(BOX_CALL(1));
    while (stage != 2) barrier();
    smp_settle(); /* IE = 1 */
    box_post(BOX_CALL(1));
    while (stage != 3) barrier();
    box_post(BOX_CALL(1)); /* busy */
    while (stage != 4) barrier();
    return;
  }
  if (cpu != 1) return;
  CHIP_EN_W1C(1, 1) = BOX_WAKE(1);
  stage = 1;
  cpu_wait();
  woken_by_wait = received[1] == 0 && (get_cause() & CA_IP(2)) != 0; /* not taken: it only ended the WAIT */
  set_status(SMP_STATUS | ST_IE);
  if (received[1] != 1) unexpected++; /* taken as soon as it is let through */
  stage = 2;
  while (received[1] != 2) cpu_wait();
  stage = 3;
  while (received[1] != 3) barrier();
  leave(1);
  stage = 4;
}

static void test_wakes(void) {
  prepare();
  stage = woken_by_wait = 0;
  smp_run(receiver);
  check(woken_by_wait && received[1] == 3 && unexpected == 0, "wakes",
        "WAIT with interrupts off and on, and a busy vCPU");
}

/* Each in turn sends one write with all mailboxes, its own too. */
static volatile u32 turn;

static void broadcast(u32 cpu) {
  u32 all = 0;
  EACH_CPU(other) all |= BOX_CALL(other);
  listen(cpu);
  for (u32 round = 0; round < smp_cpus * 10; round++) {
    if (round % smp_cpus == cpu) box_post(all);
    wait_for(&received[cpu], round + 1);
    atomic_add(&turn, 1); /* nobody sends anew before everybody has got this one */
    while (turn < (round + 1) * smp_cpus) barrier();
  }
  leave(cpu);
}

static void test_broadcast(void) {
  u32 wrong = 0;
  prepare();
  turn = 0;
  smp_run(broadcast);
  EACH_CPU(cpu) wrong += received[cpu] != smp_cpus * 10;
  check(wrong + unexpected == 0, "broadcast", "%u of one write to all %u", smp_cpus * 10, smp_cpus);
}

/* A line that all have enabled reaches all; each disables it for itself, which leaves the others theirs. */
#define SHARED_LINE (1u << 31)
static volatile u32 shared_seen;

static void shared_line(u32 cpu) {
  CHIP_EN(cpu, 1) = 0;
  CHIP_EN_W1S(cpu, 0) = SHARED_LINE;
  atomic_add(&turn, 1);
  while (turn != smp_cpus) barrier();
  if (cpu == 0) CHIP_RAW_W1S(0) = SHARED_LINE;
  while (!(get_cause() & CA_IP(2))) cpu_wait();
  if (CHIP_SRC(cpu, 0) == SHARED_LINE) atomic_add(&shared_seen, 1);
  CHIP_EN_W1C(cpu, 0) = SHARED_LINE;
  if (get_cause() & CA_IP(2)) unexpected++;
  CHIP_EN(cpu, 1) = BOX_BOTH(cpu);
}

static void test_shared_line(void) {
  prepare();
  turn = shared_seen = 0;
  smp_run(shared_line);
  CHIP_RAW_W1C(0) = SHARED_LINE;
  check(shared_seen == smp_cpus && unexpected == 0, "line-for-all", "seen by %u, disabled by each for itself",
        shared_seen);
}

/* Everybody sends to everybody; mailbox bits merge, letters must not be lost. */
#define LETTERS 2000

static void storm(u32 cpu) {
  u32 random = cpu + 1;
  listen(cpu);
  for (u32 i = 0; i < LETTERS; i++) {
    random = random * 1664525 + 1013904223;
    u32 other = (random >> 16) % smp_cpus;
    atomic_add(&letters[other], 1);
    box_post(BOX_CALL(other));
  }
  atomic_add(&turn, 1);
  while (turn != smp_cpus) barrier();
  if (letters[cpu] != 0) atomic_add(&unexpected, 1); /* its IPI came before this vCPU went on */
  leave(cpu);
}

static void test_storm(void) {
  u32 read = 0, interrupts = 0;
  prepare();
  turn = 0;
  smp_run(storm);
  EACH_CPU(cpu) read += read_letters[cpu], interrupts += received[cpu];
  check(read == LETTERS * smp_cpus && unexpected == 0, "storm", "%u letters, %u interrupts, %u read",
        LETTERS * smp_cpus, interrupts, read);
}

void test_ipi(void) {
  if (smp_cpus > 1) {
    test_pairs();
    test_wakes();
  } else {
    skip("ping-pong", "one vCPU");
    skip("at-once", "one vCPU");
    skip("wakes", "one vCPU");
  }
  test_broadcast();
  test_shared_line();
  test_storm();
  exc_hook = 0;
  smp_settle();
  box_take(BOX_WAKE(0)); /* the last piece of work's "done" may have come late */
  check(CHIP_RAW(1) == 0, "nothing-left", "mailboxes 0x%x", CHIP_RAW(1));
}

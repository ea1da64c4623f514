/* When SC succeeds and when it fails, and shared counters that must come out exact. What MIPS32 leaves open is noted,
   not judged. */
#include "test.h"

static volatile u32 word __attribute__((aligned(4096)));
static volatile u32 same_line;                              /* the next word */
static volatile u32 other_line __attribute__((aligned(4096)));
static volatile u32 stop, go;

#define PAIRS 200000

/* LL and SC with one instruction between them; a failed pair is counted and done again. Returns the failures. */
static u32 count_up(volatile u32 *counter, u32 times) {
  u32 failures = 0, value;
  while (times) {
    __asm__ volatile(".set push\n\t.set noreorder\n\tll %0, 0(%1)\n\taddiu %0, %0, 1\n\tsc %0, 0(%1)\n\t.set pop"
                     : "=&r"(value)
                     : "r"(counter)
                     : "memory");
    if (value)
      times--;
    else
      failures++;
  }
  return failures;
}

static void test_alone(void) {
  smp_settle();
  word = 0;
  u32 failures = count_up(&word, PAIRS * 5);
  check(word == PAIRS * 5 && failures == 0, "alone", "%u pairs while the others sleep, %u failed", PAIRS * 5, failures);
}

/* ---- shared counters ---- */

static volatile u32 counters[3]; /* two on one line, all of them everybody's */

static void count_shared(u32 cpu) {
  u32 failures = 0;
  for (u32 i = 0; i < 3; i++) failures += count_up(&counters[i], PAIRS / 4);
  tally[cpu] = failures;
}

static void test_counters(void) {
  u32 wanted = PAIRS / 4 * smp_cpus;
  clear_tally();
  counters[0] = counters[1] = counters[2] = 0;
  smp_run(count_shared);
  check(counters[0] == wanted && counters[1] == wanted && counters[2] == wanted, "counters",
        "%u %u %u, all %u wanted; %u pairs failed", counters[0], counters[1], counters[2], wanted, tally_sum());
}

/* ---- what makes SC fail ---- */

#define ROUNDS 10
static u32 failed, kept;

/* LL, then `meanwhile`, then SC; the word must have kept what others made of it. */
static void attempt(void (*meanwhile)(void), u32 left_behind) {
  word = 1;
  load_linked(&word);
  meanwhile();
  if (!store_conditional(&word, 99)) failed++;
  if (word == left_behind) kept++;
}

static void attempts(const char *name, void (*meanwhile)(void), u32 left_behind) {
  failed = kept = 0;
  for (u32 i = 0; i < ROUNDS; i++) attempt(meanwhile, left_behind);
  check(failed == ROUNDS && kept == ROUNDS, name, "SC failed %u times of %u", failed, ROUNDS);
}

static void nothing(void) {}

static void test_nothing(void) {
  failed = kept = 0;
  for (u32 i = 0; i < ROUNDS; i++) attempt(nothing, 99);
  check(failed == 0 && kept == ROUNDS, "undisturbed", "SC failed %u times of %u", failed, ROUNDS);
}

/* Acknowledges mailboxes (a late "done" of the last piece of work too), steps over a SYSCALL. */
static void on_exception(struct exc_frame *frame) {
  if (CA_CODE(frame->cause) == EX_SYS)
    frame->epc += 4;
  else
    box_take(BOX_BOTH(cpu_number()));
}

static void call_system(void) { __asm__ volatile("syscall" ::: "memory"); }

static void interrupt_self(void) {
  set_status(SMP_STATUS | ST_IE);
  box_post(BOX_CALL(0));
  set_status(SMP_STATUS);
}

static void test_exceptions(void) {
  exc_hook = on_exception;
  attempts("syscall-and-eret", call_system, 1);
  attempts("interrupt-and-eret", interrupt_self, 1);
  exc_hook = 0;
}

/* vCPU 1 stores when told to: its own number, the value that is there already, or next to the word. */
static volatile u32 *volatile store_to;
static volatile u32 store_value;

static void disturber(void) {
  u32 seen = 0;
  for (;;) {
    while (go == seen && !stop) {
      box_take(BOX_CALL(1));
      if (go == seen && !stop) cpu_wait();
    }
    if (stop) return;
    seen = go;
    *store_to = store_value;
    tally[1] = seen;
  }
}

static void let_store(void) {
  u32 round = go + 1;
  go = round;
  box_post(BOX_CALL(1));
  while (tally[1] != round) barrier();
}

static void give_away(void) { switch_away(0); }

static void disturbed(u32 cpu) {
  if (cpu == 1) disturber();
  if (cpu != 0) return;
  store_to = &word;
  store_value = 7;
  attempts("store-by-another", let_store, 7);
  store_value = 1;
  attempts("same-value-by-another", let_store, 1);
  store_to = &same_line;
  attempts("store-beside-it", let_store, 1);
  stop = 1;
  barrier();
  box_post(BOX_CALL(1));
}

static void switched(u32 cpu) {
  if (cpu == 1) {
    box_take(BOX_BOTH(1)); /* only a mailbox that rises ends the quantum of its sender */
    go = 1;
    while (!stop) barrier();
  }
  if (cpu != 0) return;
  while (!go) barrier();
  attempts("vcpu-switch", give_away, 1);
  stop = 1;
}

static void test_others(void) {
  stop = go = 0;
  clear_tally();
  smp_run(disturbed);
  stop = go = 0;
  smp_run(switched);
}

/* ---- left open by the architecture ---- */

static const char *outcome(u32 stored) { return stored ? "succeeds" : "fails"; }

static void notes(void) {
  word = same_line = other_line = 0;
  load_linked(&word);
  note("LL, SC to the next word: %s", outcome(store_conditional(&same_line, 1)));
  load_linked(&word);
  note("LL, SC to another page: %s", outcome(store_conditional(&other_line, 1)));
  load_linked(&word);
  store_conditional(&word, 1);
  note("SC without LL: %s", outcome(store_conditional(&word, 2)));
  load_linked(&word);
  word = 3;
  note("own store to the word between: %s", outcome(store_conditional(&word, 4)));
  load_linked(&word);
  CHIP_EN_W1S(0, 1) = 0;
  note("own access to a device between: %s", outcome(store_conditional(&word, 5)));
}

void test_llsc(void) {
  test_alone();
  test_counters();
  test_nothing();
  test_exceptions();
  if (smp_cpus > 1) {
    test_others();
  } else {
    skip("store-by-another", "one vCPU");
    skip("same-value-by-another", "one vCPU");
    skip("store-beside-it", "one vCPU");
    skip("vcpu-switch", "one vCPU");
  }
  notes();
}

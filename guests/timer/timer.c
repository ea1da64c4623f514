/*
 * Count/Compare, the software interrupts, masking, Cause.DC and WAIT, with the instants they happened at. Prints
 * `ok NAME` or `FAIL NAME ...` per check and a count; exit code 0 when all are right, else 10.
 */
#include "guest.h"

extern const u8 wait_insn[], spin_insn[], spin_left[];
u32 call_branchy(u32 rounds);
void call_wait_enabled(void);
void call_spin_enabled(void);

#define TI_IP7 (CA_TI | CA_IP(7))
/* Short intervals; QEMU needs longer ones, as its Count runs on while it translates code. */
#define SHORT(ticks) (TE ? (ticks) : (ticks) * 100)
/* Ticks after which a due timer interrupt must be pending; QEMU's comes by a host timer. */
#define SLACK (TE ? 200 : 1000000)
#define SOFT (CA_IP(0) | CA_IP(1))

static u32 period; /* 10 ms in Count ticks */
static u32 checks, failures;

/* What the handler saw. */
static struct {
  volatile u32 timer, soft; /* how many of each */
  u32 resume; /* go on here after a timer interrupt, unless 0 */
  u32 step; /* Compare moves on by this at every timer interrupt; 0: to far in the future */
  u32 at, due, epc, cause;
} seen;

static void check(const char *name, int right, const char *what, u32 got) {
  checks++;
  if (!right) failures++;
  printf(right ? "ok %s %s %u\n" : "FAIL %s %s %u\n", name, what, got);
}

static void on_exception(struct exc_frame *frame) {
  if (CA_CODE(frame->cause) != EX_INT) {
    exc_hook = 0;
    printf("unexpected ");
    exc_report(frame);
    guest_exit(10);
  }
  seen.at = get_count();
  seen.due = get_compare();
  seen.epc = frame->epc;
  seen.cause = frame->cause;
  u32 pending = frame->cause & frame->status & ST_IM_ALL;
  if (pending & CA_IP(7)) {
    seen.timer++;
    set_compare(seen.step ? seen.due + seen.step : seen.at - 1);
    if (seen.resume) frame->epc = seen.resume;
  }
  if (pending & SOFT) {
    seen.soft++;
    set_cause(get_cause() & ~(pending & SOFT));
  }
}

static void reset_seen(u32 step) {
  memset(&seen, 0, sizeof seen);
  seen.step = step;
}

/* Compare = now + ticks, which also takes back an interrupt that is pending. */
static u32 arm(u32 ticks) {
  u32 due = get_count() + ticks;
  set_compare(due);
  return due;
}

static void spin_past(u32 due) {
  while ((int)(get_count() - due) < SLACK) continue;
}

static void test_count(void) {
  u32 last = get_count(), moved = 0, back = 0;
  for (u32 i = 0; i < 10000; i++) {
    u32 now = get_count();
    if ((int)(now - last) < 0) back++;
    if (now != last) moved++;
    last = now;
  }
  check("count-monotonic", back == 0, "steps back:", back);
  check("count-moves", moved > 100, "moves:", moved);
  set_compare(0x70000000);
  set_count(0xfffffff0);
  spin_past(0x10);
  check("count-wraps", get_count() < 0x10000000, "after the wrap at:", get_count());
}

static void test_periods(void) {
  reset_seen(period);
  u32 start = arm(period), taken = 0, steady = 1;
  set_status(ST_IM(7) | ST_IE);
  while (taken < 5) {
    while (seen.timer == taken) cpu_wait();
    taken++;
    irq_disable();
    u32 due = start + (taken - 1) * period;
    printf("timer: interrupt %u, Compare %u, taken at Count %u (%u ticks late)\n", taken, seen.due, seen.at,
           seen.at - seen.due);
    if (seen.due != due || seen.at - seen.due >= period || (seen.cause & TI_IP7) != TI_IP7) steady = 0;
    irq_enable();
  }
  set_status(0);
  check("five-periods", steady && seen.timer == 5, "interrupts:", seen.timer);
}

static void test_masking(void) {
  reset_seen(0);
  set_status(ST_IM(7));
  u32 due = arm(SHORT(1000));
  check("not-before-compare", (get_cause() & TI_IP7) == 0 || (int)(get_count() - due) >= 0, "due:", due);
  spin_past(due);
  check("ie-clear", seen.timer == 0 && (get_cause() & TI_IP7) == TI_IP7, "interrupts:", seen.timer);
  set_status(ST_IE | (ST_IM_ALL & ~ST_IM(7) & ~ST_IM(2)));
  check("im-clear", seen.timer == 0 && (get_cause() & TI_IP7) == TI_IP7, "interrupts:", seen.timer);
  set_status(ST_IM(7) | ST_IE);
  check("taken-once-unmasked", seen.timer == 1, "interrupts:", seen.timer);
  check("compare-acknowledges", (get_cause() & TI_IP7) == 0, "Cause:", get_cause());
  set_status(ST_IM(7));
  spin_past(arm(SHORT(500)));
  u32 before = get_cause() & TI_IP7;
  arm(period);
  check("acknowledged-untaken", before == TI_IP7 && (get_cause() & TI_IP7) == 0, "Cause:", get_cause());
  set_status(ST_IM(7) | ST_IE);
  check("nothing-left-to-take", seen.timer == 1, "interrupts:", seen.timer);
  set_status(0);
}

static void test_soft(void) {
  reset_seen(0);
  arm(0x40000000);
  set_status(ST_IM(0) | ST_IE);
  set_cause(SOFT);
  check("ip0-alone", seen.soft == 1 && (get_cause() & SOFT) == CA_IP(1), "interrupts:", seen.soft);
  set_status(ST_IM(1) | ST_IE);
  check("then-ip1", seen.soft == 2 && (get_cause() & SOFT) == 0, "interrupts:", seen.soft);
  set_status(ST_IM(0) | ST_IM(1) | ST_IE);
  set_cause(SOFT);
  check("both-at-once", seen.soft == 3 && (seen.cause & SOFT) == SOFT, "interrupts:", seen.soft);
  set_status(ST_IM(0) | ST_IM(7));
  spin_past(arm(SHORT(500)));
  set_cause(CA_IP(0));
  set_status(ST_IM(0) | ST_IM(7) | ST_IE);
  check("with-timer", seen.soft == 4 && seen.timer == 1, "timer interrupts:", seen.timer);
  set_status(0);
}

static void test_stopped(void) {
  reset_seen(0);
  set_status(ST_IM(7) | ST_IE);
  u32 due = arm(SHORT(5000));
  set_cause(CA_DC);
  u32 stopped = get_count(), moves = 0;
  for (u32 i = 0; i < 20000; i++) moves += get_count() != stopped;
  check("dc-stops-count", moves == 0, "moves:", moves);
  check("dc-stops-timer", seen.timer == 0, "interrupts:", seen.timer);
  set_cause(0);
  u32 resumed = get_count();
  check("dc-resumes-from-there", resumed - stopped < period, "ticks on:", resumed - stopped);
  spin_past(due);
  check("dc-timer-fires-after", seen.timer == 1, "interrupts:", seen.timer);
  set_status(0);
}

static void test_wait(void) {
  reset_seen(0);
  u32 due = arm(period);
  set_status(ST_IM(7) | ST_IE);
  call_wait_enabled();
  u32 woke = get_count();
  set_status(0);
  printf("timer: WAIT until Compare %u, taken at %u, back at %u\n", due, seen.at, woke);
  check("wait-wakes", seen.timer == 1 && woke - due < period, "ticks late:", woke - due);
  check("wait-epc", seen.epc - (u32)wait_insn <= 4, "EPC - WAIT:", seen.epc - (u32)wait_insn);
  if (!(get_config7() & CONFIG7_WII)) return;
  reset_seen(0);
  set_status(ST_IM(7));
  due = arm(period);
  cpu_wait();
  woke = get_count();
  check("wait-wakes-ie-clear", seen.timer == 0 && woke - due < period, "ticks late:", woke - due);
  cpu_wait();
  check("wait-falls-through", seen.timer == 0, "ticks:", get_count() - woke);
  set_status(ST_IM(7) | ST_IE);
  check("taken-after-wait", seen.timer == 1, "interrupts:", seen.timer);
  set_status(ST_IM(1));
  set_cause(CA_IP(1));
  cpu_wait();
  set_cause(0);
  check("wait-wakes-soft", 1, "at:", get_count());
  set_status(0);
}

static void test_spin(void) {
  reset_seen(0);
  seen.resume = (u32)spin_left;
  u32 due = arm(period);
  set_status(ST_IM(7) | ST_IE);
  call_spin_enabled();
  u32 left = get_count();
  set_status(0);
  check("spin-is-interrupted", seen.timer == 1 && left - due < period, "ticks late:", left - due);
  check("spin-epc", seen.epc == (u32)spin_insn, "EPC - branch:", seen.epc - (u32)spin_insn);
}

/* Interrupts at all sorts of places in code full of branches and slots must not show in what it computes. */
static void test_stress(void) {
  reset_seen(0);
  arm(0x40000000);
  u32 quiet = call_branchy(20000), wrong = 0, most = 0;
  for (u32 i = 0; i < 30; i++) {
    u32 step = TE ? 1500 + i : 20000 + i;
    reset_seen(step);
    arm(step);
    set_status(ST_IM(7) | ST_IE);
    u32 sum = call_branchy(20000);
    set_status(0);
    if (sum != quiet) wrong++;
    if (seen.timer > most) most = seen.timer;
  }
  check("undisturbed-under-interrupts", wrong == 0, "wrong sums:", wrong);
  check("interrupted-at-all", most > 0, "most interrupts in a run:", most);
}

int main(void) {
#if TE
  u32 hz = hypercall(HC_GET_CLOCK_FREQ, 0, 0, 0);
#else
  u32 hz = 100000000;
#endif
  printf("timer: %u Hz\n", hz);
  period = hz / 100;
  exc_hook = on_exception;
  test_count();
  test_periods();
  test_masking();
  test_soft();
  test_stopped();
  test_wait();
  test_spin();
  test_stress();
  printf("timer: %u checks, %u failed\n", checks, failures);
  return failures ? 10 : 0;
}

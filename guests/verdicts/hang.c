/* Nothing can ever run again: proven at once, whatever the wall clock says. */
#include "verdict.h"

/* WAIT with every interrupt masked. */
GUEST(hang_masked) {
  set_status(0);
  say("at the end\n");
  for (;;) cpu_wait();
}

/* WAIT with interrupts on, all but the timer's, and no device that has anything to do. */
GUEST(hang_unarmed) {
  set_status(ST_IE | (ST_IM_ALL & ~ST_IM(7)));
  say("at the end\n");
  for (;;) cpu_wait();
}

/* WAIT for the timer, which Cause.DC has stopped. */
GUEST(hang_stopped_timer) {
  set_compare(get_count() + 1000000);
  set_cause(CA_DC);
  set_status(ST_IE | ST_IM(7));
  say("at the end\n");
  for (;;) cpu_wait();
}

GUEST(hang_self_branch) {
  set_status(0);
  say("at the end\n");
  self_branch();
  return 98;
}

/* A jump instead of a branch. */
GUEST(hang_self_jump) {
  set_status(0);
  say("at the end\n");
  __asm__ volatile(".set push\n\t.set noreorder\n1:\tj 1b\n\tnop\n\t.set pop");
  return 98;
}

/* No hang: the timer comes, if only in 40 s. */
GUEST(wait_armed) {
  set_compare(get_count() - 1);
  set_status(ST_IE | ST_IM(7));
  for (;;) cpu_wait();
}

static volatile u32 ticks;

static void on_tick(struct exc_frame *frame) {
  (void)frame;
  ticks++;
  set_compare(get_count() - 1);
}

/* WAIT until the timer comes in a second, which is not slept. */
GUEST(wait_ends) {
  exc_hook = on_tick;
  set_compare(get_count() + 100000000);
  set_status(ST_IE | ST_IM(7));
  while (ticks == 0) cpu_wait();
  power_off();
  return 98;
}

int main(void) { return CASE(); }

/* Guests that go on for ever: no proof, so a limit ends them. */
#include "verdict.h"

static void on_timer(struct exc_frame *frame) {
  (void)frame;
  set_compare(get_count() + 100000);
}

/* A branch to itself that the timer interrupts every millisecond. */
GUEST(spin_interrupted) {
  exc_hook = on_timer;
  set_compare(get_count() + 100000);
  set_status(ST_IE | ST_IM(7));
  self_branch();
  return 98;
}

GUEST(spin_three) {
  set_status(0);
  loop_of_three();
  return 98;
}

/* The general exception vector holds a reserved instruction. */
GUEST(spin_exceptions) {
  u32 *vector = (u32 *)(KSEG0 + 0x180);
  vector[0] = 0xec000000;
  vector[1] = 0;
  icache_sync(vector, 8);
  __asm__ volatile("break");
  return 98;
}

/* The TLB refill handler misses in the TLB itself, and so does the general one. */
GUEST(spin_refill) {
  for (u32 i = 0; i < 2; i++) {
    u32 *vector = (u32 *)(KSEG0 + (i ? 0x180 : 0));
    vector[0] = 0x8c1a0010; /* lw k0, 16(zero) */
    vector[1] = 0;
    icache_sync(vector, 8);
  }
  (void)*(volatile u32 *)0x20;
  return 98;
}

GUEST(spin_printing) {
  for (;;) say("and so on\n");
}

/* Looks at a device for ever. */
GUEST(spin_polling) {
  while (FINISHER == 0) continue;
  return 98;
}

int main(void) { return CASE(); }

/* The guest says itself how it ended: hypercall 7, the test finisher, or a line of its console. */
#include "verdict.h"

/* Plain hypercall 7: a0 is no code without the magic number in a1. */
GUEST(off_hypercall) {
  hypercall(HC_EXIT_VM, 55, 0, 0);
  return 98;
}

GUEST(off_finisher) {
  power_off();
  return 98;
}

/* Nothing runs behind the store that powers off. */
GUEST(off_then_prints) {
  say("before\n");
  power_off();
  say("after\n");
  return 98;
}

/* What it has begun to print is not lost. */
GUEST(off_mid_line) {
  say("half a li");
  power_off();
  return 98;
}

/* code=N by hypercall 7 with the magic number. */
GUEST(code_hypercall) { return arg_int("code", 0); }

/* code=N by the finisher. */
GUEST(code_finisher) {
  FINISHER = FINISHER_FAIL(arg_int("code", 0));
  return 98;
}

/* That all is well is what it prints, not what it says. */
GUEST(code_belies_text) {
  say("# ok: guest powered off\nall tests passed\n");
  return 42;
}

/* A value that the finisher does not know is dropped. */
GUEST(finisher_junk) {
  FINISHER = 0x12345678;
  FINISHER = 0;
  *(volatile u8 *)&FINISHER = 0x55;
  return FINISHER == 0 ? 0 : 10;
}

GUEST(reboot_finisher) {
  FINISHER = FINISHER_RESET;
  return 98;
}

/* A hypercall that nobody knows is answered, and console output that is not in RAM is refused. */
GUEST(hypercall_junk) {
  int answered = hypercall(1234, 1, 2, 3) == (u32)-1000;
  int refused = hypercall(HC_CONSOLE_OUTPUT, 0, 0xdeadbee0, 16) == (u32)-22;
  int unending = hypercall(HC_CONSOLE_OUTPUT, 0, KSEG0, 0xffffffff) == (u32)-22;
  return answered && refused && unending ? 0 : 10;
}

int main(void) { return CASE(); }

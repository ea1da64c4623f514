/* Board malta, which a MALTA(name) is built for: the ordinary segment map, the UART, no hypercalls. */
#include "verdict.h"

#define SOFTRES (*(volatile u32 *)0xbf000500)
#define GORESET 0x42
#define MALTA_FINISHER (*(volatile u32 *)0xbf000c00)

/* The board's soft reset register. */
MALTA(malta_softres) {
  SOFTRES = 0x41; /* not the value that resets */
  say("going\n");
  SOFTRES = GORESET;
  return 98;
}

MALTA(malta_off_finisher) {
  MALTA_FINISHER = FINISHER_PASS;
  return 98;
}

/* code=N */
MALTA(malta_code_finisher) {
  MALTA_FINISHER = FINISHER_FAIL(arg_int("code", 0));
  return 98;
}

MALTA(malta_hang) {
  set_status(0);
  say("at the end\n");
  for (;;) cpu_wait();
}

/* Code where no memory is, and exceptions that go to the boot ROM. */
MALTA(malta_boot_vectors) {
  set_status(ST_BEV);
  __asm__ volatile("break");
  return 98;
}

int main(void) { return CASE(); }

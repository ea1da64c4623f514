/* A guest that waits for its console, by interrupt. */
#include "verdict.h"

static void on_interrupt(struct exc_frame *frame) {
  (void)frame;
  console_irq();
}

/* `q` ends it with code 42. */
GUEST(input_waits) {
  exc_hook = on_interrupt;
  console_irq_enable();
  say("type\n");
  for (;;) {
    set_status(0);
    for (int byte = console_getc(); byte >= 0; byte = console_getc())
      if (byte == 'q') return 42;
    set_status(ST_IM(2)); /* Config7.WII: WAIT ends on it */
    cpu_wait();
    set_status(ST_IM(2) | ST_IE);
  }
}

int main(void) { return CASE(); }

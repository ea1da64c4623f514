/*
 * Echoes its console, fed by the console's interrupt, and idles in WAIT. The line "quit" ends it with exit code 0,
 * "exit N" with exit code N.
 */
#include "guest.h"

#define IP_CONSOLE 2 /* the paravirt interrupt controller raises IP2 */

static void on_exception(struct exc_frame *frame) {
  if (CA_CODE(frame->cause) != EX_INT) {
    exc_hook = 0;
    printf("unexpected ");
    exc_report(frame);
    guest_exit(98);
  }
  console_irq();
}

/*
 * The next byte. Interrupts are off between the look and the WAIT, so none can slip in between and leave us asleep:
 * with Config7.WII a pending interrupt ends WAIT all the same, and is taken at irq_enable.
 */
static char next_byte(void) {
  for (;;) {
    irq_disable();
    int c = console_getc();
    if (c < 0) cpu_wait();
    irq_enable();
    if (c >= 0) return (char)c;
  }
}

int main(void) {
  char line[80];
  u32 length = 0;
  if (!(get_config7() & CONFIG7_WII)) {
    printf("echo: this CPU has no Config7.WII\n");
    return 1;
  }
  exc_hook = on_exception;
  printf("echo: type \"quit\", or \"exit N\"\n");
  console_irq_enable();
  set_status(ST_IM(IP_CONSOLE) | ST_IE);
  for (;;) {
    char c = next_byte();
    if (c == '\r') c = '\n';
    console_write(&c, 1);
    if (c != '\n') {
      if (length < sizeof line - 1) line[length++] = c;
      continue;
    }
    line[length] = 0;
    length = 0;
    if (!strcmp(line, "quit")) return 0;
    if (word_is(line, "exit")) return parse_int(line[4] ? line + 5 : "0");
  }
}

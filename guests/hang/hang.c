/*
 * Never ends, in one of two provable ways: `wait` (the default) executes WAIT with every interrupt masked; `spin`
 * branches to itself with interrupts off.
 */
#include "guest.h"

int main(void) {
  set_status(0); /* IE and IM clear */
  if (arg_flag("spin")) {
    printf("hang: branching to itself with interrupts off\n");
    __asm__ volatile(".set push\n\t.set noreorder\n1:\tb 1b\n\tnop\n\t.set pop");
  }
  printf("hang: waiting with every interrupt masked\n");
  for (;;) cpu_wait();
}

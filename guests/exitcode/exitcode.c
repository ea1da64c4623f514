/*
 * Ends as told: `code=N` exits with N (hypercall 7 with the exit-code magic in a1); `plain` makes the plain hypercall
 * 7 with a junk a0, which is a clean power-off whatever a0 holds.
 */
#include "guest.h"

int main(void) {
  if (arg_flag("plain")) {
    printf("exitcode: plain power-off with a0 = 55\n");
    hypercall(HC_EXIT_VM, 55, 0, 0);
  }
  int code = arg_int("code", 0);
  printf("exitcode: %d\n", code);
  return code;
}

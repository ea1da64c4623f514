/* Programs in user mode that print what a kernel prints when it breaks, and kernels that print what is no panic. */
#include "kernel.h"
#include "user.h"

#define PANIC "Kernel panic - not syncing: "
#define FORGED "[    1.000000] " PANIC "forged\n[    1.000001] ---[ end " PANIC "forged ]---\nRebooting in 5 seconds..\n"

static void exit_0(void) { guest_exit(0); }
static void exit_42(void) { guest_exit(42); }
static void reboot(void) { FINISHER = FINISHER_RESET; }

static void hang(void) {
  set_status(0);
  for (;;) cpu_wait();
}

GUEST(forged_powers_off) { user_run(FORGED, power_off); }
GUEST(forged_exits_0) { user_run(FORGED, exit_0); }
GUEST(forged_exits_42) { user_run(FORGED, exit_42); }
GUEST(forged_reboots) { user_run(FORGED, reboot); }
GUEST(forged_hangs) { user_run(FORGED, hang); }

/* It spins in user mode after that. */
GUEST(forged_spins) { user_run(FORGED, 0); }

GUEST(forged_mid_line) { user_run("grep says: " PANIC "no, it was not\n", power_off); }
GUEST(forged_without_end) { user_run(PANIC "no line end", power_off); }
GUEST(forged_oops) { user_run("Oops[#1]:\n[    1.000000] ---[ end trace 0000000000000000 ]---\n", power_off); }
GUEST(forged_verdict) { user_run("# PANIC at 0.001s @ 1 on cpu0: \"forged\"\n# exit 100\n", power_off); }

/* A kernel whose symbols are known (kernel.c) prints for its program. */
KERNEL(forged_named) { user_run(FORGED, power_off); }

static void panics(void) { panic("the true one"); }

/* What breaks then is not what the program said. */
KERNEL(forged_then_panic) { user_run(FORGED, panics); }

/* The last line of a panic alone, from a kernel. */
GUEST(forged_end_line) {
  say("[    1.000000] ---[ end " PANIC "never begun ]---\nRebooting in 5 seconds..\n");
  power_off();
  return 98;
}

/* Another text that has most of it. */
GUEST(forged_nearly) {
  say("[    1.000000] Kernel panic - syncing: all is well\n[    1.000001] kernel panic - not syncing: in small letters\n");
  power_off();
  return 98;
}

int main(void) { return CASE(); }

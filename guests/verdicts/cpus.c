/* Two vCPUs. */
#include "smp/smp.h"
#include "kernel.h"

static void spin(void) { loop_of_three(); }

static void wait(void) {
  set_status(0);
  for (;;) cpu_wait();
}

/* `first` on vCPU 0, `second` on vCPU 1. */
static void (*volatile run_first)(void), (*volatile run_second)(void);

static void run_both(u32 cpu) {
  if (cpu == 0)
    run_first();
  else
    run_second();
  __asm__ volatile(""); /* no tail call: this is on the stack */
}

static int both(void (*first)(void), void (*second)(void)) {
  run_first = first;
  run_second = second;
  smp_start();
  smp_run(run_both);
  return 98;
}

static void exit_42(void) { guest_exit(42); }
static void branch(void) {
  set_status(0);
  self_branch();
}

GUEST(smp_off_past_spin) { return both(spin, power_off); }
GUEST(smp_code_past_wait) { return both(wait, exit_42); }
GUEST(smp_both_wait) { return both(wait, wait); }
GUEST(smp_wait_and_branch) { return both(wait, branch); }
GUEST(smp_both_branch) { return both(branch, branch); }

/* No hang: one of them runs. */
GUEST(smp_wait_and_spin) { return both(wait, spin); }

__attribute__((noinline)) void second_panics(void) { panic("Fatal exception"); }
static void start_both(void) { both(spin, second_panics); }

KERNEL(smp_panic) {
  start_kernel(start_both);
  return 98;
}

int main(void) { return CASE(); }

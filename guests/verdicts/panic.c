/* Kernels that break. A KERNEL is known by its symbols; a GUEST is stripped, and known by what it does and prints. */
#include "kernel.h"

#define NO_ROOT "VFS: Unable to mount root fs on unknown-block(0,0)"

static int after(void (*thread)(void)) {
  start_kernel(thread);
  return 98;
}

__attribute__((noinline)) void mount_root(void) { panic(NO_ROOT); }

/* The usual lines, then it stays. */
KERNEL(panic_plain) { return after(mount_root); }

/* The same without symbols: the stack leads through the code that has the text. */
GUEST(panic_stripped) { return after(mount_root); }

static void spin_with_interrupts(void) {
  set_status(ST_IE | ST_IM_ALL);
  loop_of_three();
}

/* Nothing is printed, and nothing can run any more. */
KERNEL(panic_silent) {
  panic_is_quiet = 1;
  return after(mount_root);
}

/* Nothing is printed, and it goes on spinning. */
KERNEL(panic_silent_spins) {
  panic_is_quiet = 1;
  panic_then = spin_with_interrupts;
  return after(mount_root);
}

__attribute__((noinline)) void kill_init(void) { panic("Attempted to kill init! exitcode=0x%08x, %s %d", 0x100, "signal", -3); }

/* The message is in registers and on the stack. */
KERNEL(panic_silent_arguments) {
  panic_is_quiet = 1;
  return after(kill_init);
}

static void reboot(void) { FINISHER = FINISHER_RESET; }

KERNEL(panic_reboots) {
  panic_then = reboot;
  return after(mount_root);
}

KERNEL(panic_silent_reboots) {
  panic_is_quiet = 1;
  panic_then = reboot;
  return after(mount_root);
}

KERNEL(panic_powers_off) {
  panic_then = power_off;
  return after(mount_root);
}

static void fall_off(void) { ((void (*)(void))0x4f000000)(); }

/* Its reset goes to where no memory is. */
KERNEL(panic_resets) {
  panic_then = fall_off;
  return after(mount_root);
}

static void exit_well(void) { guest_exit(0); }

KERNEL(panic_exits_0) {
  panic_then = exit_well;
  return after(mount_root);
}

/* No symbols, and a code of its own: the stack told all the same. */
GUEST(panic_stripped_exits_0) {
  panic_then = exit_well;
  return after(mount_root);
}

/* A program has begun a line. */
KERNEL(panic_behind_text) {
  say("login: ");
  return after(mount_root);
}

static void wait_for_reboot(void) {
  printk(KERN_EMERG, "Rebooting in 5 seconds..", "");
  loop_of_three();
}

/* The run ends with the line, five seconds early. */
KERNEL(panic_reboots_later) {
  panic_then = wait_for_reboot;
  return after(mount_root);
}

static void blink(void) {
  for (;;) say(".");
}

/* The message is followed by dots for ever. */
KERNEL(panic_prints_on) {
  panic_then = blink;
  return after(mount_root);
}

__attribute__((noinline)) void handle_fault(int depth) {
  if (depth == 0) panic("Fatal exception in interrupt");
  handle_fault(depth - 1);
  __asm__ volatile(""); /* a call, no loop */
}

static void nest(void) { handle_fault(3); }

KERNEL(panic_nested) { return after(nest); }

static void panic_again(void) {
  panic_then = 0;
  panic("the second panic");
}

/* A panic in panic(): the first is what broke. */
KERNEL(panic_twice) {
  panic_then = panic_again;
  return after(mount_root);
}

/* Text that no stack explains, from a kernel: believed when nothing but kernel code runs for two seconds. */
GUEST(panic_unexplained) {
  say("Kernel panic - not syncing: no stack tells of this\n");
  loop_of_three();
  return 98;
}

GUEST(panic_unexplained_off) {
  say("[    1.000000] Kernel panic - not syncing: no stack tells of this\n");
  power_off();
  return 98;
}

/* Whoever knows how to exit with a code has not panicked. */
GUEST(panic_text_exits_0) {
  say("Kernel panic - not syncing: only a text\n");
  return 0;
}

/* It waits for something after the text, which no panic does. */
GUEST(panic_text_waits) {
  say("Kernel panic - not syncing: only a text\n");
  set_status(0);
  for (;;) cpu_wait();
}

/* The text byte by byte, and no line end. */
GUEST(panic_by_bytes) {
  for (const char *at = "Kernel panic - not syncing: in pieces"; *at; at++) console_write(at, 1);
  loop_of_three();
  return 98;
}

/* ---- oopses ---- */

__attribute__((noinline)) void on_fault(struct exc_frame *frame) {
  static const char digits[] = "0123456789abcdef";
  static char address[] = "00000000";
  for (u32 i = 0; i < 8; i++) address[i] = digits[frame->badvaddr >> (28 - 4 * i) & 15];
  printk(KERN_EMERG "CPU 0 Unable to handle kernel paging request at virtual address ", address, "");
  die("Oops");
  frame->epc += 4;
}

/* A load from address 16. */
__attribute__((noinline)) void oops(void) {
  exc_hook = on_fault;
  __asm__ volatile("lw $8, 16($0)" ::: "$8");
}

KERNEL(oops_powers_off) {
  start_kernel(oops);
  say("still here\n");
  power_off();
  return 98;
}

KERNEL(oops_exits_0) {
  start_kernel(oops);
  return 0;
}

KERNEL(oops_exits_42) {
  start_kernel(oops);
  return 42;
}

/* --exit-line TSVM-EXIT: a program goes on, and says that all is well. */
KERNEL(oops_line_0) {
  start_kernel(oops);
  say("TSVM-EXIT 0\n");
  return 98;
}

KERNEL(oops_spins) {
  start_kernel(oops);
  loop_of_three();
  return 98;
}

KERNEL(oops_hangs) {
  start_kernel(oops);
  set_status(0);
  for (;;) cpu_wait();
}

__attribute__((noinline)) void oops_and_panic(void) {
  oops();
  panic("Fatal exception");
}

KERNEL(oops_panics) { return after(oops_and_panic); }

int main(void) { return CASE(); }

/* See kernel.h. */
#include "kernel.h"

int panic_is_quiet;
void (*panic_then)(void);

__attribute__((noinline)) void printk(const char *before, const char *text, const char *after) {
  u32 us = get_count() / 100;
  printf("[%5u.%06u] %s%s%s\n", us / 1000000, us % 1000000, *before == 1 ? before + 2 : before, text, after);
}

__attribute__((noinline, noreturn)) void panic(const char *format, ...) {
  set_status(0);
  if (!panic_is_quiet) printk(KERN_EMERG "Kernel panic - not syncing: ", format, "");
  if (panic_then) panic_then();
  if (!panic_is_quiet) printk(KERN_EMERG "---[ end Kernel panic - not syncing: ", format, " ]---");
  self_branch();
  __builtin_unreachable();
}

__attribute__((noinline)) void die(const char *what) {
  printk(KERN_EMERG, what, "[#1]:");
  printk(KERN_EMERG, "Stack : 00000000 00000000 00000000", "");
  printk(KERN_EMERG, "---[ end trace 0000000000000000 ]---", "");
}

__attribute__((noinline)) void start_kernel(void (*thread)(void)) {
  thread();
  __asm__ volatile(""); /* no tail call: start_kernel is on the stack */
}

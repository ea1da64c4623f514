/* What looks like a Linux kernel to tsvm: printk, panic and die by these names, and what they print. */
#ifndef KERNEL_H
#define KERNEL_H
#include "verdict.h"

/* The level stands before the text. */
#define KERN_EMERG "\0010"

/* One line with a time stamp: before (maybe with a level), text, after. */
void printk(const char *before, const char *text, const char *after);

/* Whether panic() prints anything; what it does when it has printed its message, NULL: stay, as without panic=. */
extern int panic_is_quiet;
extern void (*panic_then)(void);
__attribute__((noreturn)) void panic(const char *format, ...);
/* Prints an oops and comes back. */
void die(const char *what);

/* Runs the first thread, which may not come back. */
void start_kernel(void (*thread)(void));

#endif

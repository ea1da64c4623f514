/*
 * Programs that end in one way each. A file holds several: GUEST(name) is one, and -DCASE=name makes it the program; a
 * KERNEL(name) is one whose ELF keeps its symbols, which is how tsvm knows a kernel (start_kernel, panic, die), a MALTA(name)
 * is one for the board of that name.
 * scripts/build-guests.sh finds them by these words at the start of a line.
 */
#ifndef VERDICT_H
#define VERDICT_H
#include "guest.h"

#pragma clang diagnostic ignored "-Wunused-function" /* the other programs of the file */

/* What it returns is its exit code (hypercall 7). */
#define GUEST(name) static int name(void)
#define KERNEL(name) static int name(void)
#define MALTA(name) static int name(void)

/* The test finisher of board mips-paravirt: pass powers off, reset asks for a reboot, fail gives a 16-bit code. */
#define FINISHER (*(volatile u32 *)(IO_BASE | 0x1e020000))
#define FINISHER_PASS 0x5555
#define FINISHER_RESET 0x7777
#define FINISHER_FAIL(code) (0x3333 | (u32)(code) << 16)

/* A branch to itself with a NOP in its slot. */
#define self_branch() __asm__ volatile(".set push\n\t.set noreorder\n1:\tb 1b\n\tnop\n\t.set pop")
/* A loop of three instructions. */
#define loop_of_three() __asm__ volatile(".set push\n\t.set noreorder\n1:\taddiu $8, $8, 1\n\tb 1b\n\tnop\n\t.set pop" ::: "$8")

static inline void say(const char *text) { console_write(text, (u32)strlen(text)); }

static inline void power_off(void) { FINISHER = FINISHER_PASS; }

#endif

/* Linux on ARM with the EABI: how a process starts, system calls, and the numbers that differ between architectures (Linux,
 * arch/arm/include/uapi/asm and arch/arm/tools/syscall.tbl; Procedure Call Standard for the Arm Architecture). */
#ifndef AGENT_ARCH_ARM_H
#define AGENT_ARCH_ARM_H

/* The kernel enters at _start with sp at argc, argv[], NULL, envp[], NULL; start() gets that address. */
#define ENTRY                                  \
  ".section .text.start, \"ax\", %progbits\n"   \
  ".globl _start\n"                            \
  ".type _start, %function\n"                  \
  "_start:\n"                                  \
  "  mov r0, sp\n"                             \
  "  bic sp, sp, #7\n"                         \
  "  mov lr, #0\n"                             \
  "  b start\n"                                \
  ".previous\n"

/* Number in r7, arguments from r0 on; the kernel answers in r0 and keeps the others. */
static inline long syscall5(long number, long a, long b, long c, long d, long e) {
  register long r0 __asm__("r0") = a;
  register long r1 __asm__("r1") = b;
  register long r2 __asm__("r2") = c;
  register long r3 __asm__("r3") = d;
  register long r4 __asm__("r4") = e;
  register long r7 __asm__("r7") = number;
  __asm__ volatile("svc #0" : "+r"(r0) : "r"(r1), "r"(r2), "r"(r3), "r"(r4), "r"(r7) : "memory");
  return r0;
}

enum {
  SYS_exit = 1,
  SYS_fork = 2,
  SYS_read = 3,
  SYS_write = 4,
  SYS_close = 6,
  SYS_unlink = 10,
  SYS_execve = 11,
  SYS_chdir = 12,
  SYS_mknod = 14,
  SYS_mount = 21,
  SYS_access = 33,
  SYS_kill = 37,
  SYS_mkdir = 39,
  SYS_rmdir = 40,
  SYS_brk = 45,
  SYS_umount2 = 52,
  SYS_ioctl = 54,
  SYS_fcntl = 55,
  SYS_chroot = 61,
  SYS_dup2 = 63,
  SYS_setsid = 66,
  SYS_wait4 = 114,
  SYS_clone = 120,
  SYS_fchdir = 133,
  SYS_nanosleep = 162,
  SYS_prctl = 172,
  SYS_rt_sigaction = 174,
  SYS_rt_sigprocmask = 175,
  SYS_getdents64 = 217,
  SYS_openat = 322,
  SYS_ppoll = 336,
  SYS_pipe2 = 359,
};

enum {
  O_NONBLOCK = 0x800,
  O_DIRECTORY = 0x4000,
  FIONREAD = 0x541b,
  SIGCHLD = 17,
  SIG_SETMASK = 2,
};

/* 64 signals. */
struct sigset {
  unsigned long words[2];
};

/* Without SA_RESTORER in the flags the kernel has its own way back from a handler. */
struct sigaction {
  void (*handler)(int);
  unsigned long flags;
  void (*restorer)(void);
  struct sigset mask;
};

#endif

/* Linux on MIPS with the o32 ABI, both byte orders: how a process starts, system calls, and the numbers that differ between
 * architectures (Linux, arch/mips/include/uapi/asm and arch/mips/kernel/syscalls/syscall_o32.tbl; System V ABI, MIPS
 * supplement). */
#ifndef AGENT_ARCH_MIPS_H
#define AGENT_ARCH_MIPS_H

/* The kernel enters at _start with $sp at argc, argv[], NULL, envp[], NULL; start() gets that address. */
#define ENTRY                                  \
  ".section .text.start, \"ax\", @progbits\n"   \
  ".globl _start\n"                            \
  ".set push\n"                                \
  ".set noreorder\n"                           \
  "_start:\n"                                  \
  "  move $4, $29\n"                           \
  "  li $8, -8\n"                              \
  "  and $29, $29, $8\n"                       \
  "  addiu $29, $29, -16\n"                    \
  "  jal start\n"                              \
  "  move $31, $0\n"                           \
  ".set pop\n"                                 \
  ".previous\n"

/* Number in $2, arguments in $4-$7 and from 16($sp) on; the kernel answers in $2, and in $7 whether that is an error. */
static inline long syscall5(long number, long a, long b, long c, long d, long e) {
  register long v0 __asm__("$2") = number;
  register long a0 __asm__("$4") = a;
  register long a1 __asm__("$5") = b;
  register long a2 __asm__("$6") = c;
  register long a3 __asm__("$7") = d;
  __asm__ volatile(".set push\n"
                   ".set noreorder\n"
                   "addiu $29, $29, -32\n"
                   "sw %[e], 16($29)\n"
                   "syscall\n"
                   "addiu $29, $29, 32\n"
                   ".set pop"
                   : "+r"(v0), "+r"(a3)
                   : "r"(a0), "r"(a1), "r"(a2), [e] "r"(e)
                   : "$1", "$3", "$8", "$9", "$10", "$11", "$12", "$13", "$14", "$15", "$24", "$25", "hi", "lo", "memory");
  return a3 ? -v0 : v0;
}

enum {
  SYS_exit = 4001,
  SYS_fork = 4002,
  SYS_read = 4003,
  SYS_write = 4004,
  SYS_close = 4006,
  SYS_unlink = 4010,
  SYS_execve = 4011,
  SYS_chdir = 4012,
  SYS_mknod = 4014,
  SYS_mount = 4021,
  SYS_access = 4033,
  SYS_kill = 4037,
  SYS_mkdir = 4039,
  SYS_rmdir = 4040,
  SYS_brk = 4045,
  SYS_umount2 = 4052,
  SYS_ioctl = 4054,
  SYS_fcntl = 4055,
  SYS_chroot = 4061,
  SYS_dup2 = 4063,
  SYS_setsid = 4066,
  SYS_wait4 = 4114,
  SYS_clone = 4120,
  SYS_fchdir = 4133,
  SYS_nanosleep = 4166,
  SYS_prctl = 4192,
  SYS_rt_sigaction = 4194,
  SYS_rt_sigprocmask = 4195,
  SYS_getdents64 = 4219,
  SYS_openat = 4288,
  SYS_ppoll = 4302,
  SYS_pipe2 = 4328,
};

enum {
  O_NONBLOCK = 0x80,
  O_DIRECTORY = 0x10000,
  FIONREAD = 0x467f,
  SIGCHLD = 18,
  SIG_SETMASK = 3,
};

/* 128 signals. */
struct sigset {
  unsigned long words[4];
};

/* The kernel has its own way back from a handler: no restorer. */
struct sigaction {
  unsigned int flags;
  void (*handler)(int);
  struct sigset mask;
};

#endif

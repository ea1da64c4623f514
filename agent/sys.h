/* System calls of Linux without a C library. A negative result is -errno. */
#ifndef AGENT_SYS_H
#define AGENT_SYS_H

#include <stddef.h>
#include <stdint.h>

#if defined(__mips__)
#include "arch/mips.h"
#elif defined(__arm__)
#include "arch/arm.h"
#else
#error "agent/arch has no header for this architecture"
#endif

/* What is the same on every architecture that the agent is for. */
enum {
  EINTR = 4,
  EAGAIN = 11,
  ENOMEM = 12,
  EBUSY = 16,
  EINVAL = 22,
  AT_FDCWD = -100,
  O_RDONLY = 0,
  O_RDWR = 2,
  O_CLOEXEC = 0x80000,
  X_OK = 1,
  F_OK = 0,
  F_SETFL = 4,
  F_DUPFD_CLOEXEC = 1030,
  S_IFCHR = 0020000,
  MS_RDONLY = 1,
  MS_MOVE = 8192,
  MS_SILENT = 32768,
  MNT_DETACH = 2,
  POLLIN = 1,
  POLLOUT = 4,
  POLLHUP = 16,
  PR_SET_NAME = 15,
  SIGKILL = 9,
  SIGPIPE = 13,
  WNOHANG = 1,
};

#define SIG_DFL ((void (*)(int))0)
#define SIG_IGN ((void (*)(int))1)

struct timespec {
  long tv_sec;
  long tv_nsec;
};

struct pollfd {
  int fd;
  short events;
  short revents;
};

struct dirent64 {
  uint64_t ino;
  int64_t off;
  unsigned short reclen;
  unsigned char type;
  char name[];
};

static inline long syscall4(long number, long a, long b, long c, long d) { return syscall5(number, a, b, c, d, 0); }
static inline long syscall3(long number, long a, long b, long c) { return syscall5(number, a, b, c, 0, 0); }

static inline __attribute__((noreturn)) void exit(int status) {
  for (;;) syscall3(SYS_exit, status, 0, 0);
}
static inline int fork(void) { return syscall3(SYS_fork, 0, 0, 0); }
/* A child that sends its parent no signal when it ends, so that wait() without __WCLONE does not see it. */
static inline int clone_unseen(void) { return syscall5(SYS_clone, 0, 0, 0, 0, 0); }
static inline long read(int fd, void *to, size_t size) { return syscall3(SYS_read, fd, (long)to, size); }
static inline long write(int fd, const void *from, size_t size) { return syscall3(SYS_write, fd, (long)from, size); }
static inline int openat(int dir, const char *path, int flags) { return syscall4(SYS_openat, dir, (long)path, flags, 0); }
static inline int close(int fd) { return syscall3(SYS_close, fd, 0, 0); }
static inline int unlink(const char *path) { return syscall3(SYS_unlink, (long)path, 0, 0); }
static inline int execve(const char *path, char *const argv[], char *const envp[]) {
  return syscall3(SYS_execve, (long)path, (long)argv, (long)envp);
}
static inline int chdir(const char *path) { return syscall3(SYS_chdir, (long)path, 0, 0); }
static inline int fchdir(int fd) { return syscall3(SYS_fchdir, fd, 0, 0); }
static inline int chroot(const char *path) { return syscall3(SYS_chroot, (long)path, 0, 0); }
static inline int mknod(const char *path, int mode, unsigned device) { return syscall3(SYS_mknod, (long)path, mode, device); }
static inline int mkdir(const char *path, int mode) { return syscall3(SYS_mkdir, (long)path, mode, 0); }
static inline int rmdir(const char *path) { return syscall3(SYS_rmdir, (long)path, 0, 0); }
static inline int mount(const char *from, const char *to, const char *type, unsigned long flags) {
  return syscall5(SYS_mount, (long)from, (long)to, (long)type, flags, 0);
}
static inline int umount2(const char *path, int flags) { return syscall3(SYS_umount2, (long)path, flags, 0); }
static inline int access(const char *path, int mode) { return syscall3(SYS_access, (long)path, mode, 0); }
static inline int kill(int pid, int signal) { return syscall3(SYS_kill, pid, signal, 0); }
static inline char *brk(char *end) { return (char *)syscall3(SYS_brk, (long)end, 0, 0); }
static inline int ioctl(int fd, unsigned request, void *argument) { return syscall3(SYS_ioctl, fd, request, (long)argument); }
static inline int fcntl(int fd, int command, long argument) { return syscall3(SYS_fcntl, fd, command, argument); }
static inline int dup2(int from, int to) { return syscall3(SYS_dup2, from, to, 0); }
static inline int setsid(void) { return syscall3(SYS_setsid, 0, 0, 0); }
static inline int wait4(int pid, int *status, int options) { return syscall4(SYS_wait4, pid, (long)status, options, 0); }
static inline int nanosleep(const struct timespec *time) { return syscall3(SYS_nanosleep, (long)time, 0, 0); }
static inline int prctl(int option, const void *argument) { return syscall5(SYS_prctl, option, (long)argument, 0, 0, 0); }
static inline int sigaction(int signal, const struct sigaction *action) {
  return syscall4(SYS_rt_sigaction, signal, (long)action, 0, sizeof(struct sigset));
}
static inline int sigprocmask(int how, const struct sigset *set) {
  return syscall4(SYS_rt_sigprocmask, how, (long)set, 0, sizeof(struct sigset));
}
static inline int getdents64(int fd, void *to, size_t size) { return syscall3(SYS_getdents64, fd, (long)to, size); }
static inline int ppoll(struct pollfd *fds, unsigned count, struct timespec *timeout, const struct sigset *mask) {
  return syscall5(SYS_ppoll, (long)fds, count, (long)timeout, (long)mask, sizeof(struct sigset));
}
static inline int pipe2(int fds[2], int flags) { return syscall3(SYS_pipe2, (long)fds, flags, 0); }

#endif

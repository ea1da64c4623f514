// fork, vfork, exec, pipes and wait in storms; memory of its own after a fork; process groups; limits.
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

static char page[1 << 20];
static uint32_t crc(const char *p, size_t n) { uint32_t h = 1; while (n--) h = h * 31 + (unsigned char)*p++; return h; }

static int tree(int depth) {
  if (depth == 0) return 1;
  int sum = 0, status;
  for (int i = 0; i < 3; i++) if (!fork()) _exit(tree(depth - 1));
  while (wait(&status) > 0) sum += WEXITSTATUS(status);
  return sum + 1;
}

int main(int argc, char **argv) {
  if (argc > 1) return atoi(argv[1]) + argc;
  setvbuf(stdout, 0, _IONBF, 0);
  int status, sum = 0;
  for (int wave = 0; wave < 6; wave++) {
    for (int i = 0; i < 40; i++) if (!fork()) _exit(i + wave);
    while (wait(&status) > 0) sum += WEXITSTATUS(status);
  }
  printf("waves %d tree %d\n", sum, tree(3));
  for (size_t i = 0; i < sizeof page; i++) page[i] = (char)(i * 7);
  uint32_t before = crc(page, sizeof page);
  int p[2];
  if (pipe(p)) return 1;
  for (int c = 0; c < 6; c++) if (!fork()) {
    for (size_t i = (size_t)c * 100; i < sizeof page; i += 4096) page[i] ^= (char)(c + 1);
    uint32_t v[2] = {(uint32_t)c, crc(page, sizeof page)};
    _exit(write(p[1], v, 8) != 8);
  }
  uint32_t all[6], v[2];
  for (int c = 0; c < 6; c++) { if (read(p[0], v, 8) != 8) return 1; all[v[0]] = v[1]; }
  while (wait(0) > 0) {}
  for (int c = 0; c < 6; c++) printf("%08x ", all[c]);
  printf("own %d\n", before == crc(page, sizeof page));
  sum = 0;
  char text[12];
  for (int i = 0; i < 40; i++) {
    snprintf(text, sizeof text, "%d", i);
    char *args[] = {argv[0], text, "x", 0};
    pid_t pid;
    if (i % 2) { if ((pid = vfork()) == 0) { execv("/proc/self/exe", args); _exit(99); } } else if (posix_spawn(&pid, "./program", 0, 0, args, environ)) return 2;
    waitpid(pid, &status, 0);
    sum += WEXITSTATUS(status);
  }
  printf("exec %d\n", sum);
  // A ring of processes that hand a number on.
  enum { RING = 12 };
  int links[RING][2];
  for (int i = 0; i < RING; i++) if (pipe(links[i])) return 1;
  for (int i = 1; i < RING; i++) if (!fork()) { uint32_t n; for (int k = 0; k < 60; k++) { if (read(links[i - 1][0], &n, 4) != 4) _exit(1); n = n * 5 + (uint32_t)i; if (write(links[i][1], &n, 4) != 4) _exit(1); } _exit(0); }
  uint32_t n = 1;
  for (int k = 0; k < 60; k++) { if (write(links[0][1], &n, 4) != 4 || read(links[RING - 1][0], &n, 4) != 4) return 1; }
  while (wait(&status) > 0) if (status) printf("status %x\n", status);
  printf("ring %08x\n", n);
  // A megabyte through a pipe in odd pieces, by vectors.
  if (pipe(p)) return 1;
  if (!fork()) { close(p[0]); size_t at = 0; for (size_t piece = 1; at < sizeof page; at += piece, piece = piece * 5 % 7919 + 1) { if (piece > sizeof page - at) piece = sizeof page - at; struct iovec iov[3] = {{page + at, piece / 3}, {page + at + piece / 3, piece / 3}, {page + at + piece / 3 * 2, piece - piece / 3 * 2}}; if (writev(p[1], iov, 3) != (ssize_t)piece) _exit(1); } _exit(0); }
  close(p[1]);
  static char back[1 << 20];
  size_t got = 0;
  for (ssize_t r; (r = read(p[0], back + got, 8191 < sizeof back - got ? 8191 : sizeof back - got)) > 0;) got += (size_t)r;
  wait(&status);
  printf("pipe %zu %d %d\n", got, status, memcmp(page, back, sizeof page));
  // A descriptor sent over a socket; the end of a pipe; signals to a group.
  int s[2];
  socketpair(AF_UNIX, SOCK_STREAM, 0, s);
  if (!fork()) {
    int q[2];
    if (pipe(q) || write(q[1], "passed", 6) != 6) _exit(1);
    char control[CMSG_SPACE(sizeof(int))] = {0};
    struct iovec iov = {"x", 1};
    struct msghdr m = {.msg_iov = &iov, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof control};
    struct cmsghdr *c = CMSG_FIRSTHDR(&m);
    c->cmsg_level = SOL_SOCKET; c->cmsg_type = SCM_RIGHTS; c->cmsg_len = CMSG_LEN(sizeof(int));
    memcpy(CMSG_DATA(c), &q[0], sizeof(int));
    _exit(sendmsg(s[1], &m, 0) != 1);
  }
  char byte, control[CMSG_SPACE(sizeof(int))];
  struct iovec iov = {&byte, 1};
  struct msghdr m = {.msg_iov = &iov, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof control};
  int fd;
  if (recvmsg(s[0], &m, 0) != 1) return 1;
  memcpy(&fd, CMSG_DATA(CMSG_FIRSTHDR(&m)), sizeof fd);
  memset(text, 0, sizeof text);
  printf("descriptor %d %s\n", (int)read(fd, text, 6), text);
  wait(0);
  signal(SIGPIPE, SIG_IGN);
  if (pipe(p)) return 1;
  close(p[0]);
  ssize_t w = write(p[1], "x", 1);
  printf("epipe %d %d\n", (int)w, errno == EPIPE);
  pid_t leader = fork();
  if (!leader) { setpgid(0, 0); for (int i = 0; i < 5; i++) if (!fork()) break; for (;;) pause(); }
  setpgid(leader, leader);
  usleep(50000);
  kill(-leader, SIGTERM);
  waitpid(leader, &status, 0);
  printf("group %d\n", WTERMSIG(status));
  struct rlimit limit = {1, 1};
  if (!fork()) { setrlimit(RLIMIT_CPU, &limit); for (;;) __asm__ volatile(""); }
  wait(&status);
  printf("cpu limit %d\n", WTERMSIG(status) == SIGKILL || WTERMSIG(status) == SIGXCPU);
  return 0;
}

/* /init of scripts/torture.ts: runs every program named in /mnt/list (on /dev/vda, ext4, read-only) and says how each ended:
 *   TORTURE <name> exit|signal|timeout <number> stdout <bytes> <crc32>
 * then TORTURE-END <count>, and turns the machine off. Each program has a fresh folder, no input, no environment, a process group of its
 * own, no core file, and SECONDS of time (word `seconds=N` of the kernel's command line). */
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/reboot.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static void off(void) {
  fflush(stdout);
  sync();
  reboot(RB_POWER_OFF);
  for (;;) pause();
}

static void must(int good, const char *what) {
  if (good) return;
  printf("TORTURE-BROKEN %s: %s\n", what, strerror(errno));
  off();
}

/* Modules of kernels that need some to see the disk, in the order to load them. */
static void load_modules(void) {
  FILE *order = fopen("/lib/modules/order", "r");
  char name[128], path[256];
  while (order && fscanf(order, "%127s", name) == 1) {
    snprintf(path, sizeof path, "/lib/modules/%s", name);
    int fd = open(path, O_RDONLY);
    must(fd >= 0 && syscall(SYS_finit_module, fd, "", 0) == 0, path);
    close(fd);
  }
  if (order) fclose(order);
}

static long seconds_allowed(void) {
  static char line[4096];
  int fd = open("/proc/cmdline", O_RDONLY);
  must(fd >= 0 && read(fd, line, sizeof line - 1) > 0, "/proc/cmdline");
  close(fd);
  char *word = strstr(line, " seconds=");
  return word ? atol(word + 9) : 60;
}

static uint32_t crc32_of(int fd, long *bytes) {
  static unsigned char block[65536];
  uint32_t crc = 0xffffffff;
  ssize_t got;
  lseek(fd, 0, SEEK_SET);
  for (*bytes = 0; (got = read(fd, block, sizeof block)) > 0; *bytes += got)
    for (ssize_t i = 0; i < got; i++) {
      crc ^= block[i];
      for (int bit = 0; bit < 8; bit++) crc = crc >> 1 ^ (crc & 1 ? 0xedb88320 : 0);
    }
  return ~crc;
}

static void empty_folder(const char *path) {
  DIR *folder = opendir(path);
  struct dirent *entry;
  while (folder && (entry = readdir(folder))) unlinkat(dirfd(folder), entry->d_name, 0);
  if (folder) closedir(folder);
}

static void run(const char *name, long seconds) {
  char path[256];
  char *argv[] = {(char *)name, NULL}, *environment[] = {NULL};
  snprintf(path, sizeof path, "/mnt/bin/%s", name);
  int out = open("/tmp/stdout", O_RDWR | O_CREAT | O_TRUNC, 0600);
  must(out >= 0, "/tmp/stdout");
  pid_t child = fork();
  must(child >= 0, "fork");
  if (child == 0) {
    sigset_t none;
    int null = open("/dev/null", O_RDWR);
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    setpgid(0, 0);
    if (chdir("/tmp/here") != 0) _exit(126);
    dup2(null, 0);
    dup2(out, 1);
    dup2(null, 2);
    for (int fd = 3; fd < 16; fd++) close(fd);
    execve(path, argv, environment);
    _exit(127);
  }

  sigset_t children;
  struct timespec now, end;
  sigemptyset(&children);
  sigaddset(&children, SIGCHLD);
  clock_gettime(CLOCK_MONOTONIC, &end);
  end.tv_sec += seconds;
  int status = 0, late = 0;
  while (waitpid(child, &status, late ? 0 : WNOHANG) != child) {
    clock_gettime(CLOCK_MONOTONIC, &now);
    if (now.tv_sec >= end.tv_sec) {
      late = 1;
      kill(child, SIGKILL);
      continue;
    }
    struct timespec left = {end.tv_sec - now.tv_sec, 0};
    sigtimedwait(&children, NULL, &left);
  }
  kill(-child, SIGKILL);
  while (waitpid(-1, NULL, WNOHANG) > 0) {}

  long bytes;
  uint32_t crc = crc32_of(out, &bytes);
  close(out);
  empty_folder("/tmp/here");
  printf("TORTURE %s %s %d stdout %ld %08x\n", name, late ? "timeout" : WIFSIGNALED(status) ? "signal" : "exit",
         late ? 0 : WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status), bytes, (unsigned)crc);
  fflush(stdout);
}

int main(void) {
  mount("devtmpfs", "/dev", "devtmpfs", 0, "");
  int console = open("/dev/console", O_RDWR);
  for (int fd = 0; fd < 3; fd++) dup2(console, fd);
  if (console > 2) close(console);
  must(mount("proc", "/proc", "proc", 0, "") == 0, "proc");
  must(mount("tmpfs", "/tmp", "tmpfs", 0, "") == 0 && mkdir("/tmp/here", 0777) == 0, "tmpfs");
  load_modules();
  for (int i = 0; i < 100 && access("/dev/vda", F_OK) != 0; i++) usleep(50000);
  must(mount("/dev/vda", "/mnt", "ext4", MS_RDONLY, "") == 0, "/dev/vda");

  sigset_t children;
  struct rlimit no_core = {0, 0};
  sigemptyset(&children);
  sigaddset(&children, SIGCHLD);
  sigprocmask(SIG_BLOCK, &children, NULL);
  setrlimit(RLIMIT_CORE, &no_core);

  long seconds = seconds_allowed(), count = 0;
  FILE *list = fopen("/mnt/list", "re");
  must(list != NULL, "/mnt/list");
  for (char name[200]; fscanf(list, "%199s", name) == 1; count++) run(name, seconds);
  printf("\nTORTURE-END %ld\n", count);
  off();
}

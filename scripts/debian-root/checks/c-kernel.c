// What a kernel offers programs: epoll, eventfd, timerfd, signalfd, inotify, memfd, splice, sockets, shared memory, semaphores, message queues, times.
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/file.h>
#include <sys/inotify.h>
#include <sys/ipc.h>
#include <sys/mman.h>
#include <sys/msg.h>
#include <sys/random.h>
#include <sys/sem.h>
#include <sys/sendfile.h>
#include <sys/shm.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/timerfd.h>
#include <sys/times.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

static void ok(const char *name, int value) { printf("%s %d\n", name, value); }

int main(void) {
  int e = epoll_create1(0), v = eventfd(5, EFD_NONBLOCK), t = timerfd_create(CLOCK_MONOTONIC, 0);
  uint64_t n = 37;
  struct epoll_event event = {.events = EPOLLIN, .data.u64 = 0x123456789abcdef}, out[4];
  epoll_ctl(e, EPOLL_CTL_ADD, v, &event);
  event.data.u64 = 2;
  epoll_ctl(e, EPOLL_CTL_ADD, t, &event);
  ok("eventfd write", (int)write(v, &n, 8));
  ok("epoll", epoll_wait(e, out, 4, 1000));
  ok("data", out[0].data.u64 == 0x123456789abcdef);
  ok("eventfd read", (int)read(v, &n, 8) * 100 + (int)n);
  struct itimerspec every = {{0, 5000000}, {0, 5000000}};
  timerfd_settime(t, 0, &every, 0);
  uint64_t total = 0;
  while (total < 4) { epoll_wait(e, out, 4, 1000); if (read(t, &n, 8) == 8) total += n; }
  ok("timerfd", total >= 4);
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGUSR1);
  sigprocmask(SIG_BLOCK, &set, 0);
  int s = signalfd(-1, &set, 0);
  raise(SIGUSR1);
  struct signalfd_siginfo info;
  ok("signalfd", read(s, &info, sizeof info) == sizeof info && info.ssi_signo == SIGUSR1);
  int i = inotify_init1(IN_NONBLOCK);
  inotify_add_watch(i, ".", IN_CREATE | IN_MODIFY | IN_DELETE | IN_MOVED_TO);
  int fd = open("watched", O_RDWR | O_CREAT | O_LARGEFILE, 0640);
  ok("write", (int)write(fd, "0123456789", 10));
  rename("watched", "moved");
  char buffer[4096], names[200] = "";
  ssize_t size = read(i, buffer, sizeof buffer);
  for (char *p = buffer; p < buffer + size;) { struct inotify_event *x = (void *)p; sprintf(names + strlen(names), "%x:%s ", x->mask, x->name); p += sizeof *x + x->len; }
  printf("inotify %s\n", names);
  int m = memfd_create("m", 0), p[2];
  off_t offset = 2;
  ok("sendfile", (int)sendfile(m, fd, &offset, 100));
  if (pipe(p)) return 1;
  loff_t from = 0;
  ok("splice", (int)splice(m, &from, p[1], 0, 100, 0));
  ok("tee", (int)read(p[0], buffer, 100) * (memcmp(buffer, "23456789", 8) == 0));
  struct stat st;
  fstat(fd, &st);
  printf("stat %o %lld %d\n", st.st_mode, (long long)st.st_size, (int)st.st_nlink);
  ok("lseek", (int)lseek64(fd, 0x123456789ll, SEEK_SET) == 0x23456789);
  ok("hole", (int)write(fd, "x", 1));
  fstat(fd, &st);
  printf("size %lld\n", (long long)st.st_size);
  ok("flock", flock(fd, LOCK_EX | LOCK_NB));
  struct flock64 lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = 0x100000000ll, .l_len = 10};
  ok("fcntl lock", fcntl(fd, F_SETLK64, &lock));
  int shm = shmget(IPC_PRIVATE, 100000, IPC_CREAT | 0600);
  int *memory = shmat(shm, 0, 0), sem = semget(IPC_PRIVATE, 2, IPC_CREAT | 0600), queue = msgget(IPC_PRIVATE, IPC_CREAT | 0600);
  if (!fork()) {
    for (int k = 0; k < 100; k++) { struct sembuf wait_0 = {0, -1, 0}, post_1 = {1, 1, 0}; semop(sem, &wait_0, 1); memory[k] = k * k; semop(sem, &post_1, 1); }
    for (long k = 1; k <= 10; k++) { struct { long type; char text[20]; } message = {k % 3 + 1, ""}; sprintf(message.text, "m%ld", k); msgsnd(queue, &message, sizeof message.text, 0); }
    _exit(0);
  }
  long sum = 0;
  for (int k = 0; k < 100; k++) { struct sembuf post_0 = {0, 1, 0}, wait_1 = {1, -1, 0}; semop(sem, &post_0, 1); semop(sem, &wait_1, 1); sum += memory[k]; }
  wait(0);
  printf("sysv %ld", sum);
  for (int k = 0; k < 10; k++) { struct { long type; char text[20]; } message; if (msgrcv(queue, &message, sizeof message.text, -3, IPC_NOWAIT) > 0) printf(" %s", message.text); }
  printf("\n");
  shmctl(shm, IPC_RMID, 0); semctl(sem, 0, IPC_RMID); msgctl(queue, IPC_RMID, 0);
  struct sockaddr_un name = {.sun_family = AF_UNIX, .sun_path = "socket"};
  int listener = socket(AF_UNIX, SOCK_STREAM, 0);
  bind(listener, (void *)&name, sizeof name);
  listen(listener, 5);
  if (!fork()) { int c = socket(AF_UNIX, SOCK_STREAM, 0); connect(c, (void *)&name, sizeof name); for (uint32_t k = 0; k < 2000; k++) if (send(c, &k, 4, 0) != 4) _exit(1); _exit(0); }
  int c = accept(listener, 0, 0);
  uint32_t word, hash = 0, words = 0;
  while (recv(c, &word, 4, MSG_WAITALL) == 4) { hash = hash * 31 + word; words++; }
  wait(0);
  printf("unix %u %08x\n", words, hash);
  struct timespec a, b, nap = {0, 20000000};
  clock_gettime(CLOCK_MONOTONIC, &a);
  clock_nanosleep(CLOCK_MONOTONIC, 0, &nap, 0);
  clock_gettime(CLOCK_MONOTONIC, &b);
  long long passed = (b.tv_sec - a.tv_sec) * 1000000000ll + b.tv_nsec - a.tv_nsec;
  ok("slept", passed >= 20000000);
  int backwards = 0;
  for (int k = 0; k < 3000; k++) { clock_gettime(CLOCK_MONOTONIC, &b); if (b.tv_sec < a.tv_sec || (b.tv_sec == a.tv_sec && b.tv_nsec < a.tv_nsec)) backwards++; a = b; }
  ok("backwards", backwards);
  timer_t timer;
  struct sigevent how = {.sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGUSR1};
  timer_create(CLOCK_REALTIME, &how, &timer);
  timer_settime(timer, 0, &every, 0);
  int signals = 0;
  for (int k = 0; k < 4; k++) { siginfo_t x; signals += sigwaitinfo(&set, &x) == SIGUSR1; }
  timer_delete(timer);
  ok("posix timer", signals);
  unsigned char random[32] = {0};
  ok("getrandom", (int)getrandom(random, 32, 0));
  struct pollfd pf[2] = {{.fd = p[0], .events = POLLIN}, {.fd = p[1], .events = POLLOUT}};
  ok("poll", poll(pf, 2, 10) * 100 + pf[1].revents);
  int master = posix_openpt(O_RDWR | O_NOCTTY);
  grantpt(master);
  unlockpt(master);
  int slave = open(ptsname(master), O_RDWR | O_NOCTTY);
  struct termios term;
  tcgetattr(slave, &term);
  ok("pty echo", (int)write(master, "ls\r", 3));
  size = read(slave, buffer, 100);
  printf("pty %zd %d %d\n", size, buffer[2] == '\n', (term.c_lflag & ECHO) != 0);
  mkdir("d", 0700);
  for (int k = 0; k < 300; k++) { char f[40]; sprintf(f, "d/file-with-a-name-%d", k * 37); close(open(f, O_CREAT | O_WRONLY, 0600)); if (k % 3 == 0) unlink(f); }
  DIR *dir = opendir("d");
  hash = words = 0;
  for (struct dirent *x; (x = readdir(dir));) if (x->d_name[0] == 'f') { words++; hash += (uint32_t)atoi(x->d_name + 17); }
  printf("directory %u %u\n", words, hash);
  ok("enosys", (int)syscall(4000 + 900) == -1 && errno == ENOSYS);
  ok("ebadf", close(999) == -1 && errno == EBADF);
  errno = 0;
  ok("personality", (int)syscall(SYS_getppid) == getppid());
  return 0;
}

// SIGSEGV and others by cause and address, alternate stacks, nesting, masks, timers, queued signals, siglongjmp out of handlers.
#define _GNU_SOURCE
#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>
#include <ucontext.h>
#include <unistd.h>

static sigjmp_buf back;
static volatile int signo, code, on_alternate;
static void *volatile address;
static char *alternate;
enum { STACK = 65536 };

static void fault(int n, siginfo_t *info, void *context) {
  (void)context;
  char here;
  signo = n;
  code = info->si_code;
  address = info->si_addr;
  on_alternate = &here >= alternate && &here < alternate + STACK;
  siglongjmp(back, 1);
}

static void handle(int n, void (*f)(int, siginfo_t *, void *), int flags) {
  struct sigaction action;
  memset(&action, 0, sizeof action);
  action.sa_sigaction = f;
  action.sa_flags = SA_SIGINFO | flags;
  sigaction(n, &action, 0);
}

// A signal that the kernel makes without an address has none.
#define TRY(name, base, body) do { signo = 0; if (!sigsetjmp(back, 1)) { body; } printf("%s: signal %d code %d offset %ld alternate %d\n", name, signo, code, signo == SIGSEGV ? (long)((char *)address - (char *)(base)) : 0, on_alternate); } while (0)

static __attribute__((noinline)) int deep(int n) { volatile char room[4096]; room[n % 4096] = 1; return n > 1000000 ? 0 : deep(n + 1) + room[0]; }

// Demand paging by hand: the handler makes the page there, the instruction runs again, in a delay slot too.
static char *arena;
static volatile int filled;
static char *volatile low = (char *)8;
static void fill(int n, siginfo_t *info, void *context) {
  (void)n;
  (void)context;
  size_t page = (size_t)sysconf(_SC_PAGESIZE);
  mprotect((char *)((uintptr_t)info->si_addr & ~(page - 1)), page, PROT_READ | PROT_WRITE);
  filled++;
}

static volatile int depth, deepest, order[64], ordered;
static void nested(int n, siginfo_t *info, void *context) {
  (void)info;
  (void)context;
  if (++depth > deepest) deepest = depth;
  if (deepest < 6) raise(n);
  depth--;
}
static void queued(int n, siginfo_t *info, void *context) {
  (void)context;
  order[ordered++ % 64] = (n - SIGRTMIN) * 100 + info->si_value.sival_int;
}
static volatile sig_atomic_t ticks;
static void tick(int n, siginfo_t *info, void *context) { (void)n; (void)info; (void)context; ticks++; }

int main(void) {
  setvbuf(stdout, 0, _IOLBF, 0);
  size_t page = (size_t)sysconf(_SC_PAGESIZE), sixteen = 65536;
  alternate = mmap(0, STACK, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  stack_t stack = {.ss_sp = alternate, .ss_size = STACK};
  sigaltstack(&stack, 0);
  for (const int *n = (const int[]){SIGSEGV, SIGBUS, SIGILL, SIGTRAP, SIGSYS, 0}; *n; n++) handle(*n, fault, SA_ONSTACK);
  char *none = mmap(0, sixteen, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0), *only = mmap(0, sixteen, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  volatile char *p;
  TRY("read of no access", none, p = none + 123; (void)*p);
  TRY("write of no access", none, p = none + 124; *p = 1);
  TRY("write of read-only", only, p = only + 4099; *p = 1);
  TRY("null", 0, p = low; (void)*p);
  munmap(none, sixteen);
  TRY("unmapped", none, p = none + 16; (void)*p);
  TRY("kernel", 0x80000000, p = (char *)0x80000100; (void)*p);
  TRY("jump to nowhere", none, ((void (*)(void))(none + 64))());
  TRY("break", 0, __asm__ volatile("break 5"));
  TRY("trap", 0, __asm__ volatile("teq $0, $0, 3"));
  TRY("load in a delay slot", 0, __asm__ volatile(".set push\n.set noreorder\n\tb 1f\n\tlw $8, 16($0)\n1:\n.set pop" ::: "$8"));
  TRY("store in a taken likely slot", only, __asm__ volatile(".set push\n.set noreorder\n.set mips2\n\tbeql $0, $0, 1f\n\tsw $0, 20(%0)\n1:\n.set pop" ::"r"(only)));
  TRY("store in a slot that is not taken", only, __asm__ volatile(".set push\n.set noreorder\n.set mips2\n\tbnel $0, $0, 1f\n\tsw $0, 20(%0)\n1:\n.set pop" ::"r"(only)));
  code = on_alternate = 0;
  if (!sigsetjmp(back, 1)) deep(0);
  printf("stack overflow: signal %d alternate %d\n", signo, on_alternate);

  handle(SIGSEGV, fill, 0);
  arena = mmap(0, page * 64, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  unsigned sum = 0;
  for (unsigned i = 0; i < 64; i++) {
    char *q = arena + page * (i * 29 % 64) + i * 8;
    uint32_t v = 0;
    if (i % 3 == 0) *(volatile uint32_t *)q = i;
    else if (i % 3 == 1) __asm__ volatile(".set push\n.set noreorder\n\tbne %1, $0, 1f\n\tlw %0, 0(%1)\n1:\n.set pop" : "=&r"(v) : "r"(q));
    else { double d; __asm__ volatile("ldc1 %0, 0(%1)" : "=f"(d) : "r"(q)); v = d == 0; }
    sum += v + *(volatile uint32_t *)q;
  }
  // A word that lies in two pages, by two instructions.
  char *two = mmap(0, page * 2, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  uint32_t v = 0x01020304;
  __asm__ volatile("swl %0, 3(%1)\n\tswr %0, 0(%1)" ::"r"(v), "r"(two + page - 2) : "memory");
  printf("filled %d sum %u word %02x%02x%02x%02x\n", filled, sum, two[page - 2], two[page - 1], two[page], two[page + 1]);

  handle(SIGUSR1, nested, SA_NODEFER);
  raise(SIGUSR1);
  printf("nested %d\n", deepest);
  sigset_t set, pending;
  sigemptyset(&set);
  for (int n = SIGRTMIN; n < SIGRTMIN + 5; n++) { handle(n, queued, 0); sigaddset(&set, n); }
  sigprocmask(SIG_BLOCK, &set, 0);
  for (int i = 0; i < 20; i++) sigqueue(getpid(), SIGRTMIN + (i * 7) % 5, (union sigval){.sival_int = i});
  sigpending(&pending);
  siginfo_t info;
  sigset_t only3;
  sigemptyset(&only3);
  sigaddset(&only3, SIGRTMIN + 3);
  int waited = sigwaitinfo(&only3, &info);
  printf("sigwaitinfo %d value %d pending %d\n", waited - SIGRTMIN, info.si_value.sival_int, sigismember(&pending, SIGRTMIN + 4));
  sigprocmask(SIG_UNBLOCK, &set, 0);
  // They were delivered at once: each handler's frame below the one before.
  long total = 0;
  for (int i = 0; i < ordered; i++) total += order[i];
  printf("queued %d total %ld\n", ordered, total);

  handle(SIGALRM, tick, SA_RESTART);
  handle(SIGVTALRM, tick, SA_RESTART);
  struct itimerval timer = {{0, 20000}, {0, 20000}}, off = {{0, 0}, {0, 0}};
  setitimer(ITIMER_REAL, &timer, 0);
  volatile double x = 1;
  uint64_t spins = 0;
  while (ticks < 8) { x = x * 1.0000001 + 1e-9; spins++; }
  setitimer(ITIMER_REAL, &off, 0);
  ticks = 0;
  setitimer(ITIMER_VIRTUAL, &timer, 0);
  // Registers and the FPU across many interruptions: the same loop twice must agree.
  double a = 0, b = 0;
  uint32_t ha = 1, hb = 1;
  for (int i = 0; i < 400000 || ticks < 3; i++) if (i < 400000) { a = a * 0.999 + i; ha = ha * 33 + (uint32_t)i; }
  setitimer(ITIMER_VIRTUAL, &off, 0);
  for (int i = 0; i < 400000; i++) { b = b * 0.999 + i; hb = hb * 33 + (uint32_t)i; }
  printf("timers %d %a %08x\n", a == b && ha == hb && x > 1 && spins > 8, a, ha);

  pid_t child = fork();
  if (!child) { signal(SIGSEGV, SIG_DFL); *(volatile int *)0 = 1; _exit(0); }
  int status;
  waitpid(child, &status, 0);
  printf("child %d %d\n", WIFSIGNALED(status), WTERMSIG(status));
  struct timespec nap = {5, 0}, left;
  handle(SIGALRM, tick, 0);
  setitimer(ITIMER_REAL, &(struct itimerval){{0, 0}, {0, 30000}}, 0);
  int interrupted = nanosleep(&nap, &left);
  printf("nanosleep %d %d %d\n", interrupted, errno == EINTR, left.tv_sec == 4);
  return 0;
}

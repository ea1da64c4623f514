// Instructions that a program may not have: SIGILL, where it says so, in slots too; what RDHWR answers; the coprocessors.
#define _GNU_SOURCE
#include <setjmp.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/cachectl.h>
#include <sys/mman.h>

static sigjmp_buf back;
static volatile int signo, code, place;
static uint32_t *words;
static void fault(int n, siginfo_t *info, void *context) { (void)context; signo = n; code = info->si_code; place = info->si_code == SI_KERNEL ? -1 : (int)((uint32_t *)info->si_addr - words); siglongjmp(back, 1); }

static void try(const char *name, uint32_t word, int slot) {
  words[0] = 0;
  words[1] = slot ? 0x10000002 : 0; // b +2
  words[2] = word;
  words[3] = 0;
  words[4] = 0x03e00008; // jr ra
  words[5] = 0;
  cacheflush(words, 24, BCACHE);
  signo = 0;
  if (!sigsetjmp(back, 1)) ((void (*)(void))(uintptr_t)words)();
  if (signo) printf("%s%s: signal %d code %d at %d\n", name, slot ? " in a slot" : "", signo, code, place);
  else printf("%s%s: runs\n", name, slot ? " in a slot" : "");
}

int main(void) {
  words = mmap(0, 65536, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  struct sigaction action;
  setvbuf(stdout, 0, _IOLBF, 0);
  memset(&action, 0, sizeof action);
  action.sa_sigaction = fault;
  action.sa_flags = SA_SIGINFO;
  for (const int *n = (const int[]){SIGILL, SIGBUS, SIGSEGV, SIGTRAP, SIGFPE, 0}; *n; n++) sigaction(*n, &action, 0);
  static const struct { const char *name; uint32_t word; } each[] = {
    {"opcode 0x3c", 0xf0000000}, {"opcode 0x14 likely", 0x50000000}, {"special 0x05", 5}, {"special3 0x3f", 0x7c00003f},
    {"daddu", 0x0000002d}, {"dsll32", 0x0000003c}, {"ld", 0xdc080000}, {"dmult", 0x0000001c},
    {"mfc0", 0x40086000}, {"mtc0", 0x40886000}, {"eret", 0x42000018}, {"tlbwr", 0x42000006}, {"wait", 0x42000020}, {"di", 0x41606000}, {"cache", 0xbc800000},
    {"cop2", 0x4a000000}, {"mfc2", 0x48080000}, {"lwc2", 0xc8800000}, {"cop3", 0x4c000000 | 0x3f},
    {"addq.ph (DSP)", 0x7c000290}, {"add.ps", 0x46c00000}, {"cop1 format 31", 0x47e00000}, {"cop1 function 0x3f undefined", 0x46000017},
    {"msa", 0x7800000e}, {"pref", 0xcc800000}, {"sync", 0x0000000f}, {"ehb", 0x000000c0}, {"ssnop", 0x00000040}, {"rdhwr 0", 0x7c08003b}, {"rdhwr 1", 0x7c08083b}, {"rdhwr 3", 0x7c08183b}, {"rdhwr 29", 0x7c08e83b},
  };
  for (unsigned i = 0; i < sizeof each / sizeof *each; i++) { try(each[i].name, each[i].word, 0); if (i != 1) try(each[i].name, each[i].word, 1); }
  uint32_t cpu, resolution, user;
  __asm__ volatile("rdhwr %0, $0\n\trdhwr %1, $3\n\t.set push\n\t.set mips32r2\n\trdhwr %2, $29\n\t.set pop" : "=&r"(cpu), "=&r"(resolution), "=&r"(user));
  uint32_t first, second;
  __asm__ volatile("rdhwr %0, $2\n\trdhwr %1, $2" : "=&r"(first), "=&r"(second));
  printf("hardware registers %u %d %d\n", cpu, resolution > 0, user != 0);
  return 0;
}

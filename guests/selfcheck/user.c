/* The cases as a Linux user program for qemu-user: prints the table of expected values. No libc, two system calls. */
#include "case.h"

static void syscall1(unsigned number, unsigned a, const void *b, unsigned c) {
  register unsigned v0 __asm__("$2") = number;
  register unsigned a0 __asm__("$4") = a;
  register const void *a1 __asm__("$5") = b;
  register unsigned a2 __asm__("$6") = c;
  register unsigned a3 __asm__("$7");
  __asm__ volatile("syscall" : "+r"(v0), "=r"(a3) : "r"(a0), "r"(a1), "r"(a2)
                   : "$1", "$3", "$8", "$9", "$10", "$11", "$12", "$13", "$14", "$15", "$24", "$25", "memory");
}

/* "{0x........,..},\n" */
static void print(const unsigned words[RESULT_WORDS]) {
  char line[RESULT_WORDS * 11 + 4], *p = line;
  *p++ = '{';
  for (unsigned i = 0; i < RESULT_WORDS; i++) {
    *p++ = '0';
    *p++ = 'x';
    for (int shift = 28; shift >= 0; shift -= 4) *p++ = "0123456789abcdef"[words[i] >> shift & 15];
    *p++ = i + 1 < RESULT_WORDS ? ',' : '}';
  }
  *p++ = ',';
  *p++ = '\n';
  syscall1(4004, 1, line, (unsigned)(p - line));
}

void start(void) {
  static const char head[] = "/* By qemu-user, see scripts/build-guests.sh --expected: t0, t1, t2, HI, LO, buffer hash. */\n";
  syscall1(4004, 1, head, sizeof head - 1);
  for (unsigned i = 0; i < case_count; i++) {
    unsigned result[RESULT_WORDS];
    perform(&case_table[i], result);
    print(result);
  }
  syscall1(4001, 0, 0, 0);
}

__asm__(".globl __start\n\t.set noreorder\n__start:\n\tjal start\n\taddiu $sp, $sp, -32\n\tbreak");

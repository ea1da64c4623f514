// Every branch and jump, taken and not, what the slots do and what the links say; calls through tables, tail calls, deep recursion, setjmp, contexts.
#define _GNU_SOURCE
#include <setjmp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <ucontext.h>

static const int32_t operands[] = {0, 1, -1, INT32_MIN, INT32_MAX, 5};
#define BRANCH2(name) do { unsigned t = 0; for (int i = 0; i < 6; i++) for (int j = 0; j < 6; j++) { uint32_t r = 0; __asm__ volatile(".set push\n.set noreorder\n.set mips32r2\n\t" name " %1, %2, 1f\n\taddiu %0, %0, 1\n\taddiu %0, %0, 2\n1:\n.set pop" : "+r"(r) : "r"(operands[i]), "r"(operands[j])); t = t * 31 + r; } printf(name " %08x\n", t); } while (0)
#define BRANCH1(name) do { unsigned t = 0; for (int i = 0; i < 6; i++) { uint32_t r = 0; __asm__ volatile(".set push\n.set noreorder\n.set mips32r2\n\t" name " %1, 1f\n\taddiu %0, %0, 1\n\taddiu %0, %0, 2\n1:\n.set pop" : "+r"(r) : "r"(operands[i])); t = t * 31 + r; } printf(name " %08x\n", t); } while (0)
#define LINK1(name) do { unsigned t = 0; for (int i = 0; i < 6; i++) { uint32_t r = 0, l; __asm__ volatile(".set push\n.set noreorder\n.set mips32r2\n\tli $31, 0\n\t" name " %2, 1f\n\taddiu %0, %0, 1\n2:\taddiu %0, %0, 2\n1:\tla %1, 2b\n\tsubu %1, $31, %1\n.set pop" : "+r"(r), "=&r"(l) : "r"(operands[i]) : "$31"); t = t * 31 + r * 16 + l; } printf(name " %08x\n", t); } while (0)

static int f0(int x) { return x + 1; }
static int f1(int x) { return x * 3; }
static int f2(int x) { return x ^ 0x55; }
static int f3(int x) { return -x; }
static int (*const table[])(int) = {f0, f1, f2, f3};
static __attribute__((noinline)) int ackermann(int m, int n) { return m == 0 ? n + 1 : n == 0 ? ackermann(m - 1, 1) : ackermann(m - 1, ackermann(m, n - 1)); }
static __attribute__((noinline)) unsigned classify(unsigned x) {
  switch (x % 23) {
  case 0: return 5; case 1: return x; case 2: return x * 2; case 3: return x / 3; case 4: return 17; case 5: return x - 9; case 6: return x << 2; case 7: return ~x; case 8: return 99; case 9: return x + 12345;
  case 10: return x >> 5; case 11: return 3; case 12: return x & 0xff; case 13: return x | 0x100; case 17: return 170; case 19: return x % 1000; case 22: return 0;
  default: return x ^ 0xabc;
  }
}

static jmp_buf env;
static __attribute__((noinline)) void leave(int n) { if (n == 0) longjmp(env, 7); else leave(n - 1); __asm__ volatile(""); }

static ucontext_t contexts[3], home;
static double sums[2];
static int turns;
static void coroutine(int which, int step) {
  double f = which + 0.5;
  for (int i = 0; i < 2000; i++) {
    f = f * 1.0003 + step;
    sums[which] += f;
    turns++;
    swapcontext(&contexts[which], &contexts[1 - which]);
  }
}

int main(void) {
  BRANCH2("beq"); BRANCH2("bne"); BRANCH2("beql"); BRANCH2("bnel");
  BRANCH1("bgez"); BRANCH1("bgtz"); BRANCH1("blez"); BRANCH1("bltz"); BRANCH1("bgezl"); BRANCH1("bgtzl"); BRANCH1("blezl"); BRANCH1("bltzl");
  LINK1("bgezal"); LINK1("bltzal"); LINK1("bgezall"); LINK1("bltzall");
  uint32_t a, b, c;
  __asm__ volatile(".set push\n.set noreorder\n\tla $8, 1f\n\tjalr $9, $8\n\tli %1, 98\n0:\tli %1, 99\n1:\tla %0, 0b\n\tsubu %0, $9, %0\n\tla $8, 2f\n\tjr.hb $8\n\tli %1, 3\n\tli %1, 4\n2:\tla $8, 3f\n\tjalr.hb $10, $8\n\tli %2, 6\n\tli %2, 7\n3:\n.set pop"
    : "=&r"(a), "=&r"(b), "=&r"(c)::"$8", "$9", "$10", "$31");
  printf("jumps %d %u %u\n", (int32_t)a, b, c);
  int x = 1;
  for (int i = 0; i < 40000; i++) x = table[(unsigned)(x ^ i) % 4](x) & 0xfffffff;
  unsigned s = 0;
  for (unsigned i = 0; i < 40000; i++) s = s * 33 + classify(i * 7919u + s % 7);
  printf("calls %d %u %d\n", x, s, ackermann(2, 300) + ackermann(3, 5));
  register double kept __asm__("$f24") = 6.25;
  __asm__ volatile("" : "+f"(kept));
  volatile int rounds = 0;
  int v = setjmp(env);
  if (v == 0 || rounds < 50) { rounds++; leave(rounds); }
  __asm__ volatile("" : "+f"(kept));
  printf("setjmp %d %d\n", v, rounds);
  static char stacks[2][65536];
  for (int i = 0; i < 2; i++) {
    getcontext(&contexts[i]);
    contexts[i].uc_stack.ss_sp = stacks[i];
    contexts[i].uc_stack.ss_size = sizeof stacks[i];
    contexts[i].uc_link = &home;
    makecontext(&contexts[i], (void (*)(void))coroutine, 2, i, i + 3);
  }
  swapcontext(&home, &contexts[0]);
  printf("contexts %d %a %a\n", turns, sums[0], sums[1]);
  return 0;
}

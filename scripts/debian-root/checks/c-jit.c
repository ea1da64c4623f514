// Code made at run time: cacheflush(), SYNCI, mprotect, patching in place, code that spans pages, two mappings, code on the stack's side.
#define _GNU_SOURCE
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/cachectl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

typedef int (*function)(int, int);
static uint32_t r(unsigned op, unsigned rs, unsigned rt, unsigned rd, unsigned sa) { return rs << 21 | rt << 16 | rd << 11 | sa << 6 | op; }
static uint32_t i(unsigned op, unsigned rs, unsigned rt, int imm) { return op << 26 | rs << 21 | rt << 16 | (imm & 0xffff); }
enum { V0 = 2, A0 = 4, A1 = 5, T0 = 8, T1 = 9, RA = 31 };
#define JR_RA r(8, RA, 0, 0, 0)
#define NOP 0u

static void flush(void *p, size_t n) { if (cacheflush(p, (int)n, BCACHE)) perror("cacheflush"); }
static void synci(void *p, size_t n) {
  unsigned step;
  __asm__ volatile("rdhwr %0, $1" : "=r"(step));
  if (step) for (char *q = (char *)((uintptr_t)p & ~(uintptr_t)(step - 1)); q < (char *)p + n; q += step) __asm__ volatile("synci 0(%0)" ::"r"(q));
  __asm__ volatile("sync" ::: "memory");
}

static uint32_t seed = 7;
static uint32_t rnd(void) { seed = seed * 1664525 + 1013904223; return seed >> 8; }

int main(void) {
  size_t page = 65536;
  uint32_t *code = mmap(0, page * 4, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  long sum = 0;
  // The same place, again and again, both ways of saying so.
  for (int n = 0; n < 3000; n++) {
    code[0] = i(9, A0, V0, n);
    code[1] = n % 2 ? r(0x21, V0, A1, V0, 0) : r(0x23, V0, A1, V0, 0);
    code[2] = JR_RA;
    code[3] = i(14, V0, V0, n & 0xff);
    if (n % 3) flush(code, 16); else synci(code, 16);
    int got = ((function)(uintptr_t)code)(n * 7, 3), want = (n * 7 + n + (n % 2 ? 3 : -3)) ^ (n & 0xff);
    if (got != want) { printf("step %d: %d is not %d\n", n, got, want); return 1; }
    sum += got;
  }
  printf("patched %ld\n", sum);

  // Random straight-line programs against an interpreter, at addresses that cross lines and pages.
  uint32_t digest = 0;
  for (int n = 0; n < 800; n++) {
    uint32_t *at = code + (n % 4 ? rnd() % 16000 : 4096 / 4 * (1 + n / 4 % 12) - 5), *p = at, regs[2] = {rnd(), rnd()}, a = regs[0], b = regs[1];
    int length = 4 + (int)(rnd() % 40);
    for (int k = 0; k < length; k++) {
      unsigned sa = rnd() % 32;
      int imm = (int)(rnd() & 0x7fff);
      switch (rnd() % 8) {
      case 0: *p++ = r(0x21, A0, A1, A0, 0); a += b; break;
      case 1: *p++ = r(0x23, A1, A0, A1, 0); b -= a; break;
      case 2: *p++ = r(0x26, A0, A1, A1, 0); b ^= a; break;
      case 3: *p++ = r(0, 0, A0, A0, sa); a <<= sa; break;
      case 4: *p++ = r(2, 0, A1, T0, sa); *p++ = r(0x25, A0, T0, A0, 0); a |= b >> sa; break;
      case 5: *p++ = i(9, A1, A1, imm); b += (uint32_t)imm; break;
      case 6: *p++ = i(5, A0, 0, 2); *p++ = i(9, A0, A0, 1); if (a) { a++; } else { a++; b = 5; } *p++ = a == 1 ? i(9, 0, A1, 5) : NOP; break;
      default: *p++ = i(1, A0, 0, 2); *p++ = i(14, A1, A1, imm); if ((int32_t)a < 0) { b ^= (uint32_t)imm; *p++ = i(9, A0, A0, 77); } else { b ^= (uint32_t)imm; a += 9; *p++ = i(9, A0, A0, 9); } break;
      }
    }
    *p++ = JR_RA;
    *p++ = r(0x26, A0, A1, V0, 0);
    if (n % 2) flush(at, (size_t)((char *)p - (char *)at)); else synci(at, (size_t)((char *)p - (char *)at));
    uint32_t got = (uint32_t)((function)(uintptr_t)at)((int)regs[0], (int)regs[1]);
    if (got != (a ^ b)) { printf("program %d: %08x is not %08x\n", n, got, a ^ b); return 1; }
    digest = digest * 31 + got;
  }
  printf("programs %08x\n", digest);

  // Written through one mapping, run through another.
  int fd = memfd_create("code", 0);
  if (ftruncate(fd, (off_t)page)) return 1;
  uint32_t *w = mmap(0, page, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0), *x = mmap(0, page, PROT_READ | PROT_EXEC, MAP_SHARED, fd, 0);
  sum = 0;
  for (int n = 0; n < 500; n++) {
    w[n % 64] = i(9, 0, V0, n);
    w[n % 64 + 1] = JR_RA;
    w[n % 64 + 2] = NOP;
    flush(w + n % 64, 12);
    flush(x + n % 64, 12);
    sum += ((function)(uintptr_t)(x + n % 64))(0, 0);
  }
  printf("two mappings %ld\n", sum);

  // Write xor execute.
  sum = 0;
  for (int n = 0; n < 200; n++) {
    mprotect(code, page, PROT_READ | PROT_WRITE);
    code[0] = JR_RA;
    code[1] = i(9, A0, V0, n);
    mprotect(code, page, PROT_READ | PROT_EXEC);
    flush(code, 8);
    sum += ((function)(uintptr_t)code)(n, 0);
  }
  printf("write xor execute %ld\n", sum);

  // The page is replaced under the code: new pages, the old addresses.
  sum = 0;
  for (int n = 0; n < 100; n++) {
    uint32_t *fresh = mmap(code, page, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
    fresh[8] = i(15, 0, V0, n);
    fresh[9] = JR_RA;
    fresh[10] = i(13, V0, V0, n * 3);
    flush(fresh + 8, 12);
    sum += ((function)(uintptr_t)(fresh + 8))(0, 0) % 65521;
  }
  printf("replaced %ld\n", sum);

  // A program that changes itself while it runs: it stores over an instruction ahead of it.
  code = mmap(code, page, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
  code[0] = i(43, A0, A1, 32);          // sw a1, 32(a0): a0 is code
  code[1] = 0x7c000000u | 0x3b | 1u << 11 | T0 << 16; // rdhwr t0, SYNCI_Step
  code[2] = 1u << 26 | A0 << 21 | 0x1fu << 16 | 32; // synci 32(a0)
  code[3] = 0xf;                        // sync
  code[4] = i(9, RA, T1, 0);            // t1 = ra
  code[5] = 1u << 26 | 0x11u << 16 | 2; // bal 1f: ra = here; jr.hb would need its address
  code[6] = NOP;
  code[7] = NOP;
  code[8] = i(9, 0, V0, -1);            // 1: the word that changes
  code[9] = r(8, T1, 0, 0, 0);
  code[10] = NOP;
  flush(code, 44);
  sum = 0;
  for (int n = 0; n < 300; n++) sum += ((function)(uintptr_t)code)((int)(intptr_t)code, (int)i(9, 0, V0, n));
  printf("itself %ld\n", sum);
  // fork: the child's code is its own.
  code[0] = JR_RA;
  code[1] = i(9, 0, V0, 11);
  flush(code, 8);
  int pipes[2], child = -1;
  if (pipe(pipes)) return 1;
  if (!fork()) {
    code[1] = i(9, 0, V0, 22);
    flush(code, 8);
    int v = ((function)(uintptr_t)code)(0, 0);
    _exit(write(pipes[1], &v, 4) != 4);
  }
  if (read(pipes[0], &child, 4) != 4) return 1;
  printf("fork %d %d\n", ((function)(uintptr_t)code)(0, 0), child);
  return 0;
}

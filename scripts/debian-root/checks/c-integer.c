// Integer instructions of MIPS32 release 2 by name, over corner and random operands; 64-bit arithmetic as the compiler makes it.
#include <stdint.h>
#include <stdio.h>

static uint64_t state = 2463534242u;
static uint32_t next(void) {
  state ^= state << 13;
  state ^= state >> 7;
  state ^= state << 17;
  return (uint32_t)(state >> 16);
}
static const uint32_t corners[] = {0, 1, 2, 31, 32, 0x7f, 0x80, 0xff, 0x7fff, 0x8000, 0xffff, 0x10000, 0x7fffffff, 0x80000000, 0x80000001, 0xfffffffe, 0xffffffff};
static uint32_t operand(void) { uint32_t r = next(); return r % 3 ? next() : corners[next() % (sizeof corners / 4)]; }

static uint64_t h;
static void note(uint64_t v) { h = (h ^ v) * 1099511628211u; h ^= h >> 29; }
static void start(void) { h = 14695981039346656037u; }
static void show(const char *name) { printf("%s %016llx\n", name, (unsigned long long)h); }

#define N 2500
#define OP2(name) do { start(); for (int i = 0; i < N; i++) { uint32_t r, a = operand(), b = operand(); __asm__ volatile(".set push\n.set noreorder\n\t" name " %0, %1, %2\n.set pop" : "=r"(r) : "r"(a), "r"(b)); note(r); } show(name); } while (0)
#define OP1(name) do { start(); for (int i = 0; i < N; i++) { uint32_t r, a = operand(); __asm__ volatile(name " %0, %1" : "=r"(r) : "r"(a)); note(r); } show(name); } while (0)
#define IMM(name, k) do { start(); for (int i = 0; i < N; i++) { uint32_t r, a = operand(); __asm__ volatile(name " %0, %1, " #k : "=r"(r) : "r"(a)); note(r); } show(name " " #k); } while (0)
#define HILO(name) do { start(); for (int i = 0; i < N; i++) { uint32_t hi, lo, a = operand(), b = operand(), c = operand(), d = operand(); \
  if (name[0] == 'd' && b == 0) b = 3; \
  if (name[0] == 'd' && a == 0x80000000 && b == 0xffffffff) b = 7; \
  __asm__ volatile(".set push\n.set noreorder\n\tmthi %4\n\tmtlo %5\n\t" name " %2, %3\n\tmfhi %0\n\tmflo %1\n.set pop" : "=&r"(hi), "=&r"(lo) : "r"(a), "r"(b), "r"(c), "r"(d) : "hi", "lo"); note((uint64_t)hi << 32 | lo); } show(name); } while (0)
#define DIV(name) do { start(); for (int i = 0; i < N; i++) { uint32_t hi, lo, a = operand(), b = operand(); if (!b) b = 3; if (a == 0x80000000) a = 5; \
  __asm__ volatile(".set push\n.set noreorder\n\t" name " $0, %2, %3\n\tmfhi %0\n\tmflo %1\n.set pop" : "=&r"(hi), "=&r"(lo) : "r"(a), "r"(b) : "hi", "lo"); note((uint64_t)hi << 32 | lo); } show(name); } while (0)
#define EXT(p, s) do { start(); for (int i = 0; i < N; i++) { uint32_t r, q = operand(), a = operand(); __asm__ volatile("ext %0, %1, " #p ", " #s : "=r"(r) : "r"(a)); note(r); r = q; __asm__ volatile("ins %0, %1, " #p ", " #s : "+r"(r) : "r"(a)); note(r); } show("ext/ins " #p " " #s); } while (0)

int main(void) {
  OP2("addu"); OP2("subu"); OP2("and"); OP2("or"); OP2("xor"); OP2("nor"); OP2("slt"); OP2("sltu"); OP2("mul"); OP2("sllv"); OP2("srlv"); OP2("srav"); OP2("rotrv"); 
  start(); for (int i = 0; i < N; i++) { uint32_t r = operand(), a = operand(), b = i % 3 ? operand() : 0; __asm__ volatile("movz %0, %1, %2" : "+r"(r) : "r"(a), "r"(b)); note(r); __asm__ volatile("movn %0, %1, %2" : "+r"(r) : "r"(b), "r"(a)); note(r); } show("movz/movn");
  OP1("clz"); OP1("clo"); OP1("seb"); OP1("seh"); OP1("wsbh");
  IMM("addiu", -32768); IMM("addiu", 32767); IMM("slti", -1); IMM("sltiu", -1); IMM("andi", 65535); IMM("ori", 43690); IMM("xori", 32768); IMM("sll", 31); IMM("srl", 1); IMM("sra", 31); IMM("sra", 7); IMM("rotr", 13);
  HILO("mult"); HILO("multu"); HILO("madd"); HILO("maddu"); HILO("msub"); HILO("msubu");
  DIV("div"); DIV("divu");
  EXT(0, 32); EXT(31, 1); EXT(0, 1); EXT(5, 13); EXT(16, 16); EXT(8, 24);
  start();
  for (int i = 0; i < 6000; i++) {
    int64_t a = (int64_t)((uint64_t)operand() << 32 | operand()), b = (int64_t)((uint64_t)(i % 3 ? operand() : 0) << 32 | operand());
    unsigned s = next() % 64;
    if (b == 0 || b == -1) b = 17;
    note((uint64_t)a * (uint64_t)b); note((uint64_t)(a / b)); note((uint64_t)(a % b)); note((uint64_t)a / (uint64_t)b); note((uint64_t)a % (uint64_t)b);
    note((uint64_t)a << s); note((uint64_t)(a >> s)); note((uint64_t)a >> s); note((uint64_t)a + (uint64_t)b); note((uint64_t)a - (uint64_t)b); note(a < b); note((uint64_t)a < (uint64_t)b);
    note((unsigned)__builtin_clzll((uint64_t)a | 1)); note((unsigned)__builtin_popcountll((uint64_t)a)); note(__builtin_bswap64((uint64_t)a)); note((unsigned)__builtin_ctzll((uint64_t)b));
    int64_t r; note((unsigned)__builtin_mul_overflow(a, b, &r)); note((uint64_t)r); note((unsigned)__builtin_add_overflow(a, b, &r)); note((uint64_t)r);
  }
  show("64-bit");
  start();
  static uint8_t bytes[256];
  for (int i = 0; i < 256; i++) bytes[i] = (uint8_t)(i * 29 + 7);
  for (unsigned o = 0; o < 200; o++) {
    uint32_t r = 0x11223344, q = 0xaabbccdd;
    const uint8_t *p = bytes + o;
    __asm__ volatile("lwl %0, 3(%1)" : "+r"(r) : "r"(p)); note(r);
    __asm__ volatile("lwr %0, 0(%1)" : "+r"(r) : "r"(p)); note(r);
    __asm__ volatile("lwr %0, 2(%1)" : "+r"(q) : "r"(p)); note(q);
    uint8_t *w = bytes + (o * 37 + 1) % 250;
    __asm__ volatile("swl %0, 3(%1)\n\tswr %2, 0(%1)" ::"r"(r), "r"(w), "r"(q) : "memory");
    for (int k = 0; k < 256; k += 5) note(bytes[k]);
  }
  show("lwl/lwr/swl/swr");
  return 0;
}

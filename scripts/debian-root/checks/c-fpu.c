// The rest of COP1 and COP1X by name: conditions and branches, conditional moves, multiply-add, indexed accesses, moves of halves, control registers.
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <math.h>

static uint64_t h;
static void note(uint64_t v) { h = (h ^ v) * 1099511628211u; h ^= h >> 31; }
static uint64_t d_bits(double v) { uint64_t b; memcpy(&b, &v, 8); return b; }
static uint32_t f_bits(float v) { uint32_t b; memcpy(&b, &v, 4); return b; }
static uint32_t fcsr(void) { uint32_t v; __asm__ volatile("cfc1 %0, $31" : "=r"(v)); return v; }

static const double values[] = {0.0, -0.0, 1.5, -1.5, 1e300, -1e-310, 5e-324, 3.25, INFINITY, -INFINITY, NAN, 1.0 / 3, 2147483647.5, -2147483648.5, 0.5, 4503599627370497.5};
enum { N = sizeof values / sizeof *values };
static double signalling(void) { uint64_t b = 0x7fffffffffff1234u; double v; memcpy(&v, &b, 8); return v; }

#define CONDITION(name) do { h = 1; for (int i = 0; i < N; i++) for (int j = 0; j < N; j++) { uint32_t a = 0, b = 9, c; double p = values[i], q = values[j]; float s = (float)p, t = (float)q; \
  __asm__ volatile("ctc1 $0, $31\n\tc." name ".d $fcc3, %3, %4\n\tmovt %0, %5, $fcc3\n\tc." name ".s $fcc6, %6, %7\n\tbc1f $fcc6, 1f\n\tli %1, 4\n1:\n\tcfc1 %2, $31" \
    : "+r"(a), "+r"(b), "=&r"(c) : "f"(p), "f"(q), "r"(5), "f"(s), "f"(t) : "$fcc3", "$fcc6"); note(a * 16 + b); note(c); } printf("c." name " %016llx\n", (unsigned long long)h); } while (0)

#define FUSED(name, type, bits) do { h = 1; for (int i = 0; i < N; i++) for (int j = 0; j < N; j++) { type r; __asm__ volatile("ctc1 $0, $31\n\t" name " %0, %1, %2, %3" : "=f"(r) : "f"((type)values[j % 7]), "f"((type)values[i]), "f"((type)values[j])); note(bits(r)); note(fcsr()); } \
  printf(name " %016llx\n", (unsigned long long)h); } while (0)
#define ONE(name, to, from, bits) do { h = 1; for (int i = 0; i < N + 1; i++) { to r; double v = i < N ? values[i] : signalling(); __asm__ volatile("ctc1 $0, $31\n\t" name " %0, %1" : "=f"(r) : "f"((from)v)); note(bits(r)); note(fcsr()); } \
  printf(name " %016llx\n", (unsigned long long)h); } while (0)

int main(void) {
  setvbuf(stdout, 0, _IOLBF, 0);
  CONDITION("f"); CONDITION("un"); CONDITION("eq"); CONDITION("ueq"); CONDITION("olt"); CONDITION("ult"); CONDITION("ole"); CONDITION("ule");
  CONDITION("sf"); CONDITION("ngle"); CONDITION("seq"); CONDITION("ngl"); CONDITION("lt"); CONDITION("nge"); CONDITION("le"); CONDITION("ngt");
  FUSED("madd.d", double, d_bits); FUSED("msub.d", double, d_bits); FUSED("nmadd.d", double, d_bits); FUSED("nmsub.d", double, d_bits);
  FUSED("madd.s", float, f_bits); FUSED("msub.s", float, f_bits); FUSED("nmadd.s", float, f_bits); FUSED("nmsub.s", float, f_bits);
  ONE("abs.d", double, double, d_bits); ONE("neg.d", double, double, d_bits); ONE("mov.d", double, double, d_bits); ONE("sqrt.d", double, double, d_bits); ONE("recip.d", double, double, d_bits); ONE("rsqrt.d", double, double, d_bits);
  ONE("abs.s", float, float, f_bits); ONE("neg.s", float, float, f_bits); ONE("rsqrt.s", float, float, f_bits); ONE("cvt.d.s", double, float, d_bits); ONE("cvt.s.d", float, double, f_bits);
  ONE("cvt.w.d", float, double, f_bits); ONE("round.w.d", float, double, f_bits); ONE("trunc.w.d", float, double, f_bits); ONE("ceil.w.d", float, double, f_bits); ONE("floor.w.d", float, double, f_bits); ONE("cvt.w.s", float, float, f_bits);
  ONE("cvt.d.w", double, float, d_bits); ONE("cvt.s.w", float, float, f_bits);

  // Branches on conditions, both kinds, with what their slots do.
  unsigned trace = 0;
  for (int i = 0; i < 4; i++) {
    uint32_t r = 0;
    __asm__ volatile(".set push\n.set noreorder\n.set mips32r2\n\tctc1 $0, $31\n\tc.eq.d $fcc0, %1, %2\n\tnop\n\tbc1t 1f\n\taddiu %0, %0, 1\n\taddiu %0, %0, 2\n1:\tbc1fl 2f\n\taddiu %0, %0, 4\n\taddiu %0, %0, 8\n2:\tbc1tl 3f\n\taddiu %0, %0, 16\n\taddiu %0, %0, 32\n3:\tbc1f 4f\n\taddiu %0, %0, 64\n\taddiu %0, %0, 128\n4:\n.set pop"
      : "+r"(r) : "f"(values[i]), "f"(values[i & 1]) : "$fcc0");
    trace = trace * 256 + r;
  }
  printf("branches %08x\n", trace);

  h = 1;
  double table[64], out[64] = {0};
  float small[64];
  for (int i = 0; i < 64; i++) { table[i] = i * 1.25 - 3; small[i] = (float)i / 7; }
  for (int i = 0; i < 64; i++) {
    double d;
    float f;
    uint32_t hi, lo;
    __asm__ volatile("ldxc1 %0, %1(%2)" : "=f"(d) : "r"(i * 8), "r"(table)); note(d_bits(d));
    __asm__ volatile("lwxc1 %0, %1(%2)" : "=f"(f) : "r"(i * 4), "r"(small)); note(f_bits(f));
    __asm__ volatile("sdxc1 %0, %1(%2)" ::"f"(d + f), "r"((63 - i) * 8), "r"(out) : "memory");
    __asm__ volatile("swxc1 %0, %1(%2)" ::"f"(f), "r"(i * 4), "r"(small + 0) : "memory");

    __asm__ volatile("mfc1 %0, %2\n\tmfhc1 %1, %2" : "=&r"(lo), "=&r"(hi) : "f"(table[i])); note((uint64_t)hi << 32 | lo);
    __asm__ volatile("mtc1 %1, %0\n\tmthc1 %2, %0" : "=f"(d) : "r"(hi * 3), "r"(lo ^ (uint32_t)i)); note(d_bits(d));
    __asm__ volatile("movz.d %0, %1, %2" : "+f"(d) : "f"(table[i]), "r"(i & 1)); note(d_bits(d));
    __asm__ volatile("movn.s %0, %1, %2" : "+f"(f) : "f"(small[63 - i]), "r"(i & 2)); note(f_bits(f));
    __asm__ volatile("c.lt.d $fcc5, %1, %2\n\tmovf.d %0, %1, $fcc5\n\tmovt.d %0, %2, $fcc5" : "+f"(d) : "f"(table[i]), "f"(table[31]) : "$fcc5"); note(d_bits(d));
  }
  for (int i = 0; i < 64; i++) note(d_bits(out[i]));
  printf("moves and indexed %016llx\n", (unsigned long long)h);

  uint32_t v[8];
  __asm__ volatile("ctc1 %4, $31\n\tcfc1 %0, $25\n\tcfc1 %1, $26\n\tcfc1 %2, $28\n\tcfc1 %3, $31" : "=&r"(v[0]), "=&r"(v[1]), "=&r"(v[2]), "=&r"(v[3]) : "r"(0xff80007fu & ~0x1000000u));
  __asm__ volatile("ctc1 %2, $25\n\tctc1 %3, $28\n\tcfc1 %0, $31\n\tctc1 %4, $26\n\tcfc1 %1, $31" : "=&r"(v[4]), "=&r"(v[5]) : "r"(0xa5), "r"(0x06), "r"(0x7c));
  printf("control %08x %08x %08x %08x %08x %08x\n", v[0], v[1], v[2], v[3], v[4], v[5]);
  // Flushing of denormals to zero (FCSR.FS).
  __asm__ volatile("ctc1 %0, $31" ::"r"(1u << 24));
  volatile double tiny = 2.3e-308, small_d = 5e-324, r1, r2, r3;
  volatile float tinyf = 1.2e-38f, r4;
  r1 = tiny / 4; r2 = small_d + 0.0; r3 = small_d * 1e300; r4 = tinyf / 4;
  uint32_t after = fcsr();
  __asm__ volatile("ctc1 $0, $31");
  printf("flush %a %a %a %a %08x\n", r1, r2, r3, (double)r4, after & ~(0x3fu << 12));
  return 0;
}

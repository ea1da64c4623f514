// Arithmetic in all rounding modes with its flags: random and special operands of both formats, digests per operation.
#include <fenv.h>
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

static uint64_t state = 88172645463325252u;
static uint64_t next(void) {
  state ^= state << 13;
  state ^= state >> 7;
  state ^= state << 17;
  return state;
}

static const uint64_t specials[] = {0, 1, 0x000fffffffffffff, 0x0010000000000000, 0x3ff0000000000000, 0x3fefffffffffffff, 0x7fefffffffffffff, 0x7ff0000000000000, 0x7ff7ffffffffffff, 0x7ff8000000000000,
                                    0x7fffffffffffffff, 0x41dfffffffc00000, 0x41e0000000000000, 0x43e0000000000000, 0x36a0000000000000, 0x380fffffe0000000, 0x47efffffe0000000, 0x47effffff0000000, 0x4330000000000001, 0x3fe0000000000000};

static uint64_t operand(void) {
  uint64_t r = next();
  switch (r % 6) {
  case 0: return specials[r / 8 % (sizeof specials / 8)] ^ (r >> 40 & 1) << 63;
  case 1: return next() & 0x800fffffffffffff;
  case 2: return (next() & 0x800fffffffffffff) | (uint64_t)(1023 - 30 + r / 8 % 60) << 52;
  case 3: return (next() & 0x801fffffe0000000) | (uint64_t)(1023 - 150 + r / 8 % 300) << 52;
  default: return next();
  }
}

static uint64_t d_bits(double v) { uint64_t b; memcpy(&b, &v, 8); return b; }
static uint32_t f_bits(float v) { uint32_t b; memcpy(&b, &v, 4); return b; }

enum { OPERATIONS = 26 };
static const char *const names[OPERATIONS] = {"add.d", "sub.d", "mul.d", "div.d", "sqrt.d", "add.s", "sub.s", "mul.s", "div.s", "sqrt.s", "cvt.s.d", "cvt.d.s", "cvt.w.d", "trunc.w.d", "round.w.s", "ceil.l.d", "floor.l.s",
                                              "cvt.d.l", "cvt.s.l", "cvt.s.w", "c.olt.d", "c.ult.d", "c.ngle.s", "fma", "madd.d", "recip.d"};

static uint64_t run(int op, double a, double b, float x, float y, uint64_t raw) {
  double d = 0;
  float f = 0;
  uint32_t w = 0;
#define D2(name) __asm__ volatile(name " %0, %1, %2" : "=f"(d) : "f"(a), "f"(b)); return d_bits(d)
#define F2(name) __asm__ volatile(name " %0, %1, %2" : "=f"(f) : "f"(x), "f"(y)); return f_bits(f)
#define FROM_D(name) __asm__ volatile(name " %0, %1" : "=f"(f) : "f"(a)); return f_bits(f)
#define C(name, format, p, q) __asm__ volatile("c." name "." format " %1, %2\n\tli %0, 1\n\tmovf %0, $0, $fcc0" : "=&r"(w) : "f"(p), "f"(q) : "$fcc0"); return w
  switch (op) {
  case 0: D2("add.d");
  case 1: D2("sub.d");
  case 2: D2("mul.d");
  case 3: D2("div.d");
  case 4: __asm__ volatile("sqrt.d %0, %1" : "=f"(d) : "f"(a)); return d_bits(d);
  case 5: F2("add.s");
  case 6: F2("sub.s");
  case 7: F2("mul.s");
  case 8: F2("div.s");
  case 9: __asm__ volatile("sqrt.s %0, %1" : "=f"(f) : "f"(x)); return f_bits(f);
  case 10: FROM_D("cvt.s.d");
  case 11: __asm__ volatile("cvt.d.s %0, %1" : "=f"(d) : "f"(x)); return d_bits(d);
  case 12: FROM_D("cvt.w.d");
  case 13: FROM_D("trunc.w.d");
  case 14: __asm__ volatile("round.w.s %0, %1" : "=f"(f) : "f"(x)); return f_bits(f);
  // 64-bit integers in a 32-bit register file: the compiler's own conversions.
  case 15: return (uint64_t)llrint(a);
  case 16: return (uint64_t)(int64_t)floorf(x);
  case 17: return d_bits((double)(int64_t)raw);
  case 18: return f_bits((float)(int64_t)raw);
  case 19: return f_bits((float)(int32_t)raw);
  case 20: C("olt", "d", a, b);
  case 21: C("ult", "d", a, b);
  case 22: C("ngle", "s", x, y);
  case 23: return d_bits(fma(a, b, (double)x));
  case 24: __asm__ volatile("madd.d %0, %1, %2, %3" : "=f"(d) : "f"(a), "f"(b), "f"((double)x)); return d_bits(d);
  default: __asm__ volatile("recip.d %0, %1" : "=f"(d) : "f"(a)); return d_bits(d);
  }
}

int main(void) {
  static const int modes[] = {FE_TONEAREST, FE_TOWARDZERO, FE_UPWARD, FE_DOWNWARD};
  for (int op = 0; op < OPERATIONS; op++) {
    printf("%s", names[op]);
    for (int m = 0; m < 4; m++) {
      uint64_t h = 14695981039346656037u, flags = 0;
      for (int i = 0; i < 3000; i++) {
        uint64_t p = operand(), q = operand();
        double a, b;
        memcpy(&a, &p, 8);
        memcpy(&b, &q, 8);
        uint32_t s = (uint32_t)(next() >> (i % 3 ? 0 : 9)), t = (uint32_t)next();
        if (i % 7 == 0) s &= 0x807fffff;
        float x, y;
        memcpy(&x, &s, 4);
        memcpy(&y, &t, 4);
        fesetround(modes[m]);
        feclearexcept(FE_ALL_EXCEPT);
        uint64_t r = run(op, a, b, x, y, p);
        int raised = fetestexcept(FE_ALL_EXCEPT);
        fesetround(FE_TONEAREST);
        // What llrint and floorf raise on the way is the library's business.
        if (op == 15 || op == 16 || op == 23) raised = 0;
        h = (h ^ r) * 1099511628211u;
        h = (h ^ (unsigned)raised) * 1099511628211u;
        flags += (unsigned)raised;
      }
      printf(" %016llx/%llu", (unsigned long long)h, (unsigned long long)flags);
    }
    printf("\n");
  }
  return 0;
}

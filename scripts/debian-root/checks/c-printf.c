// printf and strtod of many values: shortest, hexadecimal and fixed forms, denormals, rounding modes.
#include <fenv.h>
#include <float.h>
#include <inttypes.h>
#include <math.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static uint64_t state = 0x9e3779b97f4a7c15;
static uint64_t next(void) {
  state ^= state << 13;
  state ^= state >> 7;
  state ^= state << 17;
  return state;
}

static uint32_t digest(uint32_t h, const char *text) {
  while (*text) h = (h ^ (unsigned char)*text++) * 16777619u;
  return h;
}

int main(void) {
  static const double values[] = {0.0, -0.0, 1, 0.1, 1.0 / 3, 5e-324, 2.5e-323, DBL_MIN, DBL_MAX, DBL_EPSILON, 123456789.987654321, 1e22, 1e23, 0.5, 2.5, 3.5, 9.995, 1e-5,
                                  4503599627370496.5, 9007199254740993.0, 1.7e-310, -1234.5678, INFINITY, -INFINITY, NAN};
  for (size_t i = 0; i < sizeof values / sizeof *values; i++) {
    double v = values[i];
    printf("%a %A %.3a %e %.20e %g %.17g %f %.0f %#g %+.3f % 012.4g\n", v, v, v, v, v, v, v, fabs(v) < 1e25 ? v : 1, fabs(v) < 1e25 ? v : 1, v, fabs(v) < 1e25 ? v : 1, v);
  }
  static const int modes[] = {FE_TONEAREST, FE_TOWARDZERO, FE_UPWARD, FE_DOWNWARD};
  for (int m = 0; m < 4; m++) {
    fesetround(modes[m]);
    uint32_t h = 2166136261u, wrong = 0;
    char text[400];
    for (int i = 0; i < 2500; i++) {
      uint64_t bits = next();
      if (i % 5 == 0) bits &= 0x800fffffffffffff;
      double v, back;
      memcpy(&v, &bits, 8);
      snprintf(text, sizeof text, "%.17g", v);
      back = strtod(text, 0);
      if (m == 0 && v == v && memcmp(&v, &back, 8)) wrong++;
      h = digest(h, text);
      snprintf(text, sizeof text, "%.5e %a %.3g", back, v, v);
      h = digest(h, text);
      float f = strtof(text, 0);
      snprintf(text, sizeof text, "%.9g %a", f, f);
      h = digest(h, text);
    }
    printf("mode %d: %08x %u; %.1f %.1f %.1f %.0f %.0f %.17g %.17g %a %a\n", m, h, wrong, 0.25, -0.25, 0.35, 2.5, -1.5, strtod("0.1", 0), strtod("-1e-330", 0), strtod("1e400", 0),
           (double)strtof("16777217", 0));
  }
  fesetround(FE_TONEAREST);
  static const char *const texts[] = {"2.2250738585072011e-308", "2.2250738585072012e-308", "4.9406564584124654e-324", "2.4703282292062327e-324", "2.4703282292062328e-324", "1.7976931348623158e308",
                                      "1.7976931348623159e308", "0x1.fffffffffffff8p0", "0x1.fffffffffffff7p0", "0x.1p-1070", "1e23", "8.5e22", "nan(123)", "infinity", "123e", "0x1p", ".5.", "9007199254740992.99999999999"};
  for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
    char *end;
    double v = strtod(texts[i], &end);
    printf("%s -> %a %d\n", texts[i], v, (int)(end - texts[i]));
  }
  printf("%" PRId64 " %" PRIu64 " %llx %lld %zu %td %hhd %hd\n", INT64_MIN, UINT64_MAX, 0x123456789abcdefull, strtoll("-9223372036854775809", 0, 10), sizeof(long double), (ptrdiff_t)-5, 300, 70000);
  return 0;
}

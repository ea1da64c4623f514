/* Compares every case with what qemu-user found; exit code 0 when none differs, else 10. */
#include "guest.h"
#include "case.h"

static const unsigned expected[][RESULT_WORDS] = {
#if BIG_ENDIAN
#include "expected-eb.h"
#else
#include "expected-el.h"
#endif
};

static const char *const words[RESULT_WORDS] = {"t0", "t1", "t2", "HI", "LO", "buffer hash"};

int main(void) {
  unsigned wrong = 0;
  if (case_count != sizeof expected / sizeof expected[0]) {
    printf("selfcheck: %u cases but %u expected values\n", case_count, sizeof expected / sizeof expected[0]);
    return 10;
  }
  for (unsigned i = 0; i < case_count; i++) {
    const struct test_case *c = &case_table[i];
    unsigned result[RESULT_WORDS], bad = 0;
    perform(c, result);
    while (bad < RESULT_WORDS && result[bad] == expected[i][bad]) bad++;
    if (bad == RESULT_WORDS) continue;
    wrong++;
    printf("FAIL %s with t0 0x%x t1 0x%x t2 0x%x HI 0x%x LO 0x%x expected %s 0x%08x got 0x%08x\n", c->name,
           c->operands[0], c->operands[1], c->operands[2], c->operands[3], c->operands[4], words[bad],
           expected[i][bad], result[bad]);
  }
  printf("selfcheck: %u cases, %u wrong\n", case_count, wrong);
  return wrong ? 10 : 0;
}

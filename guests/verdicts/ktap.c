/* KTAP on the console, and a power-off without a word about it: the guest ends well, its tests maybe not. */
#include "verdict.h"

#define KTAP "KTAP version 1\n"

static int prints(const char *text) {
  say(text);
  power_off();
  return 98;
}

GUEST(ktap_ok) { return prints(KTAP "1..3\nok 1 first\nok 2 second\nok 3 third\n"); }

GUEST(ktap_not_ok) {
  return prints(KTAP "1..3\nok 1 first\n# second: expected 1, not 2\nnot ok 2 second\nok 3 third\n");
}

GUEST(ktap_truncated) { return prints(KTAP "1..5\nok 1 first\nok 2 second\nok 3 third\n"); }

/* The last result has no line end. */
GUEST(ktap_mid_line) { return prints(KTAP "1..2\nok 1 first\nok 2 sec"); }

/* Cut off before what would make it a result. */
GUEST(ktap_mid_result) { return prints(KTAP "1..2\nok 1 first\nok"); }

GUEST(ktap_todo_skip) {
  return prints(KTAP "1..3\nok 1 first # SKIP no such device\nnot ok 2 second # TODO known to be broken\nok 3 third\n");
}

GUEST(ktap_nested) {
  return prints(KTAP "1..2\n"
                     "  " KTAP "  # Subtest: outer\n  1..2\n    " KTAP "    # Subtest: inner\n    1..1\n    ok 1 leaf\n"
                     "  ok 1 inner\n  ok 2 other\nok 1 outer\nok 2 last\n");
}

/* The inner suite failed, whatever the outer line says of it. */
GUEST(ktap_nested_failed) {
  return prints(KTAP "1..1\n"
                     "  " KTAP "  # Subtest: outer\n  1..2\n  ok 1 one\n  not ok 2 two\nok 1 outer\n");
}

/* The inner plan is what is not kept. */
GUEST(ktap_nested_truncated) {
  return prints(KTAP "1..1\n"
                     "  " KTAP "  # Subtest: outer\n  1..4\n  ok 1 one\nok 1 outer\n");
}

GUEST(ktap_bail_out) { return prints(KTAP "1..2\nok 1 first\nBail out! no more memory\n"); }

GUEST(ktap_none) { return prints("everything passed\n"); }

/* A version and nothing else. */
GUEST(ktap_empty) { return prints(KTAP); }

/* Through printk, with other kernel lines between. */
GUEST(ktap_printk) {
  return prints("[    0.100000] " KTAP "[    0.100001] 1..2\n[    0.100002] random: noise\n[    0.100003] ok 1 first\n"
                "[    0.100004] usb 1-1: noise\n[    0.100005] ok 2 second\n");
}

/* The kernel breaks in between, which is worth more than any plan. */
GUEST(ktap_out_of_order) { return prints(KTAP "1..2\nok 2 second\nok 1 first\n"); }

int main(void) { return CASE(); }

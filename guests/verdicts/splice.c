/* A program's text with kernel lines in it: what --script and `tsvm test` look for must be found all the same. */
#include "verdict.h"

#define MARKER "TSVM-MARKER"
#define NOISE "[    1.234567] printk: noise\n"

/* A kernel line after byte splice=N of the marker, or after every byte (-1). */
GUEST(splice_marker) {
  int splice = arg_int("splice", -1), at = 0;
  for (const char *text = MARKER "\n"; text[at]; at++) {
    if (splice < 0 || splice == at) say(NOISE);
    console_write(text + at, 1);
  }
  return 0;
}

/* The same with the ends of lines that a serial port has, and a caller in the time stamp. */
GUEST(splice_marker_crlf) {
  int splice = arg_int("splice", -1), at = 0;
  for (const char *text = MARKER "\r\n"; text[at]; at++) {
    if (splice < 0 || splice == at) say("[   12.345678][    T1] printk: noise\r\n");
    console_write(text + at, 1);
  }
  return 0;
}

/* Three kernel lines in one place, themselves in two writes each. */
GUEST(splice_burst) {
  say("TSVM-");
  for (int i = 0; i < 3; i++) {
    say("[    1.23");
    say("4567] printk: noise\n");
  }
  say("MARKER\n");
  return 0;
}

/* A kernel line that has the marker: it is the kernel's, no program's. */
GUEST(splice_in_kernel_line) {
  say("[    1.234567] " MARKER "\n");
  return 0;
}

int main(void) { return CASE(); }

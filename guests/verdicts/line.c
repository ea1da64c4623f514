/* The guest gives its code by a line of its console, which --exit-line WORD asks for: WORD, one blank, a number. */
#include "verdict.h"

#define WORD "TSVM-EXIT"
#define NOISE "[    1.234567] printk: noise\n"

/* Powers off with another code than the line has: the line must have ended the run before. */
static int behind(const char *text) {
  say(text);
  return 98;
}

/* code=N */
GUEST(line_code) {
  printf(WORD " %s\n", arg_value("code"));
  return 98;
}

GUEST(line_crlf) { return behind("some text\r\n" WORD " 42\r\n"); }

/* One byte at a time, as a UART has it. */
GUEST(line_by_bytes) {
  for (const char *at = WORD " 42\n"; *at; at++) console_write(at, 1);
  return 98;
}

/* A kernel line after byte splice=N, or after every byte. */
GUEST(line_spliced) {
  int splice = arg_int("splice", -1), at = 0;
  for (const char *text = WORD " 42\n"; text[at]; at++) {
    if (splice < 0 || splice == at) say(NOISE);
    console_write(text + at, 1);
  }
  return 98;
}

/* None of these is the line; 98 is right here. */
GUEST(line_is_another) {
  say("the word " WORD " 10\n"   /* not at the start */
      WORD "\n" WORD " \n"       /* no number */
      WORD " 11 \n" WORD " 12x\n" WORD "  13\n" WORD " 0x0\n" WORD ":14\n" WORD "15\n" /* not this form */
      "x" WORD " 16\n");
  return behind("[    1.234567] " WORD " 17\n"); /* the kernel's, no program's */
}

/* Without its end it is no line. */
GUEST(line_without_end) { return behind(WORD " 0"); }

int main(void) { return CASE(); }

/* Console and end. */
#include "arm.h"

#if TE
/* 16550 */
#define UART ((volatile u8 *)0x01000000)
#define LSR 5
#define LSR_THRE 0x20
static void put(char c) {
  while (!(UART[LSR] & LSR_THRE)) continue;
  UART[0] = (u8)c;
}
#else
/* PL011 */
#define UART ((volatile u32 *)0x09000000)
#define FR 6
#define FR_TXFF 0x20
static void put(char c) {
  while (UART[FR] & FR_TXFF) continue;
  UART[0] = (u8)c;
}
#endif

void text(const char *string) {
  while (*string) put(*string++);
}

void number(u32 value) {
  char digits[11];
  u32 n = 0;
  do digits[n++] = (char)('0' + value % 10);
  while (value /= 10);
  while (n) put(digits[--n]);
}

void hex(u32 value) {
  text("0x");
  for (int shift = 28; shift >= 0; shift -= 4) put("0123456789abcdef"[(value >> shift) & 15]);
}

void power_off(void) {
  psci(PSCI_SYSTEM_OFF, 0, 0, 0);
  for (;;) continue;
}

void unexpected(u32 vector, u32 lr, u32 dfsr, u32 dfar) {
  text("unexpected exception, vector ");
  number(vector);
  text(", LR ");
  hex(lr);
  text(", DFSR ");
  hex(dfsr);
  text(", DFAR ");
  hex(dfar);
  text("\n");
  for (;;) continue;
}

/* For programs that use one CPU only. */
__attribute__((weak)) void smp_main(u32 cpu) { (void)cpu; }

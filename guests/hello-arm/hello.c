/* Says hello with the CPU it runs on and the mode that it was entered in, and powers off. */
#include "arm.h"

void guest_main(void) {
  u32 midr, mpidr;
  __asm__ volatile("mrc p15, 0, %0, c0, c0, 0" : "=r"(midr));
  __asm__ volatile("mrc p15, 0, %0, c0, c0, 5" : "=r"(mpidr));
  text("Hello from an ARMv7 guest entered in ");
  text(entry_mode == MODE_HYP ? "HYP" : "SVC");
  text(" mode\nCPU: MIDR ");
  hex(midr);
  text(", MPIDR ");
  hex(mpidr);
  text("\n");
}

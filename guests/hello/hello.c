/* Says hello on the console with its command line and CPU, and powers off with exit code 0. */
#include "guest.h"

int main(void) {
  u32 prid = get_prid();
  printf("Hello from a MIPS %s guest\n", TE ? "trap-and-emulate" : "KSEG0");
  printf("command line:");
  for (int i = 0; i < arg_count(); i++) printf(" %s", arg_text(i));
  printf("\n");
  printf("CPU: PRId 0x%08x, %s endian, %u TLB entries\n", prid, BIG_ENDIAN ? "big" : "little",
         ((get_config1() >> 25) & 63) + 1);
  printf("console: %s\n", console_name());
  return 0;
}

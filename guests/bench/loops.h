#include "guest.h"

#define MEM_BYTES 0x100000

u32 loop_int(u32 n);
u32 loop_mem(volatile u32 *memory, u32 n);
u32 loop_call(u32 n);

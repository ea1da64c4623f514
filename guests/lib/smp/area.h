/* Each vCPU's own memory, which its UserLocal points at: exception frame, exception stack, stack. */
#ifndef AREA_H
#define AREA_H
#define AREA_SHIFT 14
#define AREA_BYTES (1 << AREA_SHIFT)
#define AREA_EXC_STACK 0x1000 /* offset of the exception stack's top; the frame is at 0 */
#define AREA_STACK AREA_BYTES
#endif

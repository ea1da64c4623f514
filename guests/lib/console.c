/* The console: virtio-console, or hypercall 8 where no such device answers; on Malta the 16550. */
#include "virtio-console.h"

static enum { HYPERCALL, VIRTIO, UART } kind;

void console_init(void) {
#if TE
  if (virtio_console_init())
    kind = VIRTIO;
  else
    printf("no virtio-console: writing by hypercall 8\n");
#else
  kind = UART;
#endif
}

/* Malta's first UART: ISA port 0x3f8 behind PCI I/O space. */
static void uart_write(const char *bytes, u32 length) {
  volatile u8 *const uart = (volatile u8 *)0xb80003f8;
  while (length--) {
    while (!(uart[5] & 0x20)) continue; /* LSR.THRE */
    *uart = (u8)*bytes++;
  }
}

void console_write(const char *bytes, u32 length) {
  if (length == 0) return;
  if (kind == VIRTIO)
    virtio_console_write(bytes, length);
  else if (kind == UART)
    uart_write(bytes, length);
  else
    hypercall(HC_CONSOLE_OUTPUT, 0, (u32)bytes, length);
}

int console_getc(void) { return kind == VIRTIO ? virtio_console_getc() : -1; }

void console_irq_enable(void) {
  if (kind == VIRTIO) virtio_console_irq_enable();
}

void console_irq(void) { virtio_console_irq(); }

const char *console_name(void) {
  if (kind == VIRTIO) return virtio_console_is_legacy() ? "virtio-console (legacy)" : "virtio-console";
  return kind == UART ? "16550" : "hypercall 8";
}

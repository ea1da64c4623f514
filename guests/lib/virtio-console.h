/* The virtio-console driver, see virtio-console.c. */
#include "guest.h"

int virtio_console_init(void); /* false when no slot holds a virtio-console that accepts us */
void virtio_console_write(const char *bytes, u32 length); /* returns when the device is done with the bytes */
/* Next received byte, or -1; polls the device unless it interrupts (call it with interrupts off then). */
int virtio_console_getc(void);
void virtio_console_irq_enable(void);
void virtio_console_irq(void);
int virtio_console_is_legacy(void);
/* With SMP, for a guest that watches the device write: the receive queue, and the buffer of descriptor `id`. */
struct virtq *virtio_console_rx(void);
u8 *virtio_console_rx_buffer(u32 id);

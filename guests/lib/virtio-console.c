/* virtio-console (virtio 1.2, 5.3) with polled transmit and polled or interrupt-driven receive. */
#include "virtio-console.h"
#include "virtio.h"

#define N 8 /* queue size */
#define RX 0
#define TX 1
#define RX_BYTES 64

static struct virtio_device device;
static struct virtq queues[2];
static u8 rings[2][(VIRTQ_BYTES(N) + VIRTIO_PAGE - 1) & ~(VIRTIO_PAGE - 1)] __attribute__((aligned(VIRTIO_PAGE)));
static u8 rx_buffer[N][RX_BYTES];
static int irq_driven; /* the device says when there is something to receive */

/* Bytes received and not yet read. */
static u8 input[256];
static u32 input_head, input_tail;
static int held_back; /* filled buffers lie in the used ring, for which input has no room */

static void offer(int q, u32 index, const void *buffer, u32 length, u32 flags) {
  struct virtq *v = &queues[q];
  virtq_describe(v, &v->desc[index], PHYS(buffer), length, flags, 0);
  virtq_offer(v, index);
  virtq_notify(&device, v);
}

/* True when the device is a virtio-console and accepts us. */
static int start_device(void) {
  if (device.id != VIRTIO_ID_CONSOLE) return 0;
  /* One port, no size, no event index: no feature beyond the base. */
  if (!virtio_negotiate(&device, 0) || !virtio_queue(&device, &queues[RX], RX, N, rings[RX]) ||
      !virtio_queue(&device, &queues[TX], TX, N, rings[TX])) {
    virtio_failed(&device);
    return 0;
  }
  virtio_driver_ok(&device);
  for (u32 i = 0; i < N; i++) offer(RX, i, rx_buffer[i], RX_BYTES, VIRTQ_DESC_F_WRITE);
  return 1;
}

void virtio_console_write(const char *bytes, u32 length) {
  u32 head, written;
  offer(TX, 0, bytes, length, 0);
  while (!virtq_take(&queues[TX], &head, &written)) barrier();
}

/*
 * Takes in what the device has put in the receive queue and gives the buffers back; those that might not fit into input
 * stay where they are, so that the device runs out of them and holds the rest back on its side. Nothing is lost.
 */
static void receive(void) {
  struct virtq *v = &queues[RX];
  u32 id, length;
  for (;;) {
    held_back = sizeof input - (input_head - input_tail) < RX_BYTES;
    if (held_back || !virtq_take(v, &id, &length)) return;
    for (u32 i = 0; i < length && i < RX_BYTES; i++) input[input_head++ % sizeof input] = rx_buffer[id % N][i];
    offer(RX, id % N, rx_buffer[id % N], RX_BYTES, VIRTQ_DESC_F_WRITE);
  }
}

int virtio_console_init(void) {
  for (u32 slot = 0, slots = virtio_slots(); slot < slots; slot++)
    if (virtio_find(&device, slot) && start_device()) return 1;
  return 0;
}

void virtio_console_irq_enable(void) {
  irq_driven = 1;
  virtio_irq_enable(&device);
}

/* What arrives after the acknowledge raises the line again. What receive() holds back raises nothing:
   virtio_console_getc takes it in. */
void virtio_console_irq(void) {
  virtio_irq_acknowledge(&device);
  receive();
}

int virtio_console_getc(void) {
  if (input_head == input_tail && (held_back || !irq_driven)) receive();
  return input_head == input_tail ? -1 : input[input_tail++ % sizeof input];
}

int virtio_console_is_legacy(void) { return !device.modern; }

#if SMP
struct virtq *virtio_console_rx(void) { return &queues[RX]; }

u8 *virtio_console_rx_buffer(u32 id) { return rx_buffer[id]; }
#endif

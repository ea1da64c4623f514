/*
 * virtio-console over virtio-mmio (virtio 1.2, 4.2 and 5.3; legacy 4.2.4 by the Version register), with polled transmit
 * and polled or interrupt-driven receive.
 *
 * Endianness: device registers are little-endian always. Rings are little-endian on a modern device and in the guest's
 * order on a legacy one.
 */
#include "virtio-console.h"

#define VIRTIO_PHYS 0x12000000
#define VIRTIO_STRIDE 0x200
#define VIRTIO_SLOTS 8
#define VIRTIO_IRQ_BASE 16
#define IRQCHIP_PHYS 0x1e010000
#define IRQCHIP_EN_W1S (8 + 3 * 8 + 2 * 8) /* CPU 0's enable, write-1-to-set; lines 31:0 */

/* Register offsets (virtio 1.2, 4.2.2 and 4.2.4) */
#define MAGIC_VALUE 0x000
#define VERSION 0x004
#define DEVICE_ID 0x008
#define DRIVER_FEATURES 0x020
#define DRIVER_FEATURES_SEL 0x024
#define GUEST_PAGE_SIZE 0x028
#define QUEUE_SEL 0x030
#define QUEUE_NUM_MAX 0x034
#define QUEUE_NUM 0x038
#define QUEUE_ALIGN 0x03c
#define QUEUE_PFN 0x040
#define QUEUE_READY 0x044
#define QUEUE_NOTIFY 0x050
#define INTERRUPT_STATUS 0x060
#define INTERRUPT_ACK 0x064
#define STATUS 0x070
#define QUEUE_DESC 0x080
#define QUEUE_DRIVER 0x090
#define QUEUE_DEVICE 0x0a0

#define MAGIC 0x74726976
#define ID_CONSOLE 3
#define S_ACKNOWLEDGE 1
#define S_DRIVER 2
#define S_DRIVER_OK 4
#define S_FEATURES_OK 8
#define S_FAILED 128
#define F_VERSION_1_HIGH 1 /* feature bit 32 */
#define DESC_F_WRITE 2

#define N 8 /* queue size */
#define PAGE 4096
#define RX 0
#define TX 1
#define RX_BYTES 64

struct queue {
  struct {
    u32 addr_word[2]; /* a 64-bit address in the ring's byte order */
    u32 len;
    u16 flags, next;
  } desc[N];
  u16 avail_flags, avail_idx, avail_ring[N], used_event;
  u8 pad[PAGE - 16 * N - 2 * (N + 3)]; /* legacy: the used ring starts at the next page */
  u16 used_flags;
  volatile u16 used_idx;
  struct {
    u32 id, len;
  } used_ring[N];
  u16 avail_event;
} __attribute__((aligned(PAGE)));

static struct queue queues[2];
static u16 seen[2]; /* used_idx up to which we have looked */
static u8 rx_buffer[N][RX_BYTES];
static u32 slot_base, slot_irq;
static int modern;
static int irq_driven; /* the device says when there is something to receive */

/* Bytes received and not yet read. */
static u8 input[256];
static u32 input_head, input_tail;
static int held_back; /* filled buffers lie in the used ring, for which input has no room */

static inline u32 reg_read(u32 offset) {
  u32 v = *(volatile u32 *)(slot_base + offset);
  return BIG_ENDIAN ? __builtin_bswap32(v) : v;
}
static inline void reg_write(u32 offset, u32 v) {
  *(volatile u32 *)(slot_base + offset) = BIG_ENDIAN ? __builtin_bswap32(v) : v;
}
static u32 ring32(u32 v) { return BIG_ENDIAN && modern ? __builtin_bswap32(v) : v; }
static u16 ring16(u16 v) { return BIG_ENDIAN && modern ? __builtin_bswap16(v) : v; }

static void offer(int q, u32 index, const void *buffer, u32 length, u16 flags) {
  struct queue *v = &queues[q];
  int low = BIG_ENDIAN && !modern; /* which word holds the low half */
  v->desc[index].addr_word[low] = ring32(PHYS(buffer));
  v->desc[index].addr_word[!low] = 0;
  v->desc[index].len = ring32(length);
  v->desc[index].flags = ring16(flags);
  u16 idx = ring16(v->avail_idx);
  v->avail_ring[idx % N] = ring16((u16)index);
  barrier(); /* the entry before the index that publishes it */
  v->avail_idx = ring16((u16)(idx + 1));
  barrier();
  reg_write(QUEUE_NOTIFY, (u32)q);
}

static int setup_queue(int q) {
  struct queue *v = &queues[q];
  reg_write(QUEUE_SEL, (u32)q);
  if (reg_read(QUEUE_NUM_MAX) < N) return 0;
  reg_write(QUEUE_NUM, N);
  if (modern) {
    reg_write(QUEUE_DESC, PHYS(v->desc));
    reg_write(QUEUE_DESC + 4, 0);
    reg_write(QUEUE_DRIVER, PHYS(&v->avail_flags));
    reg_write(QUEUE_DRIVER + 4, 0);
    reg_write(QUEUE_DEVICE, PHYS(&v->used_flags));
    reg_write(QUEUE_DEVICE + 4, 0);
    reg_write(QUEUE_READY, 1);
  } else {
    reg_write(QUEUE_ALIGN, PAGE);
    reg_write(QUEUE_PFN, PHYS(v) / PAGE);
  }
  return 1;
}

/* True when the device at slot_base is a virtio-console and accepts us. */
static int start_device(void) {
  u32 version = reg_read(VERSION);
  if (reg_read(DEVICE_ID) != ID_CONSOLE || version < 1 || version > 2) return 0;
  modern = version == 2;
  reg_write(STATUS, 0);
  reg_write(STATUS, S_ACKNOWLEDGE);
  reg_write(STATUS, S_ACKNOWLEDGE | S_DRIVER);
  reg_write(DRIVER_FEATURES_SEL, 0);
  reg_write(DRIVER_FEATURES, 0); /* one port, no size, no event index: nothing beyond the base */
  u32 status = S_ACKNOWLEDGE | S_DRIVER;
  if (modern) {
    reg_write(DRIVER_FEATURES_SEL, 1);
    reg_write(DRIVER_FEATURES, F_VERSION_1_HIGH);
    status |= S_FEATURES_OK;
    reg_write(STATUS, status);
    if (!(reg_read(STATUS) & S_FEATURES_OK)) {
      reg_write(STATUS, S_FAILED);
      return 0;
    }
  } else {
    reg_write(GUEST_PAGE_SIZE, PAGE);
  }
  if (!setup_queue(RX) || !setup_queue(TX)) {
    reg_write(STATUS, S_FAILED);
    return 0;
  }
  reg_write(STATUS, status | S_DRIVER_OK);
  for (u32 i = 0; i < N; i++) offer(RX, i, rx_buffer[i], RX_BYTES, DESC_F_WRITE);
  return 1;
}

void virtio_console_write(const char *bytes, u32 length) {
  struct queue *v = &queues[TX];
  offer(TX, 0, bytes, length, 0);
  seen[TX]++;
  while (ring16(v->used_idx) != seen[TX]) barrier();
}

/*
 * Takes in what the device has put in the receive queue and gives the buffers back; those that might not fit into input
 * stay where they are, so that the device runs out of them and holds the rest back on its side. Nothing is lost.
 */
static void receive(void) {
  struct queue *v = &queues[RX];
  held_back = 0;
  while (seen[RX] != ring16(v->used_idx)) {
    if (sizeof input - (input_head - input_tail) < RX_BYTES) {
      held_back = 1;
      return;
    }
    barrier(); /* the index before the entry it publishes */
    u32 at = seen[RX]++ % N;
    u32 id = ring32(v->used_ring[at].id), length = ring32(v->used_ring[at].len);
    for (u32 i = 0; i < length && i < RX_BYTES; i++) input[input_head++ % sizeof input] = rx_buffer[id % N][i];
    offer(RX, id % N, rx_buffer[id % N], RX_BYTES, DESC_F_WRITE);
  }
}

int virtio_console_init(void) {
  for (u32 slot = 0; slot < VIRTIO_SLOTS; slot++) {
    slot_base = IO_BASE | (VIRTIO_PHYS + slot * VIRTIO_STRIDE);
    slot_irq = VIRTIO_IRQ_BASE + slot;
    if (reg_read(MAGIC_VALUE) != MAGIC) return 0;
    if (start_device()) return 1;
  }
  return 0;
}

void virtio_console_irq_enable(void) {
  irq_driven = 1;
  *(volatile u32 *)(IO_BASE | (IRQCHIP_PHYS + IRQCHIP_EN_W1S)) = 1u << slot_irq; /* guest-endian */
}

/* The line is a level that falls with the acknowledge; what arrives after it raises the line again. What receive() holds
   back raises nothing: virtio_console_getc takes it in. */
void virtio_console_irq(void) {
  reg_write(INTERRUPT_ACK, reg_read(INTERRUPT_STATUS));
  receive();
}

int virtio_console_getc(void) {
  if (input_head == input_tail && (held_back || !irq_driven)) receive();
  return input_head == input_tail ? -1 : input[input_tail++ % sizeof input];
}

int virtio_console_is_legacy(void) { return !modern; }

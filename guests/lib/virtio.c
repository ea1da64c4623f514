/* virtio over MMIO and the split virtqueue, see virtio.h. */
#include "virtio.h"

#define VIRTIO_PHYS 0x12000000
#define VIRTIO_STRIDE 0x200
#define VIRTIO_IRQ_BASE 16
#define IRQCHIP_PHYS 0x1e010000
#define IRQCHIP_EN_W1S (8 + 3 * 8 + 2 * 8) /* CPU 0's enable, write-1-to-set; lines 31:0 */

/* Register offsets (virtio 1.2, 4.2.2 and 4.2.4) */
#define MAGIC_VALUE 0x000
#define VERSION 0x004
#define DEVICE_ID 0x008
#define DEVICE_FEATURES 0x010
#define DEVICE_FEATURES_SEL 0x014
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
#define INTERRUPT_ACK 0x064
#define QUEUE_DESC 0x080
#define QUEUE_DRIVER 0x090
#define QUEUE_DEVICE 0x0a0

#define MAGIC 0x74726976
#define S_ACKNOWLEDGE 1
#define S_DRIVER 2
#define S_FEATURES_OK 8
#define S_FAILED 128
#define F_VERSION_1_HIGH 1 /* feature bit 32 */
#define USED_F_NO_NOTIFY 1

u32 virtio_read(const struct virtio_device *device, u32 offset) {
  u32 v = *(volatile u32 *)(device->base + offset);
  return BIG_ENDIAN ? __builtin_bswap32(v) : v;
}

void virtio_write(const struct virtio_device *device, u32 offset, u32 value) {
  *(volatile u32 *)(device->base + offset) = BIG_ENDIAN ? __builtin_bswap32(value) : value;
}

/* Single bytes are in the same place for every access size and byte order. */
static u32 config(const struct virtio_device *device, u32 offset, u32 width) {
  const volatile u8 *bytes = (const volatile u8 *)(device->base + VIRTIO_MMIO_CONFIG + offset);
  int big = BIG_ENDIAN && !device->modern;
  u32 value = 0;
  for (u32 i = 0; i < width; i++) value |= (u32)bytes[i] << (8 * (big ? width - 1 - i : i));
  return value;
}

u32 virtio_config8(const struct virtio_device *device, u32 offset) { return config(device, offset, 1); }
u32 virtio_config16(const struct virtio_device *device, u32 offset) { return config(device, offset, 2); }
u32 virtio_config32(const struct virtio_device *device, u32 offset) { return config(device, offset, 4); }

u32 virtio_slots(void) {
  static const char name[] = "virtio_mmio.device=";
  u32 slots = 0;
  for (int i = 0; i < arg_count(); i++)
    for (const char *text = arg_text(i); text && *text; text++) {
      u32 same = 0;
      while (name[same] && text[same] == name[same]) same++;
      slots += name[same] == 0;
    }
  return slots ? slots : 1;
}

int virtio_find(struct virtio_device *device, u32 slot) {
  device->base = IO_BASE | (VIRTIO_PHYS + slot * VIRTIO_STRIDE);
  device->irq = VIRTIO_IRQ_BASE + slot;
  device->features = 0;
  if (virtio_read(device, MAGIC_VALUE) != MAGIC) return 0;
  u32 version = virtio_read(device, VERSION);
  device->modern = version == 2;
  device->id = virtio_read(device, DEVICE_ID);
  return (version == 1 || version == 2) && device->id != 0;
}

u32 virtio_offered(const struct virtio_device *device) {
  virtio_write(device, DEVICE_FEATURES_SEL, 0);
  return virtio_read(device, DEVICE_FEATURES);
}

void virtio_reset(const struct virtio_device *device) {
  virtio_write(device, VIRTIO_MMIO_STATUS, 0);
  while (virtio_read(device, VIRTIO_MMIO_STATUS)) continue;
}

int virtio_negotiate(struct virtio_device *device, u32 features) {
  virtio_reset(device);
  virtio_write(device, VIRTIO_MMIO_STATUS, S_ACKNOWLEDGE);
  virtio_write(device, VIRTIO_MMIO_STATUS, S_ACKNOWLEDGE | S_DRIVER);
  device->features = features & virtio_offered(device);
  virtio_write(device, DRIVER_FEATURES_SEL, 0);
  virtio_write(device, DRIVER_FEATURES, device->features);
  if (!device->modern) {
    virtio_write(device, GUEST_PAGE_SIZE, VIRTIO_PAGE);
    return 1;
  }
  virtio_write(device, DRIVER_FEATURES_SEL, 1);
  virtio_write(device, DRIVER_FEATURES, F_VERSION_1_HIGH);
  virtio_write(device, VIRTIO_MMIO_STATUS, S_ACKNOWLEDGE | S_DRIVER | S_FEATURES_OK);
  return (virtio_read(device, VIRTIO_MMIO_STATUS) & S_FEATURES_OK) != 0;
}

int virtio_queue(const struct virtio_device *device, struct virtq *q, u32 index, u32 size, void *memory) {
  virtio_write(device, QUEUE_SEL, index);
  if (virtio_read(device, QUEUE_NUM_MAX) < size) return 0;
  memset(memory, 0, VIRTQ_BYTES(size));
  q->index = index;
  q->size = size;
  q->swapped = BIG_ENDIAN && device->modern;
  q->low = BIG_ENDIAN && !device->modern;
  q->desc = memory;
  q->avail = (u16 *)(q->desc + size);
  q->used = (u16 *)((u8 *)memory + VIRTQ_USED_OFFSET(size));
  q->offered = q->notified = q->seen = 0;
  barrier();
  virtio_write(device, QUEUE_NUM, size);
  if (device->modern) {
    virtio_write(device, QUEUE_DESC, PHYS(q->desc));
    virtio_write(device, QUEUE_DESC + 4, 0);
    virtio_write(device, QUEUE_DRIVER, PHYS(q->avail));
    virtio_write(device, QUEUE_DRIVER + 4, 0);
    virtio_write(device, QUEUE_DEVICE, PHYS(q->used));
    virtio_write(device, QUEUE_DEVICE + 4, 0);
    virtio_write(device, QUEUE_READY, 1);
  } else {
    virtio_write(device, QUEUE_ALIGN, VIRTIO_PAGE);
    virtio_write(device, QUEUE_PFN, PHYS(memory) / VIRTIO_PAGE);
  }
  return 1;
}

void virtio_driver_ok(const struct virtio_device *device) {
  virtio_write(device, VIRTIO_MMIO_STATUS, virtio_read(device, VIRTIO_MMIO_STATUS) | VIRTIO_S_DRIVER_OK);
}

void virtio_failed(const struct virtio_device *device) { virtio_write(device, VIRTIO_MMIO_STATUS, S_FAILED); }

void virtio_irq_enable(const struct virtio_device *device) {
  *(volatile u32 *)(IO_BASE | (IRQCHIP_PHYS + IRQCHIP_EN_W1S)) = 1u << device->irq; /* guest-endian */
}

u32 virtio_irq_acknowledge(const struct virtio_device *device) {
  u32 causes = virtio_read(device, VIRTIO_MMIO_INTERRUPT_STATUS);
  virtio_write(device, INTERRUPT_ACK, causes);
  return causes;
}

void virtq_describe(const struct virtq *q, volatile struct virtq_desc *desc, u32 physical, u32 length, u32 flags,
                    u32 next) {
  desc->addr_word[q->low] = virtq32(q, physical);
  desc->addr_word[!q->low] = 0;
  desc->len = virtq32(q, length);
  desc->flags = virtq16(q, (u16)flags);
  desc->next = virtq16(q, (u16)next);
}

void virtq_offer(struct virtq *q, u32 head) {
  q->avail[2 + q->offered % q->size] = virtq16(q, (u16)head);
  barrier(); /* the entry before the index that publishes it */
  q->avail[1] = virtq16(q, ++q->offered);
}

void virtq_notify(const struct virtio_device *device, struct virtq *q) {
  barrier(); /* the index before the look at what the device wants to know */
  u16 before = q->notified;
  q->notified = q->offered;
  int wanted;
  if (device->features & VIRTIO_F_EVENT_IDX) {
    u16 event = virtq16(q, q->used[2 + 4 * q->size]);
    wanted = (u16)(q->offered - event - 1) < (u16)(q->offered - before);
  } else {
    wanted = !(virtq16(q, q->used[0]) & USED_F_NO_NOTIFY);
  }
  if (wanted) virtio_write(device, QUEUE_NOTIFY, q->index);
}

int virtq_take(struct virtq *q, u32 *head, u32 *length) {
  if (virtq16(q, q->used[1]) == q->seen) return 0;
  barrier(); /* the index before the entry it publishes */
  volatile u32 *entry = (volatile u32 *)(q->used + 2) + 2 * (q->seen++ % q->size);
  *head = virtq32(q, entry[0]);
  *length = virtq32(q, entry[1]);
  return 1;
}

void virtq_set_used_event(const struct virtq *q, u16 seen) {
  q->avail[2 + q->size] = virtq16(q, seen);
  barrier();
}

void virtq_set_avail_flags(const struct virtq *q, u16 flags) {
  q->avail[0] = virtq16(q, flags);
  barrier();
}

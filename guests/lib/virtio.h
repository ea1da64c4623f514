/*
 * What every virtio driver here shares: virtio over MMIO (virtio 1.2, 4.2; the legacy interface, 4.2.4, by the Version
 * register) and the driver's side of the split virtqueue (2.7).
 *
 * Endianness: device registers are little-endian always. Rings, configuration space and structures are little-endian on a
 * modern device and in the guest's order on a legacy one.
 */
#ifndef VIRTIO_H
#define VIRTIO_H
#include "guest.h"

#define VIRTIO_ID_BLOCK 2
#define VIRTIO_ID_CONSOLE 3

/* Register offsets that drivers use themselves (4.2.2) */
#define VIRTIO_MMIO_INTERRUPT_STATUS 0x060
#define VIRTIO_MMIO_STATUS 0x070
#define VIRTIO_MMIO_CONFIG 0x100

#define VIRTIO_S_DRIVER_OK 4
#define VIRTIO_S_NEEDS_RESET 64

#define VIRTIO_F_ANY_LAYOUT (1u << 27) /* legacy only */
#define VIRTIO_F_INDIRECT_DESC (1u << 28)
#define VIRTIO_F_EVENT_IDX (1u << 29)

#define VIRTQ_DESC_F_NEXT 1
#define VIRTQ_DESC_F_WRITE 2
#define VIRTQ_DESC_F_INDIRECT 4
#define VIRTQ_AVAIL_F_NO_INTERRUPT 1

#define VIRTIO_PAGE 4096
/* Bytes of a queue's memory: descriptors and available ring, then at the next page (as legacy has it) the used ring. */
#define VIRTQ_USED_OFFSET(n) ((16 * (n) + 2 * (3 + (n)) + VIRTIO_PAGE - 1) & ~(VIRTIO_PAGE - 1))
#define VIRTQ_BYTES(n) (VIRTQ_USED_OFFSET(n) + 2 * 3 + 8 * (n))

struct virtio_device {
  u32 base; /* where its registers are */
  u32 irq;  /* its line of the interrupt controller */
  u32 id;   /* device type */
  int modern;
  u32 features; /* negotiated, bits 31:0 */
};

struct virtq_desc {
  u32 addr_word[2]; /* a 64-bit address in the ring's byte order */
  u32 len;
  u16 flags, next;
};

struct virtq {
  u32 index, size;
  int swapped; /* the ring's byte order is not ours */
  int low;     /* which word of a 64-bit number holds its low half */
  volatile struct virtq_desc *desc;
  volatile u16 *avail; /* flags, idx, ring, used_event */
  volatile u16 *used;  /* flags, idx, entries of two words, avail_event */
  u16 offered;         /* the available ring's idx */
  u16 notified;        /* `offered` at the last notification */
  u16 seen;            /* the used ring's idx up to which we have looked */
};

u32 virtio_read(const struct virtio_device *device, u32 offset);
void virtio_write(const struct virtio_device *device, u32 offset, u32 value);
u32 virtio_config8(const struct virtio_device *device, u32 offset);
u32 virtio_config16(const struct virtio_device *device, u32 offset);
u32 virtio_config32(const struct virtio_device *device, u32 offset);

/* Slots that the kernel's command line names (virtio_mmio.device=), at least one. */
u32 virtio_slots(void);
/* The device in `slot`, left as it is; false when there is none. */
int virtio_find(struct virtio_device *device, u32 slot);
/* Offered features, bits 31:0. */
u32 virtio_offered(const struct virtio_device *device);
void virtio_reset(const struct virtio_device *device);
/* Reset and negotiate those of `features` (bits 31:0) that are offered; then come queues, then virtio_driver_ok. */
int virtio_negotiate(struct virtio_device *device, u32 features);
/* `memory`: VIRTQ_BYTES(size), on a page of its own. False when the device has no such queue or not that large. */
int virtio_queue(const struct virtio_device *device, struct virtq *queue, u32 index, u32 size, void *memory);
void virtio_driver_ok(const struct virtio_device *device);
void virtio_failed(const struct virtio_device *device);

/* Let the device's line through to IP2 (Status bits are the caller's). */
void virtio_irq_enable(const struct virtio_device *device);
/* The line is a level that falls with the acknowledge. Returns InterruptStatus. */
u32 virtio_irq_acknowledge(const struct virtio_device *device);

static inline u32 virtq32(const struct virtq *q, u32 v) { return q->swapped ? __builtin_bswap32(v) : v; }
static inline u16 virtq16(const struct virtq *q, u16 v) { return q->swapped ? __builtin_bswap16(v) : v; }

/* Fill in a descriptor of the queue, or of an indirect table in the queue's byte order. */
void virtq_describe(const struct virtq *q, volatile struct virtq_desc *desc, u32 physical, u32 length, u32 flags, u32 next);
/* Make the chain that starts at descriptor `head` available. */
void virtq_offer(struct virtq *q, u32 head);
/* Tell the device what was offered since the last time, unless it does not want to know (2.7.10, 2.7.7 with EVENT_IDX). */
void virtq_notify(const struct virtio_device *device, struct virtq *q);
/* The next used entry; false when there is none. */
int virtq_take(struct virtq *q, u32 *head, u32 *length);
/* Ask for an interrupt when `seen` has been passed, or with `seen` = q->seen at the next (EVENT_IDX). */
void virtq_set_used_event(const struct virtq *q, u16 seen);
void virtq_set_avail_flags(const struct virtq *q, u16 flags);

#endif

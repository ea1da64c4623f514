/* Who is interrupted when (virtio 1.2, 2.7.7 and 2.7.10), and the device reset in the middle of things (2.4, 3.3). */
#include "disk.h"

#define INT_QUEUE 1 /* of InterruptStatus */

/* One read, waited for by looking; was an interrupt raised for it? */
static u32 raises(struct virtio_blk *disk) {
  u32 status = blk_read(disk, 0, area, BLK_SECTOR);
  check("suppression-in", status == BLK_S_OK, "status", status);
  return virtio_irq_acknowledge(&disk->device) & INT_QUEUE;
}

/* Called with interrupts masked, on a device fresh from its start. */
void check_suppression(struct virtio_blk *disk) {
  struct virtq *q = &disk->queue;
  if (!(disk->device.features & VIRTIO_F_EVENT_IDX)) {
    check("flags-interrupt", raises(disk), "InterruptStatus", 0);
    virtq_set_avail_flags(q, VIRTQ_AVAIL_F_NO_INTERRUPT);
    check("flags-no-interrupt", !raises(disk), "InterruptStatus", INT_QUEUE);
    virtq_set_avail_flags(q, 0);
    check("flags-interrupt-again", raises(disk), "InterruptStatus", 0);
    return;
  }
  virtq_set_used_event(q, q->seen);
  check("event-next", raises(disk), "InterruptStatus", 0);
  virtq_set_used_event(q, (u16)(q->seen + 2));
  check("event-not-the-first", !raises(disk), "InterruptStatus", INT_QUEUE);
  check("event-not-the-second", !raises(disk), "InterruptStatus", INT_QUEUE);
  check("event-the-third", raises(disk), "InterruptStatus", 0);
  check("event-not-the-fourth", !raises(disk), "InterruptStatus", INT_QUEUE);
  virtq_set_used_event(q, (u16)(q->seen - 1));
  check("event-passed", !raises(disk), "InterruptStatus", INT_QUEUE);
  /* A batch that passes the event somewhere inside. */
  struct blk_request *flying[8];
  virtq_set_used_event(q, (u16)(q->seen + 5));
  for (u32 i = 0; i < 8; i++) {
    struct blk_piece piece = {area + i * BLK_SECTOR, BLK_SECTOR, VIRTQ_DESC_F_WRITE};
    flying[i] = blk_submit(disk, BLK_T_IN, i, &piece, 1);
  }
  blk_notify(disk);
  for (u32 i = 0; i < 8; i++) blk_wait(disk, flying[i]);
  u32 causes = virtio_irq_acknowledge(&disk->device);
  check("event-in-a-batch", (causes & INT_QUEUE) != 0, "InterruptStatus", causes);
}

/*
 * Requests whose headers, buffers and status bytes are their own, so that nothing reuses them: seven small ones, and one so
 * large that the device is still at it when it has been reset and started again. The first word of each sector tells them apart.
 */
#define FLYING 8
#define SECTORS (AREA_BYTES / BLK_SECTOR)
#define SMALL BLOCK_SECTORS
#define LARGE_PIECES 4
#define LARGE_PIECE ((SECTORS - (FLYING - 1) * SMALL) / LARGE_PIECES)
#define IDLE 60000 /* longer than the device takes for all of them */

static struct {
  struct blk_header header;
  u8 status[4];
} apart[FLYING] __attribute__((aligned(16)));

enum { OLD = 0x4f4c4431, NEW = 0x4e455731, LATE = 0x4c415445 };

static void stamp(u32 mark) {
  for (u32 i = 0; i < SECTORS; i++) *(volatile u32 *)(area + i * BLK_SECTOR) = mark;
}

static void idle(u32 loops) {
  for (u32 i = 0; i < loops; i++) barrier();
}

static void fly(struct virtio_blk *disk, u32 type) {
  u32 sector = 0, flags = type == BLK_T_IN ? VIRTQ_DESC_F_WRITE : 0;
  for (u32 i = 0; i < FLYING; i++) {
    struct blk_piece pieces[LARGE_PIECES + 2] = {{&apart[i].header, sizeof apart[i].header, 0}};
    u32 count = 1, each = i + 1 < FLYING ? SMALL : LARGE_PIECE;
    blk_fill_header(disk, &apart[i].header, type, sector);
    apart[i].status[0] = BLK_S_UNTOUCHED;
    do {
      pieces[count++] = (struct blk_piece){area + sector * BLK_SECTOR, each * BLK_SECTOR, flags};
      sector += each;
    } while (each == LARGE_PIECE && count <= LARGE_PIECES);
    pieces[count++] = (struct blk_piece){apart[i].status, 1, VIRTQ_DESC_F_WRITE};
    blk_offer(disk, pieces, count, 0);
  }
  blk_notify(disk);
}

/* What the device had not read or written when it was reset it never reads or writes. */
static void reset_in_flight(struct virtio_blk *disk, u32 type, u32 delay) {
  static u8 other[128 * BLK_SECTOR];
  u32 features = disk->device.features;
  if (type == BLK_T_OUT) {
    stamp(OLD);
    for (u32 at = 0; at < SECTORS; at += 128)
      check("reset-prepare", blk_write(disk, at, area + at * BLK_SECTOR, 128 * BLK_SECTOR) == BLK_S_OK, "sector", at);
  }
  stamp(NEW);
  u16 before = disk->queue.seen;
  fly(disk, type);
  idle(delay);
  u16 completed = (u16)(virtq16(&disk->queue, disk->queue.used[1]) - before);
  virtio_reset(&disk->device);
  check("reset-in-flight", completed < FLYING, "too late, after a delay of", delay);
  check("reset-start", blk_start(disk, features), "refused after a delay of", delay);
  stamp(LATE);
  for (u32 i = 0; i < FLYING; i++) apart[i].status[0] = 0xa5;
  check("reset-in", blk_read(disk, SECTORS, other, BLOCK) == BLK_S_OK, "after a delay of", delay);
  u32 status = blk_flush(disk), late = 0, wrong = 0;
  check("reset-flush", status == BLK_S_OK || !(features & BLK_F_FLUSH), "status", status);
  idle(IDLE);
  for (u32 i = 0; i < FLYING; i++)
    check("reset-old-status", apart[i].status[0] == 0xa5, "written after a delay of", delay);
  for (u32 i = 0; i < SECTORS; i++) wrong += *(u32 *)(area + i * BLK_SECTOR) != LATE;
  check("reset-old-buffers", wrong == 0, "sectors written", wrong);
  if (type != BLK_T_OUT) return;
  for (u32 i = wrong = 0; i < SECTORS; i++) {
    if (i % 128 == 0) check("reset-in", blk_read(disk, i, other, sizeof other) == BLK_S_OK, "sector", i);
    u32 mark = *(volatile u32 *)(other + i % 128 * BLK_SECTOR);
    late += mark == LATE;
    wrong += mark != OLD && mark != NEW && mark != LATE;
  }
  check("reset-reads-end", late == 0, "sectors with what came after the reset", late);
  check("reset-whole-words", wrong == 0, "sectors with neither old nor new", wrong);
}

/* A head beyond the queue: a modern device asks for a reset and takes nothing more until it gets one. */
static void broken_ring(struct virtio_blk *disk) {
  u32 features = disk->device.features;
  virtq_offer(&disk->queue, BLK_QUEUE + 72);
  virtq_notify(&disk->device, &disk->queue);
  u32 status = virtio_read(&disk->device, VIRTIO_MMIO_STATUS);
  if (disk->device.modern) check("broken-ring", (status & VIRTIO_S_NEEDS_RESET) != 0, "Status", status);
  check("broken-ring-start", blk_start(disk, features), "Status", status);
  check("broken-ring-in", blk_read(disk, 0, area, BLK_SECTOR) == BLK_S_OK, "bytes", BLK_SECTOR);
}

/* Nothing in the configuration space can be written without a feature that says so. */
static void config_writes(const struct virtio_blk *disk) {
  u32 before[15];
  volatile u8 *config = (volatile u8 *)(disk->device.base + VIRTIO_MMIO_CONFIG);
  for (u32 i = 0; i < 15; i++) before[i] = virtio_config32(&disk->device, 4 * i);
  for (u32 i = 0; i < 60; i++)
    config[i] = (u8)~config[i];
  for (u32 i = 0; i < 15; i++) {
    u32 now = virtio_config32(&disk->device, 4 * i);
    check("config-read-only", now == before[i], "word changed", i);
  }
}

/* `writeback` (5.2.5, 5.2.6.2): the driver may turn the cache off, and a reset with FLUSH turns it on again. */
static void cache_mode(struct virtio_blk *disk) {
  if (!(virtio_offered(&disk->device) & BLK_F_CONFIG_WCE)) return;
  volatile u8 *writeback = (volatile u8 *)(disk->device.base + VIRTIO_MMIO_CONFIG + 32);
  u32 features = disk->device.features;
  for (u32 mode = 0; mode < 2; mode++) {
    check("writeback-start", blk_start(disk, features | BLK_F_CONFIG_WCE), "features", features);
    check("writeback-at-first", *writeback == 1, "writeback", *writeback);
    *writeback = (u8)mode;
    check("writeback-set", *writeback == mode, "writeback", *writeback);
    check("writeback-out", blk_write(disk, 0, area, BLOCK) == BLK_S_OK, "bytes", BLOCK);
    check("writeback-flush", blk_flush(disk) == BLK_S_OK, "writeback", mode);
  }
  check("writeback-end", blk_start(disk, features), "features", features);
}

/* Called with interrupts masked. */
void check_resets(struct virtio_blk *disk) {
  static struct virtq none;
  static u8 nowhere[2 * VIRTIO_PAGE] __attribute__((aligned(VIRTIO_PAGE)));
  static const u32 delays[] = {0, 1000, 6000, 12000};
  for (u32 i = 0; i < sizeof delays / sizeof delays[0]; i++) {
    reset_in_flight(disk, BLK_T_IN, delays[i]);
    if (!(disk->device.features & BLK_F_RO)) reset_in_flight(disk, BLK_T_OUT, delays[i]);
  }
  config_writes(disk);
  cache_mode(disk);
  broken_ring(disk);
  check("one-queue", !virtio_queue(&disk->device, &none, 1, 1, nowhere), "queue", 1);
}

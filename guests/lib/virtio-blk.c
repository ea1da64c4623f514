/* virtio-blk over virtio-mmio, one queue, see virtio-blk.h. */
#include "virtio-blk.h"

#define PATIENCE 200000000 /* looks at the used ring before a wait is given up */
#define IP_VIRTIO 2        /* the paravirt interrupt controller raises IP2 */

static u8 rings[BLK_MAX_DISKS][(VIRTQ_BYTES(BLK_QUEUE) + VIRTIO_PAGE - 1) & ~(VIRTIO_PAGE - 1)]
    __attribute__((aligned(VIRTIO_PAGE)));
static struct virtio_blk *interrupting[BLK_MAX_DISKS];
static u32 interrupts_taken;

u32 blk_find(struct virtio_blk *disks, u32 most) {
  u32 found = 0;
  for (u32 slot = 0, slots = virtio_slots(); slot < slots && found < most; slot++) {
    struct virtio_blk *disk = &disks[found];
    if (!virtio_find(&disk->device, slot) || disk->device.id != VIRTIO_ID_BLOCK) continue;
    disk->number = found++;
    disk->interrupts = 0;
    disk->capacity = virtio_config32(&disk->device, disk->device.modern || !BIG_ENDIAN ? 4 : 0);
    disk->capacity = disk->capacity << 32 | virtio_config32(&disk->device, disk->device.modern || !BIG_ENDIAN ? 0 : 4);
  }
  return found;
}

int blk_start(struct virtio_blk *disk, u32 features) {
  if (!virtio_negotiate(&disk->device, features) ||
      !virtio_queue(&disk->device, &disk->queue, 0, BLK_QUEUE, rings[disk->number])) {
    virtio_failed(&disk->device);
    return 0;
  }
  disk->free_count = BLK_QUEUE;
  disk->free_head = 0;
  for (u32 i = 0; i < BLK_QUEUE; i++) {
    disk->next[i] = (u16)(i + 1);
    disk->requests[i].descriptors = 0;
  }
  virtio_driver_ok(&disk->device);
  return 1;
}

static void on_exception(struct exc_frame *frame) {
  if (CA_CODE(frame->cause) != EX_INT) {
    exc_hook = 0;
    printf("unexpected ");
    exc_report(frame);
    guest_exit(98);
  }
  interrupts_taken++;
  for (u32 i = 0; i < BLK_MAX_DISKS; i++) {
    if (!interrupting[i]) continue;
    virtio_irq_acknowledge(&interrupting[i]->device);
    blk_collect(interrupting[i]);
  }
}

void blk_use_interrupts(struct virtio_blk *disk) {
  exc_hook = on_exception;
  disk->interrupts = 1;
  interrupting[disk->number] = disk;
  virtio_irq_enable(&disk->device);
  virtq_set_used_event(&disk->queue, disk->queue.seen);
  set_status(ST_IM(IP_VIRTIO) | ST_IE);
}

u32 blk_interrupts_taken(void) { return interrupts_taken; }

void blk_fill_header(const struct virtio_blk *disk, struct blk_header *header, u32 type, u64 sector) {
  const struct virtq *q = &disk->queue;
  header->type = virtq32(q, type);
  header->reserved = 0;
  header->sector_word[q->low] = virtq32(q, (u32)sector);
  header->sector_word[!q->low] = virtq32(q, (u32)(sector >> 32));
}

static u32 little(u32 v) { return BIG_ENDIAN ? __builtin_bswap32(v) : v; }

void blk_fill_range(struct blk_range *range, u64 sector, u32 sectors, u32 flags) {
  range->sector_word[0] = little((u32)sector);
  range->sector_word[1] = little((u32)(sector >> 32));
  range->sectors = little(sectors);
  range->flags = little(flags);
}

static struct blk_request *begin(struct virtio_blk *disk, u32 descriptors) {
  if (disk->free_count < descriptors) return 0;
  struct blk_request *request = &disk->requests[disk->free_head];
  request->descriptors = (u8)descriptors;
  request->done = 0;
  request->written = 0;
  request->status = BLK_S_UNTOUCHED;
  return request;
}

static void offer(struct virtio_blk *disk, struct blk_request *request, const struct blk_piece *pieces, u32 count,
                  int indirect) {
  struct virtq *q = &disk->queue;
  u32 head = disk->free_head;
  for (u32 i = 0; i < count; i++) {
    u32 more = i + 1 < count ? VIRTQ_DESC_F_NEXT : 0;
    u32 at = disk->free_head;
    volatile struct virtq_desc *desc = indirect ? &request->table[i] : &q->desc[at];
    if (!indirect) disk->free_head = disk->next[at];
    virtq_describe(q, desc, PHYS(pieces[i].bytes), pieces[i].length, pieces[i].flags | more,
                   indirect ? i + 1 : disk->free_head);
  }
  if (indirect) {
    disk->free_head = disk->next[head];
    virtq_describe(q, &q->desc[head], PHYS(request->table), count * sizeof request->table[0], VIRTQ_DESC_F_INDIRECT, 0);
  }
  disk->free_count -= request->descriptors;
  virtq_offer(q, head);
}

static void release(struct virtio_blk *disk, struct blk_request *request) {
  u32 head = (u32)(request - disk->requests), last = head;
  for (u32 i = 1; i < request->descriptors; i++) last = disk->next[last];
  disk->next[last] = disk->free_head;
  disk->free_head = (u16)head;
  disk->free_count += request->descriptors;
  request->descriptors = 0;
}

struct blk_request *blk_offer(struct virtio_blk *disk, const struct blk_piece *pieces, u32 count, int indirect) {
  if (indirect && count > BLK_INDIRECT) return 0;
  struct blk_request *request = begin(disk, indirect ? 1 : count);
  if (request) offer(disk, request, pieces, count, indirect);
  return request;
}

struct blk_request *blk_submit(struct virtio_blk *disk, u32 type, u64 sector, const struct blk_piece *pieces, u32 count) {
  struct blk_piece all[BLK_INDIRECT];
  if (count > BLK_INDIRECT - 2) return 0;
  int indirect = (disk->device.features & VIRTIO_F_INDIRECT_DESC) != 0;
  struct blk_request *request = begin(disk, indirect ? 1 : count + 2);
  if (!request) return 0;
  blk_fill_header(disk, &request->header, type, sector);
  all[0] = (struct blk_piece){&request->header, sizeof request->header, 0};
  for (u32 i = 0; i < count; i++) all[i + 1] = pieces[i];
  all[count + 1] = (struct blk_piece){&request->status, 1, VIRTQ_DESC_F_WRITE};
  offer(disk, request, all, count + 2, indirect);
  return request;
}

void blk_notify(struct virtio_blk *disk) { virtq_notify(&disk->device, &disk->queue); }

void blk_collect(struct virtio_blk *disk) {
  u32 head, written;
  for (;;) {
    while (virtq_take(&disk->queue, &head, &written)) {
      struct blk_request *request = &disk->requests[head % BLK_QUEUE];
      if (head >= BLK_QUEUE || request->descriptors == 0 || request->done) {
        printf("disk %u: the device completed chain %u, which it was not given\n", disk->number, head);
        guest_exit(97);
      }
      request->written = written;
      request->done = 1;
    }
    if (!disk->interrupts) return;
    /* An entry that came before the device saw this gives no interrupt: look once more. */
    virtq_set_used_event(&disk->queue, disk->queue.seen);
    if (virtq16(&disk->queue, disk->queue.used[1]) == disk->queue.seen) return;
  }
}

u32 blk_wait(struct virtio_blk *disk, struct blk_request *request) {
  if (!request) return BLK_S_TIMEOUT;
  volatile struct blk_request *r = request;
  for (u32 looks = 0; !r->done; looks++) {
    if (disk->interrupts) {
      /* Off between the look and the WAIT: with Config7.WII a pending interrupt ends WAIT and is taken after it. */
      irq_disable();
      if (!r->done) cpu_wait();
      irq_enable();
    } else {
      blk_collect(disk);
      if (looks > PATIENCE) return BLK_S_TIMEOUT;
    }
  }
  release(disk, request);
  return r->status;
}

u32 blk_request(struct virtio_blk *disk, u32 type, u64 sector, const void *bytes, u32 length) {
  int device_fills = type == BLK_T_IN || type == BLK_T_GET_ID;
  struct blk_piece piece = {bytes, length, device_fills ? VIRTQ_DESC_F_WRITE : 0};
  struct blk_request *request = blk_submit(disk, type, sector, &piece, length != 0);
  blk_notify(disk);
  return blk_wait(disk, request);
}

u32 blk_read(struct virtio_blk *disk, u64 sector, void *bytes, u32 length) {
  return blk_request(disk, BLK_T_IN, sector, bytes, length);
}

u32 blk_write(struct virtio_blk *disk, u64 sector, const void *bytes, u32 length) {
  return blk_request(disk, BLK_T_OUT, sector, bytes, length);
}

u32 blk_flush(struct virtio_blk *disk) { return blk_request(disk, BLK_T_FLUSH, 0, 0, 0); }

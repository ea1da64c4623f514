/*
 * The virtio-blk driver (virtio 1.2, 5.2), see virtio-blk.c: whole requests, and the pieces to make odd ones of.
 * Lengths are bytes, sectors 512 bytes.
 */
#ifndef VIRTIO_BLK_H
#define VIRTIO_BLK_H
#include "virtio.h"

#define BLK_SECTOR 512
#define BLK_MAX_DISKS 8
#define BLK_QUEUE 128   /* descriptors, and requests in flight at most */
#define BLK_INDIRECT 48 /* descriptors of an indirect table */
#define BLK_ID_BYTES 20

#define BLK_T_IN 0
#define BLK_T_OUT 1
#define BLK_T_FLUSH 4
#define BLK_T_GET_ID 8
#define BLK_T_DISCARD 11
#define BLK_T_WRITE_ZEROES 13

#define BLK_S_OK 0
#define BLK_S_IOERR 1
#define BLK_S_UNSUPP 2
#define BLK_S_UNTOUCHED 0xee /* what the driver puts there before it asks */
#define BLK_S_TIMEOUT 0xef   /* the device did not answer in a very long time */

#define BLK_F_SIZE_MAX (1u << 1)
#define BLK_F_SEG_MAX (1u << 2)
#define BLK_F_GEOMETRY (1u << 4)
#define BLK_F_RO (1u << 5)
#define BLK_F_BLK_SIZE (1u << 6)
#define BLK_F_FLUSH (1u << 9)
#define BLK_F_TOPOLOGY (1u << 10)
#define BLK_F_CONFIG_WCE (1u << 11)
#define BLK_F_MQ (1u << 12)
#define BLK_F_DISCARD (1u << 13)
#define BLK_F_WRITE_ZEROES (1u << 14)
/* What this driver can make use of. */
#define BLK_FEATURES                                                                                                   \
  (BLK_F_SIZE_MAX | BLK_F_SEG_MAX | BLK_F_GEOMETRY | BLK_F_RO | BLK_F_BLK_SIZE | BLK_F_FLUSH | BLK_F_TOPOLOGY |        \
   BLK_F_DISCARD | BLK_F_WRITE_ZEROES | VIRTIO_F_ANY_LAYOUT)

#define BLK_UNMAP 1 /* flag of a range of WRITE_ZEROES */

struct blk_header {
  u32 type, reserved, sector_word[2];
};

/* A range of DISCARD or WRITE_ZEROES: little-endian even on a legacy device (as Linux has it). */
struct blk_range {
  u32 sector_word[2], sectors, flags;
};

/* One buffer of a request. */
struct blk_piece {
  const void *bytes;
  u32 length;
  u32 flags; /* VIRTQ_DESC_F_WRITE when the device fills it */
};

struct blk_request {
  struct blk_header header;
  u32 written; /* length in the used ring */
  u8 status;
  u8 descriptors; /* in the queue */
  u8 done;
  struct virtq_desc table[BLK_INDIRECT] __attribute__((aligned(16)));
};

struct virtio_blk {
  struct virtio_device device;
  struct virtq queue;
  u32 number;   /* of the disks found, from 0 */
  u64 capacity; /* in sectors */
  int interrupts; /* wait for the device in WAIT, not by looking again and again */
  u32 free_count;
  u16 free_head; /* free descriptors are chained by `next` */
  u16 next[BLK_QUEUE];
  struct blk_request requests[BLK_QUEUE]; /* by head descriptor */
};

/* All disks, not started. Returns how many. */
u32 blk_find(struct virtio_blk *disks, u32 most);
/* Reset and start with those of `features` that are offered; requests in flight are forgotten. False when refused. */
int blk_start(struct virtio_blk *disk, u32 features);
/* Interrupts from now on: install the hook, let the line through. Call it again after another disk's. */
void blk_use_interrupts(struct virtio_blk *disk);
u32 blk_interrupts_taken(void);

void blk_fill_header(const struct virtio_blk *disk, struct blk_header *header, u32 type, u64 sector);
void blk_fill_range(struct blk_range *range, u64 sector, u32 sectors, u32 flags);

/*
 * Offer a chain of exactly these pieces, as an indirect table when `indirect`. Returns its request, or 0 when the queue is
 * full. blk_notify tells the device.
 */
struct blk_request *blk_offer(struct virtio_blk *disk, const struct blk_piece *pieces, u32 count, int indirect);
/* Offer a request of the usual form: header, the pieces, status; one table when VIRTIO_F_INDIRECT_DESC was negotiated. */
struct blk_request *blk_submit(struct virtio_blk *disk, u32 type, u64 sector, const struct blk_piece *pieces, u32 count);
void blk_notify(struct virtio_blk *disk);
/* Note what the device has completed. Its descriptors stay taken until blk_wait. */
void blk_collect(struct virtio_blk *disk);
/* Wait for a request, once for each; its status, or BLK_S_TIMEOUT. `written` can be read until the next offer. */
u32 blk_wait(struct virtio_blk *disk, struct blk_request *request);

/* Whole requests with one buffer (none when length is 0): submit, notify, wait. */
u32 blk_request(struct virtio_blk *disk, u32 type, u64 sector, const void *bytes, u32 length);
u32 blk_read(struct virtio_blk *disk, u64 sector, void *bytes, u32 length);
u32 blk_write(struct virtio_blk *disk, u64 sector, const void *bytes, u32 length);
u32 blk_flush(struct virtio_blk *disk);

#endif

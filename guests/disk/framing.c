/* Requests laid out in odd ways (virtio 1.2, 2.7.4: the device makes no assumption about framing), and several at once. */
#include "disk.h"

#define BYTES (32 * BLK_SECTOR)
#define W VIRTQ_DESC_F_WRITE

/* Readable part (header, data out) and writable part (data in, status), each in one stretch of memory. */
static u8 readable[sizeof(struct blk_header) + BYTES] __attribute__((aligned(16)));
static u8 writable[BYTES + 1];
static struct blk_piece pieces[100];
static u32 count;

static void cut(u8 *bytes, u32 length, u32 piece, u32 flags) {
  while (length) {
    u32 n = piece < length ? piece : length;
    pieces[count++] = (struct blk_piece){bytes, n, flags};
    bytes += n;
    length -= n;
  }
}

/* Runs what `pieces` say, as a chain of descriptors or as an indirect table. */
static void run(struct virtio_blk *disk, const char *name, int indirect, u32 written) {
  u8 *status = writable + written - 1;
  *status = BLK_S_UNTOUCHED;
  struct blk_request *request = blk_offer(disk, pieces, count, indirect);
  check(name, request != 0, "not offered, pieces", count);
  if (!request) return;
  blk_notify(disk);
  u32 waited = blk_wait(disk, request);
  check(name, waited != BLK_S_TIMEOUT, "waited in vain, pieces", count);
  check(name, *status == BLK_S_OK, "status", *status);
  check(name, request->written == written, "used length", request->written);
}

/* The way out: the `first` bytes in pieces of `small`, the rest of header and data in pieces of `each`. */
static void write_in(struct virtio_blk *disk, const char *name, int indirect, u32 length, u32 first, u32 small, u32 each,
                     u32 seed) {
  blk_fill_header(disk, (struct blk_header *)readable, BLK_T_OUT, 300);
  fill(readable + sizeof(struct blk_header), length, seed);
  count = 0;
  cut(readable, first, small, 0);
  cut(readable + first, sizeof(struct blk_header) + length - first, each, 0);
  cut(writable, 1, 1, W);
  run(disk, name, indirect, 1);
}

/* The way in: the header in pieces of `header`; data and status together in pieces of `each`. */
static void read_in(struct virtio_blk *disk, const char *name, int indirect, u32 length, u32 header, u32 each, u32 seed) {
  blk_fill_header(disk, (struct blk_header *)readable, BLK_T_IN, 300);
  memset(writable, 0xa5, length);
  count = 0;
  cut(readable, sizeof(struct blk_header), header, 0);
  cut(writable, length + 1, each, W);
  run(disk, name, indirect, length + 1);
  check(name, differs(writable, length, seed) == length, "differs at", differs(writable, length, seed));
}

static void check_layouts(struct virtio_blk *disk, int indirect) {
  write_in(disk, "header-in-16-pieces", indirect, BLK_SECTOR, 16, 1, BLK_SECTOR, 11);
  read_in(disk, "header-in-16-pieces", indirect, BLK_SECTOR, 1, BLK_SECTOR, 11);
  write_in(disk, "header-and-data-in-one", indirect, BYTES, sizeof readable, sizeof readable, 1, 12);
  read_in(disk, "data-and-status-in-one", indirect, BYTES, 16, BYTES + 1, 12);
  write_in(disk, "header-split-7-9", indirect, 2 * BLK_SECTOR, 7, 7, 9 + 2 * BLK_SECTOR, 13);
  read_in(disk, "header-split-7-9", indirect, 2 * BLK_SECTOR, 7, 2 * BLK_SECTOR, 13);
  write_in(disk, "one-sector-pieces", indirect, BYTES, 16, 16, BLK_SECTOR, 14);
  read_in(disk, "one-sector-pieces", indirect, BYTES, 16, BLK_SECTOR, 14);
  write_in(disk, "odd-pieces", indirect, BYTES, 16, 5, 391, 15);
  read_in(disk, "odd-pieces", indirect, BYTES, 5, 391, 15);
  write_in(disk, "pieces-over-header-and-sectors", indirect, BYTES, 3, 3, 1021, 16);
  read_in(disk, "status-at-the-end-of-a-piece", indirect, BYTES, 16, (BYTES + 1) / 5, 16);
}

void check_framing(struct virtio_blk *disk) {
  /* A legacy device without ANY_LAYOUT may ask for header, data and status apart. */
  if (!disk->device.modern && !(disk->device.features & VIRTIO_F_ANY_LAYOUT)) return;
  check_layouts(disk, 0);
  if (disk->device.features & VIRTIO_F_INDIRECT_DESC) check_layouts(disk, 1);
}

#define FLYING 32
void check_in_flight(struct virtio_blk *disk) {
  struct blk_request *flying[FLYING];
  u8 *out = area, *in = area + FLYING * BLOCK;
  fill(out, FLYING * BLOCK, 21);
  memset(in, 0xa5, FLYING * BLOCK);
  /* Backwards, with one notification for all; waited for in another order. */
  for (u32 way = 0; way < 2; way++) {
    for (u32 i = 0; i < FLYING; i++) {
      u32 at = FLYING - 1 - i;
      struct blk_piece piece = {(way ? in : out) + at * BLOCK, BLOCK, way ? W : 0};
      flying[i] = blk_submit(disk, way ? BLK_T_IN : BLK_T_OUT, 400 + at * BLOCK_SECTORS, &piece, 1);
    }
    blk_notify(disk);
    for (u32 i = 0; i < FLYING; i++) {
      struct blk_request *request = flying[i * 7 % FLYING];
      u32 status = blk_wait(disk, request);
      check(way ? "in-flight-in" : "in-flight-out", status == BLK_S_OK, "status", status);
    }
  }
  u32 at = differs(in, FLYING * BLOCK, 21);
  check("in-flight-as-written", at == FLYING * BLOCK, "differs at", at);
  /* All types at once, notified one by one. */
  static u8 id[BLK_ID_BYTES];
  struct blk_piece pieces[4] = {{in, BLOCK, W}, {id, BLK_ID_BYTES, W}, {out, BLOCK, 0}, {0, 0, 0}};
  static const u32 types[4] = {BLK_T_IN, BLK_T_GET_ID, BLK_T_OUT, BLK_T_FLUSH};
  for (u32 i = 0; i < 20; i++) {
    u32 k = i % 4;
    pieces[0].bytes = in + i * BLOCK;
    flying[i] = blk_submit(disk, types[k], k == 2 ? 400 : 400 + i * BLOCK_SECTORS, &pieces[k], k < 3);
    blk_notify(disk);
  }
  for (u32 i = 0; i < 20; i++) {
    u32 status = blk_wait(disk, flying[i]);
    check("in-flight-mixed", status == BLK_S_OK, "status", status);
  }
}

/* requests: every request type and every error, under every way to drive the device. Overwrites the disk's first MiB. */
#include "disk.h"

void fill(u8 *bytes, u32 length, u32 seed) {
  u32 x = mix(seed, length);
  for (u32 i = 0; i < length; i++) bytes[i] = (u8)((x = xorshift32(x)) >> 8);
}

u32 differs(const u8 *bytes, u32 length, u32 seed) {
  u32 x = mix(seed, length);
  for (u32 i = 0; i < length; i++)
    if (bytes[i] != (u8)((x = xorshift32(x)) >> 8)) return i;
  return length;
}

u32 all_are(const u8 *bytes, u32 length, u8 byte) {
  for (u32 i = 0; i < length; i++)
    if (bytes[i] != byte) return 0;
  return 1;
}

#define OUT_BYTES (8 * BLK_SECTOR)
static u8 *const out = area, *const in = area + 0x10000;

/* Status and used length of a request with one buffer. */
static u32 used_length;
static u32 ask(struct virtio_blk *disk, u32 type, u64 sector, void *bytes, u32 length, int fills) {
  struct blk_piece piece = {bytes, length, fills ? VIRTQ_DESC_F_WRITE : 0};
  struct blk_request *request = blk_submit(disk, type, sector, &piece, length != 0);
  blk_notify(disk);
  u32 status = blk_wait(disk, request);
  used_length = request ? request->written : 0;
  return status;
}

static void expect(const char *name, u32 status, u32 wanted) { check(name, status == wanted, "status", status); }

void check_requests(struct virtio_blk *disk) {
  fill(out, OUT_BYTES, 1);
  expect("out", ask(disk, BLK_T_OUT, 100, out, OUT_BYTES, 0), BLK_S_OK);
  check("out-used-length", used_length == 1, "bytes", used_length);
  memset(in, 0xa5, OUT_BYTES + 16);
  expect("in", ask(disk, BLK_T_IN, 100, in, OUT_BYTES, 1), BLK_S_OK);
  check("in-used-length", used_length == OUT_BYTES + 1, "bytes", used_length);
  check("in-as-written", differs(in, OUT_BYTES, 1) == OUT_BYTES, "differs at", differs(in, OUT_BYTES, 1));
  check("in-no-further", all_are(in + OUT_BYTES, 16, 0xa5), "byte after it", in[OUT_BYTES]);
  expect("in-one-sector", blk_read(disk, 103, in, BLK_SECTOR), BLK_S_OK);
  for (u32 i = 0; i < BLK_SECTOR; i++)
    if (in[i] != out[3 * BLK_SECTOR + i]) {
      check("in-the-right-sector", 0, "differs at", i);
      break;
    }
  expect("in-last-sector", blk_read(disk, disk->capacity - 1, in, BLK_SECTOR), BLK_S_OK);
  expect("flush", ask(disk, BLK_T_FLUSH, 0, 0, 0, 0), BLK_S_OK);
  check("flush-used-length", used_length == 1, "bytes", used_length);
  memset(in, 0xa5, 64);
  expect("get-id", ask(disk, BLK_T_GET_ID, 0, in, BLK_ID_BYTES, 1), BLK_S_OK);
  check("get-id-used-length", used_length == BLK_ID_BYTES + 1, "bytes", used_length);
  check("get-id-not-empty", in[0] > ' ' && in[0] <= '~', "first byte", in[0]);
  check("get-id-no-further", all_are(in + BLK_ID_BYTES, 16, 0xa5), "byte after it", in[BLK_ID_BYTES]);
  expect("get-id-again", ask(disk, BLK_T_GET_ID, 0, in + 64, BLK_ID_BYTES, 1), BLK_S_OK);
  for (u32 i = 0; i < BLK_ID_BYTES; i++)
    if (in[i] != in[64 + i]) {
      check("get-id-the-same", 0, "differs at", i);
      break;
    }
}

/* A request that must fail and leave its buffer alone. */
static void refused(struct virtio_blk *disk, const char *name, u32 type, u64 sector, u32 length, int fills, u32 wanted) {
  memset(in, 0xa5, length);
  expect(name, ask(disk, type, sector, in, length, fills), wanted);
  if (fills) check(name, all_are(in, length, 0xa5), "buffer changed, first byte", in[0]);
}

void check_errors(struct virtio_blk *disk) {
  u64 end = disk->capacity;
  static const u32 unknown[] = {2, 3, 9, 10, 12, 14, 99, 0x40000000, 0xffffffff};
  for (u32 i = 0; i < sizeof unknown / sizeof unknown[0]; i++) {
    refused(disk, "unknown-type", unknown[i], 0, 0, 0, BLK_S_UNSUPP);
    refused(disk, "unknown-type-with-data-out", unknown[i], 0, BLK_SECTOR, 0, BLK_S_UNSUPP);
    refused(disk, "unknown-type-with-data-in", unknown[i], 0, BLK_SECTOR, 1, BLK_S_UNSUPP);
  }
  static const u64 beyond[] = {0x100000000ull, 1ull << 55, 1ull << 62, ~0ull >> 9, ~0ull};
  refused(disk, "in-at-the-end", BLK_T_IN, end, BLK_SECTOR, 1, BLK_S_IOERR);
  refused(disk, "in-over-the-end", BLK_T_IN, end - 1, 2 * BLK_SECTOR, 1, BLK_S_IOERR);
  refused(disk, "out-at-the-end", BLK_T_OUT, end, BLK_SECTOR, 0, BLK_S_IOERR);
  for (u32 i = 0; i < sizeof beyond / sizeof beyond[0]; i++) {
    refused(disk, "in-far-beyond", BLK_T_IN, beyond[i], BLK_SECTOR, 1, BLK_S_IOERR);
    refused(disk, "out-far-beyond", BLK_T_OUT, beyond[i], BLK_SECTOR, 0, BLK_S_IOERR);
  }
  refused(disk, "in-not-whole-sectors", BLK_T_IN, 0, 100, 1, BLK_S_IOERR);
  refused(disk, "out-not-whole-sectors", BLK_T_OUT, 0, BLK_SECTOR + 100, 0, BLK_S_IOERR);
  if (disk->device.features & BLK_F_RO) return;
  fill(out, BLK_SECTOR, 2);
  expect("out-last-sector", blk_write(disk, end - 1, out, BLK_SECTOR), BLK_S_OK);
  refused(disk, "out-over-the-end", BLK_T_OUT, end - 1, 2 * BLK_SECTOR, 0, BLK_S_IOERR);
  expect("in-last-sector", blk_read(disk, end - 1, in, BLK_SECTOR), BLK_S_OK);
  check("out-over-the-end-writes-nothing", differs(in, BLK_SECTOR, 2) == BLK_SECTOR, "differs at",
        differs(in, BLK_SECTOR, 2));
}

/* DISCARD or WRITE_ZEROES with `count` ranges laid out at `ranges`. */
static struct blk_range ranges[8];
static u32 ask_ranges(struct virtio_blk *disk, u32 type, u32 count) {
  return ask(disk, type, 0, ranges, count * sizeof ranges[0], 0);
}

static u32 one_range(struct virtio_blk *disk, u32 type, u64 sector, u32 sectors, u32 flags) {
  blk_fill_range(&ranges[0], sector, sectors, flags);
  return ask_ranges(disk, type, 1);
}

/* Sectors 200 to 215 hold what fill(.., 3) made; after the request `first` to `last` must be zero and the others as before. */
static void sixteen(struct virtio_blk *disk) {
  fill(out, 16 * BLK_SECTOR, 3);
  expect("prepare", blk_write(disk, 200, out, 16 * BLK_SECTOR), BLK_S_OK);
}

static void zero_from_to(struct virtio_blk *disk, const char *name, u32 first, u32 last, int must_be_zero) {
  expect(name, blk_read(disk, 200, in, 16 * BLK_SECTOR), BLK_S_OK);
  for (u32 i = 0; i < 16; i++) {
    const u8 *is = in + i * BLK_SECTOR, *was = out + i * BLK_SECTOR;
    int inside = i >= first && i <= last, same = 1;
    for (u32 j = 0; j < BLK_SECTOR; j++) same &= is[j] == was[j];
    if (inside && must_be_zero) check(name, all_are(is, BLK_SECTOR, 0), "not zero: sector", 200 + i);
    if (!inside) check(name, same, "changed: sector", 200 + i);
  }
}

void check_ranges(struct virtio_blk *disk) {
  const struct virtio_device *device = &disk->device;
  u64 end = disk->capacity;
  if (device->features & BLK_F_WRITE_ZEROES) {
    sixteen(disk);
    expect("write-zeroes", one_range(disk, BLK_T_WRITE_ZEROES, 203, 5, 0), BLK_S_OK);
    check("write-zeroes-used-length", used_length == 1, "bytes", used_length);
    zero_from_to(disk, "write-zeroes", 3, 7, 1);
    sixteen(disk);
    expect("write-zeroes-unmap", one_range(disk, BLK_T_WRITE_ZEROES, 208, 8, BLK_UNMAP), BLK_S_OK);
    zero_from_to(disk, "write-zeroes-unmap", 8, 15, 1);
    sixteen(disk);
    expect("write-zeroes-unknown-flag", one_range(disk, BLK_T_WRITE_ZEROES, 200, 8, 2), BLK_S_UNSUPP);
    expect("write-zeroes-over-the-end", one_range(disk, BLK_T_WRITE_ZEROES, end - 1, 2, 0), BLK_S_IOERR);
    expect("write-zeroes-far-beyond", one_range(disk, BLK_T_WRITE_ZEROES, ~0ull, 2, 0), BLK_S_IOERR);
    zero_from_to(disk, "write-zeroes-refused", 16, 16, 1);
    if (virtio_config32(device, 52) >= 2) {
      blk_fill_range(&ranges[0], 201, 1, 0);
      blk_fill_range(&ranges[1], 202, 3, 0);
      expect("write-zeroes-two-ranges", ask_ranges(disk, BLK_T_WRITE_ZEROES, 2), BLK_S_OK);
      zero_from_to(disk, "write-zeroes-two-ranges", 1, 4, 1);
    }
  } else {
    expect("write-zeroes-not-offered", one_range(disk, BLK_T_WRITE_ZEROES, 203, 5, 0), BLK_S_UNSUPP);
  }
  sixteen(disk);
  if (device->features & BLK_F_DISCARD) {
    expect("discard", one_range(disk, BLK_T_DISCARD, 200, 8, 0), BLK_S_OK);
    check("discard-used-length", used_length == 1, "bytes", used_length);
    zero_from_to(disk, "discard", 0, 7, 0);
    sixteen(disk);
    expect("discard-unmap-flag", one_range(disk, BLK_T_DISCARD, 200, 8, BLK_UNMAP), BLK_S_UNSUPP);
    expect("discard-unknown-flag", one_range(disk, BLK_T_DISCARD, 200, 8, 0x80000000), BLK_S_UNSUPP);
    expect("discard-over-the-end", one_range(disk, BLK_T_DISCARD, end - 8, 16, 0), BLK_S_IOERR);
    expect("discard-far-beyond", one_range(disk, BLK_T_DISCARD, 1ull << 63, 8, 0), BLK_S_IOERR);
    zero_from_to(disk, "discard-refused", 16, 16, 1);
  } else {
    expect("discard-not-offered", one_range(disk, BLK_T_DISCARD, 200, 8, 0), BLK_S_UNSUPP);
    zero_from_to(disk, "discard-not-offered", 16, 16, 1);
  }
}

void check_read_only(struct virtio_blk *disk) {
  static u8 before[BLK_SECTOR];
  expect("ro-in", blk_read(disk, 0, before, BLK_SECTOR), BLK_S_OK);
  fill(out, BLK_SECTOR, 5);
  expect("ro-out", blk_write(disk, 0, out, BLK_SECTOR), BLK_S_IOERR);
  u32 status = one_range(disk, BLK_T_WRITE_ZEROES, 0, 1, 0);
  check("ro-write-zeroes", status == BLK_S_IOERR || status == BLK_S_UNSUPP, "status", status);
  status = one_range(disk, BLK_T_DISCARD, 0, 8, 0);
  check("ro-discard", status == BLK_S_IOERR || status == BLK_S_UNSUPP, "status", status);
  status = blk_flush(disk);
  check("ro-flush", status == BLK_S_OK || !(disk->device.features & BLK_F_FLUSH), "status", status);
  expect("ro-in-again", blk_read(disk, 0, in, BLK_SECTOR), BLK_S_OK);
  for (u32 i = 0; i < BLK_SECTOR; i++)
    if (in[i] != before[i]) {
      check("ro-unchanged", 0, "differs at", i);
      break;
    }
}

static const struct {
  const char *name;
  u32 features;
  int interrupts;
} settings[] = {
    {"plain/", 0, 0},
    {"indirect/", VIRTIO_F_INDIRECT_DESC, 0},
    {"event/", VIRTIO_F_EVENT_IDX, 0},
    {"indirect+event/", VIRTIO_F_INDIRECT_DESC | VIRTIO_F_EVENT_IDX, 0},
    {"irq/", 0, 1},
    {"irq+indirect/", VIRTIO_F_INDIRECT_DESC, 1},
    {"irq+event/", VIRTIO_F_EVENT_IDX, 1},
    {"irq+indirect+event/", VIRTIO_F_INDIRECT_DESC | VIRTIO_F_EVENT_IDX, 1},
};

int requests(struct virtio_blk *disk) {
  for (u32 i = 0; i < sizeof settings / sizeof settings[0]; i++) {
    setting = settings[i].name;
    set_status(0);
    disk->interrupts = 0;
    if (!blk_start(disk, BLK_FEATURES | settings[i].features)) {
      check("start", 0, "refused; features", settings[i].features);
      continue;
    }
    u32 wanted = settings[i].features, got = disk->device.features & wanted;
    check("features", got == wanted, "negotiated", got);
    check_suppression(disk);
    u32 taken = blk_interrupts_taken();
    if (settings[i].interrupts) blk_use_interrupts(disk);
    if (disk->device.features & BLK_F_RO) {
      check_read_only(disk);
    } else {
      check_requests(disk);
      check_ranges(disk);
      check_framing(disk);
      check_in_flight(disk);
    }
    check_errors(disk);
    taken = blk_interrupts_taken() - taken;
    check("interrupts-taken", settings[i].interrupts ? taken > 10 : taken == 0, "interrupts", taken);
    if (!settings[i].interrupts) check_resets(disk);
  }
  printf("requests: %u checks, %u failed\n", checks, failures);
  return failures ? 10 : 0;
}

/*
 * sweep,SEED,COUNT: COUNT random requests over the disk's first 256 KiB, several in flight, in random pieces, against a copy
 * of what the disk must hold. Past 65536 requests the indices of the rings wrap.
 */
#include "disk.h"

#define LANES 8 /* requests of a batch, each in a part of the disk of its own */
#define LANE_SECTORS 64
#define LANE_BYTES (LANE_SECTORS * BLK_SECTOR)
#define MOST_PIECES 12

static u8 shadow[LANES * LANE_BYTES];
static u32 random;

static u32 below(u32 n) { return (random = xorshift32(random)) % n; }

struct job {
  struct blk_request *request;
  struct blk_range range;
  u32 type, sector, sectors; /* sector within the sweep's part of the disk */
};
static struct job jobs[LANES];

static u8 *buffer_of(u32 lane) { return area + lane * (LANE_BYTES + BLOCK) + 1 + lane; /* at odd addresses too */ }

static u32 pick_type(const struct virtio_blk *disk) {
  u32 dice = below(20);
  if (dice < 9) return BLK_T_IN;
  if (dice < 17) return BLK_T_OUT;
  if (dice == 17) return BLK_T_FLUSH;
  if (dice == 18 && (disk->device.features & BLK_F_DISCARD)) return BLK_T_DISCARD;
  return disk->device.features & BLK_F_WRITE_ZEROES ? BLK_T_WRITE_ZEROES : BLK_T_OUT;
}

static void launch(struct virtio_blk *disk, u32 lane) {
  struct job *job = &jobs[lane];
  struct blk_piece pieces[MOST_PIECES];
  u8 *buffer = buffer_of(lane);
  u32 count = 0;
  job->type = pick_type(disk);
  job->sectors = 1 + below(below(4) ? 8 : LANE_SECTORS);
  job->sector = lane * LANE_SECTORS + below(LANE_SECTORS - job->sectors + 1);
  if (job->type == BLK_T_IN || job->type == BLK_T_OUT) {
    u32 left = job->sectors * BLK_SECTOR, flags = job->type == BLK_T_IN ? VIRTQ_DESC_F_WRITE : 0;
    if (job->type == BLK_T_OUT) {
      fill(buffer, left, random);
      memcpy(shadow + job->sector * BLK_SECTOR, buffer, left);
    } else {
      memset(buffer, 0xa5, left);
    }
    while (left) {
      u32 length = count + 1 == MOST_PIECES || below(3) == 0 ? left : 1 + below(left);
      pieces[count++] = (struct blk_piece){buffer, length, flags};
      buffer += length;
      left -= length;
    }
  } else if (job->type != BLK_T_FLUSH) {
    blk_fill_range(&job->range, job->sector, job->sectors, job->type == BLK_T_WRITE_ZEROES ? below(2) : 0);
    pieces[count++] = (struct blk_piece){&job->range, sizeof job->range, 0};
    if (job->type == BLK_T_WRITE_ZEROES) memset(shadow + job->sector * BLK_SECTOR, 0, job->sectors * BLK_SECTOR);
  }
  u32 is_ranged = job->type == BLK_T_IN || job->type == BLK_T_OUT;
  job->request = blk_submit(disk, job->type, is_ranged ? job->sector : 0, pieces, count);
  if (below(2)) blk_notify(disk);
}

static u32 difference(const u8 *bytes, u32 sector, u32 length) {
  const u8 *wanted = shadow + sector * BLK_SECTOR;
  for (u32 i = 0; i < length; i++)
    if (bytes[i] != wanted[i]) return i;
  return length;
}

static void land(struct virtio_blk *disk, u32 lane) {
  struct job *job = &jobs[lane];
  u32 length = job->sectors * BLK_SECTOR, status = blk_wait(disk, job->request);
  if (status != BLK_S_OK) check("sweep-status", 0, "status", status);
  if (job->type == BLK_T_IN) {
    u32 at = difference(buffer_of(lane), job->sector, length);
    if (at != length) check("sweep-in", 0, "differs at byte", job->sector * BLK_SECTOR + at);
    if (job->request->written != length + 1) check("sweep-used-length", 0, "bytes", job->request->written);
  }
}

/* What a discarded range holds is the device's choice, until it is written. */
static void take_over(struct virtio_blk *disk, const struct job *job) {
  u32 status = blk_read(disk, job->sector, shadow + job->sector * BLK_SECTOR, job->sectors * BLK_SECTOR);
  if (status != BLK_S_OK) check("sweep-after-discard", 0, "status", status);
}

int sweep(struct virtio_blk *disk, const char *arguments) {
  u32 seed = next_number(&arguments, 1), count = next_number(&arguments, 1000);
  start(disk);
  random = mix(seed, 0);
  fill(shadow, sizeof shadow, seed);
  must(disk, blk_write(disk, 0, shadow, sizeof shadow), "write", 0);
  for (u32 done = 0; done < count; done += LANES) {
    for (u32 lane = 0; lane < LANES; lane++) launch(disk, lane);
    blk_notify(disk);
    u32 first = below(LANES);
    for (u32 lane = 0; lane < LANES; lane++) land(disk, (first + lane) % LANES);
    for (u32 lane = 0; lane < LANES; lane++)
      if (jobs[lane].type == BLK_T_DISCARD) take_over(disk, &jobs[lane]);
    checks += LANES;
    if (failures) break;
  }
  must(disk, blk_read(disk, 0, area, sizeof shadow), "read", 0);
  u32 at = difference(area, 0, sizeof shadow);
  check("sweep-end", at == sizeof shadow, "differs at byte", at);
  printf("sweep: seed %u, %u requests, %u failed\n", seed, checks - 1, failures);
  return failures ? 10 : 0;
}

/*
 * kill and records: numbered records of 4 KiB that a host can check after tsvm was killed.
 *
 * The first SIZE bytes of the disk are a ring of blocks; record n, from 1, lies in block (n - 1) mod blocks. It is magic, n,
 * SEED, checksum, and a xorshift32 sequence that starts after mix(~SEED, n): the same n has always the same bytes. At most
 * WINDOW records are written and not flushed; `flushed n` says that all up to n are.
 */
#include "disk.h"

#define MAGIC 0x44524354 /* "TCRD" in memory order */
#define HEADER_WORDS 4
#define WINDOW 32
#define RUN 8 /* blocks of one request at most */
#define SCAN 0x10000 /* bytes of one request */

static void make_record(u32 *words, u32 seed, u32 number) {
  u32 x = mix(~seed, number), s = checksum_step(CHECKSUM_START, number);
  for (u32 i = HEADER_WORDS; i < BLOCK_WORDS; i++) {
    x = xorshift32(x);
    s = checksum_step(s, x);
    words[i] = little(x);
  }
  words[0] = little(MAGIC);
  words[1] = little(number);
  words[2] = little(seed);
  words[3] = little(s);
}

/* Its number, or 0 when it is not an intact record of this place. */
static u32 record_number(const u32 *words, u32 seed, u32 block, u32 blocks) {
  u32 number = little(words[1]), s = checksum_step(CHECKSUM_START, number);
  if (little(words[0]) != MAGIC || little(words[2]) != seed || number == 0 || (number - 1) % blocks != block) return 0;
  for (u32 i = HEADER_WORDS; i < BLOCK_WORDS; i++) s = checksum_step(s, little(words[i]));
  return s == little(words[3]) ? number : 0;
}

static u32 blocks_argument(struct virtio_blk *disk, const char **arguments) {
  u32 size = next_number(arguments, 0), blocks = size / BLOCK;
  if (size % 0x100000 == 0 && blocks > 2 * WINDOW && size / BLK_SECTOR <= disk->capacity) return blocks;
  printf("disk: SIZE must be a multiple of 1 MiB, within the disk\n");
  guest_exit(11);
}

static void print_run(u32 first, u32 count, u32 number) {
  if (count) printf("run %u %u %u\n", first, count, number);
}

/* Reads all records and returns the highest number; prints `run BLOCK COUNT NUMBER` for each run, number 0: not intact. */
static u32 scan(struct virtio_blk *disk, u32 blocks, u32 seed, int print) {
  u32 highest = 0, run_first = 0, run_count = 0, run_number = 0;
  for (u32 block = 0; block < blocks; block++) {
    u32 sector = block * BLOCK_SECTORS;
    if (block % (SCAN / BLOCK) == 0) must(disk, blk_read(disk, sector, area, SCAN), "read", sector);
    u32 number = record_number((const u32 *)(area + block % (SCAN / BLOCK) * BLOCK), seed, block, blocks);
    if (number > highest) highest = number;
    int goes_on = number ? run_number && number == run_number + run_count : !run_number;
    if (!goes_on || run_count == 0) {
      if (print) print_run(run_first, run_count, run_number);
      run_first = block, run_number = number, run_count = 0;
    }
    run_count++;
  }
  if (print) print_run(run_first, run_count, run_number);
  return highest;
}

/* records,SIZE,SEED */
int list_records(struct virtio_blk *disk, const char *arguments) {
  u32 blocks = blocks_argument(disk, &arguments), seed = next_number(&arguments, 1);
  start(disk);
  printf("records: highest %u\n", scan(disk, blocks, seed, 1));
  return 0;
}

/*
 * kill,SIZE,SEED[,COUNT]: goes on after what it finds, for ever or for COUNT records. What may not have been flushed is
 * written again; a record that was already there gets the bytes it has.
 */
int append_records(struct virtio_blk *disk, const char *arguments) {
  u32 blocks = blocks_argument(disk, &arguments), seed = next_number(&arguments, 1);
  u32 count = next_number(&arguments, 0);
  start(disk);
  u32 highest = scan(disk, blocks, seed, 0), next = highest < WINDOW ? 1 : highest - WINDOW + 1;
  u32 end = count ? next + count : 0, random = mix(seed, next);
  printf("found %u\n", highest);
  while (next != end) {
    struct blk_request *flying[WINDOW];
    u32 batch = 1 + (random = xorshift32(random)) % WINDOW, requests = 0;
    if (end && batch > end - next) batch = end - next;
    for (u32 done = 0; done < batch;) {
      u32 block = (next + done - 1) % blocks, run = 1 + (random = xorshift32(random)) % RUN;
      if (run > batch - done) run = batch - done;
      if (run > blocks - block) run = blocks - block;
      struct blk_piece piece = {area + done * BLOCK, run * BLOCK, 0};
      for (u32 i = 0; i < run; i++, done++) make_record((u32 *)(area + done * BLOCK), seed, next + done);
      flying[requests] = blk_submit(disk, BLK_T_OUT, (u64)block * BLOCK_SECTORS, &piece, 1);
      if (!flying[requests]) must(disk, BLK_S_TIMEOUT, "submit", block * BLOCK_SECTORS);
      requests++;
      blk_notify(disk);
    }
    for (u32 i = 0; i < requests; i++) must(disk, blk_wait(disk, flying[i]), "write", 0);
    must(disk, blk_flush(disk), "flush", 0);
    next += batch;
    printf("flushed %u\n", next - 1);
  }
  printf("kill: wrote %u records\n", count);
  return 0;
}

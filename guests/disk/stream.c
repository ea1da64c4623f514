/*
 * write and verify: a pseudo-random stream over the disk's first SIZE bytes. Block n of 4 KiB is the xorshift32 sequence that
 * starts after mix(SEED, n), so the order of writing does not matter.
 */
#include "disk.h"

#define CHUNK 0x10000 /* bytes of one request */
#define IN_FLIGHT 4
#define MOST_CHUNKS 0x10000 /* 4 GiB */

static u32 order[MOST_CHUNKS];
static u32 sum; /* of all blocks' checksums */

/* This is where the guest spends its time. */
static void fill_block(u32 *words, u32 seed, u32 block) {
  u32 x = mix(seed, block), s = CHECKSUM_START ^ block;
  for (u32 i = 0; i < BLOCK_WORDS; i++) {
    x = xorshift32(x);
    s = checksum_step(s, x);
    words[i] = little(x);
  }
  sum += s;
}

/* Index of the first wrong word, or BLOCK_WORDS. */
static u32 verify_block(const u32 *words, u32 seed, u32 block) {
  u32 x = mix(seed, block), s = CHECKSUM_START ^ block;
  for (u32 i = 0; i < BLOCK_WORDS; i++) {
    x = xorshift32(x);
    u32 word = little(words[i]);
    if (word != x) return i;
    s = checksum_step(s, word);
  }
  sum += s;
  return BLOCK_WORDS;
}

static u32 size_argument(struct virtio_blk *disk, const char **arguments) {
  u32 size = next_number(arguments, 0);
  if (size && size % CHUNK == 0 && size / BLK_SECTOR <= disk->capacity) return size;
  printf("disk: SIZE must be a multiple of 64 KiB, within the disk\n");
  guest_exit(11);
}

static void shuffle(u32 count, u32 seed) {
  u32 x = mix(seed, 0xffffffff);
  for (u32 i = count - 1; i > 0; i--) {
    x = xorshift32(x);
    u32 j = x % (i + 1), held = order[i];
    order[i] = order[j];
    order[j] = held;
  }
}

/* write,SIZE,SEED,FLUSH_EVERY[,random]: FLUSH after so many bytes, and at the end; 0 is only at the end. */
int write_stream(struct virtio_blk *disk, const char *arguments) {
  u32 size = size_argument(disk, &arguments);
  u32 seed = next_number(&arguments, 1), flush_every = (next_number(&arguments, 0) + CHUNK - 1) / CHUNK;
  u32 chunks = size / CHUNK, flushes = 0;
  struct blk_request *flying[IN_FLIGHT];
  memset(flying, 0, sizeof flying);
  start(disk);
  for (u32 i = 0; i < chunks; i++) order[i] = i;
  if (next_word(&arguments, "random")) shuffle(chunks, seed);
  for (u32 i = 0; i < chunks; i++) {
    u32 at = i % IN_FLIGHT, first = order[i] * (CHUNK / BLOCK);
    struct blk_piece piece = {area + at * CHUNK, CHUNK, 0};
    if (flying[at]) must(disk, blk_wait(disk, flying[at]), "write", 0);
    for (u32 b = 0; b < CHUNK / BLOCK; b++) fill_block((u32 *)piece.bytes + b * BLOCK_WORDS, seed, first + b);
    flying[at] = blk_submit(disk, BLK_T_OUT, (u64)first * BLOCK_SECTORS, &piece, 1);
    blk_notify(disk);
    if (i + 1 == chunks || (flush_every && (i + 1) % flush_every == 0)) {
      for (at = 0; at < IN_FLIGHT; at++) {
        if (flying[at]) must(disk, blk_wait(disk, flying[at]), "write", 0);
        flying[at] = 0;
      }
      must(disk, blk_flush(disk), "flush", 0);
      flushes++;
    }
  }
  printf("write: %u bytes, %u flushes, checksum 0x%08x\n", size, flushes, sum);
  return 0;
}

/* verify,SIZE,SEED */
int verify_stream(struct virtio_blk *disk, const char *arguments) {
  u32 size = size_argument(disk, &arguments), seed = next_number(&arguments, 1);
  start(disk);
  u32 asked = 0, chunks = size / CHUNK, every = chunks / 4 ? chunks / 4 : 1;
  struct blk_request *flying[IN_FLIGHT];
  for (u32 i = 0; i < chunks; i++) {
    for (; asked < chunks && asked < i + IN_FLIGHT; asked++) {
      struct blk_piece piece = {area + asked % IN_FLIGHT * CHUNK, CHUNK, VIRTQ_DESC_F_WRITE};
      flying[asked % IN_FLIGHT] = blk_submit(disk, BLK_T_IN, (u64)asked * (CHUNK / BLK_SECTOR), &piece, 1);
      blk_notify(disk);
    }
    must(disk, blk_wait(disk, flying[i % IN_FLIGHT]), "read", i * (CHUNK / BLK_SECTOR));
    for (u32 b = 0; b < CHUNK / BLOCK; b++) {
      const u32 *words = (const u32 *)(area + i % IN_FLIGHT * CHUNK + b * BLOCK);
      u32 block = i * (CHUNK / BLOCK) + b, wrong = verify_block(words, seed, block);
      if (wrong == BLOCK_WORDS) continue;
      printf("verify: block %u differs at byte %u: 0x%08x\n", block, wrong * 4, little(words[wrong]));
      return 10;
    }
    if ((i + 1) % every == 0) printf("verify: %u bytes, checksum 0x%08x\n", (i + 1) * CHUNK, sum);
  }
  printf("verify: all %u bytes as written, checksum 0x%08x\n", size, sum);
  return 0;
}

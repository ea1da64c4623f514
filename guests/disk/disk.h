/* What the commands of the disk guest share, see README.md. */
#ifndef DISK_H
#define DISK_H
#include "virtio-blk.h"

#define BLOCK 4096 /* unit of stream and records */
#define BLOCK_WORDS (BLOCK / 4)
#define BLOCK_SECTORS (BLOCK / BLK_SECTOR)
#define AREA_BYTES 0x100000

extern struct virtio_blk disks[BLK_MAX_DISKS];
extern u32 disk_count;
/* Room for data, aligned to a page. */
extern u8 area[AREA_BYTES];

/* The commands; each returns the guest's exit code. `arguments` are what follows its name, each after a comma. */
int identify(void);
int write_stream(struct virtio_blk *disk, const char *arguments);
int verify_stream(struct virtio_blk *disk, const char *arguments);
int list_records(struct virtio_blk *disk, const char *arguments);
int append_records(struct virtio_blk *disk, const char *arguments);
int requests(struct virtio_blk *disk);
int sweep(struct virtio_blk *disk, const char *arguments);

/* The next number of a command's arguments, with K, M or G after it; `otherwise` when there is none. */
u32 next_number(const char **arguments, u32 otherwise);
/* Is this the next argument? It is passed over then. */
int next_word(const char **arguments, const char *word);

/* Start with what the command line asks for: disk.irq, disk.indirect, disk.event. Ends the guest when it fails. */
void start(struct virtio_blk *disk);
/* Ends the guest with a message when a request has failed. */
void must(struct virtio_blk *disk, u32 status, const char *what, u32 sector);

/* ---- contents ---- */

/* Word `index` of a family of well-mixed words; never 0. */
u32 mix(u32 seed, u32 index);
static inline u32 xorshift32(u32 x) {
  x ^= x << 13;
  x ^= x >> 17;
  return x ^ x << 5;
}
/* On the disk all words are little-endian, whatever the guest. */
static inline u32 little(u32 v) { return BIG_ENDIAN ? __builtin_bswap32(v) : v; }
#define CHECKSUM_START 2166136261u
static inline u32 checksum_step(u32 sum, u32 word) { return (sum ^ word) * 16777619u; }

/* ---- checks ---- */

void check(const char *name, int ok, const char *label, u32 value);
extern u32 checks, failures;
/* Which set-up the checks run under; printed before the names of those that fail. */
extern const char *setting;

void check_requests(struct virtio_blk *disk);
void check_errors(struct virtio_blk *disk);
void check_ranges(struct virtio_blk *disk);
void check_read_only(struct virtio_blk *disk);
void check_framing(struct virtio_blk *disk);
void check_in_flight(struct virtio_blk *disk);
void check_suppression(struct virtio_blk *disk);
void check_resets(struct virtio_blk *disk);

void fill(u8 *bytes, u32 length, u32 seed);
/* Offset of the first byte that differs from what fill() made, or `length`. */
u32 differs(const u8 *bytes, u32 length, u32 seed);
u32 all_are(const u8 *bytes, u32 length, u8 byte);

#endif

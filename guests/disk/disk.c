/* The disk guest: finds the disks and runs the command disk.test=NAME,ARGUMENTS of its command line. */
#include "disk.h"

struct virtio_blk disks[BLK_MAX_DISKS];
u32 disk_count;
u8 area[AREA_BYTES] __attribute__((aligned(BLOCK)));
u32 checks, failures;
const char *setting = "";

u32 next_number(const char **arguments, u32 otherwise) {
  const char *text = *arguments;
  if (*text != ',' || text[1] < '0' || text[1] > '9') return otherwise;
  u32 value = 0;
  for (text++; *text >= '0' && *text <= '9'; text++) value = value * 10 + (u32)(*text - '0');
  u32 shift = *text == 'K' ? 10 : *text == 'M' ? 20 : *text == 'G' ? 30 : 0;
  *arguments = text + (shift != 0);
  return value << shift;
}

int next_word(const char **arguments, const char *word) {
  const char *text = *arguments;
  if (*text++ != ',') return 0;
  while (*word && *text == *word) text++, word++;
  if (*word || (*text != 0 && *text != ' ' && *text != ',')) return 0;
  *arguments = text;
  return 1;
}

void start(struct virtio_blk *disk) {
  u32 features = BLK_FEATURES;
  if (arg_flag("disk.indirect")) features |= VIRTIO_F_INDIRECT_DESC;
  if (arg_flag("disk.event")) features |= VIRTIO_F_EVENT_IDX;
  if (!blk_start(disk, features)) {
    printf("disk %u: refused our features or our queue\n", disk->number);
    guest_exit(11);
  }
  if (arg_flag("disk.irq")) blk_use_interrupts(disk);
}

void must(struct virtio_blk *disk, u32 status, const char *what, u32 sector) {
  if (status == BLK_S_OK) return;
  printf("disk %u: %s at sector %u failed with status %u\n", disk->number, what, sector, status);
  guest_exit(12);
}

u32 mix(u32 seed, u32 index) {
  u32 x = seed ^ (index + 1) * 0x9e3779b9u;
  x = (x ^ x >> 16) * 0x7feb352du;
  x = (x ^ x >> 15) * 0x846ca68bu;
  x ^= x >> 16;
  return x ? x : 1;
}

void check(const char *name, int ok, const char *label, u32 value) {
  checks++;
  if (ok) return;
  failures++;
  printf("FAIL %s%s: %s %u (0x%x)\n", setting, name, label, value, value);
}

/* Is it COMMAND or COMMAND,...? Returns what follows the name. */
static const char *after(const char *text, const char *name) {
  while (*name && *text == *name) text++, name++;
  return *name == 0 && (*text == 0 || *text == ' ' || *text == ',') ? text : 0;
}

int main(void) {
  const char *command = arg_value("disk.test"), *arguments;
  u32 number = (u32)arg_int("disk.n", 0);
  if (!command) command = "identify";
  disk_count = TE ? blk_find(disks, BLK_MAX_DISKS) : 0;
  if (after(command, "identify")) return identify();
  if (number >= disk_count) {
    printf("disk: no disk %u, there are %u\n", number, disk_count);
    return 11;
  }
  struct virtio_blk *disk = &disks[number];
  if ((arguments = after(command, "write"))) return write_stream(disk, arguments);
  if ((arguments = after(command, "verify"))) return verify_stream(disk, arguments);
  if ((arguments = after(command, "kill"))) return append_records(disk, arguments);
  if ((arguments = after(command, "records"))) return list_records(disk, arguments);
  if ((arguments = after(command, "sweep"))) return sweep(disk, arguments);
  if (after(command, "requests")) return requests(disk);
  printf("disk: no command %s\n", command);
  return 11;
}

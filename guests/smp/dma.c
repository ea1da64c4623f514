/*
 * A device that writes to a linked line makes SC fail: console input, with LL and SC around the driver's work. The
 * input comes back on the console; it ends with a line `quit`.
 */
#include "test.h"
#include "virtio-console.h"
#include "virtio.h"

#define POLLS 5000000 /* without input, then there is none */

static volatile u32 bystander __attribute__((aligned(4096)));
static u32 hit, hit_stored, elsewhere, elsewhere_stored;

static u16 filled(const struct virtq *rx) { return virtq16(rx, rx->used[1]); }

static u32 used_id(const struct virtq *rx, u16 at) {
  volatile u32 *entry = (volatile u32 *)(rx->used + 2) + 2 * (at % rx->size);
  return virtq32(rx, entry[0]);
}

/* One byte of input between LL and SC: of the buffer that the driver gives back first, and the device may fill, or of a
   word that no device knows. */
static int getc_between(int link_buffer) {
  struct virtq *rx = virtio_console_rx();
  u16 before = filled(rx);
  int id = before == rx->seen ? -1 : (int)used_id(rx, rx->seen);
  link_buffer = link_buffer && id >= 0;
  volatile u32 *word = link_buffer ? (volatile u32 *)virtio_console_rx_buffer((u32)id) : &bystander;
  u32 before_it = load_linked(word);
  int byte = console_getc();
  u16 after = filled(rx);
  u32 stored = store_conditional(word, before_it), hits = 0; /* the old value: a buffer may be full and not read yet */
  for (u16 at = before; at != after; at++) hits += link_buffer && used_id(rx, at) == (u32)id;
  if (hits) {
    hit++;
    hit_stored += stored;
  } else if (after != before) {
    elsewhere++;
    elsewhere_stored += stored;
  }
  return byte;
}

void test_dma(void) {
  char line[64];
  u32 length = 0, bytes = 0, polls = 0, quit = 0;
  while (!quit && polls < POLLS) {
    int byte = getc_between((hit + elsewhere) & 1);
    if (byte < 0) {
      polls++;
      continue;
    }
    line[length++] = (char)byte;
    bytes++;
    if (byte != '\n' && length < sizeof line) continue;
    quit = length == 5 && line[0] == 'q' && line[1] == 'u' && line[2] == 'i' && line[3] == 't';
    console_write(line, length);
    length = 0;
  }
  console_write(line, length);
  if (hit + elsewhere == 0) {
    skip("device-write", "it takes a thousand bytes of input and a line `quit`");
    return;
  }
  check(hit > 0 && hit_stored == 0, "device-write",
        "%u bytes; a linked buffer was written %u times, SC succeeded %u times", bytes, hit, hit_stored);
  const char *outcome = elsewhere_stored == elsewhere ? "succeeds" : elsewhere_stored ? "may fail" : "fails";
  note("a device write elsewhere: SC %s", outcome);
}

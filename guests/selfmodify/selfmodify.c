/*
 * Code that changes while it is hot: `do=patch|jit|line|page|far|all` (default all), `n=ROUNDS` (default 300000), `every=N` (default 100).
 *
 *   patch  a loop stores a new immediate into its own addition every N rounds
 *   jit    a small function is written, called N times from a loop, and written anew
 *   line   a loop stores data beside itself, in its own 256 bytes, every round
 *   page   the same, elsewhere in its page
 *   far    the same, in another page: what the loop costs by itself
 *
 * Prints each checksum, which depends on n and N alone, and compares it with one that is computed without changing code.
 */
#include "guest.h"

u32 patch_loop(u32 n, u32 every);
u32 data_loop(u32 n, u32 *data);
u32 call_loop(u32 n, u32 (*function)(void));
extern u32 near_data, page_data;

/* addiu v0, v0, n; xori v0, v0, n; jr ra with rotr v0, v0, 31 in its slot */
#define ADD_V0(n) (0x24420000 | (n))
#define XOR_V0(n) (0x38420000 | (n))
#define JR_RA 0x03e00008
#define ROTATE_V0 0x002217c2

static u32 made[64] __attribute__((aligned(256)));
static u32 far_data[1024] __attribute__((aligned(4096)));
static int failed;

static u32 patch_model(u32 n, u32 every) {
  u32 sum = 0, immediate = 0, left = every;
  do {
    sum = (sum ^ sum << 3) + immediate;
    n--;
    if (--left == 0) {
      left = every;
      immediate = n & 0x7fff;
    }
  } while (n);
  return sum;
}

static u32 jit(u32 n, u32 every) {
  u32 total = 0;
  volatile u32 *code = made;
  for (u32 round = 0; round * every < n; round++) {
    code[0] = ADD_V0(round & 0x7fff);
    code[1] = XOR_V0(~round & 0xff);
    code[2] = JR_RA;
    code[3] = ROTATE_V0;
    icache_sync(made, 16);
    total += call_loop(every, (u32(*)(void))made);
  }
  return total;
}

static u32 jit_model(u32 n, u32 every) {
  u32 total = 0;
  for (u32 round = 0; round * every < n; round++) {
    u32 sum = 0;
    for (u32 i = 0; i < every; i++) {
      sum = (sum + (round & 0x7fff)) ^ (~round & 0xff);
      sum = sum << 1 | sum >> 31;
    }
    total += sum;
  }
  return total;
}

static u32 data_model(u32 n) {
  u32 sum = 0, data = 0;
  for (; n; n--) {
    data += n;
    sum = (sum ^ sum << 5) + data;
  }
  return sum;
}

static u32 with_data(u32 n, u32 *data) {
  *(volatile u32 *)data = 0;
  return data_loop(n, data);
}

static void run(const char *name, u32 n, u32 every) {
  u32 start = get_count(), sum, expected;
  switch (name[0] == 'p' ? name[2] : name[0]) {
    case 't':
      sum = patch_loop(n, every);
      expected = patch_model(n, every);
      break;
    case 'j':
      sum = jit(n, every);
      expected = jit_model(n, every);
      break;
    default:
      sum = with_data(n, name[0] == 'l' ? &near_data : name[0] == 'p' ? &page_data : far_data);
      expected = data_model(n);
  }
  printf("selfmodify: %s n=%u every=%u checksum 0x%08x, %s, %u Count ticks\n", name, n, every, sum,
         sum == expected ? "right" : "WRONG", get_count() - start);
  if (sum != expected) failed = 1;
}

int main(void) {
  static const char *const names[] = {"patch", "jit", "line", "page", "far"};
  const char *which = arg_value("do");
  u32 n = (u32)arg_int("n", 300000), every = (u32)arg_int("every", 100);
  int known = 0;
  if (n == 0 || every == 0) {
    printf("selfmodify: n and every are 1 or more\n");
    return 10;
  }
  for (u32 i = 0; i < 5; i++) {
    if (!which || word_is(which, "all") || word_is(which, names[i])) {
      run(names[i], n, every);
      known = 1;
    }
  }
  if (!known) printf("selfmodify: use do=patch, jit, line, page, far or all\n");
  return known ? failed : 10;
}

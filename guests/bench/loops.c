/* The three measured loops: plain C, the same for tsvm and QEMU. Each returns a checksum of all it computed. */
#include "loops.h"

/* Integer ALU and branches: xorshift, one CRC-32 step, and a data-dependent choice per iteration. */
u32 loop_int(u32 n) {
  u32 x = 0x2545f491, crc = 0xffffffff, acc = 0;
  for (u32 i = 0; i < n; i++) {
    x ^= x << 13;
    x ^= x >> 17;
    x ^= x << 5;
    crc = (crc >> 1) ^ (0xedb88320 & (0 - ((crc ^ x) & 1)));
    if (x & 0x10) {
      acc += crc ^ i;
    } else if (x & 0x2000) {
      acc = (acc << 3 | acc >> 29) - x;
    } else {
      acc ^= x + (acc >> 7);
    }
  }
  return acc ^ crc;
}

/* Loads and stores over MEM_BYTES at memory: one sequential and one scattered stream. */
u32 loop_mem(volatile u32 *memory, u32 n) {
  const u32 mask = MEM_BYTES / 4 - 1;
  u32 sum = 0, scattered = 1;
  for (u32 i = 0; i < n; i++) {
    u32 here = memory[i & mask];
    scattered = (scattered * 5 + 0x3039) & mask;
    u32 there = memory[scattered];
    sum += here ^ there;
    memory[i & mask] = there + i;
    memory[scattered] = here + sum;
  }
  return sum;
}

static __attribute__((noinline)) u32 leaf(u32 a, u32 b) {
  __asm__ volatile("" : "+r"(a)); /* keeps the call a call */
  return (a << 1) ^ b;
}

static __attribute__((noinline)) u32 fibonacci(u32 n) {
  if (n < 2) return leaf(n, 0);
  u32 before = fibonacci(n - 1);
  __asm__ volatile("" : "+r"(before));
  return before + fibonacci(n - 2);
}

/* Calls: four leaves per iteration, and a recursion (the 8th Fibonacci number) every 16th. */
u32 loop_call(u32 n) {
  u32 acc = 1;
  for (u32 i = 0; i < n; i++) {
    acc = leaf(leaf(leaf(leaf(acc, i), acc), 3), i >> 2);
    if ((i & 15) == 0) acc += fibonacci(8);
  }
  return acc;
}

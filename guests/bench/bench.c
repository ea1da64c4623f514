/*
 * Speed loops: `loop=int|mem|call|all` (default all), `n=ITERATIONS` (default 1000000), `hz=N` for N timer interrupts
 * per second of guest time (default none). Prints each loop's checksum, which depends on n alone, and the Count ticks
 * it took.
 */
#include "loops.h"

#define PAGE_BYTES 0x10000 /* 64K pages: eight TLB entries map MEM_BYTES, and fit the smallest TLB around (16) */

#define MEMORY_PHYS 0x00400000 /* free RAM well behind the program */

static u32 timer_period;
static volatile u32 ticks;

static void on_exception(struct exc_frame *frame) {
  if (CA_CODE(frame->cause) != EX_INT) {
    exc_hook = 0;
    printf("unexpected ");
    exc_report(frame);
    guest_exit(98);
  }
  ticks++;
  set_compare(get_count() + timer_period);
}

/* Maps MEM_BYTES at the start of KSEG2 by wired, global, writable entries of two pages each. */
static void map_memory(void) {
  u32 entries = MEM_BYTES / PAGE_BYTES / 2;
  for (u32 i = 0; i < entries; i++) {
    u32 lo = MEMORY_PHYS + 2 * i * PAGE_BYTES;
    set_index(i);
    set_pagemask(PAGE_BYTES * 2 - 0x2000);
    set_entryhi(KSEG2 + 2 * i * PAGE_BYTES);
    set_entrylo0(lo >> 6 | 0x1f); /* C = 3, D, V, G */
    set_entrylo1((lo + PAGE_BYTES) >> 6 | 0x1f);
    tlbwi();
  }
  set_wired(entries);
}

static void run(const char *name, u32 n) {
  u32 start = get_count(), sum;
  switch (name[0]) {
    case 'i':
      sum = loop_int(n);
      break;
    case 'm':
      for (u32 i = 0; i < MEM_BYTES / 4; i++) ((u32 *)KSEG2)[i] = i * 0x9e3779b9;
      sum = loop_mem((volatile u32 *)KSEG2, n);
      break;
    default:
      sum = loop_call(n);
  }
  printf("bench: %s n=%u checksum 0x%08x, %u Count ticks, %u timer interrupts\n", name, n, sum, get_count() - start,
         ticks);
}

int main(void) {
  static const char *const names[] = {"int", "mem", "call"};
  const char *which = arg_value("loop");
  u32 n = (u32)arg_int("n", 1000000);
  int hz = arg_int("hz", 0);
  int known = 0;
  map_memory();
  if (hz > 0) {
#if TE
    timer_period = hypercall(HC_GET_CLOCK_FREQ, 0, 0, 0) / (u32)hz;
#else
    timer_period = 100000000 / (u32)hz;
#endif
    exc_hook = on_exception;
    set_compare(get_count() + timer_period);
    set_status(ST_IM(7) | ST_IE);
  }
  for (u32 i = 0; i < 3; i++) {
    if (!which || word_is(which, "all") || word_is(which, names[i])) {
      run(names[i], n);
      known = 1;
    }
  }
  if (!known) printf("bench: no such loop: use loop=int, mem, call or all\n");
  return known ? 0 : 10;
}

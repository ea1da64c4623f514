/* State that nothing recovers from, and state that only looks so. RAM is 16 MiB. */
#include "verdict.h"

#define NOWHERE 0x0f000000 /* guest-physical: no RAM there */

static int jump_to(u32 address) {
  ((void (*)(void))address)();
  return 98;
}

GUEST(bad_jump_nowhere) { return jump_to(KSEG0 | NOWHERE); }

/* Code would be in a device's registers. */
GUEST(bad_jump_device) { return jump_to(IO_BASE | 0x12000000); }

/* A page that is mapped to where there is no memory. */
static void map_nowhere(u32 address) {
  set_index(0);
  set_entryhi(address);
  set_pagemask(0);
  set_entrylo0(NOWHERE >> 6 | 3 << 3 | 7);
  set_entrylo1(1);
  tlbwi();
}

GUEST(bad_jump_mapped_nowhere) {
  map_nowhere(KSEG2);
  return jump_to(KSEG2);
}

GUEST(bad_load_mapped_nowhere) {
  map_nowhere(KSEG2);
  return *(volatile u32 *)KSEG2 == 0 ? 0 : 10;
}

/* The reset vector of a machine without a boot ROM. */
GUEST(bad_jump_reset_vector) { return jump_to(0x5fc00000); }

/* Exceptions go to the boot ROM while Status.BEV is set. */
GUEST(bad_boot_vectors) {
  set_status(ST_BEV);
  __asm__ volatile("break");
  return 98;
}

GUEST(bad_boot_vectors_load) {
  set_status(ST_BEV);
  (void)*(volatile u32 *)0x10;
  return 98;
}

/* LL and SC are no accesses that KVM emulates for a device. */
GUEST(bad_ll_device) {
  u32 value;
  __asm__ volatile("ll %0, 0(%1)" : "=r"(value) : "r"(IO_BASE | 0x12000000));
  return 98;
}

GUEST(bad_sc_device) {
  u32 value = 1;
  __asm__ volatile("ll $8, 0(%1)\n\tsc %0, 0(%2)" : "+r"(value) : "r"(&boot_state), "r"(IO_BASE | 0x12000000) : "$8");
  return 98;
}

/* An odd pc is an exception, which lib reports. */
GUEST(bad_odd_pc) { return jump_to(KSEG0 | 0x100001); }

GUEST(bad_reserved) {
  __asm__ volatile(".word 0xec000000");
  return 98;
}

GUEST(bad_odd_load) {
  (void)*(volatile u32 *)(KSEG0 | 0x100002);
  return 98;
}

/* Nobody is at these addresses: reads are 0, writes are dropped. */
GUEST(bad_access_nowhere) {
  volatile u32 *device = (volatile u32 *)(IO_BASE | 0x1d000000);
  *device = 1;
  return *device == 0 ? 0 : 10;
}

GUEST(bad_load_nowhere) { return *(volatile u32 *)(KSEG0 | NOWHERE) == 0 ? 0 : 10; }

/* Two TLB entries for one page: trap-and-emulate KVM takes the first, and raises no machine check. */
GUEST(bad_tlb_twice) {
  for (u32 i = 0; i < 2; i++) {
    set_index(i);
    set_entryhi(KSEG2);
    set_pagemask(0);
    set_entrylo0(0x100000 >> 6 | 3 << 3 | 7);
    set_entrylo1(0x101000 >> 6 | 3 << 3 | 7);
    tlbwi();
  }
  return *(volatile u32 *)KSEG2 == *(volatile u32 *)KSEG0_PTR(0x100000) ? 0 : 10;
}

/* Runs through memory that holds nothing (NOPs) to where it ends. */
GUEST(bad_runs_off) {
  volatile u32 *from = (volatile u32 *)KSEG0_PTR(0xf00000), *to = (volatile u32 *)KSEG0_PTR(0x1000000);
  for (volatile u32 *at = from; at < to; at++) *at = 0;
  return jump_to((u32)from);
}

int main(void) { return CASE(); }

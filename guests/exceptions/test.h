/* What the parts of the exceptions guest share. */
#ifndef TEST_H
#define TEST_H

#define T3_SEED 0x1234f00d
/* Flags of a table entry */
#define SLOT 1 /* in a delay slot: EPC is the branch, Cause.BD set */
#define NULLIFIED 2 /* in the slot of a branch-likely not taken: nothing happens */

#define USER_VA 0x00400000 /* user code is mapped here, clear of KVM's commpage */

#ifndef __ASSEMBLER__
#include "guest.h"

/* ---- reporting: one line per case, with the first difference ---- */
void begin(const char *name, const char *variant); /* variant may be NULL */
void want(const char *what, u32 expected, u32 got);
void end(void);

/* ---- exceptions ---- */
enum mode {
  CATCH, /* note it and leave the probed function */
  FIX, /* note it, enter fix_lo0/fix_lo1 into the TLB for the faulting page, try again */
  SKIP, /* note it and go on behind the instruction (not in a delay slot) */
  INTERRUPT, /* note it, clear the software interrupts, go on */
};
extern enum mode mode;
extern u32 fix_lo0, fix_lo1;
extern u32 caught; /* exceptions since expect_exception */
extern struct exc_frame first; /* the first of them, as it was entered */

void expect_exception(enum mode how);
/* fn(a0, a1, a2) under the mode; returns v0 as it was when fn returned or was left. */
u32 probe(const void *fn, u32 a0, u32 a1, u32 a2);
void want_exception(u32 vector, u32 code, u32 epc, int in_slot);
void want_tlb_address(u32 va); /* BadVAddr, EntryHi and Context of the caught exception */

/* ---- TLB ---- */
#define LO(pa, flags) (PHYS(pa) >> 6 | (flags))
#define G 1
#define V 2
#define D 4
#define C3 0x18 /* cacheable */
u32 tlb_size(void);
void tlb_flush(void); /* every entry invalid and unlike any address used here */
void tlb_set(u32 index, u32 hi, u32 pagemask, u32 lo0, u32 lo1);

/* Four page frames of 4K each. */
extern u32 frames[4][1024];

void test_faults(void);
void test_boot(void);
void test_control(void);
void test_tlb(void);
void test_user(void);
void test_code(void);
void test_slots(void);
#endif
#endif

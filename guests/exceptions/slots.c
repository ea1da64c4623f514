/* Runs what slots.S holds: branches, ERET and WAIT in delay slots, branches to their own slot, JALR over its own register. */
#include "test.h"

struct pair {
  const void *fn;
  u32 branch, flags;
  const char *name;
};
struct own_slot {
  const void *fn;
  u32 runs;
  const char *name;
};
/* Each entry has its name behind it, as in cases.S. */
extern const struct pair slots_table[], slots_table_end[];
extern const struct own_slot own_slot_table[], own_slot_table_end[];
extern const u8 own_slot_chase[], own_slot_chase_branch[], own_slot_chase_slot[], self_branch_trap[],
    self_branch_trap_branch[], jalr_same_load[], jalr_same_nop[];

static const void *behind(const char *name) { return (const void *)(((u32)name + strlen(name) + 1 + 3) & ~3u); }

static void test_branch_in_slot(void) {
  for (const struct pair *p = slots_table; p < slots_table_end; p = behind(p->name)) {
    begin("in-slot", p->name);
    expect_exception(CATCH);
    u32 v0 = probe(p->fn, 0, 0, 0);
    if (p->flags & NULLIFIED) {
      want("exceptions", 0, caught);
      want("result", T3_SEED, v0);
    } else {
      want_exception(0x180, EX_RI, p->branch, 1);
      want("Status", ST_EXL, first.status);
    }
    end();
  }
}

static void test_own_slot(void) {
  for (const struct own_slot *o = own_slot_table; o < own_slot_table_end; o = behind(o->name)) {
    begin("own-slot", o->name);
    expect_exception(CATCH);
    want("runs", o->runs, probe(o->fn, 0, 0, 0));
    want("exceptions", 0, caught);
    end();
  }
  u32 *p = frames[0];
  tlb_flush();
  begin("own-slot", "faults-as-slot");
  expect_exception(CATCH);
  probe(own_slot_chase, USER_VA, 0, 0);
  want_exception(0x000, EX_TLBL, (u32)own_slot_chase_branch, 1);
  want_tlb_address(USER_VA);
  end();
  begin("own-slot", "faults-as-target");
  p[0] = USER_VA;
  expect_exception(CATCH);
  probe(own_slot_chase, (u32)p, 0, 0);
  want_exception(0x000, EX_TLBL, (u32)own_slot_chase_slot, 0);
  want_tlb_address(USER_VA);
  end();
  begin("own-slot", "restarted");
  p[0] = (u32)&p[1];
  p[1] = T3_SEED;
  fix_lo0 = LO(p, C3 | V);
  fix_lo1 = 0;
  expect_exception(FIX);
  want("result", T3_SEED, probe(own_slot_chase, USER_VA, 0, 0));
  want("exceptions", 1, caught);
  end();
  begin("self-branch", "slot-traps");
  expect_exception(CATCH);
  probe(self_branch_trap, 0, 0, 0);
  want_exception(0x180, EX_TR, (u32)self_branch_trap_branch, 1);
  end();
}

static void test_jalr_same(void) {
  begin("jalr-same-register", "quiet-slot");
  want("t3", 0x13570000, probe(jalr_same_nop, 0, 0, 0));
  end();
  begin("jalr-same-register", "load");
  frames[0][0] = T3_SEED;
  want("t3", T3_SEED, probe(jalr_same_load, (u32)frames[0], 0, 0));
  end();
#if TE /* restarting is not defined by the manuals; here nothing of the branch is committed before its slot is */
  static const struct {
    const char *name;
    int mapped;
  } states[] = {{"restarted-after-refill", 0}, {"restarted-after-invalid", 1}};
  for (u32 i = 0; i < 2; i++) {
    begin("jalr-same-register", states[i].name);
    tlb_flush();
    if (states[i].mapped) tlb_set(5, USER_VA | 0x2a, 0, LO(frames[0], C3), 0);
    fix_lo0 = LO(frames[0], C3 | V);
    fix_lo1 = 0;
    expect_exception(FIX);
    want("t3", T3_SEED, probe(jalr_same_load, USER_VA, 0, 0));
    want("exceptions", 1, caught);
    end();
  }
#endif
}

#if TE
extern const u8 wait_slot_beq[], wait_slot_beq_not_taken[], wait_slot_jal[], wait_slot_jr[], wait_slot_beql[],
    wait_slot_beql_nullified[], wait_slot_beq_target[], jalr_same_store[];

/* The first virtio-mmio slot: what the registers answer is compared with what they answer to C. */
#define VIRTIO_MMIO (IO_BASE | 0x12000000)
#define DEVICE_FEATURES 0x010
#define DEVICE_FEATURES_SEL 0x014

static u32 device_features(void) { return *(volatile u32 *)(VIRTIO_MMIO + DEVICE_FEATURES); }

/* A device access in the slot leaves the guest, and runs again from the branch with its answer. */
static void test_jalr_same_mmio(void) {
  begin("jalr-same-register", "mmio-load");
  want("t3", *(volatile u32 *)VIRTIO_MMIO, probe(jalr_same_load, VIRTIO_MMIO, 0, 0));
  end();
  begin("jalr-same-register", "mmio-store");
  *(volatile u32 *)(VIRTIO_MMIO + DEVICE_FEATURES_SEL) = 0;
  u32 low = device_features();
  want("t3", 0x13570000, probe(jalr_same_store, VIRTIO_MMIO + DEVICE_FEATURES_SEL, 0, 0));
  want("another features word", 1, device_features() != low);
  *(volatile u32 *)(VIRTIO_MMIO + DEVICE_FEATURES_SEL) = 0;
  want("the first features word again", low, device_features());
  end();
}

static void test_wait_in_slot(void) {
  static const struct {
    const char *name;
    const void *fn;
    u32 v0;
  } waits[] = {
      {"beq", wait_slot_beq, 41},   {"beq-not-taken", wait_slot_beq_not_taken, 40},   {"jal", wait_slot_jal, 41},
      {"jr", wait_slot_jr, 41},     {"beql", wait_slot_beql, 41},
  };
  /* pending and let through by IM, but IE is clear: Config7.WII ends the WAIT at once */
  set_status(ST_IM(0));
  set_cause(CA_IP(0));
  for (u32 i = 0; i < sizeof waits / sizeof waits[0]; i++) {
    begin("wait-in-slot", waits[i].name);
    expect_exception(CATCH);
    want("result", waits[i].v0, probe(waits[i].fn, 0, 0, 0));
    want("exceptions", 0, caught);
    end();
  }
  set_cause(0);
  set_status(0);
  begin("wait-in-slot", "beql-nullified"); /* nothing would end this one */
  want("result", 40, probe(wait_slot_beql_nullified, 0, 0, 0));
  end();
  begin("wait-in-slot", "interrupted");
  expect_exception(CATCH);
  set_compare(get_count() + 20000);
  set_status(ST_IM(7) | ST_IE);
  probe(wait_slot_beq, 0, 0, 0);
  want("Count is past Compare", 1, (int)(get_count() - get_compare()) >= 0);
  set_status(0);
  set_compare(get_count() - 1);
  want_exception(0x180, EX_INT, (u32)wait_slot_beq_target, 0);
  end();
}
#endif

void test_slots(void) {
  test_branch_in_slot();
  test_own_slot();
  test_jalr_same();
#if TE
  test_jalr_same_mmio();
  test_wait_in_slot();
#endif
  tlb_flush();
}

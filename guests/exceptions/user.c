/* User mode (Status.UM): what it must not reach, and what it must not execute. */
#include "test.h"

struct snippet {
  u32 entry, source; /* offsets in user_code */
  u32 code, flags;
  const char *name;
};
extern const struct snippet user_table[], user_table_end[];
extern const u8 user_code[], user_enter[], user_load[], user_store[], user_jump[], user_load_slot[], user_store_slot[],
    user_rdhwr_cc[], user_rdhwr_ul[];

#define ASID 0x2a
#define USER_DATA 0x00600000

static u32 at(const u8 *label) { return USER_VA + (u32)(label - user_code); }

static void run_user(u32 pc, u32 a0) {
  expect_exception(CATCH);
  probe(user_enter, pc, a0, USER_DATA);
}

static void want_user_exception(u32 code, u32 epc, int in_slot) {
  want_exception(0x180, code, epc, in_slot);
  want("Status", ST_UM | ST_EXL, first.status);
}

static void test_addresses(void) {
  static const u32 forbidden[] = {KSEG0,
                                  KSEG0 + 0x100000,
                                  KSEG2,
                                  KSEG2 + 0x1ffffffc,
                                  0x80000000,
                                  0x80100000,
                                  0x92000000,
                                  0xa0000000,
                                  0xbfc00000,
                                  0xc0000000,
                                  0xfffffffc};
  static char name[] = "0x00000000";
  for (u32 i = 0; i < sizeof forbidden / sizeof forbidden[0]; i++) {
    u32 va = forbidden[i];
    for (u32 d = 0; d < 8; d++) name[2 + d] = "0123456789abcdef"[va >> (28 - 4 * d) & 15];
    begin("user-load", name);
    run_user(at(user_load), va);
    want_user_exception(EX_ADEL, at(user_load), 0);
    want("BadVAddr", va, first.badvaddr);
    want("destination", T3_SEED, first.r[11]);
    end();
    begin("user-load-slot", name);
    run_user(at(user_load_slot), va);
    want_user_exception(EX_ADEL, at(user_load_slot), 1);
    want("BadVAddr", va, first.badvaddr);
    end();
    begin("user-store", name);
    run_user(at(user_store), va);
    want_user_exception(EX_ADES, at(user_store), 0);
    want("BadVAddr", va, first.badvaddr);
    end();
    begin("user-store-slot", name);
    run_user(at(user_store_slot), va);
    want_user_exception(EX_ADES, at(user_store_slot), 1);
    want("BadVAddr", va, first.badvaddr);
    end();
    begin("user-fetch", name);
    run_user(at(user_jump), va);
    want_user_exception(EX_ADEL, va, 0);
    want("BadVAddr", va, first.badvaddr);
    end();
  }
}

static void test_rdhwr(void) {
  begin("user-rdhwr", "cc-disabled");
  set_hwrena(0);
  run_user(at(user_rdhwr_cc), 0);
  want_user_exception(EX_RI, at(user_rdhwr_cc), 0);
  end();
  begin("user-rdhwr", "cc-enabled");
  set_hwrena(1 << 2);
  run_user(at(user_rdhwr_cc), 0);
  want_user_exception(EX_SYS, at(user_rdhwr_cc) + 4, 0);
  end();
  if (!(get_config3() & 0x2000)) return;
  begin("user-rdhwr", "userlocal-disabled");
  run_user(at(user_rdhwr_ul), 0);
  want_user_exception(EX_RI, at(user_rdhwr_ul), 0);
  end();
  begin("user-rdhwr", "userlocal-enabled");
  set_hwrena(1 << 29);
  set_userlocal(0xabcd0123);
  run_user(at(user_rdhwr_ul), 0);
  want_user_exception(EX_SYS, at(user_rdhwr_ul) + 4, 0);
  want("v1", 0xabcd0123, first.r[3]);
  end();
  set_hwrena(0);
}

void test_user(void) {
  tlb_flush();
  memcpy(frames[0], user_code, 4096);
  icache_sync(frames[0], 4096);
  tlb_set(0, USER_VA | ASID, 0, LO(frames[0], C3 | V), 0);
  tlb_set(1, USER_DATA | ASID, 0, LO(frames[1], C3 | D | V), 0);
  tlb_set(2, KSEG2 | ASID, 0, LO(frames[2], C3 | D | V | G), LO(frames[2], C3 | D | V | G)); /* does not help user mode */
  set_pagemask(0);
  for (const struct snippet *s = user_table; s < user_table_end;
       s = (const struct snippet *)(((u32)s->name + strlen(s->name) + 1 + 3) & ~3u)) {
    begin("user", s->name);
    run_user(USER_VA + s->entry, USER_DATA);
    want_user_exception(s->code, USER_VA + s->source, s->flags & SLOT);
    if (s->code == EX_CPU) want("Cause.CE", 0, first.cause >> 28 & 3);
    end();
  }
  test_addresses();
  begin("user-load", "mapped");
  frames[1][0] = 0x600d600d;
  run_user(at(user_load), USER_DATA);
  want_user_exception(EX_SYS, at(user_load) + 4, 0);
  want("t3", 0x600d600d, first.r[11]);
  end();
  begin("user-store", "mapped");
  run_user(at(user_store), USER_DATA);
  want_user_exception(EX_SYS, at(user_store) + 4, 0);
  want("memory", T3_SEED, frames[1][0]);
  end();
  begin("user-load", "last-user-word");
  run_user(at(user_load), KSEG0 - 4);
  want_exception(0x000, EX_TLBL, at(user_load), 0);
  want_tlb_address(KSEG0 - 4);
  end();
  begin("user-store", "refill");
  run_user(at(user_store), USER_DATA + 0x2000);
  want_exception(0x000, EX_TLBS, at(user_store), 0);
  want("Status", ST_UM | ST_EXL, first.status);
  want_tlb_address(USER_DATA + 0x2000);
  end();
  begin("user-fetch", "refill");
  run_user(at(user_jump), USER_DATA + 0x2000);
  want_exception(0x000, EX_TLBL, USER_DATA + 0x2000, 0);
  want_tlb_address(USER_DATA + 0x2000);
  end();
  test_rdhwr();
  tlb_flush();
}

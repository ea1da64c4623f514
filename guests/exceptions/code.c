/* Code that changes under the CPU, code behind remapped pages, and branches whose slot lies on the next page. */
#include "test.h"

#define ASID 0x2a
#define PAIR 0x00700000 /* two pages: even at PAIR, odd at PAIR + 0x1000 */

/* Encodings, registers by number: v0 2, a0 4, t3 11, ra 31. */
#define NOP 0
#define JR_RA 0x03e00008
#define LI_V0(n) (0x24020000 | (n)) /* addiu v0, zero, n */
#define ADD_V0(n) (0x24420000 | (n)) /* addiu v0, v0, n */
#define BEQ(words) (0x10000000 | (words)) /* zero, zero: taken */
#define BEQ_V0(words) (0x10400000 | (words)) /* v0, zero */
#define BEQL(words) (0x50000000 | (words)) /* zero, zero: taken */
#define BEQL_V0(words) (0x50400000 | (words))
#define BLTZALL_V0(words) (0x04520000 | (words))
#define JR_A1 0x00a00008
#define JALR_A1_A1 0x00a02809
#define JAL(va) (0x0c000000 | ((va) >> 2 & 0x3ffffff))
#define LW_V0_A0 0x8c820000

static void put(u32 *at, u32 insn) { *(volatile u32 *)at = insn; }

/* A function at p that returns n. */
static void put_return(u32 *p, u32 n) {
  put(p, LI_V0(n));
  put(p + 1, JR_RA);
  put(p + 2, NOP);
  icache_sync(p, 12);
}

static void test_modification(void) {
  u32 *p = frames[0], direct = (u32)p;
  tlb_flush();
  begin("code-rewritten", "kseg0");
  for (u32 n = 1; n < 20; n++) {
    put_return(p, n);
    want("result", n, probe(p, 0, 0, 0));
  }
  end();

  begin("code-rewritten", "without-synci");
  for (u32 n = 1; n < 20; n++) {
    put(p, LI_V0(100 + n));
    want("result", 100 + n, probe(p, 0, 0, 0));
  }
  end();

  begin("code-rewritten", "slot");
  put(p, JR_RA);
  for (u32 n = 1; n < 20; n++) {
    put(p + 1, LI_V0(n));
    icache_sync(p, 8);
    want("result", n, probe(p, 0, 0, 0));
  }
  end();

  tlb_set(1, PAIR | ASID, 0, LO(p, C3 | D | V), LO(frames[1], C3 | D | V));
  begin("code-rewritten", "run-mapped-write-kseg0");
  for (u32 n = 1; n < 20; n++) {
    put_return(p, n);
    want("result", n, probe((void *)PAIR, 0, 0, 0));
  }
  end();
  begin("code-rewritten", "run-kseg0-write-mapped");
  for (u32 n = 30; n < 50; n++) {
    put((u32 *)PAIR, LI_V0(n));
    icache_sync(p, 16);
    want("result", n, probe((void *)direct, 0, 0, 0));
  }
  end();
  begin("code-rewritten", "byte-store");
  for (u32 n = 50; n < 70; n++) {
    *((volatile u8 *)p + (BIG_ENDIAN ? 3 : 0)) = (u8)n;
    icache_sync(p, 16);
    want("result", n, probe((void *)direct, 0, 0, 0));
  }
  end();

  /* a loop that overwrites an instruction ahead of itself, of the same page, while it runs */
  begin("code-rewrites-itself", 0);
  extern const u32 rewriting[], rewriting_end[];
  memcpy(p, rewriting, (u32)rewriting_end - (u32)rewriting);
  icache_sync(p, (u32)rewriting_end - (u32)rewriting);
  want("sum", 1 + 2 + 3 + 4 + 5 + 6 + 7 + 8 + 9 + 10, probe(p, 10, LI_V0(0), 0));
  end();
}

static void test_remap(void) {
  put_return(frames[0], 10);
  put_return(frames[1], 11);
  put_return(frames[2], 12);
  begin("code-remapped", "tlbwi");
  for (u32 i = 0; i < 12; i++) {
    tlb_set(1, PAIR | ASID, 0, LO(frames[i % 3], C3 | V), 0);
    want("result", 10 + i % 3, probe((void *)PAIR, 0, 0, 0));
  }
  end();
  begin("code-remapped", "asid");
  tlb_set(1, PAIR | 1, 0, LO(frames[0], C3 | V), 0);
  tlb_set(2, PAIR | 2, 0, LO(frames[1], C3 | V), 0);
  for (u32 i = 0; i < 12; i++) {
    set_entryhi(1 + i % 2);
    want("result", 10 + i % 2, probe((void *)PAIR, 0, 0, 0));
  }
  set_entryhi(ASID);
  end();
  begin("code-unmapped", 0);
  tlb_set(1, PAIR | ASID, 0, LO(frames[0], C3 | V), 0);
  tlb_set(2, KSEG0 + 0x4000, 0, 0, 0);
  set_entryhi(ASID);
  want("result", 10, probe((void *)PAIR, 0, 0, 0));
  tlb_flush();
  expect_exception(CATCH);
  probe((void *)PAIR, 0, 0, 0);
  want_exception(0x000, EX_TLBL, PAIR, 0);
  want_tlb_address(PAIR);
  end();
}

/* Branches in the last word of a page; the pages are apart in memory, so the slot must be fetched by its own address. */
static void test_crossing(void) {
  static const struct {
    const char *name;
    u32 branch, expected;
  } branches[] = {
      {"beq", BEQ(3), 7 + 40},
      {"beq-not-taken", BEQ_V0(3), 7 + 40 + 2},
      {"jal", JAL(PAIR + 0x100c), 7 + 40},
      {"jr", JR_A1, 7 + 40},
      {"beql", BEQL(3), 7 + 40},
#if TE /* see jalr-same-register in slots.c */
      {"jalr-same-register", JALR_A1_A1, 7 + 40},
#endif
      {"beql-nullified", BEQL_V0(3), 7 + 2},
  };
  u32 *even = frames[0], *odd = frames[2];
  u32 entry = PAIR + 0xff4, branch = PAIR + 0xffc;
  memset(even, 0, 4096);
  memset(odd, 0, 4096);
  put(&even[0xff4 / 4], 0x03e04025); /* move t0, ra */
  put(&even[0xff8 / 4], LI_V0(7));
  put(&odd[0], ADD_V0(40)); /* the slot */
  put(&odd[1], ADD_V0(2)); /* not taken comes here */
  put(&odd[2], NOP);
  put(&odd[3], 0x01000008); /* the target: jr t0 */
  for (u32 i = 0; i < sizeof branches / sizeof branches[0]; i++) {
    put(&even[0xffc / 4], branches[i].branch);
    icache_sync(even, 4096);
    icache_sync(odd, 64);
    tlb_flush();
    tlb_set(1, PAIR | ASID, 0, LO(even, C3 | V), LO(odd, C3 | V));
    begin("slot-on-next-page", branches[i].name);
    expect_exception(CATCH);
    want("result", branches[i].expected, probe((void *)entry, 0, PAIR + 0x100c, 0));
    want("exceptions", 0, caught);
    end();
    if (branches[i].branch == BEQL_V0(3)) break; /* whether a nullified slot is fetched is the CPU's choice */

    tlb_set(1, PAIR | ASID, 0, LO(even, C3 | V), LO(odd, C3));
    begin("slot-page-invalid", branches[i].name);
    expect_exception(CATCH);
    probe((void *)entry, 0, PAIR + 0x100c, 0);
    want_exception(0x180, EX_TLBL, branch, 1);
    want_tlb_address(PAIR + 0x1000);
    end();
    begin("slot-page-restart", branches[i].name);
    fix_lo0 = LO(even, C3 | V);
    fix_lo1 = LO(odd, C3 | V);
    expect_exception(FIX);
    want("result", branches[i].expected, probe((void *)entry, 0, PAIR + 0x100c, 0));
    want("exceptions", 1, caught);
    end();
  }

  /* the same over the end of a pair: the next page has no entry at all */
  u32 last = PAIR + 0x1ffc;
  put(&even[0xffc / 4], BEQ(3));
  icache_sync(even, 4096);
  tlb_flush();
  tlb_set(1, PAIR | ASID, 0, 0, LO(even, C3 | V));
  begin("slot-page-refill", 0);
  expect_exception(CATCH);
  probe((void *)(entry + 0x1000), 0, 0, 0);
  want_exception(0x000, EX_TLBL, last, 1);
  want_tlb_address(PAIR + 0x2000);
  end();
  begin("slot-page-refill-restart", 0);
  fix_lo0 = LO(odd, C3 | V);
  fix_lo1 = 0;
  expect_exception(FIX);
  want("result", 47, probe((void *)(entry + 0x1000), 0, 0, 0));
  want("exceptions", 1, caught);
  end();

  /* a branch as that slot */
  begin("slot-on-next-page", "is-a-branch");
  put(&odd[0], BEQ(1));
  icache_sync(odd, 16);
  expect_exception(CATCH);
  probe((void *)(entry + 0x1000), 0, 0, 0);
  want_exception(0x180, EX_RI, last, 1);
  end();

  /* a slot on the next page that itself faults on data */
  put(&odd[0], LW_V0_A0);
  icache_sync(odd, 16);
  begin("slot-on-next-page-faults", 0);
  expect_exception(CATCH);
  probe((void *)(entry + 0x1000), USER_VA, 0, 0);
  want_exception(0x000, EX_TLBL, last, 1);
  want_tlb_address(USER_VA);
  end();

  /* falling off the end of a mapped page */
  put(&even[0xffc / 4], ADD_V0(1));
  icache_sync(even, 4096);
  tlb_flush();
  tlb_set(1, PAIR | ASID, 0, 0, LO(even, C3 | V));
  begin("fall-into-next-page", 0);
  expect_exception(CATCH);
  want("v0", 8, probe((void *)(entry + 0x1000), 0, 0, 0));
  want_exception(0x000, EX_TLBL, PAIR + 0x2000, 0);
  want_tlb_address(PAIR + 0x2000);
  end();
  tlb_flush();
}

#if TE
/* Branches-likely not taken at the end of a page. The nullified slot is not fetched: what faults is the instruction behind it. */
static void test_nullified_at_end(void) {
  static const struct {
    const char *name;
    u32 branch, at, next;
  } cases[] = {
      {"last-word", BEQL_V0(3), 0xffc, 0x1004},
      {"last-word-links", BLTZALL_V0(3), 0xffc, 0x1004},
      {"last-but-one", BEQL_V0(3), 0xff8, 0x1000},
      {"last-but-one-links", BLTZALL_V0(3), 0xff8, 0x1000},
      {"last-but-two", BEQL_V0(3), 0xff4, 0xffc},
  };
  u32 *even = frames[0], *odd = frames[2];
  for (u32 i = 0; i < sizeof cases / sizeof cases[0]; i++) {
    u32 at = cases[i].at, next = PAIR + cases[i].next;
    int links = cases[i].branch == BLTZALL_V0(3);
    memset(even, 0, 4096);
    memset(odd, 0, 4096);
    put(&even[at / 4 - 2], 0x03e04025); /* move t0, ra */
    put(&even[at / 4 - 1], LI_V0(7));
    put(&even[at / 4], cases[i].branch);
    put(at == 0xffc ? &odd[0] : &even[at / 4 + 1], ADD_V0(40)); /* the nullified slot */
    put(at == 0xff4 ? &even[0xffc / 4] : &odd[at == 0xffc], ADD_V0(2)); /* behind it */
    put(&odd[2], 0x01000008); /* jr t0 */
    icache_sync(even, 4096);
    icache_sync(odd, 64);
    void *entry = (void *)(PAIR + at - 8);
    for (int round = 0; round < 2; round++) {
      begin("nullified-at-page-end", cases[i].name);
      tlb_flush();
      tlb_set(1, PAIR | ASID, 0, LO(even, C3 | V), LO(odd, C3 | V));
      expect_exception(CATCH);
      want("result", 9, probe(entry, 0, 0, 0));
      want("result again", 9, probe(entry, 0, 0, 0));
      want("exceptions", 0, caught);
      end();
      if (at == 0xff4) break; /* stays on its page */

      begin("nullified-next-page-invalid", cases[i].name);
      tlb_set(1, PAIR | ASID, 0, LO(even, C3 | V), LO(odd, C3));
      expect_exception(CATCH);
      probe(entry, 0, 0, 0);
      want_exception(0x180, EX_TLBL, next, 0);
      want_tlb_address(next);
      if (links) want("ra", PAIR + at + 8, first.r[31]);
      end();
      begin("nullified-next-page-restart", cases[i].name);
      fix_lo0 = LO(even, C3 | V);
      fix_lo1 = LO(odd, C3 | V);
      expect_exception(FIX);
      want("result", 9, probe(entry, 0, 0, 0));
      want("exceptions", 1, caught);
      end();
    }
  }
  tlb_flush();
}
#endif

void test_code(void) {
  test_modification();
  test_remap();
  test_crossing();
#if TE
  test_nullified_at_end();
#endif
}

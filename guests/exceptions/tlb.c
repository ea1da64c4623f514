/* TLB instructions, matching, page sizes and fetch through the TLB. */
#include "test.h"

extern const u8 load_insn[], store_insn[], jump[];

#define ASID 0x2a
#define RAM_USED 0x02000000 /* page-size cases read and write below 32 MiB */

static void test_instructions(void) {
  begin("tlbwi-tlbr", 0);
  tlb_set(3, 0x00800000 | 0x55, 0x6000, LO(0x124000, C3 | D | V), LO(0x458000, C3 | V));
  set_pagemask(0);
  set_entryhi(0);
  set_entrylo0(0);
  set_entrylo1(0);
  tlbr();
  want("PageMask", 0x6000, get_pagemask());
  want("EntryHi.ASID", 0x55, get_entryhi() & 0xff);
  want("EntryHi.VPN2", 0x00800000, get_entryhi() & 0xffff8000);
  want("EntryLo0", LO(0x124000, C3 | D | V), get_entrylo0());
  want("EntryLo1", LO(0x458000, C3 | V), get_entrylo1());
  end();

  begin("tlbr-global", "both");
  tlb_set(3, 0x00806000, 0, LO(0x123000, C3 | D | V | G), LO(0x456000, C3 | V | G));
  tlbr();
  want("EntryLo0", LO(0x123000, C3 | D | V | G), get_entrylo0());
  want("EntryLo1", LO(0x456000, C3 | V | G), get_entrylo1());
  end();
  begin("tlbr-global", "one");
  tlb_set(3, 0x00806000, 0, LO(0x123000, C3 | D | V | G), LO(0x456000, C3 | V));
  tlbr();
  want("EntryLo0", LO(0x123000, C3 | D | V), get_entrylo0());
  want("EntryLo1", LO(0x456000, C3 | V), get_entrylo1());
  end();

  tlb_flush();
  tlb_set(7, 0x00806000 | ASID, 0, 0, 0);
  begin("tlbp", "hit");
  set_entryhi(0x00806000 | ASID);
  tlbp();
  want("Index", 7, get_index());
  end();
  begin("tlbp", "other-asid");
  set_entryhi(0x00806000 | (ASID + 1));
  tlbp();
  want("Index.P", 1, get_index() >> 31);
  end();
  begin("tlbp", "miss");
  set_entryhi(0x00808000 | ASID);
  tlbp();
  want("Index.P", 1, get_index() >> 31);
  end();
  begin("tlbp", "under-pagemask");
  tlb_set(9, 0x02000000 | ASID, 0x1fe000, 0, 0);
  set_entryhi(0x021fe000 | ASID);
  tlbp();
  want("Index", 9, get_index());
  end();

  tlb_flush();
  begin("random-range", 0);
  set_wired(4);
  u32 lowest = 255, highest = 0;
  for (int i = 0; i < 500; i++) {
    u32 r = get_random();
    if (r < lowest) lowest = r;
    if (r > highest) highest = r;
  }
  want("Random >= Wired", 1, lowest >= 4);
  want("Random < size", 1, highest < tlb_size());
  end();

  begin("tlbwr-spares-wired", 0);
  for (u32 i = 0; i < 4; i++) tlb_set(i, 0x01000000 + i * 0x2000, 0, 0, 0);
  set_wired(4);
  for (u32 i = 0; i < 600; i++) {
    set_entryhi(0x02000000 + i * 0x2000);
    tlbwr();
  }
  for (u32 i = 0; i < 4; i++) {
    set_index(i);
    tlbr();
    want("wired entry", 0x01000000 + i * 0x2000, get_entryhi());
  }
  end();
  begin("tlbwr-uses-the-rest", 0);
  u32 used = 0;
  for (u32 i = 4; i < tlb_size(); i++) {
    set_index(i);
    tlbr();
    if (get_entryhi() >= 0x02000000 && get_entryhi() < 0x03000000) used++;
  }
  want("more than one entry", 1, used > 1);
  end();
  set_entryhi(ASID);
  tlb_flush();
}

static void expect_load(const char *variant, u32 va, int hit, u32 vector, u32 value) {
  begin("asid", variant);
  expect_exception(CATCH);
  u32 v0 = probe(load_insn, va, 0, 0);
  if (hit) {
    want("exceptions", 0, caught);
    want("value", value, v0);
  } else {
    want_exception(vector, EX_TLBL, (u32)load_insn, 0);
    want_tlb_address(va);
  }
  end();
}

static void test_matching(void) {
  u32 even = 0x00500000, odd = 0x00501000;
  frames[0][4] = 100;
  frames[1][4] = 101;
  frames[2][4] = 102;
  frames[3][4] = 103;
  tlb_flush();
  tlb_set(2, even | 1, 0, LO(frames[0], C3 | V), LO(frames[1], C3 | V));
  tlb_set(3, even | 2, 0, LO(frames[2], C3 | V), LO(frames[3], C3 | V));
  set_entryhi(1);
  expect_load("1-even", even + 16, 1, 0, 100);
  expect_load("1-odd", odd + 16, 1, 0, 101);
  set_entryhi(2);
  expect_load("2-even", even + 16, 1, 0, 102);
  expect_load("2-odd", odd + 16, 1, 0, 103);
  set_entryhi(3);
  expect_load("3-none", even + 16, 0, 0x000, 0);
  tlb_flush();
  tlb_set(2, even | 1, 0, LO(frames[0], C3 | V | G), LO(frames[1], C3 | V | G));
  set_entryhi(9);
  expect_load("global", odd + 16, 1, 0, 101);
  tlb_flush();
  tlb_set(2, even | 1, 0, LO(frames[0], C3 | V | G), LO(frames[1], C3 | V));
  set_entryhi(9);
  expect_load("half-global", even + 16, 0, 0x000, 0);
  tlb_flush();
  tlb_set(2, even | 1, 0, LO(frames[0], C3), LO(frames[1], C3 | V));
  set_entryhi(1);
  expect_load("even-invalid", even + 16, 0, 0x180, 0);
  expect_load("odd-valid", odd + 16, 1, 0, 101);
  tlb_set(2, even | 1, 0, LO(frames[0], C3 | V), LO(frames[1], C3));
  set_entryhi(1);
  expect_load("even-valid", even + 16, 1, 0, 100);
  expect_load("odd-invalid", odd + 16, 0, 0x180, 0);
  set_entryhi(ASID);
  tlb_flush();

  begin("store-odd-page", 0);
  tlb_set(60 % tlb_size(), KSEG2 | ASID, 0, LO(frames[0], C3 | V), LO(frames[1], C3 | D | V));
  expect_exception(CATCH);
  probe(store_insn, KSEG2 + 0x1010, 4711, 0);
  want("exceptions", 0, caught);
  want("memory", 4711, frames[1][4]);
  end();
  begin("store-even-page-clean", 0);
  expect_exception(CATCH);
  probe(store_insn, KSEG2 + 0x10, 4712, 0);
  want_exception(0x180, EX_MOD, (u32)store_insn, 0);
  want_tlb_address(KSEG2 + 0x10);
  want("memory", 100, frames[0][4]);
  end();
  tlb_flush();
}

static u32 read32(u32 va) { return *(volatile u32 *)va; }
static void write32(u32 va, u32 value) { *(volatile u32 *)va = value; }

/* A pair of pages of each size in KSEG2: offsets reach the right frame, and the pair ends where it should. */
static void test_page_sizes(void) {
  static const struct {
    const char *name;
    u32 size;
  } sizes[] = {{"4K", 0x1000},     {"16K", 0x4000},     {"64K", 0x10000},     {"256K", 0x40000},   {"1M", 0x100000},
               {"4M", 0x400000}, {"16M", 0x1000000}, {"64M", 0x4000000}, {"256M", 0x10000000}};
  for (u32 i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
    u32 size = sizes[i].size, even = 0x800000, odd = 0xc00000, last = size - 4;
    if (size == 0x1000000) even = 0, odd = size;
    if (size > 0x1000000) even = odd = 0, last = RAM_USED - 4;
    tlb_flush();
    tlb_set(4, KSEG2 | ASID, 2 * size - 0x2000, LO(even, C3 | D | V), LO(odd, C3 | D | V));
    u32 *even_word = KSEG0_PTR(even + last), *odd_word = KSEG0_PTR(odd + last);
    *even_word = 0xe0e0e0e0 + i;
    expect_exception(CATCH);
    begin("page-size", sizes[i].name);
    want("even page", 0xe0e0e0e0 + i, probe(read32, KSEG2 + last, 0, 0));
    *odd_word = 0x0d0d0d0d + i;
    want("odd page", 0x0d0d0d0d + i, probe(read32, KSEG2 + size + last, 0, 0));
    probe(write32, KSEG2 + size + last, 0x5a5a5a5a, 0);
    want("odd page store", 0x5a5a5a5a, *odd_word);
    want("exceptions", 0, caught);
    if (size < 0x10000000) {
      probe(load_insn, KSEG2 + 2 * size, 0, 0);
      want_exception(0x000, EX_TLBL, (u32)load_insn, 0);
      want_tlb_address(KSEG2 + 2 * size);
    }
    end();
  }
  tlb_flush();
}

/* Fetch: the exception comes at the target, after the jump and its slot are done. */
static void test_fetch(void) {
  u32 va = USER_VA + 0x1238;
  begin("fetch", "unaligned");
  expect_exception(CATCH);
  u32 v0 = probe(jump, (u32)load_insn + 2, 0, 0);
  want_exception(0x180, EX_ADEL, (u32)load_insn + 2, 0);
  want("BadVAddr", (u32)load_insn + 2, first.badvaddr);
  want("slot done", 41, v0);
  end();

  for (int kseg2 = 0; kseg2 < 2; kseg2++) {
    u32 target = kseg2 ? KSEG2 + 0x3004 : va;
    begin("fetch-refill", kseg2 ? "kseg2" : "user");
    expect_exception(CATCH);
    v0 = probe(jump, target, 0, 0);
    want_exception(0x000, EX_TLBL, target, 0);
    want_tlb_address(target);
    want("slot done", 41, v0);
    end();
    begin("fetch-invalid", kseg2 ? "kseg2" : "user");
    tlb_set(6, (target & 0xffffe000) | ASID, 0, LO(frames[0], C3), LO(frames[0], C3));
    expect_exception(CATCH);
    probe(jump, target, 0, 0);
    want_exception(0x180, EX_TLBL, target, 0);
    want_tlb_address(target);
    tlb_flush();
    end();
    begin("fetch-restart", kseg2 ? "kseg2" : "user");
    frames[0][(target & 0xfff) / 4] = 0x24420001; /* addiu v0, v0, 1 */
    frames[0][(target & 0xfff) / 4 + 1] = 0x03e00008; /* jr ra */
    frames[0][(target & 0xfff) / 4 + 2] = 0;
    icache_sync(frames[0], 0x1000);
    fix_lo0 = fix_lo1 = LO(frames[0], C3 | V); /* a clean page can be executed */
    expect_exception(FIX);
    v0 = probe(jump, target, 0, 0);
    want("exceptions", 1, caught);
    want("result", 42, v0);
    tlb_flush();
    end();
  }
}

void test_tlb(void) {
  test_instructions();
  test_matching();
  test_page_sizes();
  test_fetch();
}

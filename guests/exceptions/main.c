/*
 * Self-checking test of exceptions and the TLB: one line per case, `ok NAME` or `FAIL NAME expected .. got ..`, a count
 * at the end; exit code 0 when all are right, else 10. With the argument `quiet` only the FAIL lines and the count.
 */
#include "test.h"

enum mode mode;
u32 fix_lo0, fix_lo1, caught;
struct exc_frame first;
u32 frames[4][1024] __attribute__((aligned(4096)));

static const char *case_name, *case_variant, *bad_what;
static u32 bad_expected, bad_got, cases, failures;
static int expecting, quiet;

extern const u8 probe_leave[];

void begin(const char *name, const char *variant) {
  case_name = name;
  case_variant = variant;
  bad_what = 0;
}

void want(const char *what, u32 expected, u32 got) {
  if (expected == got || bad_what) return;
  bad_what = what;
  bad_expected = expected;
  bad_got = got;
}

void end(void) {
  const char *slash = case_variant ? "/" : "", *variant = case_variant ? case_variant : "";
  expecting = 0;
  cases++;
  if (!bad_what) {
    if (!quiet) printf("ok %s%s%s\n", case_name, slash, variant);
    return;
  }
  failures++;
  printf("FAIL %s%s%s expected %s 0x%08x got 0x%08x\n", case_name, slash, variant, bad_what, bad_expected, bad_got);
}

void expect_exception(enum mode how) {
  mode = how;
  caught = 0;
  memset(&first, 0, sizeof first);
  expecting = 1;
}

static void on_exception(struct exc_frame *f) {
  if (!expecting || caught > 100) {
    exc_hook = 0;
    printf("FAIL %s%s%s unexpected ", case_name, case_variant ? "/" : "", case_variant ? case_variant : "");
    exc_report(f);
    guest_exit(10);
  }
  if (caught++ == 0) memcpy(&first, f, sizeof first);
  switch (mode) {
    case CATCH:
      f->epc = (u32)probe_leave;
      f->status &= ~(ST_UM | ST_IE);
      break;
    case FIX:
      tlbp(); /* EntryHi is the faulting page's */
      set_pagemask(0);
      set_entrylo0(fix_lo0);
      set_entrylo1(fix_lo1);
      if (get_index() >> 31) {
        u32 wired = get_wired();
        set_wired(8); /* not over an entry of the case's own, which are in 0..7 */
        tlbwr();
        set_wired(wired);
      } else {
        tlbwi();
      }
      break;
    case SKIP:
      f->epc += 4;
      break;
    case INTERRUPT:
      set_cause(get_cause() & ~(CA_IP(0) | CA_IP(1)));
  }
}

void want_exception(u32 vector, u32 code, u32 epc, int in_slot) {
  want("exceptions", 1, caught);
  want("vector", vector, first.vector);
  want("ExcCode", code, CA_CODE(first.cause));
  want("EPC", epc, first.epc);
  want("Cause.BD", in_slot ? CA_BD : 0, first.cause & CA_BD);
}

void want_tlb_address(u32 va) {
  want("BadVAddr", va, first.badvaddr);
  want("EntryHi", (va & 0xffffe000) | (get_entryhi() & 0xff), first.entryhi);
  want("Context", (get_context() & 0xff800000) | va >> 13 << 4, first.context);
}

u32 tlb_size(void) { return ((get_config1() >> 25) & 63) + 1; }

void tlb_set(u32 index, u32 hi, u32 pagemask, u32 lo0, u32 lo1) {
  set_index(index);
  set_pagemask(pagemask);
  set_entryhi(hi);
  set_entrylo0(lo0);
  set_entrylo1(lo1);
  tlbwi();
}

void tlb_flush(void) {
  u32 hi = get_entryhi();
  set_wired(0);
  for (u32 i = 0; i < tlb_size(); i++) tlb_set(i, KSEG0 + i * 0x2000, 0, 0, 0);
  set_pagemask(0);
  set_entryhi(hi);
}

int main(void) {
  quiet = arg_flag("quiet");
  exc_hook = on_exception;
  tlb_flush();
  set_entryhi(0x2a); /* an ASID to recognise */
  set_context(0xff800000);
  test_boot();
  test_faults();
  test_control();
  test_tlb();
  test_user();
  test_code();
  test_slots();
  printf("exceptions: %u cases, %u failed\n", cases, failures);
  return failures ? 10 : 0;
}

/* Status, Cause, EBase, ERET, EXL and ERL, the interrupt vectors, LL/SC and RDHWR. */
#include "test.h"

extern const u8 eret_exl[], eret_erl[], eret_erl_exl[], exl_load[], exl_load_slot[], exl_syscall[], soft_interrupt[],
    soft_interrupt_from[], soft_interrupt_to[], load_insn[], ll_sc[], ll_sc_slot[], ll_syscall_sc[], ll_eret_sc[];

static void test_registers(void) {
  u32 old;
  begin("di", 0);
  set_status(ST_IE);
  __asm__ volatile("di %0\n\tehb" : "=r"(old));
  want("old Status", ST_IE, old);
  want("Status", 0, get_status());
  end();

  begin("ei", 0);
  __asm__ volatile("ei %0\n\tehb" : "=r"(old));
  want("old Status", 0, old);
  want("Status", ST_IE, get_status());
  set_status(0);
  end();

  begin("status-bev", 0);
  set_status(ST_BEV | ST_IM(5));
  want("Status", ST_BEV | ST_IM(5), get_status());
  set_status(0);
  want("Status", 0, get_status());
  end();

  /* BD, TI, CE, WP, IP7..IP2 and ExcCode are not for software to set here */
  const u32 hardware = CA_BD | CA_TI | 0x30000000 | 0x00400000 | 0xfc00 | 0x7c;
  begin("cause-write-mask", 0);
  set_cause(0xffffffff & ~CA_DC);
  want("Cause", CA_IV | CA_IP(0) | CA_IP(1), get_cause() & ~hardware);
  set_cause(0);
  want("Cause", 0, get_cause() & (CA_IV | CA_IP(0) | CA_IP(1) | CA_DC));
  end();

  begin("compare-readback", 0);
  set_compare(0x13579bdf);
  want("Compare", 0x13579bdf, get_compare());
  end();

  begin("count-write", 0);
  set_count(0x40000000);
  want("Count high byte", 0x40, get_count() >> 24);
  end();

  begin("count-runs", 0);
  old = get_count();
  for (volatile int i = 0; i < 2000; i++) continue;
  want("Count moved", 1, get_count() != old);
  end();

  begin("epc-readback", 0);
  set_epc(0x12345678);
  want("EPC", 0x12345678, get_epc());
  end();
}

static void test_vectors(void) {
  static u8 moved[0x1000] __attribute__((aligned(0x1000)));
  begin("ebase-moved", "refill");
  exc_install((u32)moved);
  memset((void *)KSEG0, 0xff, 0x10); /* the old refill vector would now be a reserved instruction */
  icache_sync((void *)KSEG0, 0x10);
  set_ebase((u32)moved);
  want("EBase", (u32)moved, get_ebase() & 0xfffff000);
  want("EBase.CPUNum", 0, get_ebase() & 0xfff);
  expect_exception(CATCH);
  probe(load_insn, USER_VA, 0, 0);
  want_exception(0x000, EX_TLBL, (u32)load_insn, 0);
  end();
  begin("ebase-moved", "general");
  expect_exception(CATCH);
  probe(load_insn, (u32)frames + 2, 0, 0);
  want_exception(0x180, EX_ADEL, (u32)load_insn, 0);
  end();
  set_ebase(KSEG0);
  exc_install(KSEG0);

  static const struct {
    const char *name;
    u32 cause, vector;
  } interrupts[] = {
      {"ip0-iv0", CA_IP(0), 0x180},
      {"ip1-iv0", CA_IP(1), 0x180},
      {"ip0-iv1", CA_IP(0) | CA_IV, 0x200},
      {"ip1-iv1", CA_IP(1) | CA_IV, 0x200},
      {"both-iv1", CA_IP(0) | CA_IP(1) | CA_IV, 0x200},
  };
  for (u32 i = 0; i < sizeof interrupts / sizeof interrupts[0]; i++) {
    u32 ips = interrupts[i].cause & (CA_IP(0) | CA_IP(1));
    begin("soft-interrupt", interrupts[i].name);
    expect_exception(INTERRUPT);
    probe(soft_interrupt, interrupts[i].cause, ST_IM(0) | ST_IM(1) | ST_IE, 0);
    want("interrupts", 1, caught);
    want("vector", interrupts[i].vector, first.vector);
    want("ExcCode", EX_INT, CA_CODE(first.cause));
    want("Cause.IP", ips, first.cause & (CA_IP(0) | CA_IP(1)));
    want("EPC in the window", 1, first.epc > (u32)soft_interrupt_from && first.epc <= (u32)soft_interrupt_to);
    want("Status", ST_IM(0) | ST_IM(1) | ST_IE | ST_EXL, first.status);
    end();
  }
  static const struct {
    const char *name;
    u32 status;
  } masked[] = {{"ie-clear", ST_IM(0)}, {"im-clear", ST_IM(1) | ST_IE}, {"exl", ST_IM(0) | ST_IE | ST_EXL},
                {"erl", ST_IM(0) | ST_IE | ST_ERL}};
  for (u32 i = 0; i < sizeof masked / sizeof masked[0]; i++) {
    begin("soft-interrupt-masked", masked[i].name);
    expect_exception(INTERRUPT);
    probe(soft_interrupt, CA_IP(0), masked[i].status, 0);
    want("interrupts", 0, caught);
    want("Cause.IP0", CA_IP(0), get_cause() & CA_IP(0));
    probe(soft_interrupt, 0, ST_IM(0) | ST_IE, 0); /* taken as soon as Status is written */
    want("interrupts once unmasked", 1, caught);
    end();
  }
  set_cause(0);

  begin("general-ignores-iv", 0);
  set_cause(CA_IV);
  expect_exception(CATCH);
  probe(load_insn, (u32)frames + 2, 0, 0);
  want_exception(0x180, EX_ADEL, (u32)load_insn, 0);
  set_cause(0);
  end();
}

/* With EXL set an exception enters 0x180 and leaves EPC and BD alone. */
static void test_exl(void) {
  static const struct {
    const char *name;
    const void *fn;
    u32 code;
  } nested[] = {{"refill", exl_load, EX_TLBL}, {"refill-slot", exl_load_slot, EX_TLBL}, {"syscall", exl_syscall, EX_SYS}};
  for (u32 i = 0; i < 3; i++) {
    begin("exl-nested", nested[i].name);
    u32 bd = get_cause() & CA_BD;
    expect_exception(CATCH);
    probe(nested[i].fn, USER_VA, 0x0badcafc, 0);
    want_exception(0x180, nested[i].code, 0x0badcafc, bd != 0);
    if (nested[i].code == EX_TLBL) want_tlb_address(USER_VA);
    end();
  }
  begin("eret", "exl");
  want("Status", 0, probe(eret_exl, 0, 0, 0));
  end();
  begin("eret", "erl");
  want("Status", 0, probe(eret_erl, 0, 0, 0));
  end();
  begin("eret", "erl-then-exl");
  want("Status after the first", ST_EXL, probe(eret_erl_exl, 0, 0, 0));
  want("Status after the second", 0, get_status());
  end();
}

static void test_ll_sc(void) {
  u32 *p = frames[2];
  begin("ll-sc", "success");
  *p = 1;
  want("verdict", 1, probe(ll_sc, (u32)p, 77, 0));
  want("memory", 77, *p);
  end();
  begin("ll-sc", "slot");
  want("verdict", 1, probe(ll_sc_slot, (u32)p, 78, 0));
  want("memory", 78, *p);
  end();
  begin("ll-sc", "eret-between");
  want("verdict", 0, probe(ll_eret_sc, (u32)p, 79, 0));
  want("memory", 78, *p);
  end();
  begin("ll-sc", "syscall-between");
  expect_exception(SKIP);
  want("verdict", 0, probe(ll_syscall_sc, (u32)p, 80, 0));
  want("memory", 78, *p);
  want("exceptions", 1, caught);
  end();
  begin("ll-sc", "mapped");
  tlb_flush();
  tlb_set(1, USER_VA | 0x2a, 0, LO(frames[2], C3 | D | V), 0);
  want("verdict", 1, probe(ll_sc, USER_VA, 81, 0));
  want("memory", 81, *p);
  tlb_flush();
  end();
}

static void test_rdhwr(void) {
  u32 a, b;
  begin("rdhwr-cpunum", 0);
  __asm__ volatile("rdhwr %0, $0" : "=r"(a));
  want("CPUNum", 0, a);
  end();
  begin("rdhwr-synci-step", 0);
  __asm__ volatile("rdhwr %0, $1" : "=r"(a));
  want("power of two or 0", 0, a & (a - 1));
  end();
  begin("rdhwr-cc", 0);
  a = get_count();
  __asm__ volatile("rdhwr %0, $2" : "=r"(b));
  want("near Count", 1, b - a < 1000000);
  end();
  begin("rdhwr-ccres", 0);
  __asm__ volatile("rdhwr %0, $3" : "=r"(a));
  want("CCRes", 2, a);
  end();
  if (get_config3() & 0x2000) {
    begin("rdhwr-userlocal", 0);
    set_userlocal(0xfeedf00d);
    __asm__ volatile("rdhwr %0, $29" : "=r"(a));
    want("UserLocal", 0xfeedf00d, a);
    end();
  }
}

void test_control(void) {
  test_registers();
  test_vectors();
  test_exl();
  test_ll_sc();
  test_rdhwr();
}

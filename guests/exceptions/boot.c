/* CP0 as board `mips-paravirt` hands it over, and the CPU it declares. */
#include "test.h"

void test_boot(void) {
#if TE
  begin("boot-status", 0);
  want("Status", ST_EXL | ST_ERL, boot_state.status);
  end();
  begin("boot-ebase", 0);
  want("EBase", 0x40000000, boot_state.ebase & 0xfffff000);
  want("EBase.CPUNum", 0, boot_state.ebase & 0x3ff);
  end();
  begin("boot-arguments", 0);
  want("argv segment", 0x40000000, boot_state.a1 & 0xe0000000);
  want("a2", 0, boot_state.a2);
  want("a3", 0, boot_state.a3);
  end();
  begin("prid", 0);
  want("PRId", 0x00019300, get_prid());
  end();
  begin("tlb-size", 0);
  want("entries", 64, tlb_size());
  end();
  begin("no-fpu", 0);
  want("Config1.FP", 0, get_config1() & 1);
  end();
  begin("userlocal-present", 0);
  want("Config3.ULRI", 0x2000, get_config3() & 0x2000);
  end();
  begin("wait-irqoff", 0);
  want("Config7.WII", CONFIG7_WII, get_config7() & CONFIG7_WII);
  end();
  begin("timer-is-ip7", 0);
  want("IntCtl.IPTI", 7, get_intctl() >> 29);
  end();
  begin("hypercall-unknown", 0);
  want("v0", (u32)-1000, hypercall(1234, 0, 0, 0));
  end();
  begin("hypercall-clock", 0);
  want("v0", 100000000, hypercall(HC_GET_CLOCK_FREQ, 0, 0, 0));
  end();
#endif
  begin("endianness", 0);
  want("Config.BE", BIG_ENDIAN, get_config() >> 15 & 1);
  end();
  begin("mmu-is-tlb", 0);
  want("Config.MT", 1, get_config() >> 7 & 7);
  end();
}

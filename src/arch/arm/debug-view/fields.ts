// table: the fields of ARM registers by name (ARM DDI 0406C: B1.3, B3, B4, A2.5).
import type { RegisterDescription } from '../../../cpu/isa/debug-view.ts';

type Fields = NonNullable<RegisterDescription['fields']>;

/** `N:31 IT:15-10 ...`, in order. */
function fields(text: string): Fields {
  return text.split(' ').map((part) => {
    const [name = '', bits = ''] = part.split(':');
    const [high, low = high] = bits.split('-').map(Number);
    return { name, high: high!, low: low! };
  });
}

const PSR = fields('N:31 Z:30 C:29 V:28 Q:27 IT[1,0]:26-25 J:24 GE:19-16 IT[7,2]:15-10 E:9 A:8 I:7 F:6 T:5 M:4-0');
const SCTLR = fields('TE:30 AFE:29 TRE:28 EE:25 VE:24 FI:21 UWXN:20 WXN:19 V:13 I:12 Z:11 SW:10 CP15BEN:5 C:2 A:1 M:0');
const TIMER_CONTROL = fields('ISTATUS:2 IMASK:1 ENABLE:0');
const DOMAINS = fields(Array.from({ length: 16 }, (_, n) => `D${15 - n}:${31 - 2 * n}-${30 - 2 * n}`).join(' '));
const TTBR = fields('ASID:55-48 BADDR:39-0');
const AFFINITY = fields('U:30 MT:24 Aff2:23-16 Aff1:15-8 Aff0:7-0');
const ID = fields('implementer:31-24 variant:23-20 architecture:19-16 part:15-4 revision:3-0');
const CACHE_SIZE = fields('WT:31 WB:30 RA:29 WA:28 sets-1:27-13 ways-1:12-3 log2words-2:2-0');

/** By the register's name. */
export const FIELDS: Readonly<Record<string, Fields>> = {
  cpsr: PSR,
  ...Object.fromEntries(['fiq', 'irq', 'svc', 'abt', 'und', 'hyp'].map((mode) => [`spsr_${mode}`, PSR])),
  sctlr: SCTLR,
  hsctlr: fields('TE:30 EE:25 FI:21 WXN:19 I:12 CP15BEN:5 C:2 A:1 M:0'),
  cpacr: fields('ASEDIS:31 D32DIS:30 TRCDIS:28 cp11:23-22 cp10:21-20'),
  ttbcr: fields('EAE:31 PD1:5 PD0:4 N:2-0'),
  dacr: DOMAINS,
  dfsr: fields('CM:13 ExT:12 WnR:11 FS[4]:10 LPAE:9 domain:7-4 FS[3,0]:3-0'),
  ifsr: fields('ExT:12 FS[4]:10 LPAE:9 FS[3,0]:3-0'),
  contextidr: fields('PROCID:31-8 ASID:7-0'),
  csselr: fields('level:3-1 InD:0'),
  midr: ID,
  vpidr: ID,
  mpidr: AFFINITY,
  vmpidr: AFFINITY,
  ccsidr0: CACHE_SIZE,
  ccsidr1: CACHE_SIZE,
  ccsidr2: CACHE_SIZE,
  hcr: fields(
    'TGE:27 TVM:26 TTLB:25 TPU:24 TPC:23 TSW:22 TAC:21 TIDCP:20 TSC:19 TID3:18 TID2:17 TID1:16 TID0:15 TWE:14 TWI:13 ' +
      'DC:12 BSU:11-10 FB:9 VA:8 VI:7 VF:6 AMO:5 IMO:4 FMO:3 PTW:2 SWIO:1 VM:0',
  ),
  hsr: fields('EC:31-26 IL:25 ISS:24-0'),
  hdcr: fields('TDRA:11 TDOSA:10 TDA:9 TDE:8 HPME:7 TPM:6 TPMCR:5 HPMN:4-0'),
  hcptr: fields('TCPAC:31 TTA:20 TASE:15 TCP11:11 TCP10:10'),
  hstr: fields('TJDBX:17 TTEE:16 T15:15 T13:13 T12:12 T11:11 T10:10 T9:9 T8:8 T7:7 T6:6 T5:5 T3:3 T2:2 T1:1 T0:0'),
  htcr: fields('SH0:13-12 ORGN0:11-10 IRGN0:9-8 T0SZ:2-0'),
  vtcr: fields('SH0:13-12 ORGN0:11-10 IRGN0:9-8 SL0:7-6 S:4 T0SZ:3-0'),
  vttbr: fields('VMID:55-48 BADDR:39-0'),
  hpfar: fields('FIPA[39,12]:31-4'),
  cntkctl: fields('PL0PTEN:9 PL0VTEN:8 EVNTI:7-4 EVNTDIR:3 EVNTEN:2 PL0VCTEN:1 PL0PCTEN:0'),
  cnthctl: fields('EVNTI:7-4 EVNTDIR:3 EVNTEN:2 PL1PCEN:1 PL1PCTEN:0'),
  cntp_ctl: TIMER_CONTROL,
  cntv_ctl: TIMER_CONTROL,
  cnthp_ctl: TIMER_CONTROL,
  dbgdscrext: fields('RXfull:30 TXfull:29 MDBGen:15 HDBGen:14 UDCCdis:12 MOE:5-2 RESTARTED:1 HALTED:0'),
  fpscr: fields(
    'N:31 Z:30 C:29 V:28 QC:27 AHP:26 DN:25 FZ:24 RMode:23-22 Stride:21-20 Len:18-16 IDC:7 IXC:4 UFC:3 OFC:2 DZC:1 IOC:0',
  ),
  fpexc: fields('EX:31 EN:30 DEX:29'),
};

/** The same where long descriptors (TTBCR.EAE) have others. */
export const LONG_FIELDS: Readonly<Record<string, Fields>> = {
  ttbr0: TTBR,
  ttbr1: TTBR,
  ttbcr: fields(
    'EAE:31 SH1:29-28 ORGN1:27-26 IRGN1:25-24 EPD1:23 A1:22 T1SZ:18-16 SH0:13-12 ORGN0:11-10 IRGN0:9-8 EPD0:7 T0SZ:2-0',
  ),
  dfsr: fields('CM:13 ExT:12 WnR:11 LPAE:9 STATUS:5-0'),
  ifsr: fields('ExT:12 LPAE:9 STATUS:5-0'),
};

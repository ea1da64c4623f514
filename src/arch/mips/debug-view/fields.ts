// table: the fields of MIPS32 release 2 system registers (MIPS32 Volume III, chapter 9; FCSR and FIR: Volume I-A, chapter 5; Config7: MIPS32 24K
// and 74K Software User's Manuals).
import type { RegisterDescription } from '../../../cpu/isa/debug-view.ts';

type Fields = NonNullable<RegisterDescription['fields']>;

/** `IM 15:8, UM 4`: names and bits, highest first. */
const TEXTS: Readonly<Record<string, string>> = {
  index: 'P 31, Index 5:0',
  entrylo0: 'PFN 25:6, C 5:3, D 2, V 1, G 0',
  entrylo1: 'PFN 25:6, C 5:3, D 2, V 1, G 0',
  context: 'PTEBase 31:23, BadVPN2 22:4',
  pagemask: 'Mask 28:13',
  pagegrain: 'RIE 31, XIE 30, ELPA 29, ESP 28',
  wired: 'Wired 5:0',
  hwrena: 'ULR 29, CCRes 3, CC 2, SYNCI_Step 1, CPUNum 0',
  entryhi: 'VPN2 31:13, ASID 7:0',
  status:
    'CU3 31, CU2 30, CU1 29, CU0 28, RP 27, FR 26, RE 25, MX 24, BEV 22, TS 21, SR 20, NMI 19, IM 15:8, UM 4, ERL 2, EXL 1, IE 0',
  intctl: 'IPTI 31:29, IPPCI 28:26, VS 9:5',
  cause: 'BD 31, TI 30, CE 29:28, DC 27, PCI 26, IV 23, WP 22, IP 15:8, ExcCode 6:2',
  prid: 'CompanyOptions 31:24, CompanyID 23:16, ProcessorID 15:8, Revision 7:0',
  ebase: 'ExceptionBase 31:12, CPUNum 9:0',
  config: 'M 31, K23 30:28, KU 27:25, BE 15, AT 14:13, AR 12:10, MT 9:7, VI 3, K0 2:0',
  config1:
    'M 31, MMUSize 30:25, IS 24:22, IL 21:19, IA 18:16, DS 15:13, DL 12:10, DA 9:7, C2 6, MD 5, PC 4, WR 3, CA 2, EP 1, FP 0',
  config2: 'M 31, TU 30:28, TS 27:24, TL 23:20, TA 19:16, SU 15:12, SS 11:8, SL 7:4, SA 3:0',
  config3:
    'M 31, MSAP 28, BP 27, BI 26, SC 25, PW 24, VZ 23, ULRI 13, RXI 12, DSP2P 11, DSPP 10, LPA 7, VEIC 6, VInt 5, SP 4, CDMM 3, MT 2, SM 1, TL 0',
  config4: 'M 31, IE 30:29, AE 28, VTLBSizeExt 27:24, KScrExist 23:16, MMUExtDef 15:14',
  config5: 'M 31, K 30, CV 29, EVA 28, MSAEn 27, UFE 9, FRE 8, UFR 2, NFExists 0',
  config7: 'WII 31, AR 16, IAR 10',
  fcsr: 'FCC 31:25, FS 24, FCC0 23, Cause 17:12, Enables 11:7, Flags 6:2, RM 1:0',
  fir: 'F64 22, L 21, W 20, 3D 19, PS 18, D 17, S 16, ProcessorID 15:8, Revision 7:0',
  count_ctl: 'DC 0',
};

/** The fields of each register that has such. */
export const FIELDS: ReadonlyMap<string, Fields> = new Map(
  Object.entries(TEXTS).map(([register, text]) => [register, text.split(', ').map(parseField)]),
);

function parseField(text: string): Fields[number] {
  const [name, bits] = text.split(' ') as [string, string];
  const [high, low = high] = bits.split(':').map(Number) as [number, number?];
  return { name, high, low };
}

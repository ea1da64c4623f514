// table: what gdb is told of a MIPS vCPU's registers (gdb's manual, "MIPS Features": the names of org.gnu.gdb.mips.*; numbers as in gdb's
// mips-tdep.c and every MIPS stub before target descriptions: 0-31 general, 32 status, 33 lo, 34 hi, 35 badvaddr, 36 cause, 37 pc, 38-69 f0-f31, 70 fcsr, 71 fir).
import type { DebugView, GdbFeature, GdbRegister } from '../../../cpu/isa/debug-view.ts';
import { GPR_NAMES } from '../debug.ts';
import { CP0_NAMES } from '../register-names.ts';

const STATUS = 32;
const LO = 33;
const HI = 34;
const BADVADDR = 35;
const CAUSE = 36;
const PC = 37;
const F0 = 38;
const FCSR = 70;
const FIR = 71;
const FIRST_OF_OURS = 72;

const POINTERS = new Set(['gp', 'sp', 'fp']);

function generalType(name: string): string {
  if (name === 'ra') return 'code_ptr';
  return POINTERS.has(name) ? 'data_ptr' : 'int32';
}

const numbered = (name: string, number: number, type: string, group: string): GdbRegister => ({
  ...{ name, bits: 32, type, source: name, group, number },
});
const float = (prefix: string, n: number, bits: number, type: string): GdbRegister => ({
  ...{ name: `${prefix}${n}`, bits, type, source: `${prefix}${n}`, group: 'float' },
});

const CPU: GdbFeature = {
  name: 'org.gnu.gdb.mips.cpu',
  registers: [
    ...GPR_NAMES.map((source, n) => ({
      ...{ name: `r${n}`, bits: 32, type: generalType(source), source, group: 'general', number: n },
    })),
    numbered('lo', LO, 'int32', 'general'),
    numbered('hi', HI, 'int32', 'general'),
    numbered('pc', PC, 'code_ptr', 'general'),
  ],
};

const CP0: GdbFeature = {
  name: 'org.gnu.gdb.mips.cp0',
  registers: [
    numbered('status', STATUS, 'uint32', 'system'),
    numbered('badvaddr', BADVADDR, 'data_ptr', 'system'),
    numbered('cause', CAUSE, 'uint32', 'system'),
  ],
};

/** gdb wants it whether there is an FPU or not. */
const FPU: GdbFeature = {
  name: 'org.gnu.gdb.mips.fpu',
  registers: [
    ...Array.from({ length: 32 }, (_, n) => ({ ...float('f', n, 32, 'ieee_single'), number: F0 + n })),
    numbered('fcsr', FCSR, 'uint32', 'float'),
    numbered('fir', FIR, 'uint32', 'float'),
  ],
};

const IN_CP0 = new Set(CP0.registers.map(({ name }) => name));
const ADDRESSES = new Set(['epc', 'errorepc']);
/** KVM gives nobody these. */
const HIDDEN = new Set(['random', 'badinstr', 'badinstrp']);
const ours = Object.keys(CP0_NAMES).filter((name) => !IN_CP0.has(name) && !HIDDEN.has(name));

const OUR_CP0: GdbFeature = {
  name: 'org.tsvm.mips.cp0',
  registers: ours.map((name, n) => ({
    ...{ name, bits: 32, type: ADDRESSES.has(name) ? 'code_ptr' : 'uint32', source: name, group: 'system' },
    ...(n === 0 && { number: FIRST_OF_OURS }),
  })),
};

const DOUBLES: GdbFeature = {
  name: 'org.tsvm.mips.fpu',
  registers: Array.from({ length: 32 }, (_, n) => float('d', n, 64, 'ieee_double')),
};

export const GDB: DebugView['gdb'] = {
  architecture: 'mips',
  pc: 'pc',
  features: [CPU, CP0, FPU, OUR_CP0, DOUBLES],
};

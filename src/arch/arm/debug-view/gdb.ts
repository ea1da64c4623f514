// gdb's target description of an ARM vCPU: the features that gdb knows (gdb/features/arm/arm-core.xml and arm-vfpv3.xml), and one of our own with all
// other registers.
import type { DebugView, GdbRegister } from '../../../cpu/isa/debug-view.ts';
import { ALL_REGISTERS } from './registers.ts';

const TYPES: Readonly<Record<string, string>> = { sp: 'data_ptr', pc: 'code_ptr' };
/** Before it gdb has room for the FPA's registers. */
const CPSR_NUMBER = 25;
/** gdb makes these itself, of D registers. */
const SINGLE = /^s\d+$/;

const CORE: readonly GdbRegister[] = ALL_REGISTERS.filter(({ group }) => group === 'general').map(({ name }) => ({
  name,
  bits: 32,
  type: TYPES[name] ?? 'uint32',
  source: name,
  group: 'general',
  ...(name === 'cpsr' && { number: CPSR_NUMBER }),
}));

const VFP: readonly GdbRegister[] = [
  ...Array.from({ length: 32 }, (_, n) => ({
    name: `d${n}`,
    bits: 64,
    type: 'ieee_double',
    source: `d${n}`,
    group: 'float',
  })),
  { name: 'fpscr', bits: 32, type: 'int', source: 'fpscr', group: 'float' },
];

const TAKEN: ReadonlySet<string> = new Set([...CORE, ...VFP].map(({ name }) => name));

const SYSTEM: readonly GdbRegister[] = ALL_REGISTERS.filter(({ name }) => !TAKEN.has(name) && !SINGLE.test(name)).map(
  ({ name, bits }) => ({
    name,
    bits,
    type: bits === 64 ? 'uint64' : 'uint32',
    source: name,
    group: 'system',
  }),
);

export const GDB: DebugView['gdb'] = {
  architecture: 'arm',
  features: [
    { name: 'org.gnu.gdb.arm.core', registers: CORE },
    { name: 'org.gnu.gdb.arm.vfp', registers: VFP },
    { name: 'org.tsvm.arm.system', registers: SYSTEM },
  ],
  pc: 'pc',
};

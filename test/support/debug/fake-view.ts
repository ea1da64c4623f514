// DebugView of the made-up machines that FakeTarget has: the registers of a MIPS or ARM in small, and instructions of which only calls and
// branches mean something.
import type {
  DebugAccess,
  DebuggedCpu,
  DebugTranslation,
  DebugView,
  GdbRegister,
  RegisterDescription,
  TakenException,
} from '../../../src/cpu/isa/debug-view.ts';
import { hex } from '../../../src/util/bits.ts';

export type FakeArchitecture = 'mips' | 'arm';

/** A vCPU whose registers a test sets by name. */
export class FakeCpu implements DebuggedCpu {
  readonly id: number;
  readonly values = new Map<string, bigint>();
  /** The newest first, as `exceptions()` gives them. */
  taken: TakenException[] = [];
  private readonly lead: (address: number) => number | null;
  private readonly word: (physical: number) => number | undefined;

  constructor(id: number, lead: FakeCpu['lead'], word: FakeCpu['word']) {
    this.id = id;
    this.lead = lead;
    this.word = word;
  }

  get(name: string): bigint {
    return this.values.get(name) ?? 0n;
  }

  set(name: string, value: bigint | number): void {
    this.values.set(name, BigInt(value));
  }

  oneReg(): undefined {
    return undefined;
  }

  bank(): number {
    return 0;
  }

  translate(address: number, _access: DebugAccess): DebugTranslation {
    const physical = this.lead(address);
    return physical === null ? { outcome: 'fault', trap: 2 } : { outcome: 'physical', physical };
  }

  physicalWord(address: number): number | undefined {
    return this.word(address);
  }

  exceptions(): readonly TakenException[] {
    return this.taken;
  }
}

const numbered = (prefix: string, count: number, from = 0): string[] =>
  Array.from({ length: count }, (_, index) => `${prefix}${from + index}`);
const described = (group: string, bits: 32 | 64, names: readonly string[]): RegisterDescription[] =>
  names.map((name) => ({ name, bits, group }));
const forGdb = (names: readonly string[], bits: number, type: string, group: string): GdbRegister[] =>
  names.map((name) => ({ name, bits, type, source: name, group }));

const STATUS: RegisterDescription = {
  name: 'status',
  bits: 32,
  group: 'cp0',
  fields: [
    { name: 'CU0', high: 28, low: 28 },
    { name: 'IM', high: 15, low: 8 },
    { name: 'KSU', high: 4, low: 3 },
    { name: 'EXL', high: 1, low: 1 },
    { name: 'IE', high: 0, low: 0 },
  ],
};

interface FakeRegisters {
  readonly groups: DebugView['groups'];
  readonly registers: readonly RegisterDescription[];
  readonly aliases: Readonly<Record<string, string>>;
  readonly gdb: DebugView['gdb'];
  readonly pc: string;
  readonly sp: string;
}

const R = numbered('r', 32);
const F = numbered('f', 4);
const MIPS: FakeRegisters = {
  groups: [
    { name: 'general', summary: 'general registers' },
    { name: 'cp0', summary: 'system registers' },
    { name: 'fpu', summary: 'floating point' },
  ],
  registers: [
    ...described('general', 32, [...R, 'lo', 'hi', 'pc']),
    STATUS,
    ...described('cp0', 32, ['badvaddr', 'cause', 'epc']),
    ...described('fpu', 64, F),
  ],
  aliases: { zero: 'r0', v0: 'r2', a0: 'r4', a1: 'r5', sp: 'r29', ra: 'r31', 'cp0.status': 'status' },
  gdb: {
    architecture: 'mips',
    pc: 'pc',
    features: [
      { name: 'org.gnu.gdb.mips.cpu', registers: forGdb([...R, 'lo', 'hi', 'pc'], 32, 'int32', 'general') },
      { name: 'org.gnu.gdb.mips.cp0', registers: forGdb(['status', 'badvaddr', 'cause'], 32, 'int32', 'system') },
      {
        name: 'org.gnu.gdb.mips.fpu',
        registers: [
          ...forGdb(F, 64, 'ieee_double', 'float'),
          { name: 'fir', bits: 32, type: 'int32', source: null, group: 'float' },
        ],
      },
    ],
  },
  pc: 'pc',
  sp: 'r29',
};

const ARM_CORE = [...numbered('r', 13), 'sp', 'lr', 'pc'];
const ARM: FakeRegisters = {
  groups: [
    { name: 'general', summary: 'registers of the current mode' },
    { name: 'cp15', summary: 'system registers' },
  ],
  registers: [
    ...described('general', 32, [...ARM_CORE, 'cpsr']),
    ...described('cp15', 32, ['sctlr']),
    ...described('cp15', 64, ['ttbr0']),
  ],
  aliases: { r13: 'sp', r14: 'lr', r15: 'pc' },
  gdb: {
    architecture: 'arm',
    pc: 'pc',
    features: [
      {
        name: 'org.gnu.gdb.arm.core',
        registers: [
          ...forGdb(ARM_CORE, 32, 'uint32', 'general'),
          { name: 'cpsr', bits: 32, type: 'uint32', source: 'cpsr', group: 'general' },
        ],
      },
      { name: 'org.tsvm.arm.system', registers: forGdb(['sctlr'], 32, 'uint32', 'system') },
    ],
  },
  pc: 'pc',
  sp: 'sp',
};

const T = 0x20n;

/** Trap codes that FakeTarget knows: 0 is an interrupt, 8 a system call, anything else is a fault. */
const INTERRUPT = 0;
const SYSCALL = 8;

/** The view of a made-up machine; `status` 0x10 in MIPS and `cpsr` 0x10 in ARM is user mode. */
export function fakeView(architecture: FakeArchitecture): DebugView {
  const { groups, registers, aliases, gdb, pc, sp } = architecture === 'mips' ? MIPS : ARM;
  const valueIn = (cpu: DebuggedCpu, name: string): bigint => (cpu instanceof FakeCpu ? cpu.get(name) : 0n);
  const number = (cpu: DebuggedCpu, name: string): number => Number(valueIn(cpu, name));
  const user = (cpu: DebuggedCpu): boolean =>
    architecture === 'mips' ? (number(cpu, 'status') & 0x18) === 0x10 : (number(cpu, 'cpsr') & 0x1f) === 0x10;
  return {
    name: architecture,
    groups,
    registers: () => registers,
    find(_cpu, name) {
      const plain = name.toLowerCase().replace(/^\$/, '');
      const meant = aliases[plain] ?? plain;
      return registers.find((register) => register.name === meant);
    },
    place: (_cpu, register) => ({ id: BigInt(registers.indexOf(register)), high: register.bits - 1, low: 0 }),
    read: (cpu, register) => valueIn(cpu, register.name),
    pc: (cpu) => number(cpu, pc) + (architecture === 'arm' && (valueIn(cpu, 'cpsr') & T) !== 0n ? 1 : 0),
    stackPointer: (cpu) => number(cpu, sp),
    blockState: () => 0,
    mode: (cpu) => (user(cpu) ? 'user' : 'kernel'),
    inUserMode: user,
    walk(cpu, address, access) {
      const translation = cpu.translate(address, access);
      if (translation.outcome === 'fault')
        return {
          steps: [{ what: 'segment', text: `${hex(address)}: mapped` }],
          translation,
          fault: 'no matching TLB entry',
        };
      return { steps: [{ what: 'segment', text: `${hex(address)}: unmapped` }], translation };
    },
    tlb: () => ['entry 0: vpn 0x00400000 asid 1, pfn 0x00001000 valid'],
    interrupts: (cpu) => [`pending ${hex(number(cpu, architecture === 'mips' ? 'cause' : 'cpsr'))}`],
    isFault: ({ trap }) => trap !== INTERRUPT && trap !== SYSCALL,
    exceptionName: ({ trap }) =>
      trap === INTERRUPT ? 'interrupt' : trap === SYSCALL ? 'system call' : 'TLB refill on load',
    explain: (_cpu, exception, isLatest, { instruction, symbolize }) => ({
      title: `TLB refill on load, ${hex(exception.address)}`,
      lines: [
        `${symbolize(exception.pc) ?? hex(exception.pc)}: ${instruction(exception.pc) ?? 'not readable'}`,
        ...(isLatest ? [] : ['other exceptions were taken since']),
      ],
    }),
    // MIPS: jal is a call; j, beq, bne, blez, bgtz are branches; each with its delay slot. ARM: bl and b.
    flow(word, from) {
      if (architecture === 'mips') {
        const op = word >>> 26;
        if (op === 3) return { kind: 'call', next: (from + 8) >>> 0 };
        if (op === 2 || (op >= 4 && op <= 7)) return { kind: 'branch', next: (from + 8) >>> 0 };
      } else {
        if ((word & 0x0f00_0000) === 0x0b00_0000) return { kind: 'call', next: (from + 4) >>> 0 };
        if ((word & 0x0f00_0000) === 0x0a00_0000) return { kind: 'branch', next: (from + 4) >>> 0 };
      }
      return { kind: 'plain', next: (from + 4) >>> 0 };
    },
    gdb,
  };
}

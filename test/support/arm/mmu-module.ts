// The functions of the ARM MMU alone, in a WebAssembly module of their own over a small physical memory; and what the model says, in their words.
import { mmuFunctions } from '../../../src/arch/arm/mmu/functions.ts';
import { ABORT, BANKS, CP15, TRAP } from '../../../src/arch/arm/registers.ts';
import { Translated, WORD_GLOBAL, WORD_MAPPED, WORD_TRAP_SHIFT } from '../../../src/cpu/isa/architecture.ts';
import { layOutBanks } from '../../../src/cpu/isa/register-file.ts';
import { add, buildFunction, ltU, sub, type WasmFunction } from '../../../src/cpu/wasm/code.ts';
import { encodeModule, TypeSection } from '../../../src/cpu/wasm/module.ts';
import type { Fault, MmuRegisters, Output, Request } from './mmu-model.ts';

/** Where its banks begin. */
export const STATE_BASE = 0x400;
const STATE_END = 0x1000;
const HOST = 0x10000;
export const RAM_BASE = 0x40000000;
export const RAM_SIZE = 0x10000;

const physicalHost: WasmFunction = {
  name: 'physicalHost',
  type: { parameters: ['i32'], results: ['i32'] },
  build: (c) => {
    const offset = sub(c.parameter(0), RAM_BASE);
    c.if(ltU(offset, RAM_SIZE), () => c.return(add(offset, HOST)));
    c.return(0);
  },
};

const WORDS_64 = ['TTBR0', 'TTBR1', 'VTTBR', 'HTTBR'] as const;
const WORDS_32 = [
  'SCTLR',
  'TTBCR',
  'DACR',
  'PRRR',
  'NMRR',
  'HCR',
  'VTCR',
  'HSCTLR',
  'HTCR',
  'HMAIR0',
  'HMAIR1',
] as const;

export class MmuModule {
  readonly ram: DataView;
  private readonly words: Int32Array;
  private readonly banks = layOutBanks(BANKS, STATE_BASE).banks;
  private readonly exports: Record<string, (a: number, b: number) => number>;

  constructor() {
    const functions = [physicalHost, ...mmuFunctions(this.banks)];
    const index = (name: string): number => {
      const at = functions.findIndex((f) => f.name === name);
      if (at < 0) throw new Error(`no function ${name}`);
      return at;
    };
    const memory = new WebAssembly.Memory({ initial: 2, maximum: 2, shared: true });
    this.words = new Int32Array(memory.buffer);
    this.ram = new DataView(memory.buffer, HOST, RAM_SIZE);
    const bytes = encodeModule(
      {
        imports: [],
        functions: functions.map((f) => ({ type: f.type, body: buildFunction(f, index), exportName: f.name })),
        globals: 0,
        table: [],
        memory: { minPages: 2, maxPages: 2 },
      },
      new TypeSection(),
    );
    const instance = new WebAssembly.Instance(new WebAssembly.Module(bytes), { e: { memory } });
    this.exports = instance.exports as typeof this.exports;
  }

  /** What is in physical memory, for the model. */
  readonly read = (address: bigint, bytes: 4 | 8): bigint | undefined => {
    const offset = Number(address - BigInt(RAM_BASE));
    if (offset < 0 || offset >= RAM_SIZE) return undefined;
    return bytes === 8 ? this.ram.getBigUint64(offset, true) : BigInt(this.ram.getUint32(offset, true));
  };

  set(registers: MmuRegisters): void {
    const at = this.banks.cp15!.offset / 4;
    for (const name of WORDS_32) this.words[at + CP15[name]] = registers[name];
    for (const name of WORDS_64) {
      this.words[at + CP15[name]] = Number(registers[name] & 0xffffffffn);
      this.words[at + CP15[name] + 1] = Number(registers[name] >> 32n);
    }
    this.words[this.banks.cpsr!.offset / 4] = registers.mode;
  }

  translate(address: number, access: number): number {
    return this.exports.translate!(address, access) >>> 0;
  }
  addressTranslate(address: number, how: number): number {
    return this.exports.addressTranslate!(address, how);
  }
  get par(): bigint {
    const at = this.banks.cp15!.offset / 4 + CP15.PAR;
    return BigInt(this.words[at]! >>> 0) | (BigInt(this.words[at + 1]! >>> 0) << 32n);
  }
  get faultIpa(): bigint {
    const at = this.banks.faultIpa!.offset / 4;
    return BigInt(this.words[at]! >>> 0) | (BigInt(this.words[at + 1]! >>> 0) << 32n);
  }
  /** The state banks but what is scratch, to see that nothing has changed. */
  state(): Int32Array {
    const state = this.words.slice(0, STATE_END / 4);
    for (const { scratch, viewOf, offset, size, count } of Object.values(this.banks))
      if (scratch && viewOf === undefined) state.fill(0, offset / 4, (offset + size * count) / 4);
    return state;
  }
}

const STATUS: Record<Fault['kind'], number> = {
  translation: 0b000100,
  'access flag': 0b001000,
  permission: 0b001100,
  walk: 0b010100,
  external: 0b010000,
  domain: 0b111100,
};
const FS: Record<Fault['kind'], readonly number[]> = {
  translation: [0, 0b00101, 0b00111],
  'access flag': [0, 0b00011, 0b00110],
  domain: [0, 0b01001, 0b01011],
  permission: [0, 0b01101, 0b01111],
  walk: [0, 0b01100, 0b01110],
  external: [0b01000],
};

/** The status of a fault in a format. */
export function statusOf(fault: Fault, format: 'short' | 'long'): number {
  return format === 'long' ? STATUS[fault.kind] + fault.level : FS[fault.kind][fault.level]!;
}

/** The trap code of a fault. */
function trapOf(fault: Fault, { kind }: Pick<Request, 'kind'>): number {
  const trap = kind === 'fetch' ? TRAP.PREFETCH_ABORT : TRAP.DATA_ABORT | (kind === 'write' ? ABORT.WRITE : 0);
  return trap | partsOf(fault, fault.format);
}

/** The trap code's parts that come from the fault. */
export function partsOf(fault: Fault, format: 'short' | 'long'): number {
  return (
    (statusOf(fault, format) << ABORT.STATUS_SHIFT) |
    (format === 'long' ? ABORT.LONG : fault.domain << ABORT.DOMAIN_SHIFT) |
    (fault.stage === 2 ? ABORT.STAGE2 : 0) |
    (fault.s1ptw ? ABORT.S1PTW : 0)
  );
}

export const isFault = (result: Output | Fault): result is Fault => 'kind' in result;

/** What `translate` returns. */
export function wordOf(result: Output | Fault, request: Request): number {
  if (isFault(result)) return ((trapOf(result, request) << WORD_TRAP_SHIFT) | Translated.FAULT) >>> 0;
  return (Number(result.address) | WORD_MAPPED | (result.global ? WORD_GLOBAL : 0)) >>> 0;
}

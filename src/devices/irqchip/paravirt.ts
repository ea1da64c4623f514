// The interrupt controller of the MIPS paravirt machine (reference/MIPS.md B3; Linux 4.9 arch/mips/paravirt/paravirt-irq.c is its driver): 64 lines,
// raw pending bits shared by all CPUs, an enable mask per CPU. Any enabled pending line of a CPU raises that CPU's IP2.
//
// Registers are 32-bit words in guest byte order: a board puts this window on the bus with the guest's endianness. A stride of 8 bytes
// holds the two words of a 64-line register, lines 31:0 first. Lines 8:0 are ignored wherever they appear.
import type { DeviceState, IrqLine, MmioDevice } from '../device.ts';
import { type MisuseListener, RegisterBlock, type RegisterSpec, type SizedRegisterView } from '../registers.ts';
import { SavedState } from '../state.ts';

const NUM_BITS = 64;
const NUM_CPUS = 8;
const STRIDE = 8 * (1 + Math.trunc((NUM_BITS - 1) / 64));
const RAW = 8;
const PER_CPU = RAW + 3 * STRIDE;
/** The window is one page of guest-physical space; the registers fill its first 0x120 bytes. */
const WINDOW = 0x1000;
const WORDS = [0, 1] as const;
/** Lines that exist, by word. */
const LINES = [0xfffffe00, 0xffffffff] as const;

export interface ParavirtIrqchipOptions {
  /** vCPUs that exist, 1 to 8; the registers of the others are there and lead nowhere. */
  readonly cpus: number;
  /** IP2 of a vCPU. */
  readonly output: (cpu: number) => IrqLine;
  /** Told of guest accesses that no register takes. */
  readonly misuse?: MisuseListener;
}

export class ParavirtIrqchip implements MmioDevice {
  readonly name = 'paravirt-irqchip';
  readonly size = WINDOW;
  private readonly outputs: readonly IrqLine[];
  private readonly levels: boolean[];
  private readonly block: RegisterBlock;

  constructor(options: ParavirtIrqchipOptions) {
    if (!Number.isInteger(options.cpus) || options.cpus < 1 || options.cpus > NUM_CPUS)
      throw new RangeError(`${this.name} serves 1 to ${NUM_CPUS} CPUs, not ${options.cpus}`);
    this.outputs = Array.from({ length: options.cpus }, (_, cpu) => options.output(cpu));
    this.levels = this.outputs.map(() => false);
    this.block = new RegisterBlock(this.declare(), options.misuse ?? (() => {}));
  }

  /** Input line `irq`: its level sets and clears the raw bit. Lines 0 to 8 lead nowhere; false when it is not one of 0 to 63. */
  setLine(irq: number, level: boolean): boolean {
    if (!Number.isInteger(irq) || irq < 0 || irq >= NUM_BITS) return false;
    const word = irq >>> 5;
    const bit = (1 << (irq & 31)) >>> 0;
    this.store(`raw${word}`, word, level ? bit : 0, level ? 0 : bit);
    return true;
  }

  read(offset: number, length: 1 | 2 | 4): number {
    return this.block.read(offset, length);
  }

  write(offset: number, length: 1 | 2 | 4, value: number): void {
    this.block.write(offset, length, value >>> 0);
  }

  reset(): void {
    this.block.reset();
    this.drive();
  }

  registers(): readonly SizedRegisterView[] {
    return this.block.views();
  }

  saveState(): DeviceState {
    return this.block.save();
  }

  /** Does not drive the outputs: each vCPU restores its own pending lines. */
  restoreState(state: DeviceState): void {
    this.block.restore(new SavedState(this.name, state));
    for (let cpu = 0; cpu < this.levels.length; cpu++) this.levels[cpu] = this.pending(cpu);
  }

  private declare(): RegisterSpec<string>[] {
    const specs: RegisterSpec<string>[] = [
      { name: 'num_bits', offset: 0, access: 'r', read: () => NUM_BITS },
      { name: 'num_cpus', offset: 4, access: 'r', read: () => NUM_CPUS },
    ];
    for (const word of WORDS) {
      specs.push(...this.bitmap('raw', word, RAW));
      for (let cpu = 0; cpu < NUM_CPUS; cpu++) {
        const base = PER_CPU + cpu * 4 * STRIDE;
        const read = (): number => this.source(cpu, word);
        specs.push({ name: `cpu${cpu}_src${word}`, offset: base + 4 * word, access: 'r', read });
        specs.push(...this.bitmap(`cpu${cpu}_en`, word, base + STRIDE));
      }
    }
    return specs;
  }

  /** One word of a bit map: plain, write-1-to-set and write-1-to-clear, a stride apart; all three read the plain value. */
  private bitmap(name: string, word: 0 | 1, base: number): RegisterSpec<string>[] {
    const field = `${name}${word}`;
    const offset = base + 4 * word;
    const read = (): number => this.block.get(field);
    return [
      { name: field, offset, access: 'rw', reset: 0, write: (value) => this.store(field, word, value, ~value) },
      {
        name: `${name}_w1s${word}`,
        offset: offset + STRIDE,
        access: 'rw',
        read,
        write: (value) => this.store(field, word, value, 0),
      },
      {
        name: `${name}_w1c${word}`,
        offset: offset + 2 * STRIDE,
        access: 'rw',
        read,
        write: (value) => this.store(field, word, 0, value),
      },
    ];
  }

  private store(field: string, word: number, set: number, clear: number): void {
    this.block.set(field, ((this.block.get(field) & ~clear) | set) & LINES[word]!);
    this.drive();
  }

  private source(cpu: number, word: 0 | 1): number {
    return this.block.get(`raw${word}`) & this.block.get(`cpu${cpu}_en${word}`);
  }

  private pending(cpu: number): boolean {
    return this.source(cpu, 0) !== 0 || this.source(cpu, 1) !== 0;
  }

  /** Tell each vCPU whose IP2 changes. */
  private drive(): void {
    this.outputs.forEach((output, cpu) => {
      const level = this.pending(cpu);
      if (level === this.levels[cpu]) return;
      this.levels[cpu] = level;
      output.set(level);
    });
  }
}

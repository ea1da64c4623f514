// One user's session of the debug shell: the vCPU he looks at, where he last looked, what he has set up. What commands share is here: the meaning
// of names, memory by place, addresses with their symbols.
import type { DebuggedCpu, ExplainContext, RegisterDescription } from '../../cpu/isa/debug-view.ts';
import { hex } from '../../util/bits.ts';
import { TsvmError } from '../../util/errors.ts';
import { printable } from '../../util/format.ts';
import { nearest } from '../../util/words.ts';
import type { DebugTarget, ListedInstruction } from '../target.ts';
import type { ShellCommand } from './command.ts';
import { type Expression, type Names, type Place, parseExpression } from './expression.ts';
import { nameOf } from './naming.ts';
import type { ShellFiles } from './port.ts';
import { numberIn } from './text.ts';
import { TraceRing } from './trace-ring.ts';

/** What this session knows of a breakpoint of its own, beside what the target knows. */
export interface OwnBreakpoint {
  /** `if $a0 == 3`, `== 0x1`; empty: always. */
  readonly condition: string;
  /** Why the condition could not be computed when it was asked last. */
  failure: string | null;
}

/** Symbols that are looked at for one like the one that does not exist. */
const MOST_SIMILAR = 2000;

export class ShellSession {
  readonly target: DebugTarget;
  readonly files: ShellFiles;
  readonly own = new Map<number, OwnBreakpoint>();
  readonly trace: TraceRing;
  /** Keep the hot exit counters. */
  counting = false;
  /** The vCPU that registers and virtual addresses are of. */
  selected = 0;
  /** Where `memory read` and `disassemble` go on. */
  lastShown: Place | null = null;
  /** What an empty line means. */
  repeat: string | null = null;
  /** A command of this session waits for the guest to stand. */
  waits = false;
  /** Ctrl-C came while the current line ran. */
  interrupted = false;
  /** The session is over, and the guest is left so; `found`: as the session has found it. */
  leave: 'found' | 'running' | 'standing' | null = null;
  /** Files that are being sourced, one by the other. */
  sources = 0;
  /** Every command there is. */
  commands: readonly ShellCommand[] = [];
  /** Run another line; of the shell that this session belongs to. */
  runLine: (line: string) => Promise<{ readonly output: string; readonly ok: boolean }> = () =>
    Promise.reject(new Error('a session without a shell'));

  constructor(target: DebugTarget, files: ShellFiles) {
    this.target = target;
    this.files = files;
    this.selected = target.stoppedCpu;
    this.trace = new TraceRing((pc) => this.symbolize(pc));
  }

  /** The selected vCPU. */
  get cpu(): DebuggedCpu {
    return this.target.cpu(this.selected);
  }

  /** The pc of the selected vCPU, with T in bit 0. */
  get pc(): number {
    return this.target.view.pc(this.cpu);
  }

  /** Its bits that are an address: bit 0 is ARM's T. */
  addressOf(pc: number): number {
    return this.target.view.name === 'arm' ? (pc & ~1) >>> 0 : pc;
  }

  /** Is the selected vCPU in T32? */
  get inThumb(): boolean {
    return this.pc !== this.addressOf(this.pc);
  }

  /** `name+0x10`, or null. */
  symbolize(address: number): string | null {
    return nameOf(this.target.symbols, address);
  }

  /** `0x80101230 do_timer+0xc` */
  named(address: number): string {
    const symbol = this.symbolize(address);
    return symbol === null ? hex(address) : `${hex(address)} ${symbol}`;
  }

  /** `named`, with `physical` before an address of that space. */
  placeText({ address, space }: Place): string {
    return space === 'physical' ? `physical ${hex(address)}` : this.named(address);
  }

  /** Names as the selected vCPU has them, or another one. */
  names(cpu = this.selected): Names {
    const { target } = this;
    return {
      symbol: (name) => target.symbols.find(name),
      register: (name) => this.registerValue(target.cpu(cpu), name),
      load: (place, bytes) => {
        const read = this.read(place, bytes, cpu);
        return read.length < bytes ? undefined : numberIn(read, target.endianness);
      },
      similar: (name) => this.similar(name, cpu),
    };
  }

  /** @throws TsvmError usage */
  evaluate(expression: string | Expression, cpu = this.selected): Place {
    const parsed = typeof expression === 'string' ? parseExpression(expression) : expression;
    return parsed.evaluate(this.names(cpu));
  }

  /** A place where the guest may stop. gdb writes `*` before an address there, which loads nothing. @throws TsvmError usage */
  codePlace(text: string): Place {
    return this.evaluate(text.replace(/^\*/, ''));
  }

  /** As many bytes as can be read, from the first on. */
  read({ address, space }: Place, length: number, cpu = this.selected): Uint8Array {
    if (space === 'virtual') return this.target.readVirtual(cpu, address, length);
    const ram = this.target
      .memoryMap()
      .find(({ kind, base, size }) => kind === 'ram' && address >= base && address < base + size);
    if (!ram) return new Uint8Array();
    return this.target.readPhysical(address, Math.min(length, ram.base + ram.size - address)) ?? new Uint8Array();
  }

  /** @throws TsvmError usage, and nothing is written, when not all of it is RAM */
  write({ address, space }: Place, bytes: Uint8Array): void {
    if (space === 'physical') this.target.writePhysical(address, bytes);
    else this.target.writeVirtual(this.selected, address, bytes);
  }

  /** @throws TsvmError usage */
  register(name: string): RegisterDescription {
    const { view } = this.target;
    const found = view.find(this.cpu, name);
    if (found) return found;
    const names = view.registers(this.cpu).map((register) => register.name);
    const like = nearest(name.replace(/^\$/, ''), names);
    throw new TsvmError('usage', `this cpu has no register ${printable(name)}`, {
      next: like === undefined ? 'regs all shows all there are' : `did you mean ${like}?`,
    });
  }

  /** Instructions from the pc `from` (bit 0: T32) on; IT state is right when that is where the selected vCPU stands. */
  instructions(from: number, count: number): readonly ListedInstruction[] {
    const { target, cpu } = this;
    const block = target.view.pc(cpu) === from ? target.view.blockState(cpu) : 0;
    return target.disassemble(this.selected, from, count, block);
  }

  /** What explanations of an exception may ask. */
  explainContext(): ExplainContext {
    return {
      instruction: (pc) => this.instructions(pc, 1)[0]?.text ?? null,
      word: (pc) => this.instructions(pc, 1)[0]?.word ?? null,
      symbolize: (address) => this.symbolize(address),
    };
  }

  /** Have the target keep the counters and trace what this session wants. For a guest that stands. */
  observe(): void {
    this.target.observe(this.counting, this.trace.on ? this.trace : null);
  }

  /** Let the guest go on; nobody waits until it stands. */
  async letGo(): Promise<void> {
    try {
      await this.target.resume({ kind: 'continue' });
    } catch {
      // It has ended, or somebody else has let it go on.
    }
  }

  /** @throws TsvmError usage */
  requireNotInterrupted(): void {
    if (this.interrupted) throw new TsvmError('usage', 'interrupted');
  }

  private registerValue(cpu: DebuggedCpu, name: string): number | undefined {
    const { view } = this.target;
    const whole = view.find(cpu, name);
    if (whole) {
      if (whole.bits === 64)
        throw new TsvmError('usage', `$${whole.name} has 64 bits, and expressions have 32`, {
          next: `regs ${whole.name}`,
        });
      return Number(view.read(cpu, whole));
    }
    const dot = name.lastIndexOf('.');
    const register = dot < 0 ? undefined : view.find(cpu, name.slice(0, dot));
    const wanted = name.slice(dot + 1).toLowerCase();
    const field = register?.fields?.find((candidate) => candidate.name.toLowerCase() === wanted);
    if (!register || !field) return undefined;
    return Number(BigInt.asUintN(field.high - field.low + 1, view.read(cpu, register) >> BigInt(field.low)));
  }

  private similar(name: string, cpu: number): string | undefined {
    const { symbols, view } = this.target;
    if (view.find(this.target.cpu(cpu), name)) return `$${name}`;
    for (const length of [3, 1]) {
      const found = nearest(name, symbols.names(name.slice(0, length), MOST_SIMILAR));
      if (found !== undefined) return found;
    }
    return undefined;
  }
}

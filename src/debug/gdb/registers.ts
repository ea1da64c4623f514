// Registers as gdb numbers and writes them: `p`, `P`, `g`, `G` ("Debugging with GDB", appendix E.2). Values are hexadecimal bytes in the guest's byte
// order; `xx` stands for a byte of a register that the vCPU does not have now.
import type { DebuggedCpu, DebugView, GdbRegister } from '../../cpu/isa/debug-view.ts';
import type { DebugTarget } from '../target.ts';
import { bytesOfHex, hexOf } from './packets.ts';

/** Features whose registers gdb itself knows, and wants in `g`. */
const KNOWN = /^org\.gnu\.gdb\./;

export interface NumberedRegister {
  readonly number: number;
  readonly register: GdbRegister;
  /** Of a feature that gdb does not know: read and written one by one only. */
  readonly system: boolean;
}

/** Every register of the description with its number, feature by feature. */
export function numbered(view: DebugView): readonly (readonly NumberedRegister[])[] {
  let next = 0;
  return view.gdb.features.map(({ name, registers }) =>
    registers.map((register) => {
      const number = register.number ?? next;
      next = number + 1;
      return { number, register, system: !KNOWN.test(name) };
    }),
  );
}

const digitsOf = ({ bits }: GdbRegister): number => 2 * Math.ceil(bits / 8);

export class GdbRegisters {
  private readonly target: DebugTarget;
  private readonly byNumber: ReadonlyMap<number, GdbRegister>;
  /** Of features that gdb does not know: it shows them as unavailable where there are none. */
  private readonly mayLack: ReadonlySet<GdbRegister>;
  /**
   * In the order of `g`. gdb asks for what lies beyond with `p`, so system registers are read only when somebody looks at them, and G, which writes all of
   * its registers, never writes those.
   */
  private readonly general: readonly GdbRegister[];
  private readonly pcNumber: number;

  constructor(target: DebugTarget) {
    this.target = target;
    const all = numbered(target.view).flat();
    this.byNumber = new Map(all.map(({ number, register }) => [number, register]));
    this.mayLack = new Set(all.filter(({ system }) => system).map(({ register }) => register));
    const sorted = all.toSorted((left, right) => left.number - right.number);
    const firstSystem = sorted.findIndex(({ system }) => system);
    this.general = sorted.slice(0, firstSystem < 0 ? sorted.length : firstSystem).map(({ register }) => register);
    this.pcNumber = all.find(({ register }) => register.name === target.view.gdb.pc)?.number ?? -1;
  }

  /** `p`; undefined: there is no such number. */
  read(cpu: DebuggedCpu, number: number): string | undefined {
    const register = this.byNumber.get(number);
    return register && this.text(cpu, register);
  }

  /** `g`. */
  readAll(cpu: DebuggedCpu): string {
    return this.general.map((register) => this.text(cpu, register)).join('');
  }

  /** `number:value;` of the pc, for a stop reply. */
  pc(cpu: DebuggedCpu): string {
    const text = this.read(cpu, this.pcNumber);
    return text === undefined ? '' : `${this.pcNumber.toString(16)}:${text};`;
  }

  /** Unsigned; undefined: there is no such number, or the vCPU has no such register now. */
  value(cpu: DebuggedCpu, number: number): bigint | undefined {
    const register = this.byNumber.get(number);
    return register && this.valueOf(cpu, register);
  }

  /**
   * `P`; false: there is no such number, or `text` is no value of it.
   * @throws TsvmError usage as DebugTarget.writeRegister
   */
  write(cpu: number, number: number, text: string): boolean {
    const register = this.byNumber.get(number);
    const value = register && this.parsed(register, text);
    if (register === undefined || value === undefined) return false;
    // A register that is always 0 takes what it is given, as $0 does.
    if (register.source !== null) this.target.writeRegister(cpu, register.source, value);
    return true;
  }

  /**
   * `G`; what is there already is not written again. False, and nothing is written: it is no such text.
   * @throws TsvmError usage as DebugTarget.writeRegister
   */
  writeAll(cpu: number, text: string): boolean {
    const standing = this.target.cpu(cpu);
    const written: [string, bigint][] = [];
    let at = 0;
    for (const register of this.general) {
      if (at === text.length) break;
      const digits = text.slice(at, at + digitsOf(register));
      at += digits.length;
      if (digits === 'x'.repeat(digitsOf(register))) continue;
      const value = this.parsed(register, digits);
      if (value === undefined) return false;
      if (register.source !== null && value !== this.valueOf(standing, register))
        written.push([register.source, value]);
    }
    if (at !== text.length) return false;
    for (const [name, value] of written) this.target.writeRegister(cpu, name, value);
    return true;
  }

  /** @throws TsvmError usage as DebugTarget.writeRegister */
  writePc(cpu: number, address: number): void {
    const source = this.byNumber.get(this.pcNumber)?.source;
    if (source != null) this.target.writeRegister(cpu, source, BigInt(address));
  }

  private valueOf(cpu: DebuggedCpu, register: GdbRegister): bigint | undefined {
    const { source, bits } = register;
    const { view } = this.target;
    const description = source === null ? undefined : view.find(cpu, source);
    if (description) return BigInt.asUintN(bits, view.read(cpu, description));
    // gdb knows what it has asked for, such as an FPU: `info all-registers` ends in an error where one of those is unavailable. It has 0 then.
    return source !== null && this.mayLack.has(register) ? undefined : 0n;
  }

  private text(cpu: DebuggedCpu, register: GdbRegister): string {
    const value = this.valueOf(cpu, register);
    const digits = digitsOf(register);
    return value === undefined ? 'x'.repeat(digits) : this.ordered(value.toString(16).padStart(digits, '0'));
  }

  private parsed(register: GdbRegister, text: string): bigint | undefined {
    if (text.length !== digitsOf(register) || bytesOfHex(text) === null) return undefined;
    return BigInt.asUintN(register.bits, BigInt(`0x${this.ordered(text)}`));
  }

  /** Digits with the most significant byte first, in the guest's order; and back. */
  private ordered(digits: string): string {
    if (this.target.endianness === 'big') return digits;
    return hexOf(bytesOfHex(digits)!.reverse());
  }
}

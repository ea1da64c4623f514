// gdb's breakpoints: Z0 to Z4 and what a stop reply says of them (appendix E.2, E.3). Both kinds of breakpoints are the host's: the guest's memory stays as
// it is, so that they hold before there is a mapping, in ROM and through every alias, and the guest cannot see them.
import { TsvmError } from '../../util/errors.ts';
import type { DebugTarget, Stop } from '../target.ts';
import { type AgentContext, evaluate } from './agent-expression.ts';
import { addressFor } from './numbers.ts';
import type { GdbRegisters } from './registers.ts';

/** The digit behind Z: software, hardware, write, read, access. */
export type BreakpointType = 0 | 1 | 2 | 3 | 4;

const ACCESS = { 2: 'write', 3: 'read', 4: 'access' } as const;
const WATCHED = { 2: 'watch', 3: 'rwatch', 4: 'awatch' } as const;
/** More than anybody sets by hand. */
const MAX_BREAKPOINTS = 4096;
const MAX_WATCHED = 0x1_0000;

interface SetBreakpoint {
  readonly id: number;
  readonly type: BreakpointType;
  readonly address: number;
  readonly length: number;
}

/** What of a stop is gdb's. */
export interface StopReason {
  /** As in a stop reply, `hwbreak:;` or `watch:80001000;`, or nothing. */
  readonly text: string;
  /** Did a breakpoint of gdb's stop the guest? */
  readonly own: boolean;
}

export class GdbBreakpoints {
  /** Does gdb know `swbreak` and `hwbreak`? */
  tellsBreaks = { swbreak: false, hwbreak: false };
  private readonly target: DebugTarget;
  private readonly registers: GdbRegisters;
  private readonly byPlace = new Map<string, SetBreakpoint>();

  constructor(target: DebugTarget, registers: GdbRegisters) {
    this.target = target;
    this.registers = registers;
  }

  /**
   * Set one; one that is there takes the new conditions. It stops the guest when one of `conditions` is not 0 or cannot be evaluated, or there are none.
   * @throws TsvmError usage when the target does not take it
   */
  insert(type: BreakpointType, address: number, length: number, conditions: readonly Uint8Array[]): void {
    const place = placeOf(type, address, length);
    if (this.byPlace.size >= MAX_BREAKPOINTS && !this.byPlace.has(place))
      throw new TsvmError('usage', `gdb has set ${MAX_BREAKPOINTS} breakpoints`, { next: 'delete some of them' });
    if (isData(type) && (length === 0 || length > MAX_WATCHED))
      throw new TsvmError('usage', `gdb watches ${length} bytes`, { next: `watch 1 to ${MAX_WATCHED} bytes` });
    this.remove(type, address, length);
    const where = { address, space: 'virtual', ...this.conditioned(conditions) } as const;
    const { id } = this.target.addBreakpoint(
      isData(type) ? { ...where, kind: 'data', length, access: ACCESS[type] } : { ...where, kind: 'execution' },
    );
    this.byPlace.set(place, { id, type, address, length });
  }

  /** Removing what is not there is no error: gdb may say it twice. */
  remove(type: BreakpointType, address: number, length: number): void {
    const place = placeOf(type, address, length);
    const found = this.byPlace.get(place);
    if (!found) return;
    this.byPlace.delete(place);
    this.target.removeBreakpoint(found.id);
  }

  /** Remove all that gdb has set. */
  clear(): void {
    for (const { id } of this.byPlace.values()) this.target.removeBreakpoint(id);
    this.byPlace.clear();
  }

  /** What a stop reply says of `stop`. */
  reason(stop: Stop): StopReason {
    if (stop.kind !== 'breakpoint' && stop.kind !== 'watchpoint') return { text: '', own: false };
    const found = [...this.byPlace.values()].find(({ id }) => id === stop.id);
    if (!found) return { text: '', own: false };
    const { type, address, length } = found;
    if (isData(type)) {
      if (stop.kind !== 'watchpoint') return { text: '', own: true };
      // gdb looks for the watchpoint by this address: of an access that begins before it, the first byte in it.
      const hit = Math.min(Math.max(stop.address, address), address + length - 1);
      return { text: `${WATCHED[type]}:${addressFor(this.target.view, hit)};`, own: true };
    }
    const name = type === 0 ? 'swbreak' : 'hwbreak';
    return { text: this.tellsBreaks[name] ? `${name}:;` : '', own: true };
  }

  private conditioned(conditions: readonly Uint8Array[]): { condition?: (stop: Stop) => boolean } {
    if (conditions.length === 0) return {};
    return {
      condition: (stop) => {
        const context = this.contextOf('cpu' in stop ? stop.cpu : this.target.stoppedCpu);
        return conditions.some((code) => evaluate(code, context) !== 0n);
      },
    };
  }

  private contextOf(id: number): AgentContext {
    const { target, registers } = this;
    const cpu = target.cpu(id);
    return {
      register(number) {
        const value = registers.value(cpu, number);
        if (value === undefined) throw new TsvmError('usage', `a condition reads register ${number}: there is none`);
        return value;
      },
      memory(address, length) {
        const bytes = target.readVirtual(id, address, length);
        if (bytes.length < length) throw new TsvmError('usage', `a condition reads 0x${address.toString(16)}: no RAM`);
        const ordered = target.endianness === 'big' ? bytes : bytes.toReversed();
        return ordered.reduce((value, byte) => (value << 8n) | BigInt(byte), 0n);
      },
    };
  }
}

const isData = (type: BreakpointType): type is 2 | 3 | 4 => type >= 2;

/** gdb removes what it has set by the same words. The length of an execution breakpoint is its instruction's: it says nothing here. */
const placeOf = (type: BreakpointType, address: number, length: number): string =>
  isData(type) ? `${type} ${address} ${length}` : `${type} ${address}`;

// gdb's commands (appendix E.2), one packet each: what they ask of the target, and the answer. Null: there is none, or it comes later as a stop reply.
import type { DebugTarget } from '../target.ts';
import type { BreakpointType, GdbBreakpoints } from './breakpoints.ts';
import type { ProgramFile } from './files.ts';
import { ERROR_INVALID, ERROR_RUNS, type GuestRun } from './guest-run.ts';
import type { GdbMemory } from './memory.ts';
import { addressOf, halves, numberOf } from './numbers.ts';
import { bytesOf } from './packets.ts';
import type { GdbQueries } from './queries.ts';
import type { GdbRegisters } from './registers.ts';
import { resumeOf } from './resume.ts';
import { threadOf } from './threads.ts';

export type Answer = string | null | Promise<string | null>;

export interface CommandPorts {
  readonly target: DebugTarget;
  readonly run: GuestRun;
  readonly registers: GdbRegisters;
  readonly breakpoints: GdbBreakpoints;
  readonly memory: GdbMemory;
  readonly program: ProgramFile;
  readonly queries: GdbQueries;
  /** Leave the guest alone, and end the connection once `answer` is sent. */
  readonly leave: (answer: string | null) => void;
}

export class GdbCommands {
  private readonly ports: CommandPorts;
  /** The vCPU that `s` and `c` mean (Hc); null: the one that registers are asked of. */
  private running: number | null = null;

  constructor(ports: CommandPorts) {
    this.ports = ports;
  }

  /**
   * The answer to a packet; empty: it is not served.
   * @throws TsvmError usage as DebugTarget, whose guest may run meanwhile
   */
  answer(packet: string): Answer {
    const rest = packet.slice(1);
    const { target, run, registers, memory, queries } = this.ports;
    switch (packet[0]) {
      case '?':
        return run.hold().then(() => run.stopReply());
      case 'g':
        return registers.readAll(target.cpu(run.general));
      case 'G':
        return registers.writeAll(run.general, rest) ? 'OK' : ERROR_INVALID;
      case 'p':
        return this.readRegister(rest);
      case 'P':
        return this.writeRegister(rest);
      case 'm':
        return memory.read(run.general, rest);
      case 'x':
        return memory.readBinary(run.general, rest);
      case 'M':
        return memory.write(run.general, rest);
      case 'X':
        return memory.writeBinary(run.general, rest);
      case 'H':
        return this.select(rest);
      case 'T':
        return typeof threadOf(rest, target.cpus) === 'number' ? 'OK' : ERROR_RUNS;
      case 'Z':
      case 'z':
        return this.breakpoint(packet[0] === 'Z', rest);
      case 'q':
      case 'Q':
        return queries.answer(packet);
      default:
        return this.going(packet, rest);
    }
  }

  private going(packet: string, rest: string): Answer {
    const { run, leave } = this.ports;
    switch (packet[0]) {
      case 'v':
        return this.long(packet);
      case 'c':
      case 's':
        return this.resume(packet[0], rest);
      // With a signal, which means nothing to a machine, and perhaps an address behind it.
      case 'C':
      case 'S':
        return this.resume(packet[0].toLowerCase(), halves(rest, ';')?.[1] ?? '');
      case 'D':
        leave('OK');
        return null;
      case 'k':
        run.kill();
        leave(null);
        return null;
      // Extended mode: nothing is different in it.
      case '!':
        return 'OK';
      default:
        return '';
    }
  }

  /** Packets with long names. */
  private long(packet: string): Answer {
    const { target, run, program } = this.ports;
    if (packet === 'vCont?') return 'vCont;c;C;s;S;t;r';
    if (packet.startsWith('vCont;')) {
      const how = resumeOf(packet.slice('vCont;'.length), run.general, target.cpus);
      if (how === null) return ERROR_INVALID;
      if (how !== 'stop') return run.resume(how);
      return run.hold().then(() => run.stopReply());
    }
    if (packet.startsWith('vFile:')) return program.answer(packet.slice('vFile:'.length));
    if (packet.startsWith('vKill;')) {
      run.kill();
      return 'OK';
    }
    return '';
  }

  private readRegister(text: string): string {
    const { target, run, registers } = this.ports;
    const number = numberOf(text);
    const cpu = target.cpu(run.general);
    return (number === null ? undefined : registers.read(cpu, number)) ?? ERROR_INVALID;
  }

  private writeRegister(text: string): string {
    const { run, registers } = this.ports;
    const [name, value] = halves(text, '=') ?? [text, ''];
    const number = numberOf(name);
    return number !== null && registers.write(run.general, number, value) ? 'OK' : ERROR_INVALID;
  }

  /** `Hg` for registers and memory, `Hc` for s and c. */
  private select(text: string): string {
    const { target, run } = this.ports;
    const thread = threadOf(text.slice(1), target.cpus);
    if (thread === null || (text[0] !== 'g' && text[0] !== 'c')) return ERROR_INVALID;
    if (text[0] === 'c') this.running = typeof thread === 'number' ? thread : null;
    else run.general = typeof thread === 'number' ? thread : target.stoppedCpu;
    return 'OK';
  }

  private resume(verb: string, at: string): Answer {
    const { run, registers } = this.ports;
    const cpu = this.running ?? run.general;
    if (at !== '') {
      const address = addressOf(at);
      if (address === null) return ERROR_INVALID;
      registers.writePc(cpu, address);
    }
    return run.resume(verb === 's' ? { kind: 'step', cpu } : { kind: 'continue' });
  }

  /** `ZTYPE,ADDRESS,KIND;X LENGTH,CONDITION...` and `zTYPE,ADDRESS,KIND`. */
  private breakpoint(insert: boolean, text: string): string {
    const { breakpoints } = this.ports;
    const [place, ...extras] = text.split(';');
    const [type = '', at = '', kind = ''] = place!.split(',');
    if (!/^[0-4]$/.test(type)) return '';
    const which = Number(type) as BreakpointType;
    const address = addressOf(at);
    const length = numberOf(kind);
    const conditions = conditionsOf(extras.join(';'));
    if (address === null || length === null || conditions === null) return ERROR_INVALID;
    if (insert) breakpoints.insert(which, address, length, conditions);
    else breakpoints.remove(which, address, length);
    return 'OK';
  }
}

/** `X LENGTH,BYTECODE` one after another, in hexadecimal; what other extras follow is left out. Null: it is no such text. */
function conditionsOf(text: string): readonly Uint8Array[] | null {
  const conditions: Uint8Array[] = [];
  for (let rest = text.trimStart(); rest.startsWith('X'); rest = rest.replace(/^[;\s]+/, '')) {
    const [size, code] = halves(rest.slice(1), ',') ?? ['', ''];
    const length = numberOf(size);
    const digits = code.slice(0, 2 * (length ?? 0));
    if (length === null || length === 0 || digits.length !== 2 * length || /[^0-9a-f]/i.test(digits)) return null;
    conditions.push(bytesOf(digits.replace(/../g, (pair) => String.fromCharCode(Number.parseInt(pair, 16)))));
    rest = code.slice(digits.length);
  }
  return conditions;
}

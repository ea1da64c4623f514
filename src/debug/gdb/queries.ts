// gdb's general queries and settings (appendix E.4): what is served, threads, objects in pieces, `monitor`.
import type { DebugTarget } from '../target.ts';
import type { GdbBreakpoints } from './breakpoints.ts';
import type { ProgramFile } from './files.ts';
import { ERROR_INVALID, type GuestRun } from './guest-run.ts';
import type { GdbMemory } from './memory.ts';
import { halves, numberOf } from './numbers.ts';
import { bytesOfHex, escaped, hexOf, textOf, utf8 } from './packets.ts';
import { memoryMapXml, targetDescription, threadsXml } from './target-description.ts';
import { threadId, threadOf } from './threads.ts';

/** Bytes of a packet that gdb may send, and of a reply. */
export const PACKET_SIZE = 0x4000;
/** Bytes of what a monitor command has said that go into one packet. */
const OUTPUT_PIECE = PACKET_SIZE / 2 - 8;

const FEATURES = [
  `PacketSize=${PACKET_SIZE.toString(16)}`,
  'qXfer:features:read+',
  'qXfer:memory-map:read+',
  'qXfer:threads:read+',
  'qXfer:exec-file:read+',
  'vContSupported+',
  'QStartNoAckMode+',
  'swbreak+',
  'hwbreak+',
  'ConditionalBreakpoints+',
  'binary-upload+',
].join(';');

export interface QueryPorts {
  readonly target: DebugTarget;
  readonly run: GuestRun;
  readonly breakpoints: GdbBreakpoints;
  readonly memory: GdbMemory;
  readonly program: ProgramFile;
  /** The debug shell; what a line has said. */
  readonly monitor: { execute(line: string): Promise<string> };
  /** Send something ahead of the answer. */
  readonly say: (data: string) => void;
  /** No more acknowledgements. */
  readonly noAcks: () => void;
}

export class GdbQueries {
  private readonly ports: QueryPorts;

  constructor(ports: QueryPorts) {
    this.ports = ports;
  }

  /** The answer to a packet that begins with q or Q; empty: it is not served. */
  answer(packet: string): string | Promise<string> {
    const [name, text] = halves(packet, ':') ?? [packet, ''];
    const { run, memory, noAcks } = this.ports;
    switch (name) {
      case 'qSupported':
        return this.supported(text);
      case 'QStartNoAckMode':
        noAcks();
        return 'OK';
      case 'QNonStop':
        return text === '0' ? 'OK' : ERROR_INVALID;
      case 'qXfer':
        return this.transfer(text);
      case 'qCRC':
        return memory.crc(run.general, text);
      case 'qC':
        return `QC${threadId(run.general)}`;
      case 'qfThreadInfo':
        return `m${this.threads().map(threadId).join(',')}`;
      case 'qsThreadInfo':
        return 'l';
      // A gdb that leaves lets the guest go on.
      case 'qAttached':
        return '1';
      // It offers symbols; none are wanted.
      case 'qSymbol':
        return 'OK';
      default:
        return this.withComma(packet);
    }
  }

  private withComma(packet: string): string | Promise<string> {
    const [name, text] = halves(packet, ',') ?? [packet, ''];
    if (name === 'qRcmd') return this.command(text);
    if (name === 'qThreadExtraInfo') {
      const cpu = threadOf(text, this.ports.target.cpus);
      return typeof cpu === 'number' ? hexOf(utf8(this.about(cpu))) : ERROR_INVALID;
    }
    return '';
  }

  /** gdb says what it knows, and is told what there is here. */
  private supported(text: string): string {
    const known = text.split(';');
    this.ports.breakpoints.tellsBreaks = { swbreak: known.includes('swbreak+'), hwbreak: known.includes('hwbreak+') };
    return FEATURES;
  }

  private threads(): number[] {
    return Array.from({ length: this.ports.target.cpus }, (_, cpu) => cpu);
  }

  /** What `info threads` shows of a vCPU; the mode only of one that stands. */
  private about(cpu: number): string {
    const { target } = this.ports;
    return target.stopped ? target.view.mode(target.cpu(cpu)) : '';
  }

  /** `OBJECT:read:ANNEX:OFFSET,LENGTH`: a piece of an object. */
  private transfer(text: string): string {
    const [object, verb, annex, range, ...more] = text.split(':');
    if (verb !== 'read' || range === undefined || more.length > 0) return '';
    const { target, program } = this.ports;
    switch (object) {
      case 'features':
        return annex === 'target.xml' ? piece(targetDescription(target.view), range) : 'E00';
      case 'memory-map':
        return piece(memoryMapXml(target.view), range);
      case 'threads':
        return piece(threadsXml(this.threads().map((cpu) => ({ id: cpu + 1, about: this.about(cpu) }))), range);
      case 'exec-file':
        return piece(program.path, range);
      default:
        return '';
    }
  }

  /** `monitor`: what it says goes ahead in pieces, for gdb waits for one answer only. */
  private async command(text: string): Promise<string> {
    const bytes = bytesOfHex(text);
    if (!bytes) return ERROR_INVALID;
    let said: string;
    try {
      said = await this.ports.monitor.execute(new TextDecoder().decode(bytes));
    } catch (error) {
      said = `${error instanceof Error ? error.message : String(error)}`;
    }
    if (said !== '' && !said.endsWith('\n')) said += '\n';
    const output = utf8(said);
    for (let at = 0; at < output.length; at += OUTPUT_PIECE)
      this.ports.say(`O${hexOf(output.subarray(at, at + OUTPUT_PIECE))}`);
    return 'OK';
  }
}

/** `m` and a piece that is not the last, `l` and the last one. */
function piece(whole: string, range: string): string {
  const bytes = utf8(whole);
  const [offset, length] = (halves(range, ',') ?? ['', '']).map(numberOf);
  if (offset == null || length == null || offset > bytes.length) return ERROR_INVALID;
  const end = offset + Math.min(length, PACKET_SIZE);
  return `${end < bytes.length ? 'm' : 'l'}${escaped(textOf(bytes.subarray(offset, end)))}`;
}

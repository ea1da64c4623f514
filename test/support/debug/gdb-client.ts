// The other end of a GdbSession: a gdb in small, with framing of its own. Packets' data are strings with a character for each byte.
import { GdbSession, type GdbSessionOptions } from '../../../src/debug/gdb/session.ts';
import type { FakeTarget } from './fake-target.ts';

/** `$data#checksum`, with what is binary in it escaped. */
export function framed(data: string): Uint8Array {
  const escaped = data.replace(/[#$}]/g, (char) => `}${String.fromCharCode(char.charCodeAt(0) ^ 0x20)}`);
  const bytes = Buffer.from(`$${escaped}#00`, 'latin1');
  const sum = sumOf(bytes.subarray(1, -3));
  bytes.write(sum.toString(16).padStart(2, '0'), bytes.length - 2);
  return bytes;
}

function sumOf(bytes: Uint8Array): number {
  let sum = 0;
  for (const byte of bytes) sum = (sum + byte) % 256;
  return sum;
}

/** Every turn of promises that is due is over. */
export const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

export class GdbClient {
  readonly session: GdbSession;
  /** Data of every packet that came, in order; acknowledgements are `+` and `-`. */
  readonly came: string[] = [];
  readonly bugs: unknown[] = [];
  /** What `monitor` was asked. */
  readonly lines: string[] = [];
  /** Times that the session wants the connection to end. */
  closes = 0;

  constructor(target: FakeTarget, options: Partial<GdbSessionOptions> = {}) {
    this.session = new GdbSession({
      target,
      send: (bytes) => this.read(bytes),
      monitor: {
        execute: async (line) => {
          this.lines.push(line);
          return `did ${line}`;
        },
        interrupt: () => {},
      },
      close: () => {
        this.closes++;
      },
      onBug: (error) => this.bugs.push(error),
      ...options,
    });
  }

  send(...packets: string[]): void {
    for (const data of packets) this.session.receive(framed(data));
  }

  /** Ctrl-C. */
  interrupt(): void {
    this.session.receive(Uint8Array.of(3));
  }

  /** Send it, and what came back: one packet, or undefined when none has come yet. */
  async ask(data: string): Promise<string | undefined> {
    const before = this.packets.length;
    this.send(data);
    await settled();
    return this.packets.at(before);
  }

  get packets(): string[] {
    return this.came.filter((item) => item !== '+' && item !== '-');
  }

  /** What came since the last time. */
  take(): string[] {
    return this.came.splice(0).filter((item) => item !== '+' && item !== '-');
  }

  private read(bytes: Uint8Array): void {
    let rest = Buffer.from(bytes).toString('latin1');
    while (rest !== '') {
      if (rest[0] === '+' || rest[0] === '-') {
        this.came.push(rest[0]);
        rest = rest.slice(1);
        continue;
      }
      const end = rest.indexOf('#');
      if (rest[0] !== '$' || end < 0 || rest.length < end + 3) throw new Error(`no packet: ${JSON.stringify(rest)}`);
      const raw = rest.slice(1, end);
      if (Number.parseInt(rest.slice(end + 1, end + 3), 16) !== sumOf(Buffer.from(raw, 'latin1')))
        throw new Error(`checksum of ${raw}`);
      if (/[$*]/.test(raw)) throw new Error(`unescaped: ${raw}`);
      this.came.push(raw.replace(/\}(.)/gs, (_, char: string) => String.fromCharCode(char.charCodeAt(0) ^ 0x20)));
      rest = rest.slice(end + 3);
    }
  }
}

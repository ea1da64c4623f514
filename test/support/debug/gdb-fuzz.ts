// A hostile gdb: packets of every kind, right, wrong and broken, while the guest and others stop and resume it. What is promised: nothing throws, every
// answer is a well-formed packet, a session that is not over answers as soon as the guest stands, and one that is over leaves nothing behind.
import type { Stop } from '../../../src/debug/target.ts';
import { Random } from '../boot/random.ts';
import { FakeTarget } from './fake-target.ts';
import { framed, GdbClient, settled } from './gdb-client.ts';

/** What happened, by name. */
export type FuzzCounts = Map<string, number>;

const STEPS = 60;
/** Steps between two turns of the event loop. */
const TURN = 7;
/** At most so many resumes wait in a session: one in a turn is served. */
const ROUNDS = TURN + 1;

const ADDRESSES = [
  '80000400',
  '80000404',
  '80001000',
  'ffffffff80001000',
  '0',
  'ffffffff',
  '8000fffe',
  '400000',
  'c0008001',
  '100000000',
  '',
  '-1',
];
const NUMBERS = [
  '0',
  '1',
  '2',
  '3',
  '4',
  '8',
  '10',
  '19',
  '25',
  '48',
  'ff',
  '2000',
  'ffff',
  '10001',
  'ffffffff',
  'fffffffffffffffff',
  '',
  'g',
];
const THREADS = ['0', '1', '2', '4', '5', '-1', 'p1.1', 'ffffffffff', ''];
const ACTIONS = ['c', 's', 'C05', 'S05', 't', 'r80000400,80000410', 'r1,1', 'x', 'C', 'r'];
const PLAIN = [
  '?',
  'g',
  'k',
  'D',
  'D;1',
  '!',
  'R00',
  'c',
  's',
  'C05',
  'S05',
  'vCont?',
  'vMustReplyEmpty',
  'vKill;1',
  'vRun;',
  'bc',
  'i',
  'qC',
  'qfThreadInfo',
  'qsThreadInfo',
  'qAttached',
  'qOffsets',
  'qTStatus',
  'qSymbol::',
  'QNonStop:0',
  'QNonStop:1',
  'QStartNoAckMode',
  'qSupported:swbreak+;hwbreak+',
  'qSupported',
];
const ALPHABET = 'gGpPmMxXcCsSHTzZqQvkD?!:;,=-+0123456789abcdef$#}*\x03\x00\xff ';

/** One case: a gdb, its guest and its end. @throws Error a promise was broken; the message says which */
export async function fuzzCase(seed: number, counts: FuzzCounts, sent: (packets: number) => void): Promise<void> {
  const random = new Random(seed);
  const fuzz = new Fuzz(random, counts);
  try {
    for (let step = 0; step < STEPS; step++) {
      fuzz.step();
      if (step % TURN === 0) await settled();
    }
    await fuzz.end();
  } catch (error) {
    throw new Error(`seed ${seed}: ${(error as Error).message}\n  ${fuzz.log.slice(-20).join('\n  ')}`, {
      cause: error,
    });
  } finally {
    sent(fuzz.packets);
  }
}

class Fuzz {
  readonly log: string[] = [];
  packets = 0;
  private readonly random: Random;
  private readonly counts: FuzzCounts;
  private readonly target: FakeTarget;
  private readonly gdb: GdbClient;
  private ending = false;
  private readonly monitors: ((said: string) => void)[] = [];

  constructor(random: Random, counts: FuzzCounts) {
    this.random = random;
    this.counts = counts;
    const target = new FakeTarget({
      architecture: random.pick(['mips', 'arm']),
      endianness: random.pick(['little', 'big']),
      cpus: 1 + random.below(4),
    });
    for (let at = 0; at < 64; at++) target.memory[0x1000 + at] = random.u32();
    if (random.below(2) === 0) void target.resume({ kind: 'continue' });
    target.pausesAtOnce = random.below(4) > 0;
    this.target = target;
    this.gdb = new GdbClient(target, {
      held: random.below(2) === 0,
      monitor: {
        execute: () =>
          random.below(4) === 0 && !this.ending
            ? new Promise((resolve) => this.monitors.push(resolve))
            : Promise.resolve('x'.repeat(random.below(3) === 0 ? 20_000 : 10)),
        interrupt: () => void target.pause(),
      },
    });
  }

  step(): void {
    const what = this.random.below(20);
    if (what < 12) this.send(this.command());
    else if (what < 14) this.send(this.mutated(this.command()));
    else if (what < 15) this.raw(this.noise());
    else if (what < 16) this.raw(this.broken());
    else if (what < 17) this.raw(Buffer.from(this.random.pick(['\x03', '-', '+', '\x03\x03\x03', '$', '#'])));
    else this.act();
  }

  /** gdb goes, in one way or the other, and has to have been answered until then. */
  async end(): Promise<void> {
    this.ending = true;
    this.target.pausesAtOnce = true;
    for (const resolve of this.monitors.splice(0)) resolve('late');
    await settled();
    // What is still in its queue may let the guest go on, and wait for it to stand again.
    for (let round = 0; round < ROUNDS; round++) {
      if (!this.target.stopped) this.target.stop({ kind: 'paused' });
      await settled();
    }
    if (this.gdb.closes === 0) {
      const before = this.gdb.packets.length;
      // Whatever it was cut off in.
      this.raw(Buffer.from('#00'));
      const asked = this.gdb.packets.length;
      this.send('qC');
      await settled();
      const answers = this.gdb.packets.slice(asked);
      if (!/^QC[1-4]$/.test(answers.at(-1) ?? '')) throw new Error(`no answer after ${before} packets: ${answers}`);
    } else this.count('ended by the session');
    this.gdb.session.closed();
    await settled();
    if (this.target.subscribers > 0) throw new Error('it still listens to the guest');
    if (this.target.breakpoints().length > 0) throw new Error('breakpoints are left');
    if (this.gdb.bugs.length > 0) throw new Error(`a bug: ${(this.gdb.bugs[0] as Error).stack}`);
    const said = this.gdb.came.length;
    this.raw(framed('qC'));
    await settled();
    if (this.gdb.came.length !== said) throw new Error('it speaks after its end');
    for (const packet of this.gdb.packets) this.judge(packet);
    this.count('answers', this.gdb.packets.length);
  }

  /** Is it an answer of the protocol? */
  private judge(packet: string): void {
    const known =
      /^(OK|E[0-9a-f]{2}|[TW][0-9a-f]{2}|QC|m|l|b|F|C[0-9a-f]|1$|O([0-9a-f]{2})+$|PacketSize=|vCont;|([0-9a-fx]{2})*$)/s;
    if (!known.test(packet)) throw new Error(`an odd answer: ${JSON.stringify(packet.slice(0, 80))}`);
    this.count(
      `answer ${/^(OK|E..|T..|W|QC|O(?=[0-9a-f]{2})|b|F)/.exec(packet)?.[0] ?? (packet === '' ? 'empty' : 'data')}`,
    );
  }

  private count(name: string, times = 1): void {
    this.counts.set(name, (this.counts.get(name) ?? 0) + times);
  }

  private note(text: string): void {
    this.log.push(text.length > 200 ? `${text.slice(0, 200)}...` : text);
  }

  private send(data: string): void {
    this.raw(framed(data));
    this.packets++;
  }

  private raw(bytes: Uint8Array): void {
    this.note(JSON.stringify(Buffer.from(bytes).toString('latin1')));
    // In one piece, or cut somewhere.
    const cut = this.random.below(3) === 0 ? this.random.below(bytes.length + 1) : 0;
    if (cut > 0) this.gdb.session.receive(bytes.subarray(0, cut));
    this.gdb.session.receive(bytes.subarray(cut));
  }

  /** A packet that breaks off, has a wrong checksum, or is too long. */
  private broken(): Uint8Array {
    const whole = framed(this.command());
    this.packets++;
    const kind = this.random.below(8);
    if (kind === 0) return framed(`m${'0'.repeat(0x1_0000 + this.random.below(100))}`);
    if (kind < 4) return whole.subarray(0, this.random.below(whole.length));
    const copy = Buffer.from(whole);
    copy[this.random.below(copy.length)] = this.random.below(256);
    return copy;
  }

  private noise(): Uint8Array {
    return Buffer.from(Array.from({ length: this.random.below(200) }, () => this.random.below(256)));
  }

  private mutated(data: string): string {
    const chars = [...data];
    for (let times = 1 + this.random.below(3); times > 0; times--) {
      const at = this.random.below(chars.length + 1);
      const char = this.random.pick([...ALPHABET]);
      chars.splice(at, this.random.below(3), ...(this.random.below(2) === 0 ? [char] : [char, char]));
    }
    return chars.join('');
  }

  private hex(bytes: number): string {
    return Array.from({ length: bytes }, () => this.random.below(256).toString(16).padStart(2, '0')).join('');
  }

  private bytecode(): string {
    // Valid ones among others: registers, constants, memory, jumps, arithmetic, an end.
    const pieces = [
      '260004',
      '260022',
      '2201',
      '2400001000',
      '248000100019',
      '02',
      '05',
      '08',
      '09',
      '13',
      '14',
      '0e',
      '200003',
      '210000',
      '28',
      '29',
      '2b',
      '33',
      '3201',
      '1620',
      '17',
      '1a',
      '27',
    ];
    const code =
      Array.from({ length: 1 + this.random.below(8) }, () => this.random.pick(pieces)).join('') +
      this.random.pick(['27', '']);
    return `X${(code.length / 2 + (this.random.below(20) === 0 ? 1 : 0)).toString(16)},${code}`;
  }

  private command(): string {
    const { random } = this;
    const address = random.pick(ADDRESSES);
    const number = random.pick(NUMBERS);
    const data = this.hex(random.below(12));
    switch (random.below(16)) {
      case 0:
        return `m${address},${number}`;
      case 1:
        return `x${address},${number}`;
      case 2:
        return `M${address},${(data.length / 2).toString(16)}:${data}`;
      case 3:
        return `X${address},${random.pick(['0', '1', '4', number])}:${Buffer.from(data, 'hex').toString('latin1')}`;
      case 4:
        return `p${number}`;
      case 5:
        return `P${number}=${random.pick([this.hex(4), this.hex(8), 'xxxxxxxx', data])}`;
      case 6:
        return `G${this.hex(4 * random.below(40))}`;
      case 7:
        return `H${random.pick(['g', 'c', 'x', ''])}${random.pick(THREADS)}`;
      case 8:
        return `T${random.pick(THREADS)}`;
      case 9:
      case 10: {
        const conditions = Array.from({ length: random.below(3) }, () => `;${this.bytecode()}`).join('');
        return `${random.pick(['Z', 'z'])}${random.below(6)},${address},${number}${conditions}`;
      }
      case 11: {
        const actions = Array.from(
          { length: 1 + random.below(3) },
          () => `;${random.pick(ACTIONS)}${random.below(2) === 0 ? '' : `:${random.pick(THREADS)}`}`,
        );
        return `vCont${actions.join('')}`;
      }
      case 12:
        return `qXfer:${random.pick(['features', 'memory-map', 'threads', 'exec-file', 'auxv'])}:read:${random.pick(['', 'target.xml', '1'])}:${number},${random.pick(NUMBERS)}`;
      case 13:
        return random.pick([
          `qRcmd,${data}`,
          `qCRC:${address},${number}`,
          `qThreadExtraInfo,${random.pick(THREADS)}`,
          `c${address}`,
          `s${address}`,
          `C05;${address}`,
        ]);
      case 14:
        return `vFile:${random.pick(['setfs:0', 'open:2f66616b652e656c66,0,0', `open:${data},0,0`, `pread:1,${number},${random.pick(NUMBERS)}`, 'fstat:1', 'close:1', 'close:2', 'unlink:2f', number])}`;
      default:
        return random.pick(PLAIN);
    }
  }

  /** What the guest and others do meanwhile. */
  private act(): void {
    const { random, target } = this;
    const cpu = random.below(target.cpus);
    const { stopped } = target;
    if (stopped?.kind === 'ended') return;
    if (stopped) {
      if (random.below(3) > 0) return;
      this.note('(somebody resumes)');
      void target.resume({ kind: 'continue' });
      return;
    }
    const pc = random.pick([0x8000_0400, 0x8000_0404, 0x8000_1000]);
    const done = random.below(8);
    this.note(`(the guest: ${done})`);
    if (done < 2) target.arrive(cpu, pc);
    else if (done < 4) target.touch(cpu, random.pick(['read', 'write']), pc, 1 << random.below(4));
    else if (done === 4) void target.pause();
    else if (done === 5 && this.monitors.length > 0) this.monitors.shift()!('did');
    else target.stop(this.otherStop(cpu));
  }

  private otherStop(cpu: number): Stop {
    const { random } = this;
    const pc = 0x8000_0400;
    if (random.below(12) === 0) return { kind: 'ended', summary: 'panic', exitCode: random.pick([0, 100, 130, 256]) };
    return random.pick<Stop>([
      { kind: 'step', cpu },
      { kind: 'paused' },
      { kind: 'instructions' },
      { kind: 'breakpoint', id: random.below(10), cpu, pc },
      {
        kind: 'watchpoint',
        id: random.below(10),
        cpu,
        pc,
        access: 'read',
        address: random.u32(),
        physical: 0,
        length: 4,
        value: null,
      },
    ]);
  }
}

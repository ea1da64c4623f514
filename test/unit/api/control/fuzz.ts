// Hostile lines for a control session: random, nearly right, cut anywhere, by clients that leave at any time. What is promised: nothing throws, each line
// has one answer, the VM gets only what was asked for in a whole request, and the next client is served.

import { ConsoleTail } from '../../../../src/api/control/console-tail.ts';
import { CONTROL_VERSION, parseLine, parseRequest } from '../../../../src/api/control/protocol.ts';
import type { SessionHost } from '../../../../src/api/control/session.ts';
import { ControlSession } from '../../../../src/api/control/session.ts';
import { Random } from '../../../support/boot/random.ts';
import { FakeLink, FakeVm } from './fakes.ts';

const REQUESTS = [
  'info',
  'pause',
  'resume',
  'stop',
  'stat',
  'input',
  'sysrq',
  'resize',
  'attach',
  'detach',
  'shell',
  'execute',
  'complete',
  'interrupt',
  'leave',
] as const;
/** What a request wants beside its name. */
const RIGHT: Readonly<Partial<Record<(typeof REQUESTS)[number], Readonly<Record<string, unknown>>>>> = {
  stat: { ms: 5 },
  input: { text: 'ls\r' },
  sysrq: { key: 't' },
  resize: { columns: 80, rows: 24 },
  attach: { recent: 100 },
  execute: { line: 'regs' },
  complete: { line: 'reg', cursor: 2 },
};
const KEYS = [
  'id',
  'request',
  'data',
  'text',
  'key',
  'console',
  'console',
  'columns',
  'rows',
  'recent',
  'folder',
  'line',
  'cursor',
  'reason',
  '__proto__',
  'constructor',
];
const VALUES: readonly ((random: Random) => unknown)[] = [
  (random) => random.below(200),
  (random) => random.pick([-1, 1.5, 1e300, 65535, 65536, 2 ** 53]),
  (random) =>
    random.pick([
      '',
      't',
      'uart1',
      'uart0',
      'continue',
      'regs',
      'quit',
      'throw',
      '/tmp',
      'bHMN',
      '\u0000',
      '\ud800',
      'ä€𝄞',
    ]),
  (random) => 'x'.repeat(random.below(3000)),
  (random) => random.pick([null, true, false]),
  (random) => [random.below(9), { request: 'stop' }],
  () => ({ request: 'stop', toString: null }),
];

/** One line without its newline. */
function hostileLine(random: Random): string {
  const kind = random.below(10);
  if (kind === 0) return noise(random, random.below(80));
  if (kind === 1) return random.pick(['[', '{', '{"a":', '"']).repeat(1 + random.below(2000));
  const fields: Record<string, unknown> = { id: random.below(1000) };
  const request = random.pick(REQUESTS);
  fields.request = random.below(20) === 0 ? noise(random, 8) : request;
  if (random.below(3) > 0) Object.assign(fields, RIGHT[request]);
  for (let n = random.below(4); n > 0; n--) fields[random.pick(KEYS)] = random.pick(VALUES)(random);
  const right = JSON.stringify(fields);
  if (kind > 3) return right;
  // A byte of it is another one, or missing, or there twice.
  const at = random.below(right.length);
  return right.slice(0, at) + random.pick(['', noise(random, 1), right.slice(at, at + 2)]) + right.slice(at + 1);
}

function noise(random: Random, length: number): string {
  return Array.from({ length }, () => String.fromCharCode(random.below(256)))
    .join('')
    .replaceAll('\n', ' ');
}

/** What a line asks for, if it is a request. */
function wanted(line: string): string | null {
  try {
    return parseRequest(parseLine(line)).request;
  } catch {
    return null;
  }
}

export interface FuzzCounts {
  lines: number;
  requests: number;
  refused: number;
  clients: number;
}

/** Send `lines` lines by many clients. Throws with the seed's client that has broken a promise. */
export async function fuzzControl(seed: number, lines: number): Promise<FuzzCounts> {
  const random = new Random(seed);
  const counts: FuzzCounts = { lines: 0, requests: 0, refused: 0, clients: 0 };
  while (counts.lines < lines) {
    const vm = new FakeVm();
    const host: SessionHost = {
      hello: { tsvm: '0', control: CONTROL_VERSION, name: 'vm0' },
      vm: Promise.resolve(vm),
      tails: new Map([['uart0', new ConsoleTail(100)]]),
      turn: async () => {},
      sleep: async () => {
        vm.backlog = 0;
      },
    };
    if (random.below(4) === 0) vm.backlog = 1 << 20;
    counts.clients++;
    try {
      await oneClient(random, host, vm, Math.min(lines - counts.lines, 1 + random.below(40)), counts);
    } catch (error) {
      throw new Error(`client ${counts.clients} of seed ${seed}: ${(error as Error).stack}`);
    }
  }
  return counts;
}

async function oneClient(
  random: Random,
  host: SessionHost,
  vm: FakeVm,
  count: number,
  counts: FuzzCounts,
): Promise<void> {
  const link = new FakeLink();
  const session = new ControlSession(host, link);
  const sent = Array.from({ length: count }, () => hostileLine(random));
  // Some leave before everything is answered, some read nothing.
  const leaves = random.below(5) === 0;
  link.takes = random.below(5) !== 0;
  const all = Buffer.from(`${sent.join('\n')}\n`);
  for (let at = 0; at < all.length; ) {
    const piece = all.subarray(at, at + 1 + random.below(4000));
    at += piece.length;
    session.bytes(piece);
    if (random.below(3) === 0) vm.says('output\n', random.pick(['uart0', 'uart1']));
    if (leaves && random.below(3) === 0) break;
    await new Promise((resolve) => process.nextTick(resolve));
  }
  if (leaves) session.closed();
  else await settled(session, link, vm);
  counts.lines += count;
  const stops = sent.filter((line) => wanted(line) === 'stop').length;
  promise(vm.stops.length <= stops, `${vm.stops.length} stops for ${stops} requests`);
  if (!leaves) {
    const asked = sent.filter((line) => line.trim() !== '');
    const replies = link.sent
      .filter((text) => text !== '\n')
      .map((text) => JSON.parse(text) as Record<string, unknown>)
      .filter(({ ok }) => ok !== undefined);
    promise(replies.length === asked.length, `${replies.length} answers for ${asked.length} lines`);
    promise(vm.stops.length === stops, `${vm.stops.length} stops for ${stops} requests`);
    counts.requests += replies.filter(({ ok }) => ok === true).length;
    counts.refused += replies.filter(({ ok }) => ok === false).length;
    session.closed();
  }
  await new Promise(setImmediate);
  promise(vm.watchers + vm.watchersOf('uart1') === 0, 'somebody who has left watches the console');
  promise(
    vm.shells.every(({ closed }) => closed),
    'a shell is open whose client has left',
  );
}

/** Everything that was sent is answered. */
async function settled(session: ControlSession, link: FakeLink, vm: FakeVm): Promise<void> {
  for (let before = -1; link.sent.length !== before; ) {
    before = link.sent.length;
    for (let turn = 0; turn < 3; turn++) {
      link.readAll();
      for (const shell of vm.shells) shell.interrupt();
      await new Promise(setImmediate);
    }
  }
  session.ended();
}

function promise(holds: boolean, what: string): void {
  if (!holds) throw new Error(what);
}

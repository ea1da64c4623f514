// Commands that look at where the vCPUs stand: disassemble, bt, cpus, cpu, print, symbol.
import { hex } from '../../../util/bits.ts';
import { TsvmError } from '../../../util/errors.ts';
import { grouped, printable } from '../../../util/format.ts';
import type { ShellCommand } from '../command.ts';
import { completePlace } from '../completion.ts';
import { listing } from '../listing.ts';
import { standsAt } from '../stops.ts';
import { moment, table } from '../text.ts';
import { escaped } from '../words.ts';

const DEFAULT_COUNT = 8;
const MOST_INSTRUCTIONS = 10_000;

const disassembleCommand: ShellCommand = {
  name: 'disassemble',
  aliases: ['dis', 'disasm', 'l', 'list'],
  family: 'looking',
  usage: 'disassemble [PLACE] [COUNT] [arm|thumb]',
  summary: 'show instructions, with symbols',
  help: [
    '=> is where the selected vCPU stands, * a breakpoint. arm, thumb: which instruction set of an ARM; else the one that the vCPU is in.',
    'An empty line goes on.',
  ],
  examples: ['disassemble', 'disassemble start_kernel 20', 'disassemble $ra-8 4'],
  complete: (session, before, word) => (before.length === 0 ? completePlace(session, word) : []),
  run(session, args) {
    const word = args.next === 'arm' || args.next === 'thumb' ? undefined : args.take();
    const place = word === undefined ? null : session.evaluate(word);
    if (place?.space === 'physical') throw args.refuse('instructions are read at virtual addresses only');
    const count = /^\d/.test(args.next ?? '') ? args.count('a count', 0, MOST_INSTRUCTIONS) : DEFAULT_COUNT;
    const set = args.takeIf('arm', 'thumb');
    args.done();
    const thumb = set === undefined ? session.inThumb : set === 'thumb';
    const address = session.addressOf(place === null ? session.pc : place.address);
    const from = thumb ? (address | 1) >>> 0 : address;
    const lines = listing(session, from, count);
    const last = session.instructions(from, count).at(-1);
    if (!last)
      throw new TsvmError('usage', `no memory can be read at ${session.named(address)}`, {
        next: `walk ${hex(address)} fetch`,
      });
    session.repeat = `disassemble ${hex((last.address + last.size) >>> 0)} ${count}${thumb ? ' thumb' : ''}`;
    return lines;
  },
};

const ENDS = { user: 'user mode called this', start: '', lost: 'no caller is known' } as const;
const IN_USER_MODE = 'a user program: its callers are not followed';

const btCommand: ShellCommand = {
  name: 'bt',
  aliases: ['backtrace', 'where', 'stack'],
  family: 'looking',
  usage: 'bt',
  summary: 'who called the function in which the selected vCPU stands',
  examples: ['bt'],
  run(session, args) {
    args.done();
    const { target, selected } = session;
    const { addresses, end } = target.backtrace(selected);
    // Kernels' calls are followed; in user mode there is the pc alone.
    const frames = (addresses.length === 0 ? [session.pc] : addresses).map(
      (address, i) => `#${String(i).padEnd(3)} ${session.named(session.addressOf(address))}`,
    );
    const why = target.view.inUserMode(session.cpu) ? IN_USER_MODE : ENDS[end];
    return why === '' ? frames : [...frames, `     ${why}`];
  },
};

const cpusCommand: ShellCommand = {
  name: 'cpus',
  aliases: ['threads'],
  family: 'looking',
  usage: 'cpus',
  summary: 'where each vCPU stands, and in which mode',
  examples: ['cpus'],
  run(session, args) {
    args.done();
    const { target } = session;
    const rows = Array.from({ length: target.cpus }, (_, id) => {
      const cpu = target.cpu(id);
      const pc = session.addressOf(target.view.pc(cpu));
      return [
        `${id === session.selected ? '*' : ' '} cpu${id}`,
        hex(pc),
        session.symbolize(pc) ?? '-',
        target.view.mode(cpu),
      ];
    });
    return [moment(target, null), ...table(rows)];
  },
};

const cpuCommand: ShellCommand = {
  name: 'cpu',
  aliases: ['thread'],
  family: 'looking',
  usage: 'cpu [N]',
  summary: 'say which vCPU is looked at, or choose one',
  examples: ['cpu 1'],
  complete: (session) => Array.from({ length: session.target.cpus }, (_, id) => String(id)),
  run(session, args) {
    const word = args.take();
    args.done();
    if (word !== undefined)
      session.selected = args.number(word.replace(/^cpu/, ''), 'a cpu', 0, session.target.cpus - 1);
    return [`cpu${session.selected}, ${session.target.view.mode(session.cpu)}`, ...standsAt(session)];
  },
};

const SIGN = 0x8000_0000;
const RADIXES: Readonly<Record<string, (value: number) => string>> = {
  x: (value) => hex(value, 1),
  u: String,
  d: (value) => String(value | 0),
  t: (value) => `0b${value.toString(2)}`,
  o: (value) => `0${value.toString(8)}`,
  c: (value) => `'${escaped(Uint8Array.of(value))}'`,
  a: hex,
};

const printCommand: ShellCommand = {
  name: 'print',
  aliases: ['p', 'output', 'call'],
  family: 'looking',
  usage: 'print[/x|d|u|t|o|c|a] EXPR',
  summary: 'compute an expression',
  help: [
    'Numbers are unsigned and of 32 bits, with the operators of C. Symbols are their addresses; $a0, $cp0.status, $status.ie are registers and fields;',
    '*ADDR is the word there, *h:ADDR and *b:ADDR the halfword and the byte; phys:ADDR is a physical address.',
  ],
  examples: ['print $sp + 16', 'print *jiffies', 'print/d *h:($a0 + 2)', 'print *phys:0x400 & 0xff'],
  complete: (session, _before, word) => completePlace(session, word),
  run(session, args) {
    const { format } = args;
    const { address: value, space } = session.evaluate(args.rest());
    const radix = RADIXES[format];
    if (radix) return [radix(value)];
    if (format !== '') throw args.refuse(`/${printable(format)} is no format`);
    const signed = value >= SIGN ? ` (${grouped(value)}, -${grouped(0x1_0000_0000 - value)})` : ` (${grouped(value)})`;
    const symbol = session.symbolize(value);
    const suffix = space === 'physical' ? '  physical' : symbol === null ? '' : `  ${symbol}`;
    return [`${hex(value)}${signed}${suffix}`];
  },
};

const symbolCommand: ShellCommand = {
  name: 'symbol',
  aliases: ['sym', 'address'],
  family: 'looking',
  usage: 'symbol ADDR | NAME',
  summary: 'what is at an address: symbol, physical address, RAM or device',
  examples: ['symbol 0x80101230', 'symbol jiffies'],
  complete: (session, _before, word) => completePlace(session, word),
  run(session, args) {
    const { target } = session;
    const place = session.evaluate(args.rest());
    const physical =
      place.space === 'physical' ? place.address : target.physical(session.selected, place.address, 'read');
    const range = target
      .memoryMap()
      .find(({ base, size }) => physical !== null && physical >= base && physical - base < size);
    const lines = [place.space === 'virtual' ? session.named(place.address) : `physical ${hex(place.address)}`];
    if (physical === null) return [...lines, '  leads nowhere now'];
    const inside = range ? `${printable(range.name)}+${hex(physical - range.base, 1)}` : 'nothing is there';
    return [...lines, `  physical ${hex(physical)}, ${inside}`];
  },
};

export const lookingCommands: readonly ShellCommand[] = [
  disassembleCommand,
  btCommand,
  cpusCommand,
  cpuCommand,
  printCommand,
  symbolCommand,
];

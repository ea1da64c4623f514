// Commands for registers: regs shows and sets them, set is gdb's.
import type { RegisterDescription } from '../../../cpu/isa/debug-view.ts';
import { TsvmError } from '../../../util/errors.ts';
import type { Arguments, ShellCommand } from '../command.ts';
import { completePlace, completeRegister } from '../completion.ts';
import type { ShellSession } from '../session.ts';
import { bytesOf, digits, table } from '../text.ts';

/** Registers without fields, side by side. */
const COLUMNS: Readonly<Record<RegisterDescription['bits'], number>> = { 32: 4, 64: 2 };

type Field = NonNullable<RegisterDescription['fields']>[number];

const fieldValue = (value: bigint, { high, low }: Field): bigint =>
  BigInt.asUintN(high - low + 1, value >> BigInt(low));

/** `EXL IM=0x3c`: the fields that are not 0. */
function fieldsText(register: RegisterDescription, value: bigint): string {
  const set = (register.fields ?? []).filter((field) => fieldValue(value, field) !== 0n);
  return set
    .map((field) =>
      field.high === field.low ? field.name : `${field.name}=0x${fieldValue(value, field).toString(16)}`,
    )
    .join(' ');
}

/** Registers of one group: those with fields one a line, others side by side. */
function groupLines(session: ShellSession, registers: readonly RegisterDescription[]): string[] {
  const { view } = session.target;
  const { cpu } = session;
  const value = (register: RegisterDescription): bigint => view.read(cpu, register);
  const plain = registers.filter(({ fields }) => fields === undefined);
  const withFields = registers.filter(({ fields }) => fields !== undefined);
  const columns = plain.some(({ bits }) => bits === 64) ? COLUMNS[64] : COLUMNS[32];
  const rows: string[][] = [];
  for (const [i, register] of plain.entries()) {
    if (i % columns === 0) rows.push([]);
    rows.at(-1)!.push(register.name, digits(value(register), register.bits));
  }
  const decoded = withFields.map((register) => [
    register.name,
    digits(value(register), register.bits),
    fieldsText(register, value(register)),
  ]);
  return [...table(rows), ...table(decoded)];
}

/** One register: its value, its symbol, and all of its fields a line each. */
function registerLines(session: ShellSession, register: RegisterDescription): string[] {
  const value = session.target.view.read(session.cpu, register);
  const symbol = register.bits === 32 ? session.symbolize(Number(value)) : null;
  const fields = (register.fields ?? []).map((field) => {
    const bits = field.high === field.low ? `[${field.low}]` : `[${field.high}:${field.low}]`;
    return [`  ${bits}`, field.name, `0x${fieldValue(value, field).toString(16)}`];
  });
  return [
    `${register.name}  0x${digits(value, register.bits)}${symbol === null ? '' : `  ${symbol}`}`,
    ...table(fields),
  ];
}

/** A number of up to 64 bits as it is, else an expression. */
function wideValue(session: ShellSession, text: string): bigint {
  return /^(0x[0-9a-f]+|\d+)$/i.test(text) ? BigInt(text) : BigInt(session.evaluate(text).address);
}

/** `a0 = 5`, `status.exl = 0`; returns what the register is then. */
function assign(session: ShellSession, name: string, text: string): string[] {
  const { target, cpu, selected } = session;
  const plain = name.replace(/^\$/, '');
  const value = wideValue(session, text.trim());
  const whole = target.view.find(cpu, plain);
  const dot = plain.lastIndexOf('.');
  if (whole || dot < 0) {
    const register = whole ?? session.register(plain);
    if (value >> BigInt(register.bits) !== 0n)
      throw new TsvmError('usage', `${register.name} has ${register.bits} bits, and 0x${value.toString(16)} has more`);
    target.writeRegister(selected, register.name, value);
    return [`${register.name} = 0x${digits(target.view.read(session.cpu, register), register.bits)}`];
  }
  const register = session.register(plain.slice(0, dot));
  const wanted = plain.slice(dot + 1).toLowerCase();
  const field = register.fields?.find((candidate) => candidate.name.toLowerCase() === wanted);
  if (!field)
    throw new TsvmError('usage', `${register.name} has no field of that name`, { next: `regs ${register.name}` });
  const width = BigInt(field.high - field.low + 1);
  if (value >> width !== 0n) throw new TsvmError('usage', `${register.name}.${field.name} has ${width} bits`);
  const old = target.view.read(cpu, register);
  const mask = ((1n << width) - 1n) << BigInt(field.low);
  target.writeRegister(selected, register.name, (old & ~mask) | (value << BigInt(field.low)));
  const now = target.view.read(session.cpu, register);
  return [`${register.name} = 0x${digits(now, register.bits)}  ${fieldsText(register, now)}`.trimEnd()];
}

function shown(session: ShellSession, word: string | undefined): string[] {
  const { view } = session.target;
  const all = view.registers(session.cpu);
  const ofGroup = (name: string): RegisterDescription[] => all.filter(({ group }) => group === name);
  if (word === undefined) return groupLines(session, ofGroup(view.groups[0]?.name ?? ''));
  if (word === 'groups') return table(view.groups.map(({ name, summary }) => [name, summary]));
  if (word === 'all')
    return view.groups.flatMap(({ name, summary }) => [`${name}: ${summary}`, ...groupLines(session, ofGroup(name))]);
  // A register comes before a group of its name.
  const register = view.find(session.cpu, word);
  if (!register && view.groups.some(({ name }) => name === word)) return groupLines(session, ofGroup(word));
  return registerLines(session, register ?? session.register(word));
}

const regsCommand: ShellCommand = {
  name: 'regs',
  aliases: ['registers', 'reg'],
  family: 'looking',
  usage: 'regs [GROUP | NAME | NAME=VALUE]... | all | groups',
  summary: 'show registers of the selected vCPU, or set them',
  help: [
    'Without a name the general ones. Registers with fields show those that are not 0; NAME alone shows each of them. `regs groups` lists the groups.',
    'What is set is in the journal, as the guest will see it.',
  ],
  examples: ['regs', 'regs cp0', 'regs status epc', 'regs a0=0x10', 'regs all'],
  complete: (session, _before, word) => [
    ...['all', 'groups', ...session.target.view.groups.map(({ name }) => name)],
    ...completeRegister(session, word),
  ],
  run(session, args) {
    if (args.next === undefined) return shown(session, undefined);
    const lines: string[] = [];
    for (let word = args.take(); word !== undefined; word = args.take()) {
      const [, name, value] = /^([^=]+)=(.+)$/.exec(word) ?? [];
      lines.push(...(name !== undefined && value !== undefined ? assign(session, name, value) : shown(session, word)));
    }
    return lines;
  },
};

const LOAD = /^\*(?:([bhw]):)?/;
const SIZES: Readonly<Record<string, number>> = { b: 1, h: 2, w: 4 };

/** `left = right` at the first `=` that is no comparison. */
function assignment(args: Arguments): readonly [string, string] {
  const text = args.rest();
  const at = /(?<![=!<>])=(?!=)/.exec(text)?.index;
  if (at === undefined) throw args.refuse('there is no =');
  return [text.slice(0, at).trim(), text.slice(at + 1).trim()];
}

const setCommand: ShellCommand = {
  name: 'set',
  family: 'looking',
  usage: 'set $NAME = VALUE | set $NAME.FIELD = VALUE | set *[b:|h:|w:]ADDR = VALUE',
  summary: 'set a register, a field of one, or memory',
  examples: ['set $a0 = 0', 'set $status.ie = 0', 'set *jiffies = 0', 'set *b:phys:0x1000 = 0xff'],
  needs: 'standing',
  complete: (session, before, word) => (before.length === 0 ? completePlace(session, word) : []),
  run(session, args) {
    args.takeIf('var');
    const [left, right] = assignment(args);
    const load = LOAD.exec(left);
    if (!load) return assign(session, left, right);
    const size = SIZES[load[1] ?? 'w']!;
    const place = session.evaluate(left.slice(load[0].length));
    session.write(place, bytesOf(session.evaluate(right).address, size, session.target.endianness));
    return [`wrote ${size} byte${size === 1 ? '' : 's'} at ${session.placeText(place)}`];
  },
};

export const registerCommands: readonly ShellCommand[] = [regsCommand, setCommand];

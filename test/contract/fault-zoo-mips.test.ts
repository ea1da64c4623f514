// Guests that have gone wrong in a known way (guests/fault-zoo), looked at by the debugger when they have ended: it says which exception it was, where,
// and why; and the debug shell says that of them, unasked for which.
import { join, resolve } from 'node:path';
import { describe, expect, it } from 'vitest';
import { startVm } from '../../src/api/index.ts';
import type { ExplainContext } from '../../src/cpu/isa/debug-view.ts';
import { DebugShell } from '../../src/debug/shell/shell.ts';
import type { DebugTarget } from '../../src/debug/target.ts';
import { hex } from '../../src/util/bits.ts';
import { mipsFaults, type ZooFault, type ZooMachine } from '../support/fault-zoo/mips.ts';

const BIN = resolve(import.meta.dirname, '../../guests/bin');

function contextOf(target: DebugTarget): ExplainContext {
  const listed = (pc: number) => target.disassemble(0, pc, 1)[0];
  return {
    instruction: (pc) => listed(pc)?.text ?? null,
    word: (pc) => listed(pc)?.word ?? null,
    symbolize: (address) => {
      const symbol = target.symbols.lookup(address);
      if (!symbol) return null;
      return symbol.offset === 0 ? symbol.name : `${symbol.name}+${hex(symbol.offset, 1)}`;
    },
  };
}

function shellOf(target: DebugTarget): DebugShell {
  const refuse = (): never => {
    throw new Error('no files here');
  };
  return new DebugShell(target, { files: { read: refuse, write: refuse } });
}

async function ended(elf: string, number: number) {
  let console = '';
  const vm = await startVm({
    kernel: join(BIN, elf),
    params: `fault=${number}`,
    onConsole: (bytes) => {
      console += Buffer.from(bytes).toString('latin1');
    },
  });
  const { exitCode } = await vm.wait();
  return { console, exitCode, target: await vm.debugTarget() };
}

function addressOf({ symbols }: DebugTarget, address: NonNullable<ZooFault['address']>): number {
  return typeof address === 'number' ? address : symbols.find(address[0])! + address[1];
}

const machines: readonly (readonly [string, ZooMachine])[] = [
  ['fault-zoo-te-el.elf', 'te'],
  ['fault-zoo-te-eb.elf', 'te'],
  ['fault-zoo-malta-el.elf', 'malta'],
  ['fault-zoo-malta-eb.elf', 'malta'],
];

describe.each(machines)('%s', (elf, machine) => {
  it.each(mipsFaults(machine))('$number $name', async ({ number, name, exitCode = 103, ...expected }) => {
    const run = await ended(elf, number);
    expect(run.console).toMatch(new RegExp(`^fault-zoo: ${number} ${name}\r?$`, 'm'));
    expect(run.exitCode).toBe(exitCode);
    const { target } = run;
    const { view } = target;
    const cpu = target.cpu(0);
    const exceptions = cpu.exceptions();
    const latest = exceptions[0]!;
    expect(exceptions.findIndex((exception) => view.isFault(exception))).toBe(0);
    expect(view.exceptionName(latest)).toBe(expected.exception);
    expect(target.symbols.lookup(latest.pc)?.name ?? null).toBe(expected.in);
    if (expected.address !== null) expect(hex(latest.address)).toBe(hex(addressOf(target, expected.address)));

    const { title, lines } = view.explain(cpu, latest, true, contextOf(target));
    const text = [title, ...lines].join('\n');
    expect(title.startsWith(expected.exception)).toBe(true);
    for (const words of expected.says) expect(text).toContain(words);

    const why = await shellOf(target).execute('why');
    expect(why.ok).toBe(true);
    for (const line of [title, ...lines]) expect(why.output).toContain(line);

    // Looked at later, after other exceptions, it has less to say, and nothing to fail by.
    expect(view.explain(cpu, latest, false, contextOf(target)).title.startsWith(expected.exception)).toBe(true);
  });

  it('has every fault of the guest in the list', async () => {
    const { console } = await ended(elf, 0);
    const list = console.split(/\r?\n/).filter((line) => /^\d+ \w+$/.test(line));
    const known = mipsFaults(machine).map(({ number, name }) => `${number} ${name}`);
    expect(list).toEqual(expect.arrayContaining(known));
    expect(list.length - known.length).toBe(machine === 'te' ? 1 : 0);
  });
});

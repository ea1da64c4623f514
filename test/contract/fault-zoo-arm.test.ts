// The fault zoo on ARM: the guest makes a fault of known cause, its handler spins, and the debugger's view of the ended run names the cause.
import { resolve } from 'node:path';
import { describe, expect, it } from 'vitest';
import { startVm } from '../../src/api/index.ts';
import type { TakenException } from '../../src/cpu/isa/debug-view.ts';
import { DebugShell } from '../../src/debug/shell/shell.ts';
import type { DebugTarget } from '../../src/debug/target.ts';
import { ARM_FAULTS, type ArmFault } from '../support/fault-zoo/arm.ts';

const KERNEL = resolve(import.meta.dirname, '../../guests/bin/fault-zoo-arm.elf');

async function ended({ number, boot }: ArmFault, engine: 'interpreter' | 'regions'): Promise<DebugTarget> {
  const vm = await startVm({ kernel: KERNEL, params: `fault=${number}`, boot, engine, memory: '64M' });
  const verdict = await vm.wait();
  expect(verdict.kind).toBe('hang');
  return vm.debugTarget();
}

function shellOf(target: DebugTarget): DebugShell {
  const refuse = (): never => {
    throw new Error('no files here');
  };
  return new DebugShell(target, { files: { read: refuse, write: refuse } });
}

function why(target: DebugTarget, exception: TakenException) {
  const listed = (pc: number) => target.disassemble(0, pc, 1)[0];
  return target.view.explain(target.cpu(0), exception, true, {
    instruction: (pc) => listed(pc)?.text ?? null,
    word: (pc) => listed(pc)?.word ?? null,
    symbolize: (address) => {
      const found = target.symbols.lookup(address);
      if (!found) return null;
      return found.offset === 0 ? found.name : `${found.name}+0x${found.offset.toString(16)}`;
    },
  });
}

describe('why, of an ARM guest', () => {
  it.each(ARM_FAULTS.map((fault) => [fault.number, fault.name, fault] as const))(
    'names fault %i: %s',
    async (_, __, fault) => {
      const target = await ended(fault, fault.number % 2 === 0 ? 'regions' : 'interpreter');
      const exceptions = target.cpu(0).exceptions();
      expect(exceptions).toHaveLength(1);
      const [exception] = exceptions as [TakenException];
      const { view } = target;
      expect(view.isFault(exception)).toBe(true);
      expect(view.exceptionName(exception)).toBe(fault.exception);
      if (!fault.exception.includes('prefetch'))
        expect(target.symbols.lookup((exception.pc & ~1) >>> 0)?.name).toBe(`fault_${fault.number}`);
      if (fault.address !== null) expect(exception.address).toBe(fault.address);
      const { title, lines } = why(target, exception);
      const text = lines.join('\n');
      if (fault.address !== null) expect(title).toContain(`0x${fault.address.toString(16).padStart(8, '0')}`);
      for (const words of fault.words) expect(text).toContain(words);
      expect(text).toContain('likely: ');

      const { ok, output } = await shellOf(target).execute('why');
      expect(ok).toBe(true);
      for (const line of [title, ...lines.slice(1)]) expect(output).toContain(line);
    },
  );

  it('knows every fault that the guest has', () => {
    expect(ARM_FAULTS.map(({ number }) => number)).toEqual(Array.from({ length: 46 }, (_, n) => n + 1));
  });
});

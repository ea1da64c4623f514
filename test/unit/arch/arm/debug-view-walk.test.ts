// The debugger's walk against the generated MMU: random tables, registers and addresses; and what its steps say.
import { describe, expect, it } from 'vitest';
import { walk, walkAs } from '../../../../src/arch/arm/debug-view/walk.ts';
import { BANKS } from '../../../../src/arch/arm/registers.ts';
import { createTranslation, readTranslation, Translated } from '../../../../src/cpu/isa/architecture.ts';
import type { DebuggedCpu, DebugTranslation } from '../../../../src/cpu/isa/debug-view.ts';
import { layOutBanks } from '../../../../src/cpu/isa/register-file.ts';
import { debuggedCpu } from '../../../support/arm/debugged.ts';
import { type MmuModule, STATE_BASE } from '../../../support/arm/mmu-module.ts';
import { random, someAddress, trials } from '../../../support/arm/mmu-worlds.ts';
import { MASKED, SystemMachine, USR } from './system-machine.ts';

const ACCESSES = ['read', 'write', 'fetch'] as const;
const AS_USER = 4;

/** A vCPU whose banks and memory are the module's. */
function cpuOf(module: MmuModule): DebuggedCpu {
  const { banks } = layOutBanks(BANKS, STATE_BASE);
  const state = module.state();
  return {
    id: 0,
    oneReg: () => undefined,
    bank: (name, index) => state[banks[name]!.offset / 4 + index]! >>> 0,
    translate: (address, access, asUser = false): DebugTranslation => {
      const word = module.translate(address, ACCESSES.indexOf(access) | (asUser ? AS_USER : 0));
      const { outcome, physical, trap } = readTranslation(word, address, createTranslation());
      return outcome === Translated.FAULT ? { outcome: 'fault', trap } : { outcome: 'physical', physical };
    },
    physicalWord: (address) => {
      const word = module.read(BigInt(address), 4);
      return word === undefined ? undefined : Number(word);
    },
    exceptions: () => [],
  };
}

describe('a walk', () => {
  it('ends where the translation does', () => {
    const seen = new Map<string, number>();
    const count = (name: string): void => void seen.set(name, (seen.get(name) ?? 0) + 1);
    trials(60, 30, (module, _, registers) => {
      const cpu = cpuOf(module);
      for (let i = 0; i < 8; i++) {
        const address = someAddress();
        const access = ACCESSES[random.below(3)]!;
        const asUser = random.below(5) === 0;
        const { steps, translation, fault } = asUser
          ? walkAs(cpu, address, access, registers.mode, true)
          : walk(cpu, address, access);
        const expected = cpu.translate(address, access, asUser);
        if (JSON.stringify(translation) !== JSON.stringify(expected))
          expect.fail(JSON.stringify({ address, access, asUser, translation, expected, steps, fault }, null, 1));
        expect(fault === undefined).toBe(translation.outcome === 'physical');
        expect(steps.length).toBeGreaterThan(1);
        count(fault?.replace(/[:(].*/, '').trim() ?? 'physical');
      }
    });
    for (const name of KINDS) expect(seen.get(name) ?? 0, name).toBeGreaterThan(0);
  });
});

const LEVELS = [1, 2, 3].flatMap((level) =>
  ['', 'stage 2 '].flatMap((stage) =>
    ['translation fault', 'access flag fault', 'permission fault', 'external abort on walk'].map(
      (kind) => `${stage}${kind}, level ${level}`,
    ),
  ),
);
const KINDS = ['physical', 'external abort', 'domain fault, level 1', 'domain fault, level 2', ...LEVELS];

describe('the steps of a walk', () => {
  const said = (cpu: DebuggedCpu, address: number, access: 'read' | 'write' | 'fetch'): string[] =>
    walk(cpu, address, access).steps.map(({ what, text }) => `${what}: ${text}`);
  const TABLES = 0x10000;

  it('are one where the MMU is off', () => {
    const cpu = debuggedCpu(new SystemMachine('svc').at(0, MASKED.SVC));
    expect(said(cpu, 0x1234, 'read')).toEqual([
      'regime: PL1&0, PL1 (svc read)',
      'stage 1: MMU off (SCTLR.M=0): the address itself',
    ]);
  });

  it('are tables of both stages, with where those of the first are', () => {
    const machine = new SystemMachine('hyp').at(0, USR);
    machine.code(TABLES, [TABLES + 0x4001, 0xc02]).code(TABLES + 0x4000, [0x5000 | 0x3e]);
    machine.code(0x20000, [0x21003, 0]).code(0x21000, [0x7fd, 0]);
    machine.setCp15(0, 2, 0, 0, TABLES).setCp15(0, 3, 0, 0, 1).setCp15(0, 1, 0, 0, 0x00c50079);
    machine.setCp15Pair(6, 2, 0x20000n).setCp15(4, 2, 1, 2, 0x80000040).setCp15(4, 1, 1, 0, 1);
    expect(said(debuggedCpu(machine), 0x678, 'write')).toEqual([
      'regime: PL1&0, PL0 (usr write)',
      'stage 1: short descriptors, TTBR0 0x00010000',
      'table stage 2: IPA 0x00010000, T0SZ=0, SL0=1: VTTBR 0x00020000',
      'table stage 2 level 1: 0x00020000: 0x00000000_00021003 table 0x00021000',
      `table stage 2 level 2: 0x00021000: 0x00000000_000007fd block of 2 MiB at 0x00000000, ${MEMORY}`,
      'level 1: 0x00010000: 0x00014001 table 0x00014000, domain 0 (client)',
      'table stage 2: IPA 0x00014000, T0SZ=0, SL0=1: VTTBR 0x00020000',
      'table stage 2 level 1: 0x00020000: 0x00000000_00021003 table 0x00021000',
      `table stage 2 level 2: 0x00021000: 0x00000000_000007fd block of 2 MiB at 0x00000000, ${MEMORY}`,
      'level 2: 0x00014000: 0x0000503e small page of 4 KiB at 0x00005000, domain 0 (client), AP=011 (PL1 rw, PL0 rw), ' +
        'normal write-back, no write-allocate',
      'stage 2: IPA 0x00005000, T0SZ=0, SL0=1: VTTBR 0x00020000',
      'stage 2 level 1: 0x00020000: 0x00000000_00021003 table 0x00021000',
      `stage 2 level 2: 0x00021000: 0x00000000_000007fd block of 2 MiB at 0x00000000, ${MEMORY}`,
    ]);
  });
});

const MEMORY = 'HAP=11 (rw), AF=1, normal write-back, inner shareable';

import { describe, expect, it } from 'vitest';
import { mips32 } from '../../../src/arch/mips/index.ts';
import { mipsParavirt } from '../../../src/boards/mips-paravirt.ts';
import { parseElf } from '../../../src/boot/elf.ts';
import { OnceLog, silentLog } from '../../../src/util/log.ts';
import { composeMachine } from '../../../src/vmm/compose.ts';
import { parseVmConfig } from '../../../src/vmm/config.ts';
import { createEmulatedVm } from '../../../src/vmm/emulated-vm.ts';
import { OutputQueue } from '../../../src/vmm/output-queue.ts';
import { Vm } from '../../../src/vmm/vm.ts';
import type { VmOptions } from '../../../src/vmm/vm-options.ts';
import { makeElf } from '../../support/boot/make-elf.ts';
import { FakeHost, NO_KERNEL } from '../../support/vmm/fake-machine.ts';

const ENTRY = 0x40100000;
const [V0, A0, A1, T0, T1, T2] = [2, 4, 5, 8, 9, 10];
const NOP = 0;
const WAIT = 0x42000020;
const HYPCALL = 0x42000028;
const SPIN = [0x1000ffff, NOP];
const lui = (rt: number, value: number) => ((0x0f << 26) | (rt << 16) | value) >>> 0;
const ori = (rt: number, rs: number, value: number) => ((0x0d << 26) | (rs << 21) | (rt << 16) | value) >>> 0;
const li = (rt: number, value: number) => [lui(rt, value >>> 16), ori(rt, rt, value & 0xffff)];
const addiu = (rt: number, rs: number, value: number) =>
  ((0x09 << 26) | (rs << 21) | (rt << 16) | (value & 0xffff)) >>> 0;
const bne = (rs: number, rt: number, words: number) =>
  ((0x05 << 26) | (rs << 21) | (rt << 16) | (words & 0xffff)) >>> 0;
const beq = (rs: number, rt: number, words: number) =>
  ((0x04 << 26) | (rs << 21) | (rt << 16) | (words & 0xffff)) >>> 0;
const lw = (rt: number, rs: number, offset: number) => ((0x23 << 26) | (rs << 21) | (rt << 16) | offset) >>> 0;
const sw = (rt: number, rs: number, offset: number) => ((0x2b << 26) | (rs << 21) | (rt << 16) | offset) >>> 0;
const mfc0 = (rt: number, rd: number, sel = 0) => ((0x10 << 26) | (rt << 16) | (rd << 11) | sel) >>> 0;
const andi = (rt: number, rs: number, value: number) => ((0x0c << 26) | (rs << 21) | (rt << 16) | value) >>> 0;
const exit = (code: number) => [...li(A0, code), ...li(A1, 0x7473766d), ori(V0, 0, 7), HYPCALL];

/** Run these words from the entry on the emulated core. */
async function run(words: readonly number[], cpus = 1, options: Partial<VmOptions> = {}, msPerLook = 0.5) {
  const code = new Uint8Array(words.length * 4);
  const view = new DataView(code.buffer);
  for (const [i, word] of words.entries()) view.setUint32(i * 4, word, true);
  const segments = [{ vaddr: BigInt(ENTRY), data: code }];
  const elf = { class: 32, order: 'little', machine: 8, flags: 0x70001001, entry: BigInt(ENTRY), segments } as const;
  const image = await parseElf(makeElf({ ...elf, segments: [...segments] }).bytes);
  const output = new OutputQueue();
  const log = new OnceLog(silentLog);
  const machine = composeMachine({
    architecture: mips32,
    board: mipsParavirt,
    as: mipsParavirt.images[0]!,
    transport: 'mmio',
    config: parseVmConfig({ kernel: 'words', memory: '4M', cpus }),
    image: { kind: 'elf', elf: image },
    initrd: null,
    createVm: createEmulatedVm,
    consoleOutput: output,
    disks: [],
    log,
  });
  const host = new FakeHost();
  host.msPerLook = () => msPerLook;
  const vm = new Vm({
    machine,
    host,
    log,
    seed: 1,
    limit: 10e9,
    timeout: null,
    debugMmio: false,
    pull: null,
    sourceOpen: false,
    driven: false,
    stopAtStart: false,
    waitNote: null,
    replay: null,
    identity: '',
    output,
    ...NO_KERNEL,
    onConsole: () => {},
    onInputRoom: () => {},
    ...options,
  });
  const { kind, exitCode, summary, instructions, guestTimeNs, stateHash } = await vm.start();
  return { kind, exitCode, summary, instructions, guestTimeNs, stateHash };
}

describe('on the emulated core', () => {
  it('a guest ends with its exit code', async () => {
    expect(await run(exit(42))).toMatchObject({ kind: 'guest-exit', exitCode: 42 });
  });

  it('WAIT with nothing armed is a hang, proven at once', async () => {
    expect(await run([WAIT, ...SPIN])).toMatchObject({ kind: 'hang', instructions: 1 });
  });

  it('a branch to itself with interrupts off is a hang, proven at once', async () => {
    const verdict = await run([NOP, ...SPIN]);
    expect(verdict).toMatchObject({ kind: 'hang', summary: 'the only cpu in a branch to itself with interrupts off' });
    expect(verdict.instructions).toBeLessThan(10);
  });

  it('what KVM cannot emulate ends 101', async () => {
    expect(await run([...li(T0, 0xc0000000), lw(T0, T0, 0)])).toMatchObject({ kind: 'reset', exitCode: 101 });
  });

  /**
   * vCPU 0 counts a word in RAM up; the others wait until they see it pass their mark and store what they saw: the state hash then
   * shows every scheduling decision.
   */
  const race = [
    mfc0(T0, 15, 1),
    andi(T0, T0, 0x3ff),
    ...li(T1, 0x40200000),
    beq(T0, 0, 5),
    NOP,
    // Others: copy the counter beside it, for ever.
    lw(T2, T1, 0),
    sw(T2, T1, 64),
    beq(0, 0, -3),
    NOP,
    // vCPU 0: 300000 rounds.
    ...li(A0, 300_000),
    lw(T2, T1, 0),
    addiu(T2, T2, 1),
    sw(T2, T1, 0),
    bne(T2, A0, -4),
    NOP,
    ...exit(0),
  ];

  it('three vCPUs give the same count and state, however long the slices are', async () => {
    const first = await run(race, 3, {}, 0);
    expect(first).toMatchObject({ kind: 'guest-exit', exitCode: 0 });
    expect(first.instructions).toBeGreaterThan(3_000_000);
    for (const msPerLook of [0.3, 2, 9]) expect(await run(race, 3, {}, msPerLook)).toEqual(first);
  });

  it('another seed gives another schedule', async () => {
    expect(await run(race, 3, { seed: 2 })).not.toEqual(await run(race, 3));
  });

  it('the guest-time limit is met to the instruction', async () => {
    const loop = [addiu(T0, T0, 1), beq(0, 0, -2), NOP];
    for (const msPerLook of [0, 3]) {
      const verdict = await run(loop, 1, { limit: 5e6 }, msPerLook);
      expect(verdict.kind).toBe('guest-time-limit');
      expect(verdict.instructions - 500_000).toBeGreaterThanOrEqual(0);
      expect(verdict.instructions - 500_000).toBeLessThan(2);
    }
  });
});

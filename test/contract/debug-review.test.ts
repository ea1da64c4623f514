// What a debugger must not change or lose, found by a review of the seam (src/vmm/debugger.ts, src/cpu/exec/host-watch.ts, data-watch.ts): each of
// these is a case that once was wrong.
import { describe, expect, it } from 'vitest';
import { startVm } from '../../src/api/index.ts';
import { armv7 } from '../../src/arch/arm/index.ts';
import type { EngineName } from '../../src/cpu/exec/core-options.ts';
import { createKvm } from '../../src/cpu/exec/kvm.ts';
import { KVM_VM_ARM_SVC } from '../../src/kvm/arm.ts';
import { CODE, Guest, NS, physical } from '../support/kvm/guest.ts';
import { addiu, beq, nop, s0, zero } from '../support/kvm/mips-words.ts';

const ENGINES: readonly EngineName[] = ['interpreter', 'regions'];

describe.each(ENGINES)('a watched jump to itself (%s)', (engine) => {
  it.each(['loop', 'slot'])(
    'with interrupts off is a spin as without being watched: no time passes (%s)',
    (watched) => {
      const guest = new Guest({ engine });
      const at = guest.load([addiu(s0, s0, 1), { label: 'loop' }, beq(zero, zero, 'loop'), { label: 'slot' }, nop]);
      const seen: number[] = [];
      guest.vm.watch.execution([physical(at(watched))], (_cpu, pc) => seen.push(pc) < 0);
      guest.vcpu.enter(guest.vm.clock.now + 100 * NS);
      expect([guest.vcpu.waiting, guest.vm.clock.instructions]).toEqual(['spin', 1]);
      expect(seen).toEqual(watched === 'loop' ? [CODE + 4] : []);
    },
  );
});

describe.each(ENGINES)('an instruction that reads a device and then watched memory (%s)', (engine) => {
  const [RAM, BEHIND] = [0x2000, 0x4000];

  /** RAM, a hole in which a device answers, and a page of RAM right behind it; `words` are run from 0 on, with R0 at the last word of the hole. */
  function guestWith(words: readonly number[]) {
    const options = {
      arenaSize: RAM + 0x1000,
      endianness: 'little',
      maxVcpus: 1,
      nsPerInstruction: NS,
      seed: 1,
    } as const;
    const vm = createKvm(armv7, { ...options, paravirtHypercalls: false, engine }).createVm(KVM_VM_ARM_SVC);
    vm.setUserMemoryRegion({ slot: 0, flags: 0, guestPhysAddr: 0, memorySize: RAM, userspaceAddr: 0 });
    vm.setUserMemoryRegion({ slot: 1, flags: 0, guestPhysAddr: BEHIND, memorySize: 0x1000, userspaceAddr: RAM });
    for (const [i, word] of words.entries()) vm.memory.writeU32(4 * i, word, 'little');
    const vcpu = vm.createVcpu(0);
    const gpr = Array.from({ length: 32 }, (_, i) => BigInt(i === 0 ? BEHIND - 4 : i));
    vcpu.setRegs({ gpr, hi: 0n, lo: 0n, pc: 0n });
    const exits: string[] = [];
    /** Run up to the first instruction's end, or to where `isHeld` says that it stands. */
    const enter = (isHeld: () => boolean): void => {
      for (let n = 0; n < 8; n++) {
        if (vcpu.enter(isHeld() ? Number.NEGATIVE_INFINITY : vm.clock.now + NS) !== 0) return;
        const { mmio } = vcpu.run;
        exits.push(`${mmio.isWrite ? 'write' : 'read'} ${mmio.physAddr.toString(16)}`);
        mmio.data[0] = exits.length;
      }
    };
    return { vm, vcpu, exits, enter };
  }

  it.each([
    ['LDM', 0xe8900006, 'read 3ffc'],
    ['STM', 0xe8800006, 'write 3ffc'],
  ])('%s asks the device once, though it stands before the memory', (_name, word, exit) => {
    const guest = guestWith([word, 0xeafffffe]);
    let hits = 0;
    const watched = { address: BEHIND, length: 4, virtual: true, reads: true, writes: true };
    guest.vm.watch.watchData([watched], () => hits++ === 0);
    guest.enter(() => hits > 0);
    expect([guest.vm.clock.instructions, hits]).toEqual([0, 1]);
    guest.enter(() => false);
    expect(guest.vm.clock.instructions).toBe(1);
    expect(guest.exits).toEqual([exit]);
  });
});

describe('an interrupt that comes while the guest stands', () => {
  it('leads to a vector where it stops, though it has retired no instruction since', async () => {
    const vm = await startVm({ kernel: 'guests/bin/echo-te-el.elf', input: 'api', stopAtStart: true });
    const target = await vm.debugTarget();
    const WAIT = 0x42000020;
    const start = target.entry & ~0xffff;
    const code = target.readVirtual(0, start, 0x20000);
    const words = new Uint32Array(code.buffer, 0, code.length >>> 2);
    for (const [index, word] of words.entries())
      if (word === WAIT) target.addBreakpoint({ kind: 'execution', space: 'virtual', address: start + 4 * index });
    expect(await target.resume({ kind: 'continue' })).toMatchObject({ kind: 'breakpoint' });
    for (const { id } of [...target.breakpoints()]) target.removeBreakpoint(id);
    const vector = 0x40000180;
    target.addBreakpoint({ kind: 'execution', space: 'virtual', address: vector });
    const input = Uint8Array.of(0x61);
    target.sendInput(input);
    expect(await target.resume({ kind: 'continue' })).toMatchObject({ kind: 'breakpoint', pc: vector });
    // Where it goes on behind the handler, interrupts are on.
    const epc = Number(target.view.read(target.cpu(0), target.view.find(target.cpu(0), 'epc')!));
    target.addBreakpoint({ kind: 'execution', space: 'virtual', address: epc });
    expect(await target.resume({ kind: 'continue' })).toMatchObject({ kind: 'breakpoint', pc: epc });
    const { instructions } = target.clock;
    target.sendInput(input);
    expect(await target.resume({ kind: 'continue' })).toMatchObject({ kind: 'breakpoint', pc: vector });
    expect(target.clock.instructions).toBe(instructions);
    vm.stop();
    await vm.wait();
  });
});

describe('pausing and resuming', () => {
  it('by several clients at once ends as the last one said, and answers each', async () => {
    const vm = await startVm({ kernel: 'guests/bin/echo-te-el.elf', input: 'api' });
    const asked = [vm.pause()];
    vm.resume();
    asked.push(vm.pause());
    await Promise.all(asked);
    for (let turn = 0; turn < 20; turn++) await new Promise((resolve) => setImmediate(resolve));
    expect(vm.paused).toBe(true);
    vm.stop();
    await vm.wait();
  });
});

// Looking into a machine that stands still: RAM and registers, and nothing that is not there.
import { beforeEach, describe, expect, it } from 'vitest';
import * as kernelAbi from '../../../src/arch/mips/kernel-abi.ts';
import { KVM_REG_MIPS_CP0_32, KVM_REG_MIPS_PC, KVM_REG_MIPS_R } from '../../../src/kvm/mips.ts';
import { Inspector } from '../../../src/vmm/inspect.ts';
import type { JournalEvent } from '../../../src/vmm/journal.ts';
import { FakeVm } from '../../support/vmm/fake-kvm.ts';

const KSEG0 = 0x80000000;
const RAM = 0x10000;
const A0 = KVM_REG_MIPS_R(4);

let vm: FakeVm;
let inspector: Inspector;

function inspectorOf(agent: 'agent' | null): Inspector {
  return new Inspector({
    memory: vm.memory,
    vcpus: vm.vcpus,
    kernelAbi,
    toPhysical: (address) => (address >= KSEG0 ? address - KSEG0 : null),
    agent: agent && { room: () => 0, input: () => 0 },
    consoles: new Map(['uart0', 'uart1'].map((name) => [name, { room: () => 0, input: () => 0, resize: () => {} }])),
  });
}

beforeEach(() => {
  const options = {
    cpu: { name: 'MIPS32r2' } as never,
    type: 2,
    arenaSize: RAM,
    endianness: 'big',
    maxVcpus: 2,
    nsPerInstruction: 10,
    seed: 1,
    paravirtHypercalls: true,
    engine: 'regions',
  } as const;
  vm = new FakeVm(options, [function* () {}]);
  vm.setUserMemoryRegion({ slot: 0, flags: 0, guestPhysAddr: 0, memorySize: RAM, userspaceAddr: 0 });
  for (const id of [0, 1]) {
    const vcpu = vm.createVcpu(id);
    vcpu.setOneReg(KVM_REG_MIPS_PC, BigInt.asIntN(64, 0xffffffff80000100n + BigInt(id)));
    vcpu.setOneReg(A0, -1n);
  }
  vm.vcpus[1]!.setOneReg(KVM_REG_MIPS_CP0_32(12, 0), 0x1234n);
  inspector = inspectorOf(null);
});

describe('memory', () => {
  it('is the same by an address of an unmapped segment and by its physical one', () => {
    inspector.write(0x20, Uint8Array.of(1, 2, 3));
    expect([...inspector.read(KSEG0 + 0x1f, 5)]).toEqual([0, 1, 2, 3, 0]);
    expect([...inspector.read({ physical: 0x20 }, 3)]).toEqual([1, 2, 3]);
    expect([...inspector.read(-0x80000000 + 0x20, 1)]).toEqual([1]);
  });

  it('ends where RAM ends', () => {
    expect(inspector.read({ physical: RAM - 4 }, 4)).toHaveLength(4);
    expect(inspector.read({ physical: RAM - 4 }, 0)).toHaveLength(0);
    expect(() => inspector.read({ physical: RAM - 3 }, 4)).toThrow('there is no RAM at physical 0x0000fffd+0x4');
  });

  it.each([
    [0x1000, 4, '0x00001000 is not in an unmapped segment'],
    [{ physical: -4 }, 4, 'no RAM'],
    [{ physical: 0.5 }, 4, 'no RAM'],
    [{ physical: Number.NaN }, 4, 'no RAM'],
    [{ physical: 2 ** 53 }, 4, 'no RAM'],
    [{ physical: 2 ** 52 }, 4, 'there is no RAM at physical 0x10000000000000+0x4'],
    [{ physical: 0 }, -1, '-1: not a number of bytes'],
    [{ physical: 0 }, 1.5, '1.5: not a number of bytes'],
    [{ physical: 0 }, Number.NaN, 'NaN: not a number of bytes'],
    [{ physical: 0 }, 2 ** 28 + 1, '268435457: not a number of bytes'],
    [{ physical: 0 }, Number.POSITIVE_INFINITY, 'Infinity: not a number of bytes'],
  ] as const)('refuses what is none: %j, %d bytes', (place, length, why) => {
    expect(() => inspector.read(place, length)).toThrow(why);
  });
});

describe('registers', () => {
  it('are unsigned numbers of 32 bits, of the vCPU that is asked for', () => {
    expect(inspector.register(0, 'pc')).toBe(0x80000100);
    expect(inspector.register(1, 'pc')).toBe(0x80000101);
    expect(inspector.register(0, 'a0')).toBe(0xffffffff);
  });

  it('are written sign-extended, as a 32-bit guest shows them, and what does not fit is cut', () => {
    for (const [value, kept] of [
      [0x80000000, -0x80000000n],
      [-1, -1n],
      [2 ** 32 + 5, 5n],
      [Number.NaN, 0n],
    ] as const) {
      inspector.setRegister(0, 'a0', value);
      expect(vm.vcpus[0]!.getOneReg(A0)).toBe(kept);
    }
    expect(vm.vcpus[1]!.getOneReg(A0)).toBe(-1n);
  });

  it('are those that the vCPU has', () => {
    expect(inspector.register(1, 'status')).toBe(0x1234);
    expect(() => inspector.register(0, 'status')).toThrow('cpu0 has no register called "status"');
    expect(() => inspector.setRegister(0, 'eax', 0)).toThrow('cpu0 has no register called "eax"');
    expect(inspector.registers()).toEqual([
      { cpu: 0, name: 'a0', value: 0xffffffff },
      { cpu: 0, name: 'pc', value: 0x80000100 },
      { cpu: 1, name: 'a0', value: 0xffffffff },
      { cpu: 1, name: 'pc', value: 0x80000101 },
      { cpu: 1, name: 'status', value: 0x1234 },
    ]);
  });

  it.each([2, -1, 0.5, Number.NaN])('are of a vCPU that is there: not of cpu%d', (cpu) => {
    expect(() => inspector.register(cpu, 'pc')).toThrow(`there is no cpu${cpu}: the machine has 2`);
  });
});

describe('an entry of a journal', () => {
  const check = (event: JournalEvent, agent: 'agent' | null = null): void =>
    inspectorOf(agent).check({ instructions: 7, at: 70, event });
  const bytes = Uint8Array.of(1, 2);

  it('is of this machine', () => {
    check({ type: 'memory', address: RAM - 2, bytes });
    check({ type: 'register', cpu: 1, name: 'pc', value: 0 });
    check({ type: 'agent', bytes }, 'agent');
    check({ type: 'console', bytes });
    check({ type: 'console', bytes, console: 'uart1' });
    check({ type: 'break', console: 'uart0' });
    check({ type: 'end-of-input' });
  });

  it.each([
    [{ type: 'memory', address: RAM - 1, bytes }, 'there is no RAM at physical 0x0000ffff+0x2'],
    [{ type: 'register', cpu: 2, name: 'pc', value: 0 }, 'there is no cpu2: the machine has 2'],
    [{ type: 'register', cpu: 0, name: '__proto__', value: 0 }, 'cpu0 has no register called "__proto__"'],
    [{ type: 'agent', bytes }, 'there is no guest agent'],
    [{ type: 'console', bytes, console: 'uart2' }, 'there is no console called "uart2"'],
    [{ type: 'break', console: '__proto__' }, 'there is no console called "__proto__"'],
    [{ type: 'resize', columns: 1, rows: 1, console: '' }, 'there is no console called ""'],
  ] as const)('is of another one: %j', (event, why) => {
    expect(() => check(event)).toThrow(`the journal, at instruction 7: ${why}`);
  });
});

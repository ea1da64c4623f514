// The registers that a debugger shows of a MIPS vCPU: which there are, what they are called, what is in them, and what gdb is told.
import { describe, expect, it } from 'vitest';
import { mipsDebugView as view } from '../../../../../src/arch/mips/debug-view/index.ts';
import { CP0 } from '../../../../../src/arch/mips/registers.ts';
import { Cap } from '../../../../../src/kvm/constants.ts';
import { KVM_REG_MIPS_CP0_32, KVM_REG_MIPS_CP0_64 } from '../../../../../src/kvm/mips.ts';
import { Guest, type GuestOptions, register } from '../../../../support/kvm/guest.ts';
import { DebuggedGuest } from './debugged-guest.ts';

const FR = 1 << 26;
const CU1 = 1 << 29;

const machine = (options: GuestOptions = {}): DebuggedGuest => new DebuggedGuest(new Guest(options));

function withFpu(status: number): DebuggedGuest {
  const cpu = machine({ machine: 'vz' });
  cpu.guest.vcpu.enableCap(Cap.MIPS_FPU, 0, []);
  const config1 = KVM_REG_MIPS_CP0_32(16, 1);
  cpu.guest.vcpu.setOneReg(config1, cpu.guest.vcpu.getOneReg(config1) | 1n);
  cpu.guest.vcpu.setOneReg(KVM_REG_MIPS_CP0_32(12, 0), BigInt(status));
  return cpu;
}

const names = (cpu: DebuggedGuest, group: string): string[] =>
  view
    .registers(cpu)
    .filter((candidate) => candidate.group === group)
    .map(({ name }) => name);
const value = (cpu: DebuggedGuest, name: string): bigint => view.read(cpu, view.find(cpu, name)!);

describe('the registers', () => {
  it('are in groups, the general ones first', () => {
    const cpu = machine();
    expect(view.groups[0]!.name).toBe('general');
    const groups = new Set(view.groups.map(({ name }) => name));
    for (const { group } of view.registers(cpu)) expect(groups).toContain(group);
    expect(names(cpu, 'general')).toHaveLength(35);
    expect(names(cpu, 'fpu')).toEqual([]);
  });

  it('are every register that KVM lists, but those that no name is needed for', () => {
    for (const type of ['trap-and-emulate', 'vz'] as const) {
      const cpu = machine({ machine: type });
      const listed = cpu.guest.vcpu.getRegList().filter((id) => cpu.oneReg(id) !== undefined);
      const shown = view.registers(cpu).map((one) => view.place(cpu, one)?.id);
      const missing = listed.filter((id) => !shown.includes(id));
      expect(missing.map((id) => id.toString(16))).toEqual(['7030000000000000']); // $0 cannot be written
    }
  });

  it('are those that the machine type has', () => {
    expect(names(machine(), 'cp0')).toEqual(expect.arrayContaining(['config7', 'kscratch6', 'config5']));
    const vz = names(machine({ machine: 'vz' }), 'cp0');
    expect(vz).toEqual(expect.arrayContaining(['pagegrain', 'config6']));
    expect(vz).not.toContain('config5');
    expect(vz).not.toContain('kscratch1');
  });

  it('have 16 doubles in even registers while Status.FR is 0, and 32 else', () => {
    const doubles = (cpu: DebuggedGuest): string[] => names(cpu, 'fpu').filter((name) => name.startsWith('d'));
    expect(doubles(withFpu(CU1))).toEqual(Array.from({ length: 16 }, (_, n) => `d${2 * n}`));
    expect(doubles(withFpu(CU1 | FR))).toHaveLength(32);
    expect(names(withFpu(CU1), 'fpu')).toEqual(expect.arrayContaining(['f31', 'fcsr', 'fir']));
  });

  it('are unsigned and as wide as they are', () => {
    const cpu = machine();
    cpu.guest.setGpr(4, 0x80000001);
    cpu.guest.vcpu.setOneReg(KVM_REG_MIPS_CP0_64(14, 0), register(0xfffffff0));
    expect(value(cpu, 'a0')).toBe(0x80000001n);
    expect(value(cpu, 'epc')).toBe(0xfffffff0n);
    expect(value(cpu, 'count_hz')).toBe(100_000_000n);
    expect(view.pc(cpu)).toBe(0x40010000);
    cpu.guest.setGpr(29, 0xc0001000);
    expect(view.stackPointer(cpu)).toBe(0xc0001000);
  });

  it('have fields that cover no bit twice, highest first', () => {
    for (const { name, fields = [], bits } of view.registers(withFpu(CU1))) {
      let below: number = bits;
      for (const { high, low } of fields) {
        expect([name, high < below && low <= high && low >= 0]).toEqual([name, true]);
        below = low;
      }
    }
    const status = view.find(machine(), 'status')!;
    expect(status.fields).toContainEqual({ name: 'EXL', high: 1, low: 1 });
    expect(status.fields).toContainEqual({ name: 'IM', high: 15, low: 8 });
  });
});

describe('a name', () => {
  it.each([
    ['a0', 'a0'],
    ['$a0', 'a0'],
    ['A0', 'a0'],
    ['r4', 'a0'],
    ['$4', 'a0'],
    ['$r4', 'a0'],
    ['s8', 'fp'],
    ['$fp', 'fp'],
    ['zero', 'zero'],
    ['status', 'status'],
    ['CP0.Status', 'status'],
    ['$cp0.status', 'status'],
    ['c0_status', 'status'],
    ['cp0.12', 'status'],
    ['cp0.12.1', 'intctl'],
    ['cp0_16_3', 'config3'],
    ['sr', 'status'],
    ['bad', 'badvaddr'],
    ['BadVAddr', 'badvaddr'],
    ['count_ctl', 'count_ctl'],
  ])('%s means %s', (text, name) => {
    expect(view.find(machine(), text)?.name).toBe(name);
  });

  it.each([
    '',
    '$',
    'r32',
    '4',
    '$32',
    'f0',
    'd0',
    'cp0.a0',
    'cp0.99',
    'cp0.',
    'cp0.1.0',
    'random',
    'constructor',
    '__proto__',
  ])('%j means nothing on a vCPU without an FPU', (text) => {
    expect(view.find(machine(), text)).toBeUndefined();
  });

  it('of a floating-point register is one where there is an FPU', () => {
    const cpu = withFpu(CU1);
    expect(['$f2', 'F31', 'd2', 'fcr31', 'fsr', 'fcr0'].map((name) => view.find(cpu, name)?.name)).toEqual([
      ...['f2', 'f31', 'd2', 'fcsr', 'fcsr', 'fir'],
    ]);
    expect(view.find(cpu, 'd3')).toBeUndefined();
  });
});

describe('the place of a register', () => {
  it('is where KVM takes its value', () => {
    const cpu = withFpu(CU1);
    for (const name of ['a0', 'pc', 'hi', 'epc', 'entryhi', 'compare', 'f5', 'd6', 'fcsr']) {
      const description = view.find(cpu, name)!;
      const place = view.place(cpu, description)!;
      expect([name, place.low, place.high]).toEqual([name, 0, description.bits - 1]);
      cpu.guest.vcpu.setOneReg(place.id, 0x40n);
      expect([name, value(cpu, name)]).toEqual([name, 0x40n]);
    }
  });

  it('is nowhere for what cannot be written', () => {
    const cpu = withFpu(CU1);
    expect(['zero', 'fir'].map((name) => view.place(cpu, view.find(cpu, name)!))).toEqual([null, null]);
  });
});

describe('what gdb is told', () => {
  const features = view.gdb.features;
  const numbers = (): Map<string, number> => {
    const found = new Map<string, number>();
    let last = -1;
    for (const { registers } of features)
      for (const { name, number } of registers) {
        last = number ?? last + 1;
        expect(found.has(name)).toBe(false);
        expect([...found.values()]).not.toContain(last);
        found.set(name, last);
      }
    return found;
  };

  it('has the numbers that MIPS stubs have always had', () => {
    const found = numbers();
    const wanted = { r0: 0, r31: 31, status: 32, lo: 33, hi: 34, badvaddr: 35, cause: 36, pc: 37, f0: 38, f31: 69 };
    expect(Object.fromEntries(Object.keys(wanted).map((name) => [name, found.get(name)]))).toEqual(wanted);
    expect([found.get('fcsr'), found.get('fir'), found.get('index')]).toEqual([70, 71, 72]);
  });

  it('names each register of coprocessor 0 that some vCPU has', () => {
    const cpus = [machine(), machine({ machine: 'vz' })];
    const told = new Set(features.flatMap(({ registers }) => registers.map(({ source }) => source)));
    for (const cpu of cpus) for (const name of names(cpu, 'cp0')) expect(told).toContain(name);
    const known = new Set([...cpus, withFpu(CU1 | FR)].flatMap((cpu) => view.registers(cpu).map(({ name }) => name)));
    for (const name of told) expect(known).toContain(name);
  });

  it('has the features that gdb looks for', () => {
    const of = (name: string): string[] => features.find((one) => one.name === name)!.registers.map((one) => one.name);
    expect(of('org.gnu.gdb.mips.cpu')).toEqual([...Array.from({ length: 32 }, (_, n) => `r${n}`), 'lo', 'hi', 'pc']);
    expect(of('org.gnu.gdb.mips.cp0')).toEqual(['status', 'badvaddr', 'cause']);
    expect(of('org.gnu.gdb.mips.fpu').slice(-3)).toEqual(['f31', 'fcsr', 'fir']);
    expect(of(features[0]!.name)).toContain(view.gdb.pc);
  });
});

describe('the mode', () => {
  const mode = (status: number, more: (cpu: DebuggedGuest) => void = () => {}): string => {
    const cpu = machine();
    cpu.setBank('cp0', CP0.STATUS, status);
    more(cpu);
    return view.mode(cpu);
  };

  it.each([
    [0x1, 'kernel'],
    [0x0, 'kernel, interrupts off'],
    [0x3, 'kernel, EXL'],
    [0x13, 'kernel, EXL'],
    [0x400004, 'kernel, ERL, BEV'],
    [0x8, 'kernel, interrupts off'],
  ])('of Status %i is %s', (status, text) => {
    expect(mode(status)).toBe(text);
  });

  it('of a user program has its address space', () => {
    expect(mode(0x11, (cpu) => cpu.setBank('cp0', CP0.ENTRYHI, 0x2a))).toBe('user, asid 0x2a');
    expect(mode(1, (cpu) => cpu.setBank('waiting', 0, 1))).toBe('kernel, in WAIT');
  });
});

describe('interrupts', () => {
  const lines = (status: number, cause: number): readonly string[] => {
    const cpu = machine();
    cpu.setBank('cp0', CP0.STATUS, status);
    cpu.setBank('cp0', CP0.CAUSE, cause);
    cpu.setBank('cp0', CP0.COMPARE, 100);
    return view.interrupts(cpu);
  };

  it('are shown as pending, enabled, and taken', () => {
    expect(lines(0x8401, 0x8600).slice(0, 4)).toEqual([
      'interrupts are on: IE=1 EXL=0 ERL=0',
      'enabled (Status.IM): IP2, IP7 (timer)',
      'pending (Cause.IP): IP1 (software), IP2, IP7 (timer)',
      'taken now: IP2, IP7 (timer); at the general vector (0x180)',
    ]);
    expect(lines(0x8403, 0x00800000).slice(0, 4)).toEqual([
      'interrupts are off: IE=1 EXL=1 ERL=0',
      'enabled (Status.IM): IP2, IP7 (timer)',
      'pending (Cause.IP): none',
      'taken when on: none; at the interrupt vector (0x200)',
    ]);
  });

  it('have a timer that runs or stands', () => {
    expect(lines(0, 0)[4]).toBe(
      'timer: Count 0x00000000, Compare 0x00000064, match in 100 ticks of 100,000,000 a second',
    );
    expect(lines(0, 1 << 27)[4]).toContain('stopped (Cause.DC = 1)');
  });
});

describe('looking at a vCPU', () => {
  it('changes nothing', () => {
    const looked = withFpu(CU1);
    const left = withFpu(CU1);
    for (const cpu of [looked, left]) {
      cpu.guest.load([]);
      cpu.guest.enter(1000);
    }
    for (const description of view.registers(looked)) view.read(looked, description);
    for (const address of [0, 0x00400000, 0x80001000, 0xc0000000]) view.walk(looked, address, 'write');
    view.tlb(looked);
    view.interrupts(looked);
    const exception = { trap: 2, pc: 0x80010000, inSlot: false, address: 4, now: 0 };
    view.explain(looked, exception, true, looked.context());
    expect(looked.guest.hash()).toBe(left.guest.hash());
    for (const cpu of [looked, left]) cpu.guest.enter(5000);
    expect(looked.guest.hash()).toBe(left.guest.hash());
  });
});

// Registers of an ARM vCPU by name: groups, banks by mode, places to write, gdb's features.
import { describe, expect, it } from 'vitest';
import { armDebugView as view } from '../../../../src/arch/arm/debug-view/index.ts';
import type { DebuggedCpu } from '../../../../src/cpu/isa/debug-view.ts';
import { debuggedCpu } from '../../../support/arm/debugged.ts';
import { MASKED, SystemMachine, USR } from './system-machine.ts';

const value = (cpu: DebuggedCpu, name: string): bigint | undefined => {
  const register = view.find(cpu, name);
  return register && view.read(cpu, register);
};
const groupsOf = (cpu: DebuggedCpu): Record<string, string[]> => {
  const groups: Record<string, string[]> = {};
  for (const { name, group } of view.registers(cpu)) groups[group] = [...(groups[group] ?? []), name];
  return groups;
};

/** Write as the debug target does. */
function write(machine: SystemMachine, name: string, to: bigint): void {
  const cpu = debuggedCpu(machine);
  const { id, high, low } = view.place(cpu, view.find(cpu, name)!)!;
  const mask = BigInt.asUintN(high - low + 1, -1n) << BigInt(low);
  machine.vcpu.setOneReg(id, ((cpu.oneReg(id) ?? 0n) & ~mask) | ((to << BigInt(low)) & mask));
}

describe('registers', () => {
  it('are in groups, and every vCPU has its own', () => {
    const [svc, hyp] = (['svc', 'hyp'] as const).map((kind) => groupsOf(debuggedCpu(new SystemMachine(kind))));
    expect(Object.keys(svc!)).toEqual(['general', 'banked', 'cp15', 'timer', 'vfp', 'id', 'debug']);
    expect(Object.keys(hyp!)).toEqual(view.groups.map(({ name }) => name));
    expect(svc!.general).toEqual([...Array.from({ length: 13 }, (_, n) => `r${n}`), 'sp', 'lr', 'pc', 'cpsr']);
    expect(svc!.banked).not.toContain('elr_hyp');
    for (const name of ['sctlr', 'ttbr0', 'ttbr1', 'ttbcr', 'dacr', 'dfsr', 'ifsr', 'dfar', 'ifar', 'par', 'vbar'])
      expect(svc!.cp15).toContain(name);
    for (const name of ['hcr', 'hsr', 'hdfar', 'hifar', 'hpfar', 'vttbr', 'vtcr', 'httbr', 'hvbar', 'hsctlr'])
      expect(hyp!.hyp).toContain(name);
    expect(svc!.timer).toContain('cntvct');
    expect([svc!.debug, hyp!.debug!.includes('dbgdidr')]).toEqual([['teecr', 'teehbr'], true]);
  });

  it('have one name each', () => {
    const names = view.registers(debuggedCpu(new SystemMachine('hyp'))).map(({ name }) => name);
    expect(new Set(names).size).toBe(names.length);
    for (const name of names) expect(name).toMatch(/^[a-z][a-z0-9_]*$/);
  });

  it('are found by all the ways to write them', () => {
    const cpu = debuggedCpu(new SystemMachine('svc'));
    for (const [written, name] of [
      ...[
        ['R13', 'sp'],
        ['$sp', 'sp'],
        ['r15', 'pc'],
        ['fp', 'r11'],
        ['a1', 'r0'],
        ['v1', 'r4'],
        ['ip', 'r12'],
      ],
      ...[
        ['CP15.SCTLR', 'sctlr'],
        ['psr', 'cpsr'],
        ['spsr', 'spsr_svc'],
        ['r14_usr', 'lr_usr'],
        ['S3', 's3'],
      ],
    ] as const)
      expect(view.find(cpu, written)?.name).toBe(name);
    for (const none of ['r16', 'hcr', 'spsr_hyp', '', 'x0', 'constructor', 's32', 'd32'])
      expect(view.find(cpu, none)).toBeUndefined();
  });

  it('of the current mode are its banked ones', () => {
    const machine = new SystemMachine('hyp').at(0x1000, MASKED.SVC);
    const cpu = debuggedCpu(machine);
    write(machine, 'sp', 0x1111n);
    write(machine, 'sp_usr', 0x2222n);
    write(machine, 'r8_fiq', 0x3333n);
    write(machine, 'r8', 0x4444n);
    write(machine, 'lr_usr', 0x5555n);
    const inMode = (cpsr: number): unknown[] => {
      machine.at(0x1000, cpsr);
      return ['sp', 'r8', 'lr', 'sp_svc', 'r8_fiq', 'r8_usr'].map((name) => value(cpu, name));
    };
    expect(inMode(MASKED.SVC)).toEqual([0x1111n, 0x4444n, 0n, 0x1111n, 0x3333n, 0x4444n]);
    expect(inMode(MASKED.SYS)).toEqual([0x2222n, 0x4444n, 0x5555n, 0x1111n, 0x3333n, 0x4444n]);
    expect(inMode(MASKED.FIQ)).toEqual([0n, 0x3333n, 0n, 0x1111n, 0x3333n, 0x4444n]);
    expect(inMode(MASKED.HYP)).toEqual([0n, 0x4444n, 0x5555n, 0x1111n, 0x3333n, 0x4444n]);
    expect(view.stackPointer(cpu)).toBe(0);
  });

  it('S registers are halves of D registers', () => {
    const machine = new SystemMachine('svc');
    const cpu = debuggedCpu(machine);
    write(machine, 'd1', 0x1111_1111_2222_2222n);
    expect([value(cpu, 's2'), value(cpu, 's3')]).toEqual([0x2222_2222n, 0x1111_1111n]);
    write(machine, 's3', 0xabcdn);
    expect(value(cpu, 'd1')).toBe(0x0000_abcd_2222_2222n);
  });

  it('of 64 bits are whole', () => {
    const machine = new SystemMachine('hyp').setCp15Pair(0, 2, 0x0011_0000_8000_4000n);
    expect(value(debuggedCpu(machine), 'ttbr0')).toBe(0x0011_0000_8000_4000n);
  });

  it('have their fields within their bits, the highest first', () => {
    const machine = new SystemMachine('hyp');
    const short = view.registers(debuggedCpu(machine));
    const long = view.registers(debuggedCpu(machine.setCp15(0, 2, 0, 2, 0x8000_0000)));
    const namesOf = (register: string): string[] =>
      [short, long].map((all) =>
        all
          .find(({ name }) => name === register)!
          .fields!.map(({ name }) => name)
          .join(' '),
      );
    expect(namesOf('dfsr')).toEqual(['CM ExT WnR FS[4] LPAE domain FS[3,0]', 'CM ExT WnR LPAE STATUS']);
    for (const { name, bits, fields = [] } of [...short, ...long]) {
      let above: number = bits;
      for (const { high, low } of fields) {
        expect([name, high < above, high >= low, low >= 0]).toEqual([name, true, true, true]);
        above = low;
      }
    }
    const cpu = debuggedCpu(new SystemMachine('svc'));
    expect(view.find(cpu, 'cpsr')!.fields!.find(({ name }) => name === 'M')).toEqual({ name: 'M', high: 4, low: 0 });
  });
});

describe('the state of a vCPU', () => {
  it('is said in a few words', () => {
    const machine = new SystemMachine('hyp').at(0x1000, MASKED.HYP);
    const cpu = debuggedCpu(machine);
    expect(view.mode(cpu)).toBe('hyp A32, MMU off, IRQ off');
    machine
      .setCp15(0, 1, 0, 0, 0x00c50079)
      .setCp15(0, 13, 0, 1, 0x111)
      .at(0x1000, USR | 0x20);
    expect(view.mode(cpu)).toBe('usr T32, MMU on, asid 0x11, IRQ on, FIQ on');
    expect([view.pc(cpu), view.inUserMode(cpu)]).toEqual([0x1001, true]);
    const two = new SystemMachine('svc', 2);
    expect(view.mode(debuggedCpu(two.on(two.vcpus[1]!)))).toContain('off (PSCI');
  });

  it('has interrupts as they are asked for, masked and routed', () => {
    const machine = new SystemMachine('hyp').at(0x1000, MASKED.SVC).setCp15(4, 1, 1, 0, 0x10);
    machine.vcpu.interrupt({ cpu: -1, irq: 1 });
    const lines = view.interrupts(debuggedCpu(machine)).join('\n');
    expect(lines).toContain('IRQ  asked: yes, masked: no (CPSR.I=1), taken to Hyp mode');
    expect(lines).toContain('FIQ  asked: no, masked: yes (CPSR.F=1)');
    expect(lines).toContain('CNTHP');
  });

  it('has no TLB', () => {
    expect(view.tlb(debuggedCpu(new SystemMachine('svc')))).toEqual([expect.stringContaining('walk')]);
  });
});

describe("gdb's target description", () => {
  const { features, architecture, pc } = view.gdb;

  it("has gdb's own features as gdb wants them", () => {
    const [core, vfp] = features;
    expect([architecture, pc]).toEqual(['arm', 'pc']);
    expect(core!.name).toBe('org.gnu.gdb.arm.core');
    const names = [...Array.from({ length: 13 }, (_, n) => `r${n}`), 'sp', 'lr', 'pc', 'cpsr'];
    expect(core!.registers.map(({ name }) => name)).toEqual(names);
    expect(core!.registers.at(-1)).toMatchObject({ name: 'cpsr', number: 25, bits: 32 });
    expect(vfp!.name).toBe('org.gnu.gdb.arm.vfp');
    expect(vfp!.registers.map(({ name }) => name)).toEqual([...Array.from({ length: 32 }, (_, n) => `d${n}`), 'fpscr']);
  });

  it('has every register once, but those that gdb makes itself', () => {
    const names = features.flatMap(({ registers }) => registers.map(({ name }) => name));
    expect(new Set(names).size).toBe(names.length);
    for (const kind of ['svc', 'hyp'] as const)
      for (const { name, bits } of view.registers(debuggedCpu(new SystemMachine(kind)))) {
        if (/^s\d+$/.test(name)) continue;
        const found = features.flatMap(({ registers }) => registers).find((register) => register.source === name);
        expect([name, found?.bits]).toEqual([name, bits]);
      }
  });
});

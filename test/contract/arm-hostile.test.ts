// Guests that mean harm, or are lost: whatever lies in registers, tables and code, a run comes back, with an exit that there is (ARM DDI 0406C: B1, B3).
import { describe, expect, it } from 'vitest';
import { armv7 } from '../../src/arch/arm/index.ts';
import { CP15, MODE } from '../../src/arch/arm/registers.ts';
import type { Core } from '../../src/cpu/exec/core.ts';
import { createKvm } from '../../src/cpu/exec/kvm.ts';
import { ExitReason } from '../../src/kvm/constants.ts';
import { Random } from '../support/oracle/random.ts';

const RAM = 0x40000;
const NS = 10;
const STEPS = 300;
const TRIALS = 2000;
/** Words of memory that are not what they were in the trial before. */
const CHANGES = 2000;
const MAY_END_WITH: ReadonlySet<number> = new Set([
  ExitReason.MMIO,
  ExitReason.INTERNAL_ERROR,
  ExitReason.SYSTEM_EVENT,
  ExitReason.SHUTDOWN,
]);

const MODES = Object.values(MODE);
/** Registers that a hostile guest can give any value, and those that decide most. */
const TABLES = [CP15.TTBR0, CP15.TTBR1, CP15.HTTBR, CP15.VTTBR];
const VECTORS = [CP15.VBAR, CP15.HVBAR];
const CONTROLS = [CP15.SCTLR, CP15.HSCTLR];
const OTHERS = [CP15.TTBCR, CP15.DACR, CP15.HCR, CP15.HCPTR, CP15.HSTR, CP15.HDCR, CP15.HTCR, CP15.VTCR, CP15.CPACR];
const MAINLY_SYSTEM = [
  0xe1a00000, // nop
  0xe160006e, // eret
  0xe1400070, // hvc #0
  0xe1600070, // smc #0
  0xef000000, // svc #0
  0xe169f000, // msr spsr, r0
  0xe121f000, // msr cpsr_c, r0
  0xf1020000, // cps #0
  0xf8bd0a00, // rfeia sp!
  0xf96d0513, // srsdb sp!, #19
  0xe8fdffff, // ldm sp!, {...}^
  0xe1b0f00e, // movs pc, lr
  0xe12fff11, // bx r1
  0xe5910000, // ldr r0, [r1]
  0xe5810000, // str r0, [r1]
  0xe320f003, // wfi
  0xe320f002, // wfe
  0xf57ff06f, // isb
];

/** Numbers that are often near what matters. */
const interesting = (random: Random): number => {
  switch (random.below(6)) {
    case 0:
      return random.word();
    case 1:
      return random.below(RAM);
    case 2:
      return (random.below(RAM) & ~0x3fff) >>> 0;
    case 3:
      return (0xffff0000 + random.below(0x10000)) >>> 0;
    case 4:
      return 2 ** random.below(32);
    default:
      return 0xfffffff0 + random.below(16);
  }
};

/** MCR or MRC of some register, often one that is there; MCRR. */
function coprocessor(random: Random): number {
  const kind = random.below(3);
  const opc1 = random.chance(40) ? 4 : random.chance(80) ? 0 : random.below(8);
  const [crn, crm, opc2] = [
    random.below(16),
    random.chance(60) ? 0 : random.below(16),
    random.below(random.chance(70) ? 3 : 8),
  ];
  const rt = random.below(15);
  if (kind === 2) return (0xec400f00 | (random.below(15) << 16) | (rt << 12) | (opc1 << 4) | crm) >>> 0;
  return (0xee000f10 | (opc1 << 21) | (kind << 20) | (crn << 16) | (rt << 12) | (opc2 << 5) | crm) >>> 0;
}

function word(random: Random): number {
  switch (random.below(6)) {
    case 0:
      return random.word();
    case 1:
      return coprocessor(random);
    case 2: // a descriptor
      return (interesting(random) & ~0xfff) | random.below(0x1000);
    case 3:
      return (0xe0000000 | (random.word() & 0x0fffffff)) >>> 0;
    default:
      return MAINLY_SYSTEM[random.below(MAINLY_SYSTEM.length)]!;
  }
}

class Victim {
  readonly vm;
  readonly vcpus;
  private readonly core: Core;
  private readonly ram = new Uint32Array(RAM / 4);

  constructor(kind: 'svc' | 'hyp') {
    const options = { arenaSize: RAM, endianness: 'little', maxVcpus: 2, nsPerInstruction: NS, seed: 1 } as const;
    const kvm = createKvm(armv7, { ...options, engine: 'interpreter', paravirtHypercalls: false });
    this.vm = kvm.createVm(kind === 'hyp' ? 1 : 0);
    this.vm.setUserMemoryRegion({ slot: 0, flags: 0, guestPhysAddr: 0, memorySize: RAM, userspaceAddr: 0 });
    this.vcpus = [this.vm.createVcpu(0), this.vm.createVcpu(1)];
    const random = new Random(1, 1);
    for (let i = 0; i < this.ram.length; i++) this.ram[i] = word(random);
    this.core = Reflect.get(this.vm, 'core') as Core; // state that no instruction leads to in one step
  }

  /** Some state, and some memory. */
  arrange(random: Random, isHyp: boolean): void {
    const { core, ram, vm } = this;
    for (let i = 0; i < CHANGES; i++) ram[random.below(ram.length)] = word(random);
    vm.memory.write(0, new Uint8Array(ram.buffer));
    core.activate(0);
    core.model.reset(0);
    const { banks, i32 } = core;
    const put = (bank: string, index: number, value: number): void => {
      i32[(banks[bank]!.offset >>> 2) + index] = value;
    };
    for (let i = 0; i < 15; i++) put('gpr', i, interesting(random));
    for (let i = 0; i < 7; i++) {
      put('spsr', i, random.chance(50) ? random.word() : 0x10 | random.below(0x200));
      put('bankedSp', i, interesting(random));
      put('bankedLr', i, interesting(random));
    }
    put('elrHyp', 0, interesting(random));
    for (const place of [...TABLES, ...VECTORS, ...OTHERS])
      if (random.chance(60)) put('cp15', place, interesting(random));
    for (const place of CONTROLS) if (random.chance(60)) put('cp15', place, random.word() & 0x7ffff83f);
    if (random.chance(50)) put('cp15', CP15.HCR, random.word() & 0xfff);
    if (!isHyp) for (const place of [CP15.HCR, CP15.HSTR, CP15.HCPTR, CP15.HDCR]) put('cp15', place, 0);
    put('fpexc', 0, random.chance(50) ? 1 << 30 : 0);
    const modes = isHyp ? MODES : MODES.filter((mode) => mode !== MODE.HYP);
    put('cpsr', 0, modes[random.below(modes.length)]! | (random.word() & 0x3c0));
    put('lines', 0, random.chance(30) ? random.below(16) : 0);
    core.pc = random.chance(70) ? random.below(RAM) & ~3 : interesting(random);
    core.tlb.dropAll();
    core.schedule(0);
  }

  /** Run so many steps, whatever the exits. */
  run(): void {
    const { vm } = this;
    const end = vm.clock.now + STEPS * NS;
    for (let exits = 0; exits < 20 && vm.clock.now < end; exits++) {
      const vcpu = this.vcpus[exits & 1]!;
      if (vcpu.enter(end) === 0) {
        expect(MAY_END_WITH).toContain(vcpu.run.exitReason);
        if (vcpu.run.exitReason !== ExitReason.MMIO) return;
        continue;
      }
      if (!this.vcpus.some(({ runnable }) => runnable)) return;
    }
  }
}

describe.each(['svc', 'hyp'] as const)('a hostile guest of the %s machine', (kind) => {
  it('gets nowhere', () => {
    const victim = new Victim(kind);
    for (let n = 0; n < TRIALS; n++) {
      const random = new Random(n, kind === 'svc' ? 1 : 2);
      try {
        victim.arrange(random, kind === 'hyp');
        victim.run();
      } catch (error) {
        throw new Error(`trial ${n}`, { cause: error });
      }
    }
  });
});

describe('vectors where nothing is', () => {
  /** The machine after some time of endless aborts. */
  function ended(kind: 'svc' | 'hyp', set: (core: Core, put: (place: number, value: number) => void) => void): Victim {
    const victim = new Victim(kind);
    const core = Reflect.get(victim.vm, 'core') as Core; // as above
    core.activate(0);
    core.model.reset(0);
    set(core, (place, value) => {
      core.i32[(core.banks.cp15!.offset >>> 2) + place] = value;
    });
    core.tlb.dropAll();
    core.schedule(0);
    return victim;
  }

  it('that are not mapped abort for ever, and time goes on', () => {
    const victim = ended('svc', (core, put) => {
      victim0(core, put);
    });
    const before = victim.vm.clock.now;
    expect(victim.vcpus[0]!.enter(before + 1000 * NS)).not.toBe(0);
    expect(victim.vm.clock.now - before).toBeGreaterThanOrEqual(1000 * NS);
  });

  /** The MMU is on, and its tables are all 0. */
  function victim0(core: Core, put: (place: number, value: number) => void): void {
    put(CP15.TTBR0, 0x4000);
    put(CP15.TTBCR, 0);
    put(CP15.SCTLR, 0x00c50079);
    core.pc = 0x1000;
  }

  it.each([
    ['svc', CP15.VBAR],
    ['hyp', CP15.HVBAR],
  ] as const)('of the %s machine are told as an instruction that nothing is for', (kind, base) => {
    const victim = ended(kind, (core, put) => {
      put(base, 0x20000000);
      core.pc = 0x1000; // memory is zero: ANDEQ for ever, to the end of memory
    });
    const vcpu = victim.vcpus[0]!;
    expect(vcpu.enter(victim.vm.clock.now + RAM * NS)).toBe(0);
    expect(vcpu.run.exitReason).toBe(ExitReason.INTERNAL_ERROR);
  });
});

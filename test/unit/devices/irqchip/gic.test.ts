// The GICv2 against ARM IHI 0048B, in scenarios worked out by hand.
import { beforeEach, describe, expect, it } from 'vitest';
import { Gic } from '../../../../src/devices/irqchip/gic.ts';
import { FakeLine } from '../../../support/devices/fakes.ts';

const CTLR = 0;
const TYPER = 4;
const IGROUPR = 0x080;
const ISENABLER = 0x100;
const ICENABLER = 0x180;
const ISPENDR = 0x200;
const ICPENDR = 0x280;
const ISACTIVER = 0x300;
const ICACTIVER = 0x380;
const IPRIORITYR = 0x400;
const ITARGETSR = 0x800;
const ICFGR = 0xc00;
const SGIR = 0xf00;
const CPENDSGIR = 0xf10;
const SPENDSGIR = 0xf20;
const PMR = 4;
const BPR = 8;
const IAR = 0x0c;
const EOIR = 0x10;
const RPR = 0x14;
const HPPIR = 0x18;
const ABPR = 0x1c;
const AIAR = 0x20;
const AEOIR = 0x24;
const AHPPIR = 0x28;
const APR0 = 0xd0;
const NSAPR0 = 0xe0;
const DIR = 0x1000;
const SPURIOUS = 1023;
const GRP0 = 1;
const ACKCTL = 4;
const FIQEN = 8;
const CBPR = 0x10;
const EOIMODE = 0x200;

let nIrq: FakeLine[];
let nFiq: FakeLine[];
let gic: Gic;

function create(cpus: number, interrupts = 96): void {
  nIrq = Array.from({ length: cpus }, () => new FakeLine());
  nFiq = Array.from({ length: cpus }, () => new FakeLine());
  gic = new Gic({ cpus, interrupts, irq: (cpu) => nIrq[cpu]!, fiq: (cpu) => nFiq[cpu]! });
}

const dist = (offset: number, cpu = 0): number => gic.distributor.read(offset, 4, cpu);
const setDist = (offset: number, value: number, cpu = 0): void => gic.distributor.write(offset, 4, value, cpu);
const setByte = (offset: number, value: number, cpu = 0): void => gic.distributor.write(offset, 1, value, cpu);
const cpuif = (offset: number, cpu = 0): number => gic.cpuInterface.read(offset, 4, cpu);
const setCpuif = (offset: number, value: number, cpu = 0): void => gic.cpuInterface.write(offset, 4, value, cpu);
const irqs = (): boolean[] => nIrq.map(({ level }) => level);
const bit = (id: number): number => (1 << (id & 31)) >>> 0;
const word = (base: number, id: number): number => base + 4 * (id >>> 5);

/** Interrupt `id` is enabled, with this priority and these targets. */
function configure(id: number, priority: number, targets = 1, cpu = 0): void {
  setByte(IPRIORITYR + id, priority, cpu);
  if (id >= 32) setByte(ITARGETSR + id, targets);
  setDist(word(ISENABLER, id), bit(id), cpu);
}

/** Is `id` pending, active? */
const stateOf = (id: number, cpu = 0): string =>
  [
    dist(word(ISPENDR, id), cpu) & bit(id) ? 'pending' : '',
    dist(word(ISACTIVER, id), cpu) & bit(id) ? 'active' : '',
  ].join(' ');

/** Edge-triggered SPI. */
function makeEdge(id: number): void {
  const offset = ICFGR + 4 * (id >>> 4);
  setDist(offset, dist(offset) | (2 << (2 * (id & 15))));
}

function enableAll(cpus: number, ctlr = GRP0): void {
  setDist(CTLR, ctlr & 3);
  for (let cpu = 0; cpu < cpus; cpu++) {
    setCpuif(CTLR, ctlr, cpu);
    setCpuif(PMR, 0xff, cpu);
  }
}

beforeEach(() => {
  create(4);
  enableAll(4);
});

describe('the distributor', () => {
  it('says how many interrupts and CPUs there are, and that it is a GICv2', () => {
    expect(dist(TYPER)).toBe(2 | (3 << 5));
    expect((dist(0xfe8) >>> 4) & 15).toBe(2);
    expect([0xff0, 0xff4, 0xff8, 0xffc].map((offset) => dist(offset))).toEqual([0x0d, 0xf0, 0x05, 0xb1]);
    // What Linux asks of a GICv2 with GICC_DIR (irq-gic.c, gic_check_gicv2).
    expect(cpuif(0xfc) & 0xff0fff).toBe(0x02043b);
    create(8, 1024);
    expect(dist(TYPER)).toBe(31 | (7 << 5));
  });

  it('refuses numbers of CPUs and interrupts that no GICv2 has', () => {
    for (const cpus of [0, 9, 1.5, Number.NaN]) expect(() => create(cpus)).toThrow(RangeError);
    for (const interrupts of [0, 33, 1056, Number.NaN]) expect(() => create(1, interrupts)).toThrow(RangeError);
  });

  it('has no interrupts 1020 to 1023', () => {
    create(1, 1024);
    for (const base of [ISENABLER, ISPENDR, ISACTIVER, IGROUPR]) {
      setDist(base + 4 * 31, 0xffffffff);
      expect(dist(base + 4 * 31)).toBe(0x0fffffff);
    }
    setDist(IPRIORITYR + 1020, 0xffffffff);
    expect(dist(IPRIORITYR + 1020)).toBe(0);
    expect([gic.setLine(1019, true), gic.setLine(1020, true)]).toEqual([true, false]);
  });

  it('sets and clears enables, pending and active bits by ones', () => {
    for (const [set, clear] of [
      [ISENABLER, ICENABLER],
      [ISPENDR, ICPENDR],
      [ISACTIVER, ICACTIVER],
    ] as const) {
      setDist(set + 4, 0x0f0f);
      setDist(set + 4, 0x8000_0000);
      expect([dist(set + 4), dist(clear + 4)]).toEqual([0x8000_0f0f, 0x8000_0f0f]);
      setDist(clear + 4, 0x8000_0f00);
      expect([dist(set + 4), dist(clear + 4)]).toEqual([0x0f, 0x0f]);
    }
  });

  it('keeps SGIs enabled and edge-triggered, and PPIs level-sensitive', () => {
    setDist(ICENABLER, 0xffffffff);
    expect(dist(ISENABLER)).toBe(0xffff);
    setDist(ICFGR, 0);
    setDist(ICFGR + 4, 0xffffffff);
    setDist(ICFGR + 8, 0xffffffff);
    expect([dist(ICFGR), dist(ICFGR + 4), dist(ICFGR + 8)]).toEqual([0xaaaaaaaa, 0, 0xaaaaaaaa]);
  });

  it('takes bytes for priorities and targets, with 5 bits of priority and a target bit for each CPU', () => {
    setDist(IPRIORITYR + 40, 0xa0b0c0d7);
    setByte(IPRIORITYR + 41, 0xff);
    expect(dist(IPRIORITYR + 40)).toBe(0xa0b0f8d0);
    expect(gic.distributor.read(IPRIORITYR + 43, 1, 0)).toBe(0xa0);
    setByte(ITARGETSR + 33, 0xff);
    expect(dist(ITARGETSR + 32)).toBe(0x00000f00);
    expect(gic.distributor.read(IPRIORITYR + 40, 2, 0)).toBe(0);
    // Other registers take words only.
    setByte(ISENABLER + 4, 0xff);
    expect(dist(ISENABLER + 4)).toBe(0);
  });

  it('banks the registers of SGIs and PPIs by CPU', () => {
    setDist(ISENABLER, 1 << 27, 2);
    setByte(IPRIORITYR + 27, 0x50, 2);
    expect([0, 2].map((cpu) => dist(ISENABLER, cpu))).toEqual([0xffff, 0x0800ffff]);
    expect([0, 2].map((cpu) => dist(IPRIORITYR + 24, cpu))).toEqual([0, 0x50000000]);
    setDist(ISENABLER + 4, 1, 2);
    expect(dist(ISENABLER + 4, 0)).toBe(1);
  });

  it('tells each CPU its own bit in the targets of SGIs and PPIs, which cannot be written', () => {
    setDist(ITARGETSR, 0xffffffff);
    expect([0, 1, 2, 3].map((cpu) => dist(ITARGETSR + 28, cpu))).toEqual([
      0x01010101, 0x02020202, 0x04040404, 0x08080808,
    ]);
    expect(dist(ITARGETSR)).toBe(0x01010101);
  });

  it('has no targets to choose with one CPU', () => {
    create(1);
    enableAll(1);
    setDist(ITARGETSR + 32, 0x01010101);
    expect([dist(ITARGETSR), dist(ITARGETSR + 32)]).toEqual([0, 0]);
    configure(40, 0xa0);
    gic.setLine(40, true);
    expect(cpuif(IAR)).toBe(40);
  });

  it('forwards nothing when disabled', () => {
    configure(40, 0xa0);
    setDist(CTLR, 0);
    gic.setLine(40, true);
    expect([irqs()[0], cpuif(HPPIR), cpuif(IAR)]).toEqual([false, SPURIOUS, SPURIOUS]);
    setDist(CTLR, GRP0);
    expect([irqs()[0], cpuif(IAR)]).toEqual([true, 40]);
  });
});

describe('a level-sensitive SPI', () => {
  beforeEach(() => configure(40, 0xa0));

  it('is pending while its input is high, and active and pending after the acknowledge', () => {
    gic.setLine(40, true);
    expect([stateOf(40), irqs()]).toEqual(['pending ', [true, false, false, false]]);
    expect(cpuif(IAR)).toBe(40);
    expect([stateOf(40), nIrq[0]!.level, cpuif(RPR)]).toEqual(['pending active', false, 0xa0]);
    gic.setLine(40, false);
    expect(stateOf(40)).toBe(' active');
    setCpuif(EOIR, 40);
    expect([stateOf(40), nIrq[0]!.level, cpuif(RPR)]).toEqual([' ', false, 0xff]);
  });

  it('comes again after EOI when its input stays high', () => {
    gic.setLine(40, true);
    cpuif(IAR);
    setCpuif(EOIR, 40);
    expect([stateOf(40), nIrq[0]!.rises, cpuif(IAR)]).toEqual(['pending ', 2, 40]);
  });

  it('goes away when its input falls before the acknowledge, which is then spurious', () => {
    gic.setLine(40, true);
    gic.setLine(40, false);
    expect([nIrq[0]!.level, cpuif(IAR), stateOf(40)]).toEqual([false, SPURIOUS, ' ']);
  });

  it('does not stop pending by GICD_ICPENDR while its input is high, and keeps what GICD_ISPENDR set until the acknowledge', () => {
    gic.setLine(40, true);
    setDist(ICPENDR + 4, bit(40));
    expect(stateOf(40)).toBe('pending ');
    gic.setLine(40, false);
    setDist(ISPENDR + 4, bit(40));
    gic.setLine(40, true);
    gic.setLine(40, false);
    expect(stateOf(40)).toBe('pending ');
    expect([cpuif(IAR), stateOf(40)]).toEqual([40, ' active']);
  });
});

describe('an edge-triggered SPI', () => {
  beforeEach(() => {
    makeEdge(40);
    configure(40, 0xa0);
  });

  it('pends from its edge to the acknowledge, whatever its input does then', () => {
    gic.setLine(40, true);
    gic.setLine(40, false);
    expect([cpuif(IAR), stateOf(40)]).toEqual([40, ' active']);
    gic.setLine(40, true);
    gic.setLine(40, true);
    expect([stateOf(40), nIrq[0]!.level]).toEqual(['pending active', false]);
    setCpuif(EOIR, 40);
    expect([stateOf(40), nIrq[0]!.level, cpuif(IAR)]).toEqual(['pending ', true, 40]);
    // A high input is no new edge.
    gic.setLine(40, true);
    expect(stateOf(40)).toBe(' active');
    setCpuif(EOIR, 40);
    expect([stateOf(40), cpuif(IAR)]).toEqual([' ', SPURIOUS]);
  });

  it('loses its edge by GICD_ICPENDR, even with its input high', () => {
    gic.setLine(40, true);
    setDist(ICPENDR + 4, bit(40));
    expect([stateOf(40), nIrq[0]!.level]).toEqual([' ', false]);
  });
});

describe('SGIs', () => {
  it('go to the CPUs of the list, to all others or to the sender', () => {
    const pending = (): number[] => [0, 1, 2, 3].map((cpu) => dist(ISPENDR, cpu));
    setDist(SGIR, 0x00060005, 3);
    expect(pending()).toEqual([0, 0x20, 0x20, 0]);
    setDist(SGIR, 0x01ff0001, 2);
    expect(pending()).toEqual([2, 0x22, 0x20, 2]);
    setDist(SGIR, 0x02000000, 2);
    expect(pending()).toEqual([2, 0x22, 0x21, 2]);
    setDist(SGIR, 0x03ff0008, 2);
    expect(pending()).toEqual([2, 0x22, 0x21, 2]);
    expect(irqs()).toEqual([true, true, true, true]);
  });

  it('from three CPUs to one are three interrupts, each with its source', () => {
    for (const sender of [3, 1, 2]) setDist(SGIR, 0x00010007, sender);
    expect(dist(SPENDSGIR + 4)).toBe(0b1110 << 24);
    const seen: number[] = [];
    for (let i = 0; i < 4; i++) {
      seen.push(cpuif(IAR));
      expect(cpuif(IAR)).toBe(SPURIOUS);
      setCpuif(EOIR, seen[i]!);
    }
    expect(seen).toEqual([7 | (1 << 10), 7 | (2 << 10), 7 | (3 << 10), SPURIOUS]);
    expect([stateOf(7), irqs()[0]]).toEqual([' ', false]);
  });

  it('pend and stop pending by source, through GICD_SPENDSGIR and GICD_CPENDSGIR, not through GICD_ISPENDR', () => {
    setByte(SPENDSGIR + 6, 0xff, 1);
    expect([dist(SPENDSGIR + 4, 1), dist(SPENDSGIR + 4, 0)]).toEqual([0x000f0000, 0]);
    setDist(ICPENDR, 0xffff, 1);
    setDist(ISPENDR, 0xffff, 1);
    expect(dist(ISPENDR, 1)).toBe(1 << 6);
    setByte(SPENDSGIR + 7, 1, 1);
    setByte(CPENDSGIR + 6, 0b0011, 1);
    expect([cpuif(HPPIR, 1), dist(SPENDSGIR + 4, 1)]).toEqual([6 | (2 << 10), 0x010c0000]);
    setDist(CPENDSGIR + 4, 0xffffffff, 1);
    expect([dist(ISPENDR, 1), irqs()[1]]).toEqual([0, false]);
  });
});

describe('PPIs', () => {
  it('are the same number at every CPU, each with its own input', () => {
    for (const cpu of [0, 1]) configure(27, 0x80, 0, cpu);
    expect(gic.setPpi(1, 27, true)).toBe(true);
    expect([irqs(), cpuif(IAR, 0), cpuif(IAR, 1)]).toEqual([[false, true, false, false], SPURIOUS, 27]);
    gic.setPpi(0, 27, true);
    expect([cpuif(IAR, 0), stateOf(27, 0), stateOf(27, 1)]).toEqual([27, 'pending active', 'pending active']);
    gic.setPpi(1, 27, false);
    setCpuif(EOIR, 27, 1);
    expect([stateOf(27, 0), stateOf(27, 1)]).toEqual(['pending active', ' ']);
  });

  it('are no inputs of other interrupts or CPUs, and SPIs are none of theirs', () => {
    expect([gic.setPpi(0, 15, true), gic.setPpi(0, 32, true), gic.setPpi(4, 27, true)]).toEqual([false, false, false]);
    expect([27, 96, -1, 32.5].map((id) => gic.setLine(id, true))).toEqual([false, false, false, false]);
    expect(irqs()).toEqual([false, false, false, false]);
  });
});

describe('priorities', () => {
  it('give the highest first, and the lowest ID among equals', () => {
    for (const [id, priority] of [
      [40, 0xa0],
      [41, 0x40],
      [70, 0x40],
      [33, 0xc0],
    ] as const) {
      configure(id, priority);
      gic.setLine(id, true);
    }
    expect(cpuif(HPPIR)).toBe(41);
    const order: number[] = [];
    for (let i = 0; i < 4; i++) {
      const id = cpuif(IAR);
      gic.setLine(id, false);
      setCpuif(EOIR, id);
      order.push(id);
    }
    expect(order).toEqual([41, 70, 40, 33]);
  });

  it('at or below the mask are not signaled, though GICC_HPPIR shows them', () => {
    configure(40, 0xa0);
    setCpuif(PMR, 0xa0);
    gic.setLine(40, true);
    expect([irqs()[0], cpuif(IAR), cpuif(HPPIR)]).toEqual([false, SPURIOUS, 40]);
    setCpuif(PMR, 0xa8);
    expect([irqs()[0], cpuif(IAR)]).toEqual([true, 40]);
  });

  it('preempt when the group priority is higher, and fall back one step with each EOI', () => {
    for (const [id, priority] of [
      [40, 0xa0],
      [41, 0x60],
      [42, 0x20],
    ] as const)
      configure(id, priority);
    for (const id of [40, 41, 42]) {
      gic.setLine(id, true);
      expect(irqs()[0]).toBe(true);
      expect(cpuif(IAR)).toBe(id);
      gic.setLine(id, false);
    }
    expect(cpuif(APR0)).toBe(bit(0xa0 >> 3) | bit(0x60 >> 3) | bit(0x20 >> 3));
    const running = [cpuif(RPR)];
    for (const id of [42, 41, 40]) {
      setCpuif(EOIR, id);
      running.push(cpuif(RPR));
    }
    expect(running).toEqual([0x20, 0x60, 0xa0, 0xff]);
  });

  it('differing only below the binary point do not preempt', () => {
    setCpuif(BPR, 5);
    configure(40, 0xa0);
    configure(41, 0x80);
    configure(42, 0x78);
    gic.setLine(40, true);
    expect([cpuif(IAR), cpuif(RPR)]).toEqual([40, 0x80]);
    gic.setLine(41, true);
    expect([irqs()[0], cpuif(IAR), cpuif(HPPIR)]).toEqual([false, SPURIOUS, 41]);
    gic.setLine(42, true);
    expect([irqs()[0], cpuif(IAR), cpuif(RPR)]).toEqual([true, 42, 0x40]);
  });

  it('have smallest binary points: 2, and 3 for Group 1', () => {
    expect([cpuif(BPR), cpuif(ABPR)]).toEqual([2, 3]);
    setCpuif(BPR, 0);
    setCpuif(ABPR, 0);
    expect([cpuif(BPR), cpuif(ABPR)]).toEqual([2, 3]);
    setCpuif(BPR, 7);
    setCpuif(ABPR, 0xff);
    expect([cpuif(BPR), cpuif(ABPR)]).toEqual([7, 7]);
  });
});

describe('GICC_CTLR.EOImode', () => {
  beforeEach(() => {
    for (const cpu of [0, 1]) setCpuif(CTLR, GRP0 | EOIMODE, cpu);
    configure(40, 0xa0);
    configure(41, 0xa0);
  });

  it('1 splits priority drop (GICC_EOIR) from deactivation (GICC_DIR)', () => {
    gic.setLine(40, true);
    expect(cpuif(IAR)).toBe(40);
    setCpuif(EOIR, 40);
    expect([cpuif(RPR), stateOf(40), irqs()[0]]).toEqual([0xff, 'pending active', false]);
    // Another of the same priority may come in between.
    gic.setLine(41, true);
    expect(cpuif(IAR)).toBe(41);
    setCpuif(DIR, 40);
    expect([stateOf(40), irqs()[0]]).toEqual(['pending ', false]);
    setCpuif(EOIR, 41);
    expect([irqs()[0], cpuif(IAR)]).toEqual([true, 40]);
  });

  it('1 lets another CPU deactivate an SPI', () => {
    gic.setLine(40, true);
    cpuif(IAR);
    gic.setLine(40, false);
    setCpuif(EOIR, 40);
    setCpuif(DIR, 40, 1);
    expect(stateOf(40)).toBe(' ');
  });

  it('0 ignores GICC_DIR', () => {
    setCpuif(CTLR, GRP0);
    gic.setLine(40, true);
    cpuif(IAR);
    setCpuif(DIR, 40);
    expect(stateOf(40)).toBe('pending active');
  });

  it('does not make an EOI of a special or absent ID drop anything', () => {
    gic.setLine(40, true);
    cpuif(IAR);
    for (const id of [1020, 1022, SPURIOUS, 500]) setCpuif(EOIR, id);
    expect(cpuif(RPR)).toBe(0xa0);
  });
});

describe('an SPI with several targets', () => {
  beforeEach(() => configure(40, 0xa0, 0b1110));

  it('goes to the lowest of them, and to no other', () => {
    gic.setLine(40, true);
    expect([irqs(), cpuif(IAR, 2), cpuif(IAR, 1)]).toEqual([[false, true, false, false], SPURIOUS, 40]);
    expect([irqs(), stateOf(40, 3)]).toEqual([[false, false, false, false], 'pending active']);
  });

  it('passes by a CPU whose interface is disabled or masks it', () => {
    gic.setLine(40, true);
    setCpuif(CTLR, 0, 1);
    expect(irqs()).toEqual([false, false, true, false]);
    setCpuif(PMR, 0xa0, 2);
    expect(irqs()).toEqual([false, false, false, true]);
    setCpuif(CTLR, 0, 3);
    expect([irqs(), cpuif(HPPIR, 1), cpuif(HPPIR, 2)]).toEqual([[false, false, false, false], 40, SPURIOUS]);
  });

  it('follows a change of its targets, and goes nowhere without any', () => {
    gic.setLine(40, true);
    setByte(ITARGETSR + 40, 1);
    expect(irqs()).toEqual([true, false, false, false]);
    setByte(ITARGETSR + 40, 0);
    expect([irqs(), cpuif(HPPIR)]).toEqual([[false, false, false, false], SPURIOUS]);
  });
});

describe('interrupt groups', () => {
  beforeEach(() => {
    enableAll(4, 3);
    setDist(IGROUPR + 4, bit(41));
    configure(40, 0x80);
    configure(41, 0x40);
  });

  it('Group 1 is acknowledged and ended through the aliased registers', () => {
    gic.setLine(41, true);
    expect([irqs()[0], cpuif(IAR), cpuif(HPPIR), cpuif(AHPPIR)]).toEqual([true, 1022, 1022, 41]);
    expect([cpuif(AIAR), cpuif(NSAPR0), cpuif(APR0), cpuif(RPR)]).toEqual([41, bit(8), 0, 0x40]);
    gic.setLine(41, false);
    setCpuif(AEOIR, 41);
    expect([cpuif(NSAPR0), stateOf(41)]).toEqual([0, ' ']);
  });

  it('Group 0 does not show in the aliased registers', () => {
    gic.setLine(40, true);
    expect([cpuif(AIAR), cpuif(AHPPIR), cpuif(IAR)]).toEqual([SPURIOUS, SPURIOUS, 40]);
    setCpuif(AEOIR, 40);
    expect(cpuif(RPR)).toBe(0x80);
  });

  it('GICC_CTLR.AckCtl lets GICC_IAR take Group 1 as well', () => {
    setCpuif(CTLR, 3 | ACKCTL);
    gic.setLine(41, true);
    expect([cpuif(HPPIR), cpuif(IAR)]).toEqual([41, 41]);
  });

  it('GICC_CTLR.FIQEn signals Group 0 on nFIQ', () => {
    setCpuif(CTLR, 3 | FIQEN);
    gic.setLine(40, true);
    expect([nIrq[0]!.level, nFiq[0]!.level]).toEqual([false, true]);
    gic.setLine(41, true);
    expect([nIrq[0]!.level, nFiq[0]!.level]).toEqual([true, false]);
  });

  it('each is enabled by its own bit, in distributor and CPU interface', () => {
    gic.setLine(40, true);
    gic.setLine(41, true);
    setDist(CTLR, 1);
    expect(cpuif(HPPIR)).toBe(40);
    setDist(CTLR, 3);
    setCpuif(CTLR, 1);
    expect([cpuif(AHPPIR), cpuif(AIAR), irqs()[0]]).toEqual([41, SPURIOUS, false]);
  });

  it('Group 1 preempts by GICC_ABPR, or by GICC_BPR with CBPR', () => {
    setDist(IGROUPR + 4, bit(40) | bit(41));
    setByte(IPRIORITYR + 40, 0x98);
    setCpuif(ABPR, 7);
    setCpuif(CTLR, 3 | CBPR);
    gic.setLine(40, true);
    expect([cpuif(AIAR), cpuif(RPR)]).toEqual([40, 0x98]);
    gic.setLine(40, false);
    setCpuif(AEOIR, 40);
    setCpuif(CTLR, 3);
    setCpuif(ABPR, 6);
    gic.setLine(41, true);
    expect([cpuif(AIAR), cpuif(RPR)]).toEqual([41, 0x40]);
    setCpuif(AEOIR, 41);
    setCpuif(ABPR, 7);
    expect([cpuif(AIAR), cpuif(RPR)]).toEqual([41, 0]);
  });
});

describe('the GIC as a whole', () => {
  it('restores the state of a run in the middle of its interrupts, and tells outputs only of changes', () => {
    configure(40, 0xa0);
    gic.setLine(40, true);
    cpuif(IAR);
    setDist(SGIR, 0x00020001);
    const saved = JSON.parse(JSON.stringify(gic.saveState()));
    create(4);
    gic.restoreState(saved);
    expect(irqs()).toEqual([false, false, false, false]);
    expect([stateOf(40), cpuif(RPR), cpuif(HPPIR, 1)]).toEqual(['pending active', 0xa0, 1]);
    setCpuif(EOIR, 40);
    expect(irqs()).toEqual([true, false, false, false]);
    expect(cpuif(IAR, 1)).toBe(1);
  });

  it('may use nFIQ where a CPU has said so', () => {
    setCpuif(0, FIQEN, 1);
    expect([0, 1, 2].map((cpu) => gic.mayUseFiq(cpu))).toEqual([false, true, false]);
  });

  it('reads 0 for a CPU that it does not have', () => {
    gic.distributor.write(ISENABLER + 4, 4, 1, 7);
    expect([gic.distributor.read(TYPER, 4, 7), dist(ISENABLER + 4)]).toEqual([0, 0]);
  });

  it('lowers its outputs at reset', () => {
    configure(40, 0xa0);
    gic.setLine(40, true);
    gic.reset();
    expect([irqs()[0], cpuif(HPPIR), dist(ISENABLER + 4)]).toEqual([false, SPURIOUS, 0]);
  });
});

// The virtualization part of the GICv2 against ARM IHI 0048B chapter 5: what a hypervisor and its virtual machine see.
import { beforeEach, describe, expect, it } from 'vitest';
import { Gic } from '../../../../src/devices/irqchip/gic.ts';
import { FakeLine } from '../../../support/devices/fakes.ts';

const HCR = 0;
const VTR = 4;
const VMCR = 8;
const MISR = 0x10;
const EISR = 0x20;
const ELRSR = 0x30;
const APR = 0xf0;
const LR = 0x100;
const CTLR = 0;
const PMR = 4;
const BPR = 8;
const IAR = 0x0c;
const EOIR = 0x10;
const RPR = 0x14;
const HPPIR = 0x18;
const ABPR = 0x1c;
const AIAR = 0x20;
const DIR = 0x1000;
const SPURIOUS = 1023;
const EN = 1;
const PENDING = 1 << 28;
const ACTIVE = 1 << 29;
const GROUP1 = 1 << 30;
const HW = 1 << 31;
const ASK_EOI = 1 << 19;
const EOIMODE = 0x200;
const FIQEN = 8;
const MAINTENANCE = 25;

let vIrq: FakeLine[];
let vFiq: FakeLine[];
let gic: Gic;
const hyp = (offset: number, cpu = 0): number => gic.virtualization!.hypervisor.read(offset, 4, cpu);
const guest = (offset: number, cpu = 0): number => gic.virtualization!.cpuInterface.read(offset, 4, cpu);
const setHyp = (offset: number, value: number, cpu = 0): void =>
  gic.virtualization!.hypervisor.write(offset, 4, value, cpu);
const setGuest = (offset: number, value: number, cpu = 0): void =>
  gic.virtualization!.cpuInterface.write(offset, 4, value, cpu);
const priority = (value: number): number => value << 20;
const state = (n: number): number => (hyp(LR + 4 * n) >>> 28) & 3;
/** Is the maintenance interrupt pending at `cpu`? */
const maintenance = (cpu = 0): boolean => (gic.distributor.read(0x200, 4, cpu) & (1 << MAINTENANCE)) !== 0;

beforeEach(() => {
  vIrq = [new FakeLine(), new FakeLine()];
  vFiq = [new FakeLine(), new FakeLine()];
  gic = new Gic({
    cpus: 2,
    interrupts: 64,
    irq: () => new FakeLine(),
    fiq: () => new FakeLine(),
    virtual: { irq: (cpu) => vIrq[cpu]!, fiq: (cpu) => vFiq[cpu]! },
  });
  setHyp(HCR, EN);
  setGuest(CTLR, 3);
  setGuest(PMR, 0xff);
});

describe('list registers', () => {
  it('are four, with 5 bits of priority', () => {
    expect(hyp(VTR)).toBe(0x90000003);
    for (let n = 0; n < 4; n++) setHyp(LR + 4 * n, 0xffffffff);
    expect([0, 1, 2, 3, 4].map((n) => hyp(LR + 4 * n))).toEqual([...Array(4).fill(0xff8fffff), 0]);
  });

  it('give a virtual interrupt to the virtual machine, from pending through active to empty', () => {
    expect(hyp(ELRSR)).toBe(0b1111);
    setHyp(LR + 4, PENDING | priority(0xa0) | 40);
    expect([vIrq[0]!.level, vIrq[1]!.level, hyp(ELRSR), guest(HPPIR)]).toEqual([true, false, 0b1101, 40]);
    expect([guest(IAR), state(1), vIrq[0]!.level, guest(RPR), hyp(APR)]).toEqual([40, 2, false, 0xa0, 1 << 20]);
    setGuest(EOIR, 40);
    expect([state(1), guest(RPR), hyp(ELRSR), hyp(APR)]).toEqual([0, 0xff, 0b1111, 0]);
  });

  it('pending and active come again after EOI', () => {
    setHyp(LR, PENDING | ACTIVE | priority(0xa0) | 40);
    setHyp(APR, 1 << 20);
    expect([vIrq[0]!.level, guest(IAR)]).toEqual([false, SPURIOUS]);
    setGuest(EOIR, 40);
    expect([vIrq[0]!.level, guest(IAR)]).toEqual([true, 40]);
  });

  it('are served by priority, and preempt', () => {
    setHyp(LR, PENDING | priority(0xa0) | 40);
    setHyp(LR + 4, PENDING | priority(0x40) | 41);
    setHyp(LR + 8, PENDING | priority(0x40) | 39);
    expect([guest(IAR), guest(IAR)]).toEqual([41, SPURIOUS]);
    setGuest(EOIR, 41);
    expect(guest(IAR)).toBe(39);
    setGuest(EOIR, 39);
    expect(guest(IAR)).toBe(40);
    setHyp(LR + 4, PENDING | priority(0x98) | 41);
    expect([vIrq[0]!.level, guest(IAR), guest(RPR)]).toEqual([true, 41, 0x98]);
  });

  it('tell an SGI with its source, and end the one of that source', () => {
    setHyp(LR, ACTIVE | priority(0x80) | (2 << 10) | 5);
    setHyp(LR + 4, PENDING | priority(0x40) | (3 << 10) | 5);
    expect(guest(IAR)).toBe(5 | (3 << 10));
    setGuest(EOIR, 5 | (3 << 10));
    expect([state(0), state(1)]).toEqual([2, 0]);
  });

  it('do nothing while GICH_HCR.En is 0', () => {
    setHyp(LR, PENDING | priority(0xa0) | 40);
    setHyp(HCR, 0);
    expect([vIrq[0]!.level, guest(IAR), state(0)]).toEqual([false, SPURIOUS, 1]);
  });

  it('of a disabled group hold up nothing', () => {
    setGuest(CTLR, 1);
    setHyp(LR, PENDING | GROUP1 | 41);
    setHyp(LR + 4, PENDING | priority(0xa0) | 40);
    expect(guest(IAR)).toBe(40);
  });

  it('of Group 1 are acknowledged through GICV_AIAR, those of Group 0 are signaled on virtual nFIQ with FIQEn', () => {
    setHyp(LR, PENDING | GROUP1 | priority(0x20) | 41);
    expect([guest(IAR), guest(AIAR), hyp(APR)]).toEqual([1022, 41, 1 << 4]);
    setGuest(CTLR, 3 | FIQEN);
    setHyp(LR + 4, PENDING | priority(0x10) | 40);
    expect([vIrq[0]!.level, vFiq[0]!.level]).toEqual([false, true]);
  });
});

describe('a virtual interrupt that stands for a physical one', () => {
  const active = (): number => gic.distributor.read(0x304, 4, 0);

  it('deactivates it, by GICV_EOIR or with EOImode 1 by GICV_DIR', () => {
    gic.distributor.write(0x304, 4, 0b11);
    setHyp(LR, HW | PENDING | (32 << 10) | 50);
    expect(guest(IAR)).toBe(50);
    setGuest(EOIR, 50);
    expect([active(), state(0)]).toEqual([0b10, 0]);
    setGuest(CTLR, 1 | EOIMODE);
    setHyp(LR, HW | PENDING | (33 << 10) | 51);
    expect(guest(IAR)).toBe(51);
    setGuest(EOIR, 51);
    expect([active(), guest(RPR), state(0)]).toEqual([0b10, 0xff, 2]);
    setGuest(DIR, 51);
    expect([active(), state(0)]).toEqual([0, 0]);
  });

  it('may not name what is no SPI or PPI of this GIC', () => {
    gic.distributor.write(0x300, 4, 1 << 3);
    for (const id of [3, 64, 1023]) {
      setHyp(LR, (HW | PENDING | (id << 10) | 50) >>> 0);
      guest(IAR);
      setGuest(EOIR, 50);
    }
    expect(gic.distributor.read(0x300, 4, 0)).toBe(1 << 3);
  });
});

describe('the maintenance interrupt', () => {
  it('comes when a list register that asked for it ends', () => {
    setHyp(LR + 8, PENDING | ASK_EOI | priority(0xa0) | 40);
    guest(IAR);
    expect([hyp(EISR), maintenance()]).toEqual([0, false]);
    setGuest(EOIR, 40);
    expect([hyp(EISR), hyp(MISR), hyp(ELRSR), maintenance(0), maintenance(1)]).toEqual([4, 1, 0b1011, true, false]);
    setHyp(LR + 8, 0);
    expect([hyp(EISR), hyp(MISR), maintenance()]).toEqual([0, 0, false]);
  });

  it('comes on underflow: at most one list register in use', () => {
    setHyp(LR, PENDING | 40);
    setHyp(LR + 4, PENDING | priority(8) | 41);
    setHyp(HCR, EN | 2);
    expect(maintenance()).toBe(false);
    setGuest(EOIR, guest(IAR));
    expect([hyp(MISR), maintenance()]).toEqual([2, true]);
    setHyp(HCR, 2);
    expect(maintenance()).toBe(false);
  });

  it('comes when an interrupt ends that is in no list register, which GICH_HCR.EOICount counts', () => {
    setHyp(HCR, EN | 4);
    setGuest(EOIR, 40);
    expect(hyp(HCR)).toBe(EN | 4);
    setHyp(APR, 1 << 20);
    setGuest(EOIR, 40);
    expect([hyp(HCR), hyp(MISR), maintenance()]).toEqual([(1 << 27) | EN | 4, 4, true]);
    setHyp(HCR, (0xf8000000 | EN) >>> 0);
    setHyp(APR, 1);
    setGuest(EOIR, 40);
    expect(hyp(HCR)).toBe(EN);
  });

  it('comes when nothing is pending any more', () => {
    setHyp(LR, PENDING | 40);
    setHyp(HCR, EN | 8);
    expect(maintenance()).toBe(false);
    guest(IAR);
    expect([hyp(MISR), maintenance()]).toEqual([8, true]);
  });

  it('comes when the virtual machine switches a group on or off, as the hypervisor asks', () => {
    setHyp(HCR, EN | 0x20 | 0x40);
    expect(hyp(MISR)).toBe(0x40);
    setGuest(CTLR, 0);
    expect([hyp(MISR), maintenance()]).toEqual([0x20, true]);
    setHyp(HCR, EN | 0x10 | 0x80);
    expect(hyp(MISR)).toBe(0x80);
    setGuest(CTLR, 3);
    expect(hyp(MISR)).toBe(0x10);
  });

  it('has a PPI of its own, that no device can drive', () => {
    expect([gic.setPpi(0, MAINTENANCE, true), maintenance()]).toEqual([false, false]);
  });
});

describe('GICH_VMCR', () => {
  it('is what the virtual machine wrote, and what it reads', () => {
    setGuest(CTLR, 0x215);
    setGuest(PMR, 0x98);
    setGuest(BPR, 4);
    setGuest(ABPR, 6);
    expect(hyp(VMCR)).toBe((0x215 | (6 << 18) | (4 << 21) | (0x13 << 27)) >>> 0);
    setHyp(VMCR, 0xf8000001);
    expect([CTLR, PMR, BPR, ABPR].map((offset) => guest(offset))).toEqual([1, 0xf8, 2, 3]);
  });

  it('is of one CPU', () => {
    setHyp(VMCR, 0x10000002, 1);
    expect([guest(CTLR, 0), guest(CTLR, 1)]).toEqual([3, 2]);
  });
});

describe('saved state', () => {
  it('takes list registers and the virtual CPU interface along', () => {
    setHyp(LR, PENDING | priority(0x40) | 40);
    setHyp(LR + 4, PENDING | priority(0xa0) | ASK_EOI | 41);
    guest(IAR);
    const saved = JSON.parse(JSON.stringify(gic.saveState()));
    gic.reset();
    expect([hyp(HCR), hyp(LR), guest(CTLR)]).toEqual([0, 0, 0]);
    gic.restoreState(saved);
    expect([guest(RPR), state(0), guest(HPPIR)]).toEqual([0x40, 2, 41]);
    setGuest(EOIR, 40);
    expect(guest(IAR)).toBe(41);
  });
});

describe('a GIC without virtualization', () => {
  it('has no such windows, and PPI 25 is free', () => {
    const plain = new Gic({ cpus: 1, interrupts: 64, irq: () => new FakeLine(), fiq: () => new FakeLine() });
    expect([plain.virtualization, plain.setPpi(0, MAINTENANCE, true)]).toEqual([undefined, true]);
  });
});

// The PIIX4 as Linux's Malta fixups and power-off driver use it.
import { describe, expect, it } from 'vitest';
import { IO_BASE, MaltaPci } from '../../../support/devices/malta-pci.ts';

const PM = IO_BASE + 0x1000;

describe('interrupt routing', () => {
  it('leads PIRQs to the ISA lines of PIRQRC', () => {
    const m = new MaltaPci();
    expect(m.configRead(10, 0, 0x60)).toBe(0x0b0b0a0a);
    m.piix4.setPirq(0, true);
    m.piix4.setPirq(2, true);
    m.piix4.setPirq(0, false);
    expect(m.isa).toEqual(['10 up', '11 up', '10 down']);
  });

  it('joins PIRQs on one line', () => {
    const m = new MaltaPci();
    m.piix4.setPirq(0, true);
    m.piix4.setPirq(1, true);
    m.piix4.setPirq(0, false);
    expect(m.isa).toEqual(['10 up']);
    m.piix4.setPirq(1, false);
    expect(m.isa).toEqual(['10 up', '10 down']);
  });

  it('follows the guest that routes anew, and drops what it disables', () => {
    const m = new MaltaPci();
    m.piix4.setPirq(3, true);
    m.configWrite(10, 0, 0x60, 0x050b0a0a);
    expect(m.isa[0]).toBe('11 up');
    expect(new Set(m.isa.slice(1))).toEqual(new Set(['5 up', '11 down']));
    m.configWrite(10, 0, 0x60, 0x850b0a0a);
    expect(m.isa.at(-1)).toBe('5 down');
  });

  it('leads nowhere on the lines of timer, keyboard, cascade, RTC and coprocessor', () => {
    const m = new MaltaPci();
    m.piix4.setPirq(0, true);
    m.isa.length = 0;
    for (const line of [0, 1, 2, 8, 13]) m.configWrite(10, 0, 0x60, 0x80808000 | line);
    expect(m.isa).toEqual(['10 down']);
    expect(() => m.piix4.setPirq(4, true)).not.toThrow();
  });

  it('wires the slots as the board does', () => {
    const m = new MaltaPci();
    // Linux: irq_tab of fixup-malta.c, slot 18 INTA is PIRQA and so on.
    const wired = [18, 19, 20, 21].map((device) => [0, 1, 2, 3].map((pin) => (device + pin + 2) & 3));
    expect(wired).toEqual([
      [0, 1, 2, 3],
      [1, 2, 3, 0],
      [2, 3, 0, 1],
      [3, 0, 1, 2],
    ]);
    expect(m.configRead(10, 0, 0x3c)! >>> 8).toBe(0);
  });
});

describe('what Linux fixes up', () => {
  it('stays as it was written', () => {
    const m = new MaltaPci('big');
    const write = (number: number, register: number, value: number) => {
      m.configWrite(10, number, register, value);
      return m.configRead(10, number, register)!;
    };
    // TOM, SERIRQC, GENCFG, DLC, the command register's special cycle bit; IDETIM; PMBA, PMREGMISC.
    expect(write(0, 0x68, 0xf200)).toBe(0xf200);
    expect(write(0, 0x64, 0xd0)).toBe(0xd0);
    expect(write(0, 0xb0, 0x10000)).toBe(0x10000);
    expect(write(0, 0x80, 0x070000)).toBe(0x070000);
    expect(write(0, 0x04, 0x0f) & 0xffff).toBe(0x0f);
    expect(write(1, 0x40, 0x80008000)).toBe(0x80008000);
    expect(write(3, 0x40, 0x1001)).toBe(0x1001);
    expect(write(3, 0x80, 1)).toBe(1);
    expect(m.configRead(10, 3, 0x90)).toBe(1);
  });
});

describe('power management', () => {
  it('stands at PMBA while PMREGMISC lets it', () => {
    const m = new MaltaPci();
    m.store(PM + 2, 2, 0x0100);
    expect(m.load(PM + 2, 2)).toBe(0x0100);
    m.configWrite(10, 3, 0x40, 0x2001);
    expect([m.load(PM + 2, 2), m.load(IO_BASE + 0x2002, 2)]).toEqual([0xffff, 0x0100]);
    m.configWrite(10, 3, 0x80, 0);
    expect(m.load(IO_BASE + 0x2002, 2)).toBe(0xffff);
  });

  it('powers off as Linux does it, once', () => {
    const m = new MaltaPci();
    m.configWrite(10, 0, 0x04, 0x0f);
    expect(m.load(PM, 2)! & 0x100).toBe(0);
    expect(m.powerOffs).toBe(0);
    m.store(PM + 4, 2, 0x2000);
    expect(m.powerOffs).toBe(1);
    m.configWrite(31, 7, 0, 0x00120002);
    m.store(PM + 4, 2, 0x2000);
    expect(m.powerOffs).toBe(1);
    m.piix4.reset();
    m.store(PM + 4, 2, 0x2000);
    expect(m.powerOffs).toBe(2);
  });

  it('does not power off by a special cycle alone, without SUS_EN, or for another kind of sleep', () => {
    const m = new MaltaPci();
    m.configWrite(10, 0, 0x04, 0x0f);
    m.configWrite(31, 7, 0, 0x00120002);
    m.store(PM + 4, 2, 0x0001);
    for (let type = 1; type < 8; type++) m.store(PM + 4, 2, 0x2000 | (type << 10));
    m.store(PM + 4, 1, 0x00);
    expect(m.powerOffs).toBe(0);
    expect(m.load(PM + 4, 2)).toBe(0x1c00);
  });

  it('counts 3.579545 MHz of guest time in 24 bits', () => {
    const m = new MaltaPci();
    expect(m.load(PM + 8, 4)).toBe(0);
    m.timer.pass(1_000_000_000);
    expect(m.load(PM + 8, 4)).toBe(3_579_545);
    m.timer.pass(4_000_000_000);
    expect(m.load(PM + 8, 4)).toBe((5 * 3_579_545) % 2 ** 24);
    m.timer.now = 2 ** 52;
    expect(m.load(PM + 8, 4)).toBeLessThan(2 ** 24);
  });
});

it('goes on from saved state, and drives no line for it', () => {
  const m = new MaltaPci();
  m.piix4.setPirq(1, true);
  m.configWrite(10, 3, 0x40, 0x2001);
  m.store(IO_BASE + 0x2004, 2, 0x2000);
  const saved = JSON.parse(JSON.stringify(m.piix4.saveState()));
  const later = new MaltaPci();
  later.piix4.restoreState(saved);
  expect([later.piix4.saveState(), later.isa]).toEqual([saved, []]);
  later.piix4.setPirq(1, false);
  expect(later.isa).toEqual(['10 down']);
  later.store(IO_BASE + 0x2004, 2, 0x2000);
  expect(later.powerOffs).toBe(0);
});

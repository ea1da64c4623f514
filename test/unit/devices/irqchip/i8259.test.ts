// The pair of 8259As as Linux's irq-i8259.c and the data sheet use it.
import { beforeEach, describe, expect, it } from 'vitest';
import { I8259 } from '../../../../src/devices/irqchip/i8259.ts';
import { FakeLine } from '../../../support/devices/fakes.ts';
import { type Ports, ports } from '../../../support/devices/ports.ts';

const CMD = 0;
const DATA = 1;

let int: FakeLine;
let pic: I8259;
let master: Ports;
let slave: Ports;
let elcr: Ports;

beforeEach(() => {
  int = new FakeLine();
  pic = new I8259({ output: int });
  master = ports(pic.masterWindow);
  slave = ports(pic.slaveWindow);
  elcr = ports(pic.elcrWindow);
});

/** What init_8259A does, then all lines unmasked. */
function initialize({ icw4 = 0x01, slaveIcw4 = 0x01 } = {}): void {
  master.out(CMD, 0x11);
  for (const value of [0x00, 0x04, icw4]) master.out(DATA, value);
  slave.out(CMD, 0x11);
  for (const value of [0x08, 0x02, slaveIcw4]) slave.out(DATA, value);
  master.out(DATA, 0);
  slave.out(DATA, 0);
}

const raise = (irq: number) => pic.setLine(irq, true);
const lower = (irq: number) => pic.setLine(irq, false);
function pulse(irq: number): void {
  lower(irq);
  raise(irq);
}

function isr(which: Ports): number {
  which.out(CMD, 0x0b);
  const value = which.in(CMD);
  which.out(CMD, 0x0a);
  return value;
}

describe('initialization', () => {
  it('takes ICW2 to ICW4 in order, and what comes then is the mask', () => {
    initialize();
    master.out(DATA, 0xa5);
    expect(master.in(DATA)).toBe(0xa5);
    master.out(DATA, 0);
    raise(3);
    expect(pic.acknowledge()).toBe(3);
  });

  it('puts the vectors where ICW2 says, low bits ignored', () => {
    master.out(CMD, 0x11);
    for (const value of [0x27, 0x04, 0x01]) master.out(DATA, value);
    raise(5);
    expect(pic.acknowledge()).toBe(0x25);
  });

  it('ends after ICW2 for a single controller without ICW4, and after ICW3 for a pair without', () => {
    master.out(CMD, 0x12);
    master.out(DATA, 0x40);
    master.out(DATA, 0x12);
    expect(master.in(DATA)).toBe(0x12);
    master.out(CMD, 0x10);
    for (const value of [0x40, 0x04, 0x34]) master.out(DATA, value);
    expect(master.in(DATA)).toBe(0x34);
  });

  it('takes ICW4 after ICW2 for a single controller', () => {
    master.out(CMD, 0x13);
    for (const value of [0x40, 0x03, 0x56]) master.out(DATA, value);
    expect(master.in(DATA)).toBe(0x56);
    raise(1);
    pic.acknowledge();
    expect(isr(master)).toBe(0); // ICW4 asked for automatic EOI
  });

  it('clears masks, service and edges: a line that is up must rise again', () => {
    initialize();
    raise(3);
    pic.acknowledge();
    raise(4);
    master.out(DATA, 0xff);
    initialize();
    expect([isr(master), master.in(CMD), int.level]).toEqual([0, 0, false]);
    pulse(4);
    expect(int.level).toBe(true);
  });

  it('forgets automatic EOI when there is no ICW4, rotation and special mask mode always', () => {
    initialize({ icw4: 0x03 });
    master.out(CMD, 0xc3); // line 3 has the lowest priority
    master.out(CMD, 0x68);
    master.out(CMD, 0x10);
    for (const value of [0x00, 0x04]) master.out(DATA, value);
    raise(3);
    raise(4);
    expect(pic.acknowledge()).toBe(3);
    expect(isr(master)).toBe(0x08);
    master.out(DATA, 0x08);
    expect(int.level).toBe(false); // 3 in service holds 4 off though masked
  });
});

describe('lines and requests', () => {
  it('raise INT when unmasked, and show in IRR masked or not', () => {
    initialize();
    master.out(DATA, 0xff);
    raise(4);
    expect([int.level, master.in(CMD)]).toEqual([false, 0x10]);
    master.out(DATA, 0xef);
    expect(int.level).toBe(true);
    master.out(DATA, 0x10);
    expect(int.level).toBe(false);
  });

  it('need an edge for each interrupt', () => {
    initialize();
    raise(4);
    pic.acknowledge();
    master.out(CMD, 0x64);
    expect([int.level, master.in(CMD)]).toEqual([false, 0]);
    raise(4);
    expect(int.level).toBe(false);
    pulse(4);
    expect(int.level).toBe(true);
  });

  it('ask again while they are up when ELCR makes them level-triggered', () => {
    initialize();
    elcr.out(1, 0x04);
    raise(10);
    expect(pic.acknowledge()).toBe(10);
    expect(int.level).toBe(false);
    slave.out(CMD, 0x62);
    master.out(CMD, 0x62);
    expect(int.level).toBe(true);
    expect(pic.acknowledge()).toBe(10);
    lower(10);
    slave.out(CMD, 0x62);
    master.out(CMD, 0x62);
    expect(int.level).toBe(false);
  });

  it('cannot be level-triggered where a PC has timer, keyboard, cascade, RTC and coprocessor', () => {
    elcr.out(0, 0xff);
    elcr.out(1, 0xff);
    expect([elcr.in(0), elcr.in(1)]).toEqual([0xf8, 0xde]);
  });

  it('are edge-triggered whatever LTIM says', () => {
    master.out(CMD, 0x19);
    for (const value of [0, 4, 1]) master.out(DATA, value);
    raise(4);
    pic.acknowledge();
    master.out(CMD, 0x64);
    expect(int.level).toBe(false);
  });

  it('of the slave come through line 2 of the master', () => {
    initialize();
    raise(14);
    expect([master.in(CMD), slave.in(CMD), int.level]).toEqual([0x04, 0x40, true]);
    expect(pic.acknowledge()).toBe(14);
    expect([isr(master), isr(slave)]).toEqual([0x04, 0x40]);
  });

  it('of the slave are held off by the mask of line 2', () => {
    initialize();
    master.out(DATA, 0x04);
    raise(14);
    expect(int.level).toBe(false);
  });

  it('are 16, of which line 2 leads nowhere', () => {
    initialize();
    expect([raise(2), raise(16), raise(-1), pic.setLine(1.5, true)]).toEqual([true, false, false, false]);
    expect([int.level, master.in(CMD)]).toEqual([false, 0]);
  });
});

describe('priority', () => {
  beforeEach(() => initialize());

  it('is highest for line 0; the slave has the place of line 2', () => {
    for (const irq of [7, 3, 15, 8, 1]) raise(irq);
    const order = [];
    while (int.level) {
      const irq = pic.acknowledge();
      order.push(irq);
      if (irq >= 8) slave.out(CMD, 0x20);
      master.out(CMD, 0x20);
    }
    expect(order).toEqual([1, 8, 15, 3, 7]);
  });

  it('lets a higher line in while a lower one is in service, not the other way round', () => {
    raise(4);
    pic.acknowledge();
    raise(6);
    expect(int.level).toBe(false);
    raise(1);
    expect(int.level).toBe(true);
    expect(pic.acknowledge()).toBe(1);
    expect(isr(master)).toBe(0x12);
    master.out(CMD, 0x20); // ends 1
    expect([isr(master), int.level]).toEqual([0x10, false]);
    master.out(CMD, 0x20); // ends 4
    expect([isr(master), int.level]).toEqual([0, true]);
    expect(pic.acknowledge()).toBe(6);
  });

  it('holds a line off while it is in service itself', () => {
    raise(4);
    pic.acknowledge();
    pulse(4);
    expect(int.level).toBe(false);
    master.out(CMD, 0x64);
    expect(int.level).toBe(true);
  });

  it('is set by OCW2 and rotates with an EOI', () => {
    master.out(CMD, 0xc4); // lowest 4: the order begins with 5
    raise(0);
    raise(5);
    expect(pic.acknowledge()).toBe(5);
    master.out(CMD, 0xa0); // rotate on non-specific EOI: lowest 5
    pulse(5);
    raise(6);
    expect(pic.acknowledge()).toBe(6);
    master.out(CMD, 0xe6); // rotate on specific EOI: lowest 6
    pulse(6);
    expect(pic.acknowledge()).toBe(0);
    expect(isr(master)).toBe(0x01);
  });

  it('makes a non-specific EOI end the line of highest priority', () => {
    raise(5);
    pic.acknowledge();
    raise(1);
    pic.acknowledge();
    master.out(CMD, 0xc2); // the order is 3 4 5 6 7 0 1 2
    master.out(CMD, 0x20);
    expect(isr(master)).toBe(0x02);
    master.out(CMD, 0x20);
    master.out(CMD, 0x20); // nothing in service: nothing happens
    expect(isr(master)).toBe(0);
  });

  it('of a specific EOI is nobody else', () => {
    raise(5);
    pic.acknowledge();
    raise(1);
    pic.acknowledge();
    master.out(CMD, 0x65);
    expect(isr(master)).toBe(0x02);
    master.out(CMD, 0x40); // no operation
    expect(isr(master)).toBe(0x02);
  });
});

describe('modes', () => {
  it('automatic EOI leaves nothing in service, and can rotate', () => {
    initialize({ icw4: 0x03 });
    raise(3);
    raise(4);
    expect(pic.acknowledge()).toBe(3);
    expect([isr(master), int.level]).toEqual([0, true]);
    expect(pic.acknowledge()).toBe(4);
    master.out(CMD, 0x80); // rotate in automatic EOI mode
    pulse(3);
    pulse(4);
    expect(pic.acknowledge()).toBe(3);
    pulse(3);
    expect(pic.acknowledge()).toBe(4);
    master.out(CMD, 0x00); // no more
    pulse(4);
    expect(pic.acknowledge()).toBe(3);
    pulse(3);
    expect(pic.acknowledge()).toBe(3);
  });

  it('automatic EOI of the slave brings its next request through the master', () => {
    initialize({ icw4: 0x03, slaveIcw4: 0x03 });
    raise(9);
    raise(12);
    expect([pic.acknowledge(), int.level, pic.acknowledge(), int.level]).toEqual([9, true, 12, false]);
  });

  it('special mask mode lets lower lines in while a masked one is in service', () => {
    initialize();
    raise(3);
    pic.acknowledge();
    raise(5);
    master.out(DATA, 0x08);
    expect(int.level).toBe(false);
    master.out(CMD, 0x68);
    expect(int.level).toBe(true);
    expect(pic.acknowledge()).toBe(5);
    master.out(CMD, 0x20); // does not end the masked line
    expect(isr(master)).toBe(0x08);
    raise(6);
    master.out(CMD, 0x08); // without ESMM nothing changes
    expect(int.level).toBe(true);
    master.out(CMD, 0x48);
    expect(int.level).toBe(false);
  });

  it('special fully nested mode lets a higher line of the slave in while the slave is in service', () => {
    initialize();
    raise(12);
    pic.acknowledge();
    raise(9);
    expect(int.level).toBe(false);
    initialize({ icw4: 0x11 });
    pulse(12);
    expect(pic.acknowledge()).toBe(12);
    pulse(9);
    expect(int.level).toBe(true);
    expect(pic.acknowledge()).toBe(9);
    raise(5); // lower than the slave
    expect(int.level).toBe(false);
    raise(0);
    expect(int.level).toBe(true);
  });
});

describe('an acknowledge', () => {
  beforeEach(() => initialize());

  it('that finds nothing is line 7, which is not in service', () => {
    expect(pic.acknowledge()).toBe(7);
    expect(isr(master)).toBe(0);
    raise(4);
    lower(4);
    expect([int.level, pic.acknowledge(), isr(master)]).toEqual([false, 7, 0]);
  });

  it('that finds nothing at the slave is line 15, with line 2 in service at the master', () => {
    raise(12);
    lower(12);
    expect(pic.acknowledge()).toBe(15);
    expect([isr(master), isr(slave)]).toEqual([0x04, 0]);
    master.out(CMD, 0x62);
    expect(int.level).toBe(false);
    raise(12);
    expect(pic.acknowledge()).toBe(12);
  });

  it('of a line that has no slave behind it, though ICW3 says so, finds an idle bus', () => {
    master.out(CMD, 0x11);
    for (const value of [0x00, 0x24, 0x01]) master.out(DATA, value);
    raise(5);
    expect(pic.acknowledge()).toBe(0xff);
  });

  it('is not answered by a slave that was told another number', () => {
    slave.out(CMD, 0x11);
    for (const value of [0x08, 0x03, 0x01]) slave.out(DATA, value);
    raise(12);
    expect(pic.acknowledge()).toBe(0xff);
    expect(isr(slave)).toBe(0);
  });
});

describe('the poll command', () => {
  beforeEach(() => initialize());

  it('acknowledges by the next read, once', () => {
    raise(5);
    master.out(CMD, 0x0c);
    expect(master.in(CMD)).toBe(0x85);
    expect([isr(master), int.level]).toEqual([0x20, false]);
    expect(master.in(DATA)).toBe(0);
  });

  it('says that there is nothing', () => {
    master.out(CMD, 0x0c);
    expect(master.in(CMD)).toBe(0);
    expect(isr(master)).toBe(0);
  });

  it('finds a line of the slave in two steps', () => {
    raise(11);
    master.out(CMD, 0x0c);
    expect(master.in(CMD)).toBe(0x82);
    slave.out(CMD, 0x0c);
    expect(slave.in(DATA)).toBe(0x83);
    expect([isr(master), isr(slave)]).toEqual([0x04, 0x08]);
    slave.out(CMD, 0x63);
    master.out(CMD, 0x62);
    expect(int.level).toBe(false);
  });

  it('of the slave alone takes the request from the master', () => {
    raise(11);
    slave.out(CMD, 0x0c);
    slave.in(CMD);
    expect([master.in(CMD), int.level]).toEqual([0, false]);
  });
});

describe('reading', () => {
  beforeEach(() => initialize());

  it('goes on with IRR or ISR until told otherwise', () => {
    raise(4);
    pic.acknowledge();
    raise(6);
    master.out(CMD, 0x0b);
    expect([master.in(CMD), master.in(CMD)]).toEqual([0x10, 0x10]);
    master.out(CMD, 0x48); // another OCW3
    expect(master.in(CMD)).toBe(0x10);
    master.out(CMD, 0x0a);
    expect(master.in(CMD)).toBe(0x40);
  });

  it('takes 16-bit accesses as two', () => {
    elcr.out(0, 0);
    pic.elcrWindow.write(0, 2, 0x0c20);
    expect([elcr.in(0), elcr.in(1), pic.elcrWindow.read(0, 2)]).toEqual([0x20, 0x0c, 0x0c20]);
    expect(pic.masterWindow.read(1, 4)).toBe(0xffffff00);
  });
});

describe('saved state', () => {
  it('goes on in the middle of a service, and does not touch the output', () => {
    initialize();
    raise(12);
    pic.acknowledge();
    raise(3);
    raise(0);
    const line = new FakeLine();
    const other = new I8259({ output: line });
    other.restoreState(JSON.parse(JSON.stringify(pic.saveState())));
    expect(line.rises).toBe(0);
    line.level = true;
    expect(other.acknowledge()).toBe(0);
    expect(line.level).toBe(false);
    ports(other.masterWindow).out(CMD, 0x20);
    ports(other.slaveWindow).out(CMD, 0x64);
    ports(other.masterWindow).out(CMD, 0x20);
    expect(other.acknowledge()).toBe(3);
  });

  it('lowers the output at reset', () => {
    initialize();
    raise(3);
    pic.reset();
    expect(int.level).toBe(false);
  });
});

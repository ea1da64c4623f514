// The 8254 behind its ports, as Linux's i8253 driver and the data sheet use it.
import { beforeEach, describe, expect, it } from 'vitest';
import type { IrqLine } from '../../../../src/devices/device.ts';
import { I8254 } from '../../../../src/devices/timer/i8254.ts';
import { FakeTimer } from '../../../support/devices/fakes.ts';
import { type Ports, ports } from '../../../support/devices/ports.ts';

const HZ = 1_193_182;
const CONTROL = 3;
/** Guest nanoseconds of `ticks`, rounded up. */
const ns = (ticks: number) => Math.ceil((ticks * 1e9) / HZ);

/** An interrupt line that notes when it changes. */
class TimedLine implements IrqLine {
  readonly edges: [at: number, level: boolean][] = [];
  private readonly timer: FakeTimer;

  constructor(timer: FakeTimer) {
    this.timer = timer;
  }

  set(level: boolean): void {
    this.edges.push([this.timer.now, level]);
  }

  get rises(): number[] {
    return this.edges.filter(([, level]) => level).map(([at]) => at);
  }
}

let timer: FakeTimer;
let irq: TimedLine;
let pit: I8254;
let io: Ports;
let portB: Ports;

beforeEach(() => {
  timer = new FakeTimer();
  irq = new TimedLine(timer);
  pit = new I8254({ irq, timer });
  io = ports(pit.window);
  portB = ports(pit.portB);
});

function program(control: number, count: number, channel = control >>> 6): void {
  io.out(CONTROL, control);
  io.out(channel, count & 0xff);
  io.out(channel, count >>> 8);
}

function readCount(channel: number): number {
  const low = io.in(channel);
  return low | (io.in(channel) << 8);
}

describe('counter 0 of the 8254', () => {
  it('interrupts 100 times a second as a rate generator, and drifts by nothing in ten minutes', () => {
    program(0x34, 11_932);
    const start = irq.rises.length;
    timer.pass(600e9);
    const rises = irq.rises.slice(start);
    expect(rises).toHaveLength(Math.floor((600 * HZ - 1) / 11_932));
    expect(rises[0]).toBe(ns(1 + 11_932));
    expect(rises.at(-1)).toBe(ns(1 + 11_932 * rises.length));
  });

  it('is low for one tick of a period in mode 2', () => {
    program(0x34, 1000);
    timer.pass(ns(2500));
    expect(irq.edges.slice(1)).toEqual([
      [ns(1000), false],
      [ns(1001), true],
      [ns(2000), false],
      [ns(2001), true],
    ]);
  });

  it('interrupts once in mode 0, when the count is over', () => {
    program(0x30, 5000);
    timer.pass(1e9);
    expect(irq.edges).toEqual([[ns(5001), true]]);
    expect(timer.pending).toEqual([]);
  });

  it('strobes in mode 4, the one-shot of Linux', () => {
    io.out(CONTROL, 0x38);
    io.out(0, 0x10);
    io.out(0, 0x00);
    timer.pass(1e9);
    expect(irq.edges.slice(1)).toEqual([
      [ns(17), false],
      [ns(18), true],
    ]);
    io.out(0, 0x20);
    io.out(0, 0x00);
    timer.pass(1e9);
    expect(irq.edges).toHaveLength(5);
  });

  it('is stopped in mode 0 by the first byte of a new count', () => {
    program(0x30, 100);
    timer.pass(ns(51));
    io.out(0, 200);
    timer.pass(1e9);
    expect([irq.edges, timer.pending, readCount(0)]).toEqual([[], [], 50]);
    io.out(0, 0);
    timer.pass(1e9);
    expect(irq.edges).toHaveLength(1);
  });

  it.each([0x3c, 0x3e])('does in mode 6 and 7 what it does in mode 2 and 3: control word %i', (control) => {
    const edges = [control, control & ~0x08].map((word) => {
      timer = new FakeTimer();
      irq = new TimedLine(timer);
      io = ports(new I8254({ irq, timer }).window);
      program(word, 1000);
      timer.pass(1e7);
      return irq.edges;
    });
    expect(edges[0]).toEqual(edges[1]);
    expect(edges[0]!.length).toBeGreaterThan(20);
  });

  it.each([0x34, 0x36])('stays up with an illegal count of 1: control word %i', (control) => {
    program(control, 1);
    timer.pass(1e9);
    expect([irq.edges, timer.pending]).toEqual([[[0, true]], []]);
  });

  it('falls silent when mode 0 is set and no count is written, as at shutdown', () => {
    program(0x34, 100);
    timer.pass(1e6);
    io.out(CONTROL, 0x30);
    const before = irq.edges.length;
    timer.pass(1e9);
    expect([irq.edges.length, timer.pending]).toEqual([before, []]);
  });

  it('asks for no time before it is programmed, and none for counters 1 and 2', () => {
    program(0x74, 18);
    portB.out(0, 1);
    program(0xb6, 1000);
    expect(timer.pending).toEqual([]);
    expect(irq.edges).toEqual([]);
  });

  it('shows a pulse that began and ended between two calls as a pulse', () => {
    program(0x34, 1000);
    const [at] = timer.pending;
    const before = irq.edges.length;
    timer.now = at! + 5000; // the call comes 5 us late
    timer.pass(0);
    expect(irq.edges.slice(before).map(([, level]) => level)).toEqual([false, true]);
  });

  it('serves edges that are due before it takes a new count', () => {
    program(0x30, 10);
    timer.now = ns(50);
    io.out(CONTROL, 0x30);
    expect(irq.edges.map(([, level]) => level)).toEqual([true, false]);
  });
});

describe('reading an 8254 counter', () => {
  it('gives the count as it is, low byte first', () => {
    program(0x74, 0x1234);
    timer.pass(ns(1));
    expect(readCount(1)).toBe(0x1234);
    timer.pass(ns(0x34) - ns(0) + 1);
    expect(readCount(1)).toBe(0x1200);
  });

  it('gives a latched count until it was read whole, whatever time passes', () => {
    program(0x74, 10_000);
    timer.pass(ns(1001));
    io.out(CONTROL, 0x40);
    timer.pass(ns(500));
    io.out(CONTROL, 0x40); // does not latch anew
    expect(io.in(1)).toBe(9000 & 0xff);
    timer.pass(ns(500));
    expect(io.in(1)).toBe(9000 >>> 8);
    expect(readCount(1)).toBeLessThan(8100);
  });

  it('gives status and count after a read-back command, status first', () => {
    program(0x74, 500);
    timer.pass(ns(101));
    io.out(CONTROL, 0xc4);
    timer.pass(ns(50));
    expect(io.in(1)).toBe(0x80 | 0x34);
    expect(readCount(1)).toBe(400);
  });

  it('reads back only what the command names', () => {
    program(0x74, 500);
    program(0xb6, 700);
    timer.pass(ns(101));
    io.out(CONTROL, 0xe8); // status of counter 2
    expect(io.in(2)).toBe(0x80 | 0x36);
    io.out(CONTROL, 0xd4); // count of counter 1
    timer.pass(ns(50));
    expect(readCount(1)).toBe(400);
  });

  it('says null count until the count is loaded', () => {
    io.out(CONTROL, 0x74);
    const status = () => {
      io.out(CONTROL, 0xe4);
      return io.in(1);
    };
    expect(status() & 0x40).toBe(0x40);
    io.out(1, 9);
    io.out(1, 0);
    expect(status() & 0x40).toBe(0x40);
    timer.pass(ns(1));
    expect(status() & 0x40).toBe(0);
  });

  it('keeps the control word for the status as it was written, modes 6 and 7 too', () => {
    io.out(CONTROL, 0x7c);
    io.out(CONTROL, 0xe4);
    expect(io.in(1) & 0x3f).toBe(0x3c);
  });

  it('counts in decimal when told to', () => {
    program(0x75, 0x1000);
    timer.pass(ns(2));
    expect(readCount(1)).toBe(0x0999);
  });

  it('takes 0 for the largest count: 65536, or 10000 in decimal', () => {
    program(0x74, 0);
    timer.pass(ns(2));
    expect(readCount(1)).toBe(0xffff);
    program(0x75, 0);
    timer.pass(ns(2));
    expect(readCount(1)).toBe(0x9999);
  });

  it('latches the status once, and not the count when that is not asked for', () => {
    program(0x70, 500);
    timer.pass(ns(101));
    io.out(CONTROL, 0xe4);
    timer.pass(ns(500));
    io.out(CONTROL, 0xe4); // the output is up by now
    expect(io.in(1)).toBe(0x30);
    expect(readCount(1)).not.toBe(400);
  });

  it('takes one byte where the control word says so', () => {
    io.out(CONTROL, 0x54);
    io.out(1, 200);
    timer.pass(ns(11));
    expect(io.in(1)).toBe(190);
    io.out(CONTROL, 0x64);
    io.out(1, 2);
    timer.pass(ns(1));
    expect(io.in(1)).toBe(2);
    timer.pass(ns(2));
    expect(io.in(1)).toBe(1);
  });

  it('begins anew with the low byte after a control word', () => {
    program(0x74, 0x1234);
    timer.pass(ns(1));
    io.in(1);
    program(0x74, 0x5678);
    timer.pass(ns(1));
    expect(readCount(1)).toBe(0x5678);
  });

  it('finds nothing at the control port', () => {
    expect(io.in(CONTROL)).toBe(0xff);
  });
});

describe('port 0x61', () => {
  it('starts counter 2 and shows its output: how a clock is calibrated', () => {
    portB.out(0, 0);
    program(0xb0, 0x1000);
    timer.pass(ns(0x3000));
    expect(portB.in(0) & 0x20).toBe(0);
    portB.out(0, 1);
    const start = timer.now;
    timer.pass(ns(0x0ffe));
    expect(portB.in(0) & 0x20).toBe(0);
    timer.pass(ns(3));
    expect(portB.in(0) & 0x20).toBe(0x20);
    expect(timer.now - start).toBeLessThan(ns(0x1003));
  });

  it('holds its four low bits and no others', () => {
    portB.out(0, 0xff);
    expect(portB.in(0) & 0x0f).toBe(0x0f);
    expect(portB.in(0) & 0xc0).toBe(0);
  });

  it('toggles its refresh bit every 18 ticks', () => {
    const seen = Array.from({ length: 6 }, (_, i) => {
      timer.now = ns(18 * i);
      return portB.in(0) & 0x10;
    });
    expect(seen).toEqual([0, 0x10, 0, 0x10, 0, 0x10]);
  });
});

describe('an 8254 that goes on elsewhere', () => {
  it('interrupts at the same instants', () => {
    program(0x36, 3000);
    timer.pass(ns(4000));
    const later = new FakeTimer();
    later.now = timer.now;
    const line = new TimedLine(later);
    const other = new I8254({ irq: line, timer: later });
    other.restoreState(JSON.parse(JSON.stringify(pit.saveState())));
    const before = irq.edges.length;
    timer.pass(1e9);
    later.pass(1e9);
    expect(line.edges).toEqual(irq.edges.slice(before));
    expect(line.edges.length).toBeGreaterThan(700);
  });

  it('is not called any more by what was set before its reset', () => {
    program(0x34, 3000);
    pit.reset();
    expect([timer.pending, irq.edges.at(-1)![1]]).toEqual([[], false]);
  });
});

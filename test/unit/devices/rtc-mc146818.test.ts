// The MC146818 as Linux's rtc-cmos.c, rtc-mc146818-lib.c and malta-time.c use it.
import { beforeEach, describe, expect, it } from 'vitest';
import { RtcMc146818 } from '../../../src/devices/rtc-mc146818.ts';
import { FakeLine, FakeTimer } from '../../support/devices/fakes.ts';
import { type Ports, ports } from '../../support/devices/ports.ts';

const [A, B, C, D] = [0x0a, 0x0b, 0x0c, 0x0d];
const CENTURY = 0x32;
const [SET, PIE, AIE, UIE, DM, H24] = [0x80, 0x40, 0x20, 0x10, 0x04, 0x02];
const [IRQF, PF, AF, UF] = [0x80, 0x40, 0x20, 0x10];
const UIP = 0x80;
const S = 1e9;

let timer: FakeTimer;
let irq: FakeLine;
let rtc: RtcMc146818;
let io: Ports;

function make(start?: string): void {
  timer = new FakeTimer();
  irq = new FakeLine();
  rtc = new RtcMc146818({ irq, timer }, start === undefined ? {} : { start: Date.parse(start) / 1000 });
  io = ports(rtc.window);
}

beforeEach(() => make());

function get(index: number): number {
  io.out(0, index);
  return io.in(1);
}

function set(index: number, value: number): void {
  io.out(0, index);
  io.out(1, value);
}

/** Century, year, month, day, hours, minutes, seconds as they stand in the bytes. */
const bytes = () => [CENTURY, 9, 8, 7, 4, 2, 0].map(get);
const text = () =>
  bytes()
    .map((byte) => byte.toString(16).padStart(2, '0'))
    .join(' ');

describe('the time', () => {
  it('is 2026-01-01, a Thursday, in BCD and 24 hours, unless told otherwise', () => {
    expect([text(), get(6), get(B), get(D)]).toEqual(['20 26 01 01 00 00 00', 5, H24, 0x80]);
  });

  it('goes on with guest time, a second at a time', () => {
    timer.pass(S - 1);
    expect(text()).toBe('20 26 01 01 00 00 00');
    timer.pass(1);
    expect(text()).toBe('20 26 01 01 00 00 01');
    timer.pass(86_400 * S);
    expect([text(), get(6)]).toEqual(['20 26 01 02 00 00 01', 6]);
  });

  it.each([
    ['2024-02-28T23:59:59Z', '20 24 02 29 00 00 00'],
    ['2100-02-28T23:59:59Z', '21 00 03 01 00 00 00'],
    ['1999-12-31T23:59:59Z', '20 00 01 01 00 00 00'],
    ['2026-08-31T11:59:59Z', '20 26 08 31 12 00 00'],
  ])('goes from %s to the next second', (from, to) => {
    make(from);
    timer.pass(S);
    expect(text()).toBe(to);
  });

  it('is binary when Register B says so', () => {
    set(B, H24 | DM | SET);
    [CENTURY, 9, 8, 7, 4, 2, 0].forEach((index, i) => {
      set(index, [20, 39, 11, 30, 21, 48, 37][i]!);
    });
    set(B, H24 | DM);
    timer.pass(S);
    expect(bytes()).toEqual([20, 39, 11, 30, 21, 48, 38]);
  });

  it.each([
    ['2026-01-01T00:00:00Z', 0x12],
    ['2026-01-01T00:59:59Z', 0x01],
    ['2026-01-01T11:00:00Z', 0x11],
    ['2026-01-01T11:59:59Z', 0x92],
    ['2026-01-01T12:59:59Z', 0x81],
    ['2026-01-01T22:59:59Z', 0x91],
    ['2026-01-01T23:59:59Z', 0x12],
  ])('has 12 hours and PM: a second after %s', (start, hours) => {
    make(start);
    // 24 hours to 12: the driver writes the hours anew.
    const hour = Number(start.slice(11, 13));
    set(B, SET);
    set(4, ((h) => Number(`0x${h}`))(hour % 12 || 12) | (hour >= 12 ? 0x80 : 0));
    set(B, 0);
    timer.pass(S);
    expect(get(4)).toBe(hours);
  });

  it('starts where it is told to, and not outside of four-digit years', () => {
    make('2038-01-19T03:14:08Z');
    expect(text()).toBe('20 38 01 19 03 14 08');
    for (const start of [-1, 0.5, 253_402_300_800, Number.NaN])
      expect(() => new RtcMc146818({ irq, timer }, { start })).toThrow('1970 to 9999');
  });

  it('is set while SET holds it, and goes on at the next second', () => {
    timer.pass(0.25 * S);
    set(B, H24 | SET);
    for (const [index, value] of [
      [CENTURY, 0x20],
      [9, 0x31],
      [8, 0x12],
      [7, 0x31],
      [6, 4],
      [4, 0x23],
      [2, 0x59],
      [0, 0x58],
    ] as const)
      set(index, value);
    timer.pass(10 * S);
    expect([text(), get(A) & UIP]).toEqual(['20 31 12 31 23 59 58', 0]);
    set(B, H24);
    timer.pass(0.74 * S);
    expect(text()).toBe('20 31 12 31 23 59 58');
    timer.pass(0.01 * S);
    expect(text()).toBe('20 31 12 31 23 59 59');
    timer.pass(S);
    expect([text(), get(6)]).toEqual(['20 32 01 01 00 00 00', 5]);
  });

  it('goes on half a second after the divider was let go', () => {
    timer.pass(0.9 * S);
    set(A, 0x76);
    timer.pass(5 * S);
    expect([text(), get(A)]).toEqual(['20 26 01 01 00 00 00', 0x76]);
    set(A, 0x26);
    timer.pass(0.5 * S - 1);
    expect(get(0)).toBe(0);
    timer.pass(1);
    expect(get(0)).toBe(1);
    timer.pass(S);
    expect(get(0)).toBe(2);
  });

  it('does not begin its seconds anew when only the rate changes', () => {
    timer.pass(0.7 * S);
    set(A, 0x2f);
    timer.pass(0.3 * S);
    expect(get(0)).toBe(1);
  });

  it('carries what is no time into what is one', () => {
    set(0, 0x7f);
    set(8, 0xff);
    expect([get(0), get(8)]).toEqual([0x7f, 0xff]);
    timer.pass(S);
    expect(get(0)).toBeLessThan(0x60);
    expect(get(8)).toBeLessThan(0x13);
  });

  it('has a day of the week of its own', () => {
    make('2026-01-01T23:59:58Z');
    set(6, 0);
    timer.pass(S);
    expect(get(6)).toBe(0);
    set(6, 7);
    timer.pass(S);
    expect(get(6)).toBe(1);
  });

  it('keeps bit 7 of the seconds clear', () => {
    set(0, 0x99);
    expect(get(0)).toBe(0x19);
  });
});

describe('UIP', () => {
  it('is up from 2228 us before each second to the second, as malta-time.c times its CPU by it', () => {
    const edges: string[] = [];
    let before = get(A) & UIP;
    for (let us = 0; us < 2_100_000; us += 4) {
      timer.now = us * 1000;
      const now = get(A) & UIP;
      if (now !== before) edges.push(`${us} ${now ? 'up' : 'down'}`);
      before = now;
    }
    expect(edges).toEqual(['997772 up', '1000000 down', '1997772 up', '2000000 down']);
  });

  it('is down while SET or the divider holds the time', () => {
    timer.now = 0.999 * S;
    expect(get(A) & UIP).toBe(UIP);
    set(B, H24 | SET);
    expect(get(A) & UIP).toBe(0);
    set(B, H24);
    set(A, 0x66);
    expect(get(A)).toBe(0x66);
  });

  it('cannot be written', () => {
    set(A, 0xa6);
    expect(get(A)).toBe(0x26);
  });
});

describe('the update-ended interrupt', () => {
  it('comes at each second, and goes with the reading of Register C', () => {
    set(B, H24 | UIE);
    timer.pass(S - 1);
    expect(irq.level).toBe(false);
    timer.pass(1);
    expect(irq.level).toBe(true);
    expect(get(C)).toBe(IRQF | PF | UF);
    expect([irq.level, get(C) & UF]).toEqual([false, 0]);
    timer.pass(S);
    expect([irq.level, irq.rises]).toEqual([true, 2]);
    timer.pass(5 * S);
    expect(irq.rises).toBe(2);
  });

  it('asks for no more time while its line is up', () => {
    set(5, 0x03);
    set(B, H24 | UIE | AIE);
    timer.pass(S);
    expect([irq.level, timer.pending]).toEqual([true, []]);
    get(C);
    expect(timer.pending).toEqual([2 * S]);
  });

  it('is switched off by SET', () => {
    set(B, H24 | UIE);
    set(B, H24 | UIE | SET);
    expect(get(B)).toBe(H24 | SET);
    set(B, H24 | UIE | SET);
    expect(get(B)).toBe(H24 | UIE | SET);
    timer.pass(3 * S);
    expect([irq.level, get(C) & UF]).toEqual([false, 0]);
  });

  it('is seen by polling without an interrupt, and then asks for no time', () => {
    timer.pass(S);
    expect(get(C)).toBe(PF | UF);
    expect([irq.rises, timer.pending]).toEqual([0, []]);
  });

  it('rises when it is enabled after the fact', () => {
    timer.pass(S);
    set(B, H24 | UIE);
    expect(irq.level).toBe(true);
    set(B, H24);
    expect(irq.level).toBe(false);
  });
});

describe('the alarm', () => {
  const alarm = (hours: number, minutes: number, seconds: number): void => {
    set(5, hours);
    set(3, minutes);
    set(1, seconds);
  };

  it('comes at its second of the day', () => {
    alarm(0x02, 0x30, 0x15);
    set(B, H24 | AIE);
    timer.pass(9015 * S - 1);
    expect(irq.level).toBe(false);
    timer.pass(1);
    expect([irq.level, get(C) & (IRQF | AF)]).toEqual([true, IRQF | AF]);
    timer.pass(86_400 * S - 1);
    expect(irq.level).toBe(false);
    timer.pass(1);
    expect(irq.level).toBe(true);
  });

  it.each([
    ['every second', [0xff, 0xc0, 0xff], 1],
    ['every minute', [0xff, 0xff, 0x07], 7],
    ['every hour', [0xff, 0x05, 0x00], 300],
    ['at any second of a minute', [0x01, 0x01, 0xff], 3660],
  ] as const)('comes %s with bytes that match always', (_, [h, m, s], first) => {
    alarm(h, m, s);
    set(B, H24 | AIE);
    expect(timer.pending).toEqual([first * S]);
  });

  it('of yesterday comes tomorrow', () => {
    make('2026-01-01T12:00:00Z');
    alarm(0x12, 0x00, 0x00);
    set(B, H24 | AIE);
    expect(timer.pending).toEqual([86_400 * S]);
  });

  it('that is no time never comes', () => {
    alarm(0x25, 0x00, 0x00);
    set(B, H24 | AIE);
    expect(timer.pending).toEqual([]);
    timer.pass(200_000 * S);
    expect(get(C) & AF).toBe(0);
  });

  it('is in the format of the time: binary, 12 hours, PM', () => {
    make('2026-01-01T13:00:00Z');
    set(B, DM | SET);
    set(4, 0x80 | 1);
    set(B, DM | AIE);
    alarm(0x80 | 11, 59, 58);
    expect(timer.pending).toEqual([(10 * 3600 + 59 * 60 + 58) * S]);
  });

  it('that passed unseen is told by Register C', () => {
    alarm(0x00, 0x00, 0x05);
    timer.pass(4 * S);
    expect(get(C) & AF).toBe(0);
    timer.pass(60 * S);
    expect(get(C) & AF).toBe(AF);
    expect(get(C) & AF).toBe(0);
  });

  it('follows the time when that is set', () => {
    alarm(0x00, 0x00, 0x30);
    set(B, H24 | AIE);
    set(0, 0x29);
    expect(timer.pending).toEqual([S]);
  });
});

describe('the periodic interrupt', () => {
  it.each([
    [1, 256],
    [2, 128],
    [3, 8192],
    [6, 1024],
    [15, 2],
  ])('has with rate %i a frequency of %i Hz', (rate, hz) => {
    set(A, 0x20 | rate);
    set(B, H24 | PIE);
    let count = 0;
    while (timer.pending[0]! <= S) {
      timer.pass(timer.pending[0]! - timer.now);
      expect(irq.level).toBe(true);
      get(C);
      count++;
      if (count === 3) expect(timer.now).toBe(Math.ceil((3 * S) / hz));
    }
    expect(count).toBe(hz);
  });

  it('has the fast taps with a fast crystal only', () => {
    set(A, 0x01);
    set(B, H24 | PIE);
    expect(timer.pending).toEqual([Math.ceil(S / 32_768)]);
  });

  it('is off with rate 0 and while the divider is held', () => {
    set(B, H24 | PIE);
    set(A, 0x20);
    expect(timer.pending).toEqual([]);
    set(A, 0x66);
    expect(timer.pending).toEqual([]);
    timer.pass(S);
    expect(get(C) & PF).toBe(0);
  });

  it('goes on while SET holds the time', () => {
    set(B, H24 | PIE | SET);
    timer.pass(S);
    expect(irq.rises).toBe(1);
  });

  it('is not late because another was', () => {
    set(B, H24 | PIE);
    const [first] = timer.pending;
    timer.now = first! + 100;
    timer.pass(0);
    get(C);
    expect(timer.pending).toEqual([Math.ceil((2 * S) / 1024)]);
  });
});

describe('the rest of the RTC', () => {
  it('is 114 bytes of RAM, and two registers that cannot be written', () => {
    for (let index = 0x0e; index < 0x80; index++) if (index !== CENTURY) set(index, index ^ 0x5a);
    for (let index = 0x0e; index < 0x80; index++) if (index !== CENTURY) expect(get(index)).toBe(index ^ 0x5a);
    set(C, 0xff);
    set(D, 0xff);
    expect([get(C), get(D)]).toEqual([0, 0x80]);
  });

  it('takes the NMI mask in the index and does not show the index', () => {
    set(0x80 | 0x20, 0x77);
    expect([get(0x20), io.in(0)]).toEqual([0x77, 0xff]);
  });

  it('takes index and data in one 16-bit store', () => {
    rtc.window.write(0, 2, 0x6642);
    expect(get(0x42)).toBe(0x66);
  });

  it('shows the debugger the time as it is, and changes nothing', () => {
    timer.pass(5 * S);
    const before = JSON.stringify(rtc.saveState());
    expect(rtc.registers().find(({ name }) => name === 'seconds')!.value).toBe(5);
    expect(rtc.registers().find(({ name }) => name === 'register_c')!.value).toBe(PF | UF);
    expect(JSON.stringify(rtc.saveState())).toBe(before);
  });

  it('goes on elsewhere with the same alarm', () => {
    set(1, 0x30);
    set(3, 0xff);
    set(5, 0xff);
    set(B, H24 | AIE);
    timer.pass(12.5 * S);
    const line = new FakeLine();
    const later = new FakeTimer();
    later.now = timer.now;
    const other = new RtcMc146818({ irq: line, timer: later }, { start: 1 });
    other.restoreState(JSON.parse(JSON.stringify(rtc.saveState())));
    expect(later.pending).toEqual([30 * S]);
    later.pass(20 * S);
    expect(line.level).toBe(true);
    expect(ports(other.window).in(1)).toBe(AIE | H24);
  });

  it('shows after a reset the time that the start and guest time give', () => {
    set(B, H24 | UIE | SET);
    set(0, 0x44);
    timer.pass(10 * S);
    rtc.reset();
    expect([text(), irq.level, timer.pending, get(B)]).toEqual(['20 26 01 01 00 00 10', false, [], H24]);
  });
});

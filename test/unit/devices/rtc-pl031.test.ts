// The PL031 as its manual (ARM DDI 0224) describes it, and as Linux's rtc-pl031.c uses it.
import { beforeEach, describe, expect, it } from 'vitest';
import { RtcPl031 } from '../../../src/devices/rtc-pl031.ts';
import { FakeLine, FakeTimer } from '../../support/devices/fakes.ts';

const [DR, MR, LR, CR, IMSC, RIS, MIS, ICR] = [0x00, 0x04, 0x08, 0x0c, 0x10, 0x14, 0x18, 0x1c];
const S = 1e9;
const START = Date.parse('2026-01-01T00:00:00Z') / 1000;
const WRAP = 2 ** 32;

let timer: FakeTimer;
let irq: FakeLine;
let rtc: RtcPl031;

function make(start = START): void {
  timer = new FakeTimer();
  irq = new FakeLine();
  rtc = new RtcPl031({ irq, timer }, { start });
}

beforeEach(() => make());

const get = (offset: number) => rtc.read(offset, 4);
const set = (offset: number, value: number) => rtc.write(offset, 4, value);

describe('the counter', () => {
  it('starts with the date that is given and counts seconds of guest time', () => {
    expect(get(DR)).toBe(START);
    timer.pass(S - 1);
    expect(get(DR)).toBe(START);
    timer.pass(1);
    expect(get(DR)).toBe(START + 1);
    timer.pass(86_400 * S);
    expect(get(DR)).toBe(START + 86_401);
  });

  it('goes on from what is written to RTCLR, which can be read back', () => {
    timer.pass(5.5 * S);
    set(LR, 1000);
    expect([get(DR), get(LR)]).toEqual([1000, 1000]);
    timer.pass(0.5 * S);
    expect([get(DR), get(LR)]).toEqual([1001, 1000]);
  });

  it('begins anew after 32 bits', () => {
    make(WRAP - 1);
    timer.pass(2 * S);
    expect(get(DR)).toBe(1);
  });

  it('runs, and cannot be stopped or written', () => {
    set(CR, 0);
    set(DR, 7);
    timer.pass(S);
    expect([get(CR), get(DR)]).toEqual([1, START + 1]);
  });

  it('has its start date again after reset', () => {
    timer.pass(2 * S);
    set(LR, 1000);
    set(MR, 1005);
    set(IMSC, 1);
    timer.pass(5 * S);
    expect(irq.level).toBe(true);
    rtc.reset();
    expect([get(DR), get(LR), get(MR), get(IMSC), get(RIS)]).toEqual([START + 7, 0, 0, 0, 0]);
    expect([irq.level, timer.pending]).toEqual([false, []]);
  });

  it.each([-1, 1.5, WRAP, Number.NaN])('cannot start at %s', (start) => {
    expect(() => make(start)).toThrow(RangeError);
  });
});

describe('the interrupt', () => {
  it('comes when the counter reaches the match value, at its instant, and stays until it is cleared', () => {
    timer.pass(0.3 * S);
    set(MR, START + 60);
    set(IMSC, 1);
    timer.pass(59.7 * S - 1);
    expect([get(RIS), get(MIS), irq.level]).toEqual([0, 0, false]);
    timer.pass(1);
    expect([get(RIS), get(MIS), irq.level]).toEqual([1, 1, true]);
    timer.pass(100 * S);
    expect(irq.level).toBe(true);
    set(ICR, 0);
    expect(irq.level).toBe(true);
    set(ICR, 1);
    expect([get(RIS), get(MIS), irq.level]).toEqual([0, 0, false]);
    expect(get(ICR)).toBe(0);
  });

  it('is raw while it is masked, without a call of the timer', () => {
    set(MR, START + 2);
    expect(timer.pending).toEqual([]);
    timer.pass(10 * S);
    expect([get(RIS), get(MIS), irq.level]).toEqual([1, 0, false]);
    set(IMSC, 1);
    expect([get(MIS), irq.level]).toEqual([1, true]);
    set(IMSC, 0);
    expect([get(RIS), get(MIS), irq.level]).toEqual([1, 0, false]);
  });

  it('of a match in the past is not lost by a new match value', () => {
    set(MR, START + 2);
    timer.pass(3 * S);
    set(MR, START + 100);
    expect(get(RIS)).toBe(1);
  });

  it('comes at once when what is written is a match', () => {
    set(IMSC, 1);
    set(MR, START);
    expect(irq.level).toBe(true);
    set(ICR, 1);
    set(MR, 5000);
    expect(irq.level).toBe(false);
    set(LR, 5000);
    expect(irq.level).toBe(true);
  });

  it('cleared within its second does not come again', () => {
    set(IMSC, 1);
    set(MR, START + 1);
    timer.pass(S);
    set(ICR, 1);
    timer.pass(0.5 * S);
    expect([get(RIS), irq.rises]).toEqual([0, 1]);
  });

  it('waits for a match value in the past until the counter has been around', () => {
    set(MR, START - 1);
    set(IMSC, 1);
    expect(timer.pending).toEqual([(WRAP - 1) * S]);
    set(LR, START - 10);
    expect(timer.pending).toEqual([9 * S]);
  });
});

it('says that it is a PL031 of ARM, a PrimeCell', () => {
  const bytes = Array.from({ length: 8 }, (_, i) => get(0xfe0 + 4 * i));
  expect(bytes).toEqual([0x31, 0x10, 0x04, 0x00, 0x0d, 0xf0, 0x05, 0xb1]);
});

it('goes on from saved state: time, match, interrupt', () => {
  timer.pass(1.5 * S);
  set(LR, 100);
  set(MR, 103);
  set(IMSC, 1);
  const state = JSON.parse(JSON.stringify(rtc.saveState()));
  make(0);
  timer.now = 1.5 * S;
  rtc.restoreState(state);
  expect([get(DR), timer.pending]).toEqual([100, [4 * S]]);
  timer.pass(2.5 * S);
  expect([get(DR), get(MIS), irq.level]).toEqual([103, 1, true]);
});

// The generic timer as the ARM ARM (DDI 0406C, chapter B8) describes it.
import { beforeEach, describe, expect, it } from 'vitest';
import { type ArmCpuTimers, ArmGenericTimer } from '../../../../src/devices/timer/arm-generic-timer.ts';
import { FakeLine, FakeTimer, random } from '../../../support/devices/fakes.ts';

const [ENABLE, IMASK, ISTATUS] = [1, 2, 4];
const NAMES = ['cntp', 'cntv', 'cnthp'] as const;
const END = 2n ** 64n;
/** Guest nanoseconds of a tick at 62.5 MHz. */
const TICK = 16;

let timer: FakeTimer;
let lines: Map<string, FakeLine>;
let device: ArmGenericTimer;
let cpu: ArmCpuTimers;

function make(frequency?: number, cpus = 2): void {
  timer = new FakeTimer();
  lines = new Map();
  const output = (n: number, name: string): FakeLine => {
    const line = new FakeLine();
    lines.set(`${name}${n}`, line);
    return line;
  };
  device = new ArmGenericTimer({ cpus, timer, output, ...(frequency === undefined ? {} : { frequency }) });
  cpu = device.cpus[0]!;
}

beforeEach(() => make());

const up = () => [...lines].filter(([, line]) => line.level).map(([name]) => name);

describe('the counter', () => {
  it('counts at 62.5 MHz of guest time unless told otherwise, the same for all CPUs', () => {
    expect([device.frequency, cpu.cntpct]).toEqual([62_500_000, 0n]);
    timer.pass(TICK - 1);
    expect(cpu.cntpct).toBe(0n);
    timer.pass(1);
    expect(device.cpus.map(({ cntpct }) => cntpct)).toEqual([1n, 1n]);
    timer.pass(1e9);
    expect(cpu.cntpct).toBe(62_500_001n);
  });

  it.each([
    [24_000_000, 2_400_000_000n * 36n],
    [19_200_000, 1_920_000_000n * 36n],
    [62_500_001, 6_250_000_100n * 36n],
    [1, 3600n],
    [1_000_000_000, 3_600_000_000_000n],
  ])('at %i Hz has not drifted after an hour, nor half a nanosecond later', (hz, ticks) => {
    make(hz);
    timer.pass(3600e9);
    expect(cpu.cntpct).toBe(ticks);
    timer.now += 0.5;
    expect(cpu.cntpct).toBe(ticks);
  });

  it('as CNTVCT is CNTPCT less CNTVOFF, for each CPU its own, modulo 64 bits', () => {
    timer.pass(100 * TICK);
    cpu.cntvoff = 30n;
    expect([cpu.cntvct, device.cpus[1]!.cntvct, cpu.cntpct]).toEqual([70n, 100n, 100n]);
    cpu.cntvoff = 101n;
    expect(cpu.cntvct).toBe(END - 1n);
    cpu.cntvoff = -5n;
    expect([cpu.cntvoff, cpu.cntvct]).toEqual([END - 5n, 105n]);
  });

  it.each([0, -1, 0.5, 1e9 + 1, Number.NaN])('cannot run at %s Hz', (hz) => {
    expect(() => make(hz)).toThrow(RangeError);
  });
});

describe.each(NAMES)('%s', (name) => {
  it('is disabled after reset, and nothing is waited for', () => {
    expect([cpu[name].ctl, cpu[name].cval, up(), timer.pending]).toEqual([0, 0n, [], []]);
  });

  it('meets its condition when the counter reaches CVAL, at the first nanosecond, and its output stays up', () => {
    cpu[name].cval = 1000n;
    cpu[name].ctl = ENABLE;
    timer.pass(1000 * TICK - 1);
    expect([cpu[name].ctl, up()]).toEqual([ENABLE, []]);
    timer.pass(1);
    expect([cpu[name].ctl, up()]).toEqual([ENABLE | ISTATUS, [`${name}0`]]);
    timer.pass(1e12);
    expect([cpu[name].ctl, up(), timer.pending]).toEqual([ENABLE | ISTATUS, [`${name}0`], []]);
    cpu[name].cval = cpu.cntpct + 1n;
    expect([cpu[name].ctl, up()]).toEqual([ENABLE, []]);
  });

  it('counts down in TVAL, on through zero; TVAL is signed when written', () => {
    timer.pass(500 * TICK);
    cpu[name].tval = 100;
    expect([cpu[name].cval, cpu[name].tval]).toEqual([600n, 100]);
    timer.pass(103 * TICK);
    expect(cpu[name].tval).toBe(2 ** 32 - 3);
    cpu[name].tval = 0x7fffffff;
    expect(cpu[name].cval).toBe(603n + 0x7fffffffn);
    cpu[name].tval = 0x80000000;
    expect(cpu[name].cval).toBe(END + 603n - 0x80000000n);
    timer.pass(2 ** 32 * TICK);
    cpu[name].tval = 0x80000000;
    expect(cpu[name].cval).toBe(603n + 0x80000000n);
  });

  it('with a CVAL or TVAL in the past has met it at once', () => {
    timer.pass(500 * TICK);
    cpu[name].ctl = ENABLE;
    expect([cpu[name].ctl, up()]).toEqual([ENABLE | ISTATUS, [`${name}0`]]);
    cpu[name].cval = 501n;
    expect(up()).toEqual([]);
    cpu[name].cval = 499n;
    expect(up()).toEqual([`${name}0`]);
    cpu[name].tval = 1;
    expect(up()).toEqual([]);
    cpu[name].tval = 0xffffffff;
    expect([cpu[name].cval, up()]).toEqual([499n, [`${name}0`]]);
  });

  it('keeps its status while IMASK holds the output down', () => {
    cpu[name].cval = 10n;
    cpu[name].ctl = ENABLE | IMASK;
    expect(timer.pending).toEqual([]);
    timer.pass(10 * TICK);
    expect([cpu[name].ctl, up()]).toEqual([ENABLE | IMASK | ISTATUS, []]);
    cpu[name].ctl = ENABLE;
    expect(up()).toEqual([`${name}0`]);
    cpu[name].ctl = ENABLE | IMASK;
    expect(up()).toEqual([]);
  });

  it('has no output and no status while it is disabled; ISTATUS cannot be written', () => {
    cpu[name].ctl = 0xfffffffe;
    timer.pass(1e6);
    expect([cpu[name].ctl, up()]).toEqual([IMASK, []]);
  });

  it('with a CVAL beyond the end of guest time waits for nothing', () => {
    cpu[name].cval = END - 1n;
    cpu[name].ctl = ENABLE;
    expect([timer.pending, up()]).toEqual([[], []]);
  });

  it('is one of its CPU alone', () => {
    device.cpus[1]![name].tval = 10;
    device.cpus[1]![name].ctl = ENABLE;
    cpu[name].tval = 20;
    cpu[name].ctl = ENABLE;
    expect(timer.pending).toEqual([10 * TICK, 20 * TICK]);
    timer.pass(10 * TICK);
    expect(up()).toEqual([`${name}1`]);
  });
});

describe('a change of CNTVOFF', () => {
  it('moves the virtual timer and no other', () => {
    for (const name of NAMES) {
      cpu[name].cval = 100n;
      cpu[name].ctl = ENABLE;
    }
    cpu.cntvoff = 50n;
    timer.pass(100 * TICK);
    expect(up()).toEqual(['cntp0', 'cnthp0']);
    timer.pass(50 * TICK);
    expect(up()).toEqual(['cntp0', 'cntv0', 'cnthp0']);
    cpu.cntvoff = 51n;
    expect(up()).toEqual(['cntp0', 'cnthp0']);
    cpu.cntvoff = 0n;
    expect(up()).toEqual(['cntp0', 'cntv0', 'cnthp0']);
  });

  it('beyond the counter lets the condition hold until the virtual counter wraps, and again from CVAL on', () => {
    cpu.cntvoff = 5n;
    cpu.cntv.cval = 7n;
    cpu.cntv.ctl = ENABLE;
    expect([cpu.cntvct, up()]).toEqual([END - 5n, ['cntv0']]);
    timer.pass(5 * TICK - 1);
    expect(up()).toEqual(['cntv0']);
    timer.pass(1);
    expect([cpu.cntvct, cpu.cntv.ctl, up()]).toEqual([0n, ENABLE, []]);
    timer.pass(7 * TICK);
    expect(up()).toEqual(['cntv0']);
  });

  it('beyond the counter changes nothing for a CVAL of 0', () => {
    cpu.cntvoff = 5n;
    cpu.cntv.ctl = ENABLE;
    expect([up(), timer.pending]).toEqual([['cntv0'], []]);
  });

  it('with CVAL at the end gives a condition that holds for a tick', () => {
    cpu.cntvoff = 5n;
    cpu.cntv.cval = END - 1n;
    cpu.cntv.ctl = ENABLE;
    timer.pass(4 * TICK);
    expect(up()).toEqual(['cntv0']);
    timer.pass(TICK);
    expect([up(), lines.get('cntv0')!.rises]).toEqual([[], 1]);
  });
});

describe('an output', () => {
  it('rises at the first nanosecond at which ISTATUS is 1, at odd frequencies as well', () => {
    const next = random(8);
    for (const hz of [24_000_000, 19_200_000, 62_500_001, 999_999_937, 32_768]) {
      make(hz, 1);
      timer.pass(next() * 1000);
      for (let i = 0; i < 50; i++) {
        cpu.cntp.ctl = 0;
        timer.pass(next() % 1_000_000);
        cpu.cntp.tval = 1 + (next() % 10_000);
        cpu.cntp.ctl = ENABLE;
        const [at] = timer.pending;
        timer.pass(at! - timer.now - 1);
        expect([cpu.cntp.ctl, up()]).toEqual([ENABLE, []]);
        timer.pass(1);
        expect([cpu.cntp.ctl, up()]).toEqual([ENABLE | ISTATUS, ['cntp0']]);
      }
    }
  });

  it('of a periodic tick does not drift in a million periods', () => {
    make(24_000_000, 1);
    const periods = 1_000_000;
    cpu.cntv.ctl = ENABLE;
    for (const n of [1, 2, 3, periods]) {
      cpu.cntv.cval = BigInt(n) * 96_000n + 1n;
      expect(timer.pending).toEqual([n * 4_000_000 + 42]);
    }
  });

  it('that a late call finds is driven once', () => {
    cpu.cntp.tval = 10;
    cpu.cntp.ctl = ENABLE;
    timer.now = 1e6;
    expect(cpu.cntp.ctl).toBe(ENABLE | ISTATUS);
    timer.pass(0);
    expect([up(), lines.get('cntp0')!.rises]).toEqual([['cntp0'], 1]);
  });
});

describe('saved state', () => {
  it('goes on in another instance: values, what is waited for, levels', () => {
    cpu.cntvoff = END - 3n;
    cpu.cntp.cval = END - 1n;
    cpu.cntv.tval = 50;
    cpu.cntv.ctl = ENABLE;
    cpu.cnthp.ctl = ENABLE;
    const state = JSON.parse(JSON.stringify(device.saveState()));
    const before = device.registers();
    make();
    device.restoreState(state);
    expect(device.registers()).toEqual(before);
    expect([cpu.cntvoff, cpu.cntp.cval, timer.pending, up()]).toEqual([END - 3n, END - 1n, [50 * TICK], []]);
    timer.pass(50 * TICK);
    expect(up()).toEqual(['cntv0']);
    cpu.cnthp.ctl = 0;
    expect(device.saveState()).toMatchObject({ cpus: [{ cnthp: { level: false } }, {}] });
  });

  it('taken when an output is due and was not driven, has it driven', () => {
    cpu.cntp.tval = 10;
    cpu.cntp.ctl = ENABLE;
    const state = device.saveState();
    make();
    timer.now = 10 * TICK;
    device.restoreState(state);
    expect([up(), timer.pending]).toEqual([[], [10 * TICK]]);
    timer.pass(0);
    expect(up()).toEqual(['cntp0']);
  });

  it('taken when the virtual counter has wrapped and the output was not taken back, has it taken back', () => {
    cpu.cntvoff = 5n;
    cpu.cntv.cval = 7n;
    cpu.cntv.ctl = ENABLE;
    const state = device.saveState();
    make();
    lines.get('cntv0')!.level = true;
    timer.now = 5 * TICK;
    device.restoreState(state);
    timer.pass(0);
    expect(up()).toEqual([]);
  });

  it('of another number of CPUs or with half a count is refused', () => {
    const state = JSON.parse(JSON.stringify(device.saveState()));
    make(undefined, 3);
    expect(() => device.restoreState(state)).toThrow('a list of 3');
    make();
    state.cpus[1].cntvoff = [1];
    expect(() => device.restoreState(state)).toThrow('two words');
  });

  it('is gone at reset', () => {
    timer.pass(100);
    cpu.cntvoff = 3n;
    for (const name of NAMES) cpu[name].ctl = ENABLE;
    cpu.cntp.tval = 100;
    device.reset();
    expect([up(), timer.pending, cpu.cntvoff]).toEqual([[], [], 0n]);
    expect(NAMES.map((name) => [cpu[name].ctl, cpu[name].cval])).toEqual(Array(3).fill([0, 0n]));
  });
});

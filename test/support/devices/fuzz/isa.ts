// Port accesses in any order, of any size, against the legacy devices of a board, while guest time passes, lines move and somebody types. What
// is promised: nothing throws; looking changes nothing; an interrupt line, which follows timers, is what the registers, which are
// computed from guest time, say at every instant; the i8259 pair is what its model says; and a device that is saved and
// restored in the middle goes on as if nothing had happened.
import type { Device, DeviceState, DeviceWindow, IrqLine } from '../../../../src/devices/device.ts';
import { Dma8237 } from '../../../../src/devices/dma-8237.ts';
import { I8259 } from '../../../../src/devices/irqchip/i8259.ts';
import { RtcMc146818 } from '../../../../src/devices/rtc-mc146818.ts';
import { Serial16550 } from '../../../../src/devices/serial-16550.ts';
import { I8254 } from '../../../../src/devices/timer/i8254.ts';
import { FakeTimer } from '../fakes.ts';
import { ReferencePics } from '../i8259-reference.ts';
import type { CaseResult } from './case.ts';
import { Choice } from './choice.ts';
import { Violation } from './watched.ts';

const KINDS = ['i8259', 'i8254', 'rtc', 'serial', 'dma'] as const;
type Kind = (typeof KINDS)[number];

/** A device with what a case does to it besides port accesses, and what must hold after every step. */
interface Subject {
  readonly device: Device;
  readonly windows: readonly DeviceWindow[];
  /** Guest nanoseconds that may pass at once. */
  readonly times: readonly number[];
  /** A value for a port of window `window`. */
  value?(choice: Choice, window: number, offset: number): number;
  outside?(choice: Choice): void;
  check?(): void;
}

class Recorded implements IrqLine {
  level = false;
  private readonly note: (what: string) => void;

  constructor(note: (what: string) => void) {
    this.note = note;
  }

  set(level: boolean): void {
    if (level === this.level) throw new Violation(`the line is told ${level} twice`);
    this.level = level;
    this.note(level ? 'up' : 'down');
  }
}

/** What outlives a save and restore: time, the line, the model, and what was seen. */
class Outside {
  readonly timer = new FakeTimer();
  readonly seen: string[] = [];
  readonly irq = new Recorded((what) => this.note(`line ${what}`));
  readonly pics = new ReferencePics();

  note(what: string): void {
    this.seen.push(`${this.timer.now}: ${what}`);
  }
}

const registerOf = (device: Device, name: string): number =>
  device.registers().find((view) => view.name === name)!.value;

const MAKE: Record<Kind, (outside: Outside) => Subject> = {
  i8259: ({ irq, pics, note }) => pairOf(new I8259({ output: irq }), irq, pics, note),
  i8254: ({ irq, timer }) => {
    const device = new I8254({ irq, timer });
    return {
      device,
      windows: [device.window, device.portB],
      times: [0, 1, 838, 839, 5000, 100_000, 1_000_000],
      value: (choice, window, offset) =>
        window === 0 && offset === 3
          ? choice.below(256) & (choice.oneIn(3) ? 0xff : 0x3f)
          : choice.pick([0, 1, 2, 5, 255]),
      check: () => {
        const out = (registerOf(device, 'counter0_status') & 0x80) !== 0;
        if (out !== irq.level) throw new Violation(`counter 0 puts out ${out}, and its line is ${irq.level}`);
      },
    };
  },
  rtc: ({ irq, timer }) => {
    const device = new RtcMc146818({ irq, timer }, { start: 1_709_164_790 });
    return {
      device,
      windows: [device.window],
      times: [0, 1, 122_071, 488_282, 997_772_000, 1_000_000_000, 61_000_000_000, 86_400_000_000_000],
      value: (choice, _, offset) =>
        offset === 0
          ? choice.pick([0, 1, 3, 5, 4, 7, 8, 10, 11, 12, 13, 0x32, 0x55])
          : choice.pick([...RTC_VALUES, choice.below(256)]),
      check: () => {
        const asks = (registerOf(device, 'register_c') & 0x80) !== 0;
        if (asks !== irq.level) throw new Violation(`IRQF is ${asks}, and its line is ${irq.level}`);
      },
    };
  },
  serial: ({ irq, timer, note }) => {
    const backend = { write: (bytes: Uint8Array) => note(`out ${bytes.join()}`) };
    const device = new Serial16550({ irq, timer }, { name: 'serial0', backend, out2Gate: true, waitForGuest: false });
    return {
      device,
      windows: [device.window],
      times: [0, 1, 347_223, 4_166_667, 100_000_000],
      outside: (choice) => {
        if (choice.oneIn(6)) note(`break ${device.inputBreak()}`);
        else {
          const room = device.room();
          const bytes = choice.bytes(1 + choice.below(20));
          const taken = device.input(bytes);
          if (taken !== Math.min(room, bytes.length)) throw new Violation(`room for ${room}, and ${taken} taken`);
        }
      },
      check: () => {
        const open = (registerOf(device, 'mcr') & 0x18) === 0x08;
        const asks = open && (registerOf(device, 'iir') & 1) === 0;
        if (asks !== irq.level) throw new Violation(`IIR asks: ${asks}, and the line is ${irq.level}`);
      },
    };
  },
  dma: () => {
    const device = new Dma8237();
    return { device, windows: [device.dma1Window, device.dma2Window, device.pageWindow], times: [0] };
  },
};

const RTC_VALUES = [0, 0x02, 0x06, 0x12, 0x22, 0x42, 0x72, 0x82, 0xc0, 0x20, 0x26, 0x23, 0x2f, 0x59, 0x66];

function pairOf(device: I8259, irq: Recorded, pics: ReferencePics, note: (what: string) => void): Subject {
  const windows = [device.masterWindow, device.slaveWindow, device.elcrWindow];
  return {
    device,
    windows: windows.map((window, n) => ({
      name: window.name,
      size: window.size,
      read: (offset, length) => {
        const value = window.read(offset, length);
        const byte = (i: number): number => (offset + i < 2 ? pics.read(n, offset + i) : 0xff);
        const expected = Array.from({ length }, (_, i) => byte(i) * 2 ** (8 * i)).reduce((a, b) => a + b);
        if (value !== expected)
          throw new Violation(`read of ${length} at ${window.name} ${offset}: ${value}, not ${expected}`);
        return value;
      },
      write: (offset, length, value) => {
        window.write(offset, length, value);
        for (let i = 0; i < length && offset + i < 2; i++) pics.write(n, offset + i, (value >>> (8 * i)) & 0xff);
      },
    })),
    times: [0],
    value: (choice, _, offset) =>
      choice.pick(
        offset === 0
          ? [0x20, 0x60 + choice.below(8), 0x0a, 0x0b, 0x0c, 0x11, choice.below(256)]
          : [0, 0, 2, 4, 1, 3, 0x11, choice.below(256)],
      ),
    outside: (choice) => {
      if (choice.oneIn(3)) {
        const [vector, expected] = [device.acknowledge(), pics.acknowledge()];
        if (vector !== expected) throw new Violation(`acknowledged ${vector}, not ${expected}`);
        note(`acknowledged ${vector}`);
      } else {
        const [line, level] = [choice.below(16), !choice.oneIn(3)];
        device.setLine(line, level);
        pics.line(line, level);
      }
    },
    check: () => {
      if (irq.level !== pics.int) throw new Violation(`the output of the i8259 is ${irq.level}`);
    },
  };
}

/** Throws Violation. */
export function runIsaCase(choice: Choice, trace: ((line: string) => void) | null): CaseResult {
  const kind = choice.pick(KINDS);
  const seed = choice.below(2 ** 31);
  const actions = 30 + choice.below(120);
  const first = play(kind, seed, actions, null, trace);
  const swapAt = choice.below(actions);
  trace?.(`again, saved and restored before action ${swapAt}`);
  const second = play(kind, seed, actions, swapAt, trace);
  if (second !== first)
    throw new Violation(`${kind}, saved and restored before action ${swapAt}: it ends otherwise:\n${first}\n${second}`);
  return { title: kind, kind: 'registers', outcome: 'served', completed: 0, lines: [], twice: true };
}

/** All that was seen, and the state at the end. */
function play(
  kind: Kind,
  seed: number,
  actions: number,
  swapAt: number | null,
  trace: ((line: string) => void) | null,
): string {
  const choice = new Choice(seed);
  let outside = new Outside();
  let subject = MAKE[kind](bound(outside));
  for (let i = 0; i < actions; i++) {
    if (i === swapAt) {
      const state = JSON.parse(JSON.stringify(subject.device.saveState())) as DeviceState;
      outside = moved(outside);
      subject = MAKE[kind](bound(outside));
      subject.device.restoreState(state);
    }
    try {
      act(subject, outside, choice, trace);
      subject.check?.();
    } catch (error) {
      throw error instanceof Violation ? error : new Violation(`${kind} threw ${(error as Error).stack}`);
    }
  }
  return JSON.stringify([outside.seen, subject.device.saveState(), subject.device.registers()]);
}

/** `outside` with methods that can be taken from it. */
const bound = (outside: Outside): Outside => Object.assign(outside, { note: outside.note.bind(outside) });

/** The world after a restore: the same line, model and time, and none of the old timers. */
function moved(from: Outside): Outside {
  const to = Object.assign(new Outside(), { seen: from.seen, pics: from.pics });
  to.timer.now = from.timer.now;
  to.irq.level = from.irq.level;
  return to;
}

function act(
  { device, windows, times, value, outside: meanwhile }: Subject,
  outside: Outside,
  choice: Choice,
  trace: ((line: string) => void) | null,
): void {
  const dice = choice.below(100);
  if (dice < 75) {
    const n = choice.below(windows.length);
    const window = windows[n]!;
    const length = choice.oneIn(5) ? choice.pick([2, 4] as const) : 1;
    const offset = choice.below(window.size);
    if (dice < 30) {
      const read = window.read(offset, length);
      trace?.(`read ${length} at ${window.name} ${offset}: 0x${read.toString(16)}`);
      if (!Number.isInteger(read) || read < 0 || read >= 2 ** (8 * length)) throw new Violation(`a read gave ${read}`);
      outside.note(`read ${read}`);
    } else {
      const low = value?.(choice, n, offset) ?? choice.below(256);
      const written = length === 1 ? low : (low | (choice.below(256) << 8)) >>> 0;
      trace?.(`write ${length} at ${window.name} ${offset}: 0x${written.toString(16)}`);
      window.write(offset, length, written);
    }
  } else if (dice < 85) {
    const next = outside.timer.pending[0];
    const ns = choice.oneIn(2) && next !== undefined ? Math.min(next - outside.timer.now, 1e12) : choice.pick(times);
    trace?.(`${ns} ns pass`);
    outside.timer.pass(Math.max(0, ns));
  } else if (dice < 97) meanwhile?.(choice);
  else {
    const before = JSON.stringify(device.saveState());
    const views = JSON.stringify(device.registers());
    if (JSON.stringify(device.registers()) !== views || JSON.stringify(device.saveState()) !== before)
      throw new Violation('looking at the registers changed something');
  }
}

import { describe, expect, it } from 'vitest';
import type { Board, BoardContext, BoardDevice, Wiring } from '../../../src/boards/board.ts';
import { buildBoard } from '../../../src/boards/build.ts';
import { mipsParavirt } from '../../../src/boards/mips-paravirt.ts';
import type { MmioDevice } from '../../../src/devices/device.ts';
import { Bus } from '../../../src/memory/bus.ts';
import { OnceLog, silentLog } from '../../../src/util/log.ts';
import { makeRam } from '../../support/boot/guest-ram.ts';

/** A word that remembers what was written. */
function cell(name: string, size = 4): MmioDevice {
  let value = 0;
  return {
    ...{ name, size, read: () => value, reset: () => {}, saveState: () => null, restoreState: () => {} },
    registers: () => [],
    write: (_offset, _length, to) => {
      value = to;
    },
  };
}

const input = { room: () => 0, input: () => 0, resize: () => {} };

function build(rows: BoardDevice[], change: Partial<BoardContext> = {}) {
  const interrupts: number[] = [];
  const stalls: number[] = [];
  const console: BoardDevice = {
    ...{ name: 'console', windows: [], irq: null, console: 'virtio' },
    make: () => ({ device: cell('console'), windows: [], console: input }),
  };
  const board: Board = { ...mipsParavirt, irqchip: null, devices: [console, ...rows] };
  const built = buildBoard(board, {
    memory: makeRam(0x1000),
    timer: { now: 0, schedule: () => 0, cancel() {} },
    log: new OnceLog(silentLog),
    ...{ cpus: 1, virtio: null, console: 'virtio', transport: 'mmio', vmType: 'vz', disks: [], startDate: 0 },
    consoleOutput: { write: () => {} },
    otherConsole: () => ({ write: () => {} }),
    createIrqchip: () => {},
    irqLine: () => {},
    interrupt: (_cpu, irq) => interrupts.push(irq),
    stall: (ns) => stalls.push(ns),
    agentOutput: null,
    systemEvent: () => {},
    ...change,
  });
  return { ...built, interrupts, stalls };
}

describe('the walk over a board', () => {
  const plain = (name: string, change: Partial<BoardDevice> = {}): BoardDevice => ({
    ...{ name, windows: [], irq: null, make: () => ({ device: cell(name), windows: [] }) },
    ...change,
  });

  it('holds a line up while one of its devices does', () => {
    const lines: Wiring['irq'][] = [];
    const sharing = (name: string) =>
      plain(name, {
        irq: { chip: 'cpu', line: 3 },
        make: (_context, { irq }) => {
          lines.push(irq);
          return { device: cell(name), windows: [] };
        },
      });
    const { interrupts } = build([sharing('a'), sharing('b')]);
    for (const [line, level] of [
      [0, true],
      [0, true],
      [1, true],
      [0, false],
      [0, false],
      [1, false],
      [1, true],
    ] as const)
      lines[line]!.set(level);
    expect(interrupts).toEqual([3, -3, 3]);
  });

  it('leads a line to a row that comes later, and a window to a bus that a later row has', () => {
    const heard: [number, boolean][] = [];
    const space = new Bus();
    const first = plain('first', {
      windows: [{ bus: 'io', address: 0x20, size: 4 }],
      make: (_context, { line }) => {
        const device = cell('first');
        const pin = line({ chip: 'chip', line: 5 });
        return { device, windows: [{ ...device, write: () => pin.set(true) }] };
      },
    });
    const chip = plain('chip', {
      make: () => ({
        device: cell('chip'),
        windows: [],
        setLine: (line, level) => heard.push([line, level]),
        acknowledge: () => 0x25,
        buses: { io: space },
      }),
    });
    build([first, chip]);
    space.write(0x20, Uint8Array.of(1, 0, 0, 0), 4);
    expect(heard).toEqual([[5, true]]);
  });

  it('lets guest time pass at each access to a slow window', () => {
    const device = cell('slow');
    const { bus, stalls } = build([
      plain('slow', {
        windows: [{ address: 0x100, size: 4, accessNs: 1000 }],
        make: () => ({ device, windows: [device] }),
      }),
    ]);
    bus.write(0x100, Uint8Array.of(7, 0, 0, 0), 4);
    bus.read(0x100, new Uint8Array(4), 4);
    expect(stalls).toEqual([1000, 1000]);
    expect(device.read(0, 4)).toBe(7);
  });

  it('says which row, bus or console is missing', () => {
    expect(() => build([plain('x', { windows: [{ bus: 'isa', address: 0, size: 1 }] })])).toThrow('no bus isa');
    expect(() => build([], { console: 'serial' })).toThrow('no serial console');
    const lost = plain('x', {
      make: (_context, { line }) => {
        line({ chip: 'nobody', line: 1 }).set(true);
        return { device: cell('x'), windows: [] };
      },
    });
    expect(() => build([lost])).toThrow('nobody has no setLine');
    expect(() =>
      build([plain('x', { make: (_c, { pci }) => ({ device: cell('x'), windows: [], pci: pci() }) })]),
    ).toThrow('no PCI bus');
  });
});

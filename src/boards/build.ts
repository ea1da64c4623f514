// The walk that builds a board: interrupt controller (in KVM), devices, buses. The only place that reads a Board's hardware.
import type { ConsoleInput, Device, IrqLine } from '../devices/device.ts';
import type { PciBus } from '../devices/pci/bus.ts';
import { Bus } from '../memory/bus.ts';
import type { Endianness } from '../memory/guest-memory.ts';
import { TsvmError } from '../util/errors.ts';
import {
  type Board,
  type BoardConsole,
  type BoardContext,
  type BoardDevice,
  type BoardLine,
  type MadeDevice,
  presentDevices,
  type RegisterOrder,
} from './board.ts';
import { SlowWindow } from './slow-window.ts';

export interface BuiltBoard {
  readonly bus: Bus;
  /** In the order of the board, the irqchip first. */
  readonly devices: readonly { readonly name: string; readonly device: Device }[];
  readonly console: BoardConsole;
  /** Every console device by its row's name, the machine's console first. */
  readonly consoles: ReadonlyMap<string, BoardConsole>;
  /** The guest agent's end of its port, where there is one. */
  readonly agent: ConsoleInput | null;
}

/** Make the devices of `board` and put them on their buses. */
export function buildBoard(board: Board, context: BoardContext): BuiltBoard {
  const walk = new Walk(board, context);
  walk.makeIrqchip();
  const rows = presentDevices(board, {
    ...context,
    disks: context.disks.length,
    agent: context.agentOutput !== null,
  });
  for (const row of rows) walk.make(row);
  for (const row of rows) walk.place(row);
  return walk.finish();
}

class Walk {
  private readonly board: Board;
  private readonly context: BoardContext;
  private readonly bus = new Bus();
  private readonly made = new Map<string, MadeDevice>();
  private readonly devices: { name: string; device: Device }[] = [];
  private readonly connections = new Map<string, { up: number; readonly end: IrqLine }>();
  private main: readonly [name: string, console: BoardConsole] | undefined;
  private readonly others: [name: string, console: BoardConsole][] = [];
  private agent: ConsoleInput | null = null;

  constructor(board: Board, context: BoardContext) {
    this.board = board;
    this.context = context;
  }

  makeIrqchip(): void {
    const { irqchip } = this.board;
    if (!irqchip) return;
    const chip = irqchip.make(this.context);
    this.devices.push({ name: irqchip.name, device: chip.device });
    const order = this.order(irqchip.registerOrder);
    const places = chip.windows.map((_, n) => ({ base: irqchip.windows[n]!.address, order }));
    this.context.createIrqchip(chip, places);
  }

  make(row: BoardDevice): void {
    const made = row.make(this.context, {
      irq: row.irq ? this.line(row.irq) : { set: () => {} },
      systemBus: this.bus,
      pci: () => this.pci(),
      line: (at) => this.line(at),
      acknowledge: (chip) => this.required(chip, 'acknowledge')(),
    });
    this.made.set(row.name, made);
    this.devices.push({ name: row.name, device: made.device });
    if (made.console) {
      if (row.console === this.context.console) this.main = [row.name, made.console];
      else this.others.push([row.name, made.console]);
    }
    this.agent ??= made.agent ?? null;
  }

  /** After all are made: their windows may lie behind a bridge that is a later row. */
  place(row: BoardDevice): void {
    const made = this.made.get(row.name)!;
    for (const [i, { bus, address, order = 'little', accessNs = 0 }] of row.windows.entries()) {
      const window = made.windows[i]!;
      const stall = (): void => this.context.stall(accessNs);
      this.busCalled(bus).add(address, accessNs > 0 ? new SlowWindow(window, stall) : window, this.order(order));
    }
  }

  private pci(): PciBus {
    for (const { pci } of this.made.values()) if (pci) return pci;
    throw new TsvmError('internal', `board ${this.board.name} has no PCI bus`);
  }

  finish(): BuiltBoard {
    const { bus, devices, main, others, agent } = this;
    if (!main) throw new TsvmError('internal', `board ${this.board.name} has no ${this.context.console} console`);
    for (const { device } of devices) device.reset();
    return { bus, devices, console: main[1], consoles: new Map([main, ...others]), agent };
  }

  /** A new connection to a line; the line is up while one of its connections is. */
  private line(at: BoardLine): IrqLine {
    const key = `${at.chip} ${at.line}`;
    const connections = this.connections.get(key) ?? { up: 0, end: this.end(at) };
    this.connections.set(key, connections);
    let mine = false;
    return {
      set: (level) => {
        if (level === mine) return;
        mine = level;
        connections.up += level ? 1 : -1;
        if (connections.up === (level ? 1 : 0)) connections.end.set(level);
      },
    };
  }

  /** Where a line leads. */
  private end({ chip, line }: BoardLine): IrqLine {
    const { context } = this;
    if (chip === 'kvm') return { set: (level) => context.irqLine(line, level) };
    if (chip === 'cpu') return { set: (level) => context.interrupt(0, level ? line : -line) };
    return { set: (level) => this.required(chip, 'setLine')(line, level) };
  }

  private required<Key extends 'setLine' | 'acknowledge'>(name: string, what: Key): NonNullable<MadeDevice[Key]> {
    const found = this.made.get(name)?.[what];
    if (!found) throw new TsvmError('internal', `board ${this.board.name}: ${name} has no ${what}`);
    return found;
  }

  private busCalled(name: string | undefined): Bus {
    if (name === undefined) return this.bus;
    for (const { buses } of this.made.values()) if (buses?.[name]) return buses[name];
    throw new TsvmError('internal', `board ${this.board.name} has no bus ${name}`);
  }

  private order(order: RegisterOrder): Endianness {
    return order === 'guest' ? this.context.memory.endianness : order;
  }
}

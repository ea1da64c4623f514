// The walk that builds a board: interrupt controller (in KVM), devices, bus. The only place that reads a Board's hardware.
import type { MmioDevice } from '../devices/device.ts';
import { Bus } from '../memory/bus.ts';
import type { Endianness } from '../memory/guest-memory.ts';
import { TsvmError } from '../util/errors.ts';
import { type Board, type BoardConsole, type BoardContext, presentDevices, type RegisterOrder } from './board.ts';

export interface BuiltBoard {
  readonly bus: Bus;
  /** In the order of the board, the irqchip first. */
  readonly devices: readonly { readonly name: string; readonly device: MmioDevice }[];
  readonly console: BoardConsole;
}

/** Make the devices of `board` and put them on a bus. */
export function buildBoard(board: Board, context: BoardContext): BuiltBoard {
  const bus = new Bus();
  const order = ({ registerOrder }: { registerOrder: RegisterOrder }): Endianness =>
    registerOrder === 'guest' ? context.memory.endianness : registerOrder;
  const irqchip = board.irqchip.make(context);
  const devices: { name: string; device: MmioDevice }[] = [{ name: board.irqchip.name, device: irqchip }];
  context.createIrqchip({ base: board.irqchip.address, order: order(board.irqchip), device: irqchip });
  let console: BoardConsole | undefined;
  for (const row of presentDevices(board, context.disks.length)) {
    const made = row.make(context, { set: (level) => context.irqLine(row.irq, level) });
    bus.add(row.address, made.device, order(row));
    devices.push({ name: row.name, device: made.device });
    console ??= made.console;
  }
  if (!console) throw new TsvmError('internal', `board ${board.name} has no console`);
  for (const { device } of devices) device.reset();
  return { bus, devices, console };
}

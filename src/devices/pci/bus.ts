// PCI bus 0 (PCI Local Bus Specification 3.0): 32 devices of up to 8 functions, their configuration space, their windows in the bus's memory and
// I/O space, and the interrupt lines they share. Knows no host bridge: a bridge finds functions here and shows the two spaces
// to the CPU in its own way. There is no bridge on the bus, so no other bus is behind it. Has no state besides its functions'.
import type { Bus } from '../../memory/bus.ts';
import type { PciFunction } from './function.ts';
import type { PciPin } from './registers.ts';

export interface PciBusOptions {
  /** The bus's I/O space, and its memory space: what functions decode is put there. */
  readonly io: Bus;
  readonly memory: Bus;
  /** Which interrupt line a device's pin is wired to. */
  readonly swizzle: (device: number, pin: PciPin) => number;
  /** A line changes; it is up while any function asks on it. */
  readonly setLine: (line: number, level: boolean) => void;
}

interface Place {
  readonly device: number;
  readonly number: number;
  readonly function: PciFunction;
}

const DEVICES = 32;
const FUNCTIONS = 8;

export class PciBus {
  readonly io: Bus;
  readonly memory: Bus;
  private readonly options: PciBusOptions;
  private readonly places: Place[] = [];
  private readonly bySlot = new Map<number, PciFunction>();

  constructor(options: PciBusOptions) {
    this.options = options;
    this.io = options.io;
    this.memory = options.memory;
  }

  /** Throws Error when the place is taken or there is none such: a bug in the board. */
  add(device: number, number: number, fn: PciFunction): void {
    const slot = device * FUNCTIONS + number;
    if (!(device >= 0 && device < DEVICES && number >= 0 && number < FUNCTIONS) || this.bySlot.has(slot))
      throw new Error(`${fn.name} cannot be function ${number} of PCI device ${device}`);
    this.bySlot.set(slot, fn);
    this.places.push({ device, number, function: fn });
    fn.attach({
      map: (space, target) => (space === 'io' ? this.io : this.memory).map(target, 'little'),
      interruptChanged: () => this.drive(device, fn),
      multifunction: () => this.places.some((place) => place.device === device && place.function !== fn),
    });
  }

  /** The function that answers a configuration access, or nobody. */
  find(bus: number, device: number, number: number): PciFunction | undefined {
    return bus === 0 && device < DEVICES && number < FUNCTIONS
      ? this.bySlot.get(device * FUNCTIONS + number)
      : undefined;
  }

  /** A host's configuration read. Where nobody answers, all ones. */
  readConfig(bus: number, device: number, number: number, register: number, length: 1 | 2 | 4): number {
    const fn = this.find(bus, device, number);
    return fn ? fn.readConfig(register, length) : 2 ** (8 * length) - 1;
  }

  /** A host's configuration write. Where nobody answers, it is lost. */
  writeConfig(bus: number, device: number, number: number, register: number, length: 1 | 2 | 4, value: number): void {
    this.find(bus, device, number)?.writeConfig(register, length, value);
  }

  /** A special cycle of the host: it reaches every function that listens. */
  specialCycle(data: number): void {
    for (const place of this.places) place.function.specialCycle(data);
  }

  private line(device: number, fn: PciFunction): number | null {
    return fn.interruptPin === null ? null : this.options.swizzle(device, fn.interruptPin);
  }

  /** The line of `fn` as the OR of everything wired to it. */
  private drive(device: number, fn: PciFunction): void {
    const line = this.line(device, fn);
    if (line === null) return;
    this.options.setLine(
      line,
      this.places.some((place) => place.function.asserted && this.line(place.device, place.function) === line),
    );
  }
}

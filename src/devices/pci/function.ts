// One PCI function: a type 0 configuration header (PCI Local Bus Specification 3.0, chapter 6) as 256 bytes of data with write masks,
// base address registers that place windows on the bus, a capabilities list, and one interrupt pin. A device that is several functions, or
// that has registers of its own in configuration space, is a list of these with hooks.
import type { BusTarget, PlacedWindow } from '../../memory/bus.ts';
import type { DeviceState, IrqLine } from '../device.ts';
import type { SizedRegisterView } from '../registers.ts';
import type { SavedState } from '../state.ts';
import * as pci from './registers.ts';

export interface PciBar {
  readonly kind: 'io' | 'memory32' | 'memory64';
  /** What answers there; its size is a power of two, 4 or more for I/O and 16 or more for memory. */
  readonly target: BusTarget;
  readonly prefetchable?: boolean;
}

/** A window whose place a register of the device's own says. */
export interface PciWindow {
  readonly space: 'io' | 'memory';
  readonly target: BusTarget;
  /** Its address, or null while it is switched off; asked after every configuration write. */
  readonly address: (fn: PciFunction) => number | null;
}

export interface PciFunctionOptions extends pci.PciIds {
  readonly name: string;
  /** The pin its interrupts come out of; left out when it has none. */
  readonly interruptPin?: pci.PciPin;
  /** By number of the register; a 64-bit one takes the next number too. */
  readonly bars?: Readonly<Partial<Record<number, PciBar>>>;
  readonly windows?: readonly PciWindow[];
  readonly capabilities?: readonly pci.PciCapability[];
  /** Registers from 0x40 on, and anything that replaces a register of the header (by the same offset). */
  readonly registers?: readonly pci.PciRegister[];
  /** A special cycle on the bus, while the function listens (PCI_COMMAND_SPECIAL). */
  readonly specialCycle?: (data: number) => void;
}

/** What the bus gives a function that is put on it. */
export interface PciSlot {
  readonly map: (space: 'io' | 'memory', target: BusTarget) => PlacedWindow;
  /** The level of the function's interrupt pin changed. */
  readonly interruptChanged: () => void;
  /** Are there other functions in the device? */
  readonly multifunction: () => boolean;
}

/** Command bits that every function has, and those that only one with such windows has. */
const COMMAND = pci.PCI_COMMAND_MASTER | pci.PCI_COMMAND_PARITY | pci.PCI_COMMAND_SERR;

export class PciFunction {
  readonly name: string;
  /** INTA to INTD as 0 to 3; null for none. */
  readonly interruptPin: pci.PciPin | null;
  /** What the device drives; what comes out of the pin also depends on the command register. */
  readonly irq: IrqLine = {
    set: (level) => {
      this.interrupt = level;
      this.drive();
    },
  };
  private readonly options: PciFunctionOptions;
  private readonly table: readonly pci.PciRegister[];
  private readonly windows: readonly PciWindow[];
  private readonly power: Uint8Array;
  private readonly config: Uint8Array;
  private readonly mask = new Uint8Array(pci.PCI_CONFIG_SIZE);
  private readonly clear = new Uint8Array(pci.PCI_CONFIG_SIZE);
  private slot: PciSlot | null = null;
  private placed: readonly PlacedWindow[] = [];
  private interrupt = false;
  private pin = false;

  /** Throws Error when the declaration itself is wrong: a bug in the device. */
  constructor(options: PciFunctionOptions) {
    this.name = options.name;
    this.options = options;
    this.interruptPin = options.interruptPin ?? null;
    const bars = Object.entries(options.bars ?? {}).map(([number, bar]) => this.barWindow(Number(number), bar!));
    this.windows = [...bars, ...(options.windows ?? [])];
    this.power = new Uint8Array(pci.PCI_CONFIG_SIZE);
    const capabilities = pci.layCapabilities(options.capabilities ?? []);
    this.power.set(capabilities.bytes, pci.PCI_FIRST_CAPABILITY);
    this.table = this.declare(capabilities.registers);
    for (const { offset, width, reset, mask = 0, clear = 0 } of this.table)
      for (let i = 0; i < width; i++) {
        if (reset !== undefined) this.power[offset + i] = reset >>> (8 * i);
        this.mask[offset + i] = mask >>> (8 * i);
        this.clear[offset + i] = clear >>> (8 * i);
      }
    this.config = this.power.slice();
  }

  /** The bus takes the function. */
  attach(slot: PciSlot): void {
    if (this.slot) throw new Error(`${this.name} is on a bus already`);
    this.slot = slot;
    this.placed = this.windows.map(({ space, target }) => slot.map(space, target));
    this.place();
  }

  /** Does the interrupt pin ask? */
  get asserted(): boolean {
    return this.pin;
  }

  /** A register's stored value, for the device itself. */
  get(offset: number, width: 1 | 2 | 4): number {
    let value = 0;
    for (let i = width - 1; i >= 0; i--) value = (value << 8) | this.config[offset + i]!;
    return value >>> 0;
  }

  /** The stored value of the register `name`. Throws Error when there is none. */
  field(name: string): number {
    const register = this.table.find((candidate) => candidate.name === name);
    if (!register) throw new Error(`${this.name} has no register ${name}`);
    return this.get(register.offset, register.width);
  }

  /** A host's configuration read; bytes beyond the 256 read as ones. */
  readConfig(offset: number, length: 1 | 2 | 4): number {
    let value = 0;
    for (let i = length - 1; i >= 0; i--) value = (value << 8) | (this.config[offset + i] ?? 0xff);
    for (const { offset: from, width, read } of this.table)
      if (read && from < offset + length && offset < from + width)
        value = pci.overlay(value, offset, length, read(), from, width);
    return value >>> 0;
  }

  /** A host's configuration write. */
  writeConfig(offset: number, length: 1 | 2 | 4, value: number): void {
    const end = Math.min(offset + length, pci.PCI_CONFIG_SIZE);
    for (let at = offset; at < end; at++) {
      const byte = (value >>> (8 * (at - offset))) & 0xff;
      const mask = this.mask[at]!;
      this.config[at] = ((this.config[at]! & ~mask) | (byte & mask)) & ~(byte & this.clear[at]!);
    }
    for (const { offset: from, width, written } of this.table)
      if (written && from < end && offset < from + width) written();
    this.place();
    this.drive();
  }

  /** A special cycle went over the bus. */
  specialCycle(data: number): void {
    if (this.get(pci.PCI_COMMAND, 2) & pci.PCI_COMMAND_SPECIAL) this.options.specialCycle?.(data);
  }

  reset(): void {
    this.config.set(this.power);
    this.interrupt = false;
    this.place();
    this.drive();
  }

  /** The configuration space for the debugger. */
  views(): readonly SizedRegisterView[] {
    return this.table.map(({ name, offset, width, mask, clear, read, peek, written }) => ({
      name,
      offset,
      width,
      access: mask || clear || written ? 'rw' : 'r',
      value: (peek ?? read ?? (() => this.get(offset, width)))(),
    }));
  }

  save(): DeviceState {
    const kept = this.kept().map(({ name, offset, width }) => [name, this.get(offset, width)] as const);
    return { interrupt: this.interrupt, config: Object.fromEntries(kept) };
  }

  /** Places its windows; does not drive the interrupt: its other end restores its own level. */
  restore(saved: SavedState): void {
    const config = saved.object('config');
    const interrupt = saved.boolean('interrupt');
    const values = this.kept().map((register) => {
      const value = config.integer(register.name, 2 ** (8 * register.width) - 1);
      const settable = ((register.mask ?? 0) | (register.clear ?? 0)) >>> 0;
      if (((value ^ this.powerOn(register)) & ~settable) !== 0) throw config.bad(register.name, 'a value it can have');
      return { register, value };
    });
    for (const { register, value } of values)
      for (let i = 0; i < register.width; i++) this.config[register.offset + i] = value >>> (8 * i);
    this.interrupt = interrupt;
    this.pin = this.asks();
    this.place();
  }

  private asks(): boolean {
    return this.interrupt && (this.get(pci.PCI_COMMAND, 2) & pci.PCI_COMMAND_INTX_DISABLE) === 0;
  }

  private drive(): void {
    const asks = this.asks();
    if (asks === this.pin) return;
    this.pin = asks;
    this.slot?.interruptChanged();
  }

  private place(): void {
    this.placed.forEach((window, i) => {
      window.place(this.windows[i]!.address(this));
    });
  }

  private barWindow(number: number, { kind, target }: PciBar): PciWindow {
    const offset = pci.PCI_BASE_ADDRESS_0 + 4 * number;
    const decode = kind === 'io' ? pci.PCI_COMMAND_IO : pci.PCI_COMMAND_MEMORY;
    const address = (): number | null => {
      if (!(this.get(pci.PCI_COMMAND, 2) & decode)) return null;
      const low = this.get(offset, 4);
      if (kind === 'io') return (low & ~0x3) >>> 0;
      return (kind === 'memory64' ? this.get(offset + 4, 4) * 2 ** 32 : 0) + ((low & ~0xf) >>> 0);
    };
    return { space: kind === 'io' ? 'io' : 'memory', target, address };
  }

  private powerOn({ offset, width }: pci.PciRegister): number {
    let value = 0;
    for (let i = width - 1; i >= 0; i--) value = (value << 8) | this.power[offset + i]!;
    return value >>> 0;
  }

  /** The registers whose value can change. */
  private kept(): pci.PciRegister[] {
    return this.table.filter(({ mask, clear }) => mask || clear);
  }

  private declare(capabilities: readonly pci.PciRegister[]): pci.PciRegister[] {
    const own = [...capabilities, ...(this.options.registers ?? [])];
    const taken = new Set(own.map(({ offset }) => offset));
    const table = [...this.header().filter(({ offset }) => !taken.has(offset)), ...own];
    return table.sort((a, b) => a.offset - b.offset);
  }

  private header(): pci.PciRegister[] {
    const { options } = this;
    const bars = Object.entries(options.bars ?? {}) as [string, PciBar][];
    const command =
      COMMAND |
      (bars.some(([, { kind }]) => kind === 'io') ? pci.PCI_COMMAND_IO : 0) |
      (bars.some(([, { kind }]) => kind !== 'io') ? pci.PCI_COMMAND_MEMORY : 0) |
      (options.specialCycle ? pci.PCI_COMMAND_SPECIAL : 0) |
      (this.interruptPin === null ? 0 : pci.PCI_COMMAND_INTX_DISABLE);
    const listed = (options.capabilities ?? []).length > 0;
    const constant = (name: string, offset: number, width: 1 | 2 | 4, reset: number): pci.PciRegister => ({
      name,
      offset,
      width,
      reset,
    });
    return [
      constant('vendor_id', 0x00, 2, options.vendorId),
      constant('device_id', 0x02, 2, options.deviceId),
      { name: 'command', offset: pci.PCI_COMMAND, width: 2, mask: command },
      {
        name: 'status',
        offset: pci.PCI_STATUS,
        width: 2,
        reset: listed ? pci.PCI_STATUS_CAP_LIST : 0,
        clear: pci.PCI_STATUS_ERRORS,
        read: () => this.get(pci.PCI_STATUS, 2) | (this.interrupt ? pci.PCI_STATUS_INTERRUPT : 0),
      },
      constant('revision', 0x08, 1, options.revision ?? 0),
      constant('prog_if', 0x09, 1, options.classCode & 0xff),
      constant('class', 0x0a, 2, options.classCode >>> 8),
      { name: 'cache_line_size', offset: 0x0c, width: 1, mask: 0xff },
      { name: 'latency_timer', offset: 0x0d, width: 1, mask: 0xf8 },
      {
        name: 'header_type',
        offset: 0x0e,
        width: 1,
        read: () => (this.slot?.multifunction() ? pci.PCI_HEADER_TYPE_MULTIFUNCTION : 0),
      },
      ...bars.flatMap(([number, bar]) => this.barRegisters(Number(number), bar)),
      constant('subsystem_vendor_id', 0x2c, 2, options.subsystemVendorId ?? 0),
      constant('subsystem_id', 0x2e, 2, options.subsystemId ?? 0),
      constant('capabilities', 0x34, 1, listed ? pci.PCI_FIRST_CAPABILITY : 0),
      { name: 'interrupt_line', offset: 0x3c, width: 1, mask: 0xff },
      constant('interrupt_pin', 0x3d, 1, this.interruptPin === null ? 0 : this.interruptPin + 1),
    ];
  }

  /** The address bits below the window's size read 0, which is how a driver learns the size. */
  private barRegisters(number: number, { kind, target, prefetchable }: PciBar): pci.PciRegister[] {
    const least = kind === 'io' ? 4 : 16;
    if (target.size < least || (target.size & (target.size - 1)) !== 0 || target.size > 2 ** 30)
      throw new Error(`bar${number} of ${this.name}: ${target.size} is no size for it`);
    const type = kind === 'io' ? 0x1 : (kind === 'memory64' ? 0x4 : 0) | (prefetchable ? 0x8 : 0);
    const bar = (n: number, reset: number, mask: number): pci.PciRegister => ({
      name: `bar${n}`,
      offset: pci.PCI_BASE_ADDRESS_0 + 4 * n,
      width: 4,
      reset,
      mask,
    });
    const low = bar(number, type, -target.size >>> 0);
    return kind === 'memory64' ? [low, bar(number + 1, 0, 0xffffffff)] : [low];
  }
}

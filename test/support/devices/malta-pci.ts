// The PCI part of a Malta put together as a board does it, and configuration accesses as Linux's GT-64120 code makes them.
import { PciBus } from '../../../src/devices/pci/bus.ts';
import { Gt64120 } from '../../../src/devices/pci/gt64120.ts';
import { Piix4 } from '../../../src/devices/pci/piix4.ts';
import { Bus } from '../../../src/memory/bus.ts';
import type { Endianness } from '../../../src/memory/guest-memory.ts';
import { FakeTimer } from './fakes.ts';

export const GT_BASE = 0x1be00000;
export const IO_BASE = 0x18000000;

export class MaltaPci {
  readonly system = new Bus();
  readonly io = new Bus();
  readonly memory = new Bus();
  readonly timer = new FakeTimer();
  readonly pci: PciBus;
  readonly gt: Gt64120;
  readonly piix4: Piix4;
  /** What was driven on ISA lines, such as `10 up`. */
  readonly isa: string[] = [];
  readonly misuses: string[] = [];
  powerOffs = 0;
  acknowledged = 0;
  vector = 0;
  readonly endianness: Endianness;

  constructor(endianness: Endianness = 'little') {
    this.endianness = endianness;
    const misuse = (what: string): void => void this.misuses.push(what);
    this.pci = new PciBus({
      io: this.io,
      memory: this.memory,
      swizzle: (device, pin) => (device + pin + 2) & 3,
      setLine: (line, level) => this.piix4.setPirq(line, level),
    });
    this.piix4 = new Piix4({
      pci: this.pci,
      device: 10,
      timer: this.timer,
      setIsaLine: (irq, level) => this.isa.push(`${irq} ${level ? 'up' : 'down'}`),
      powerOff: () => this.powerOffs++,
      pirqRouting: [10, 10, 11, 11],
      pmBase: 0x1000,
      misuse,
    });
    this.gt = new Gt64120({
      pci: this.pci,
      system: this.system,
      endianness,
      acknowledge: () => {
        this.acknowledged++;
        return this.vector;
      },
      misuse,
    });
  }

  /** A CPU's store of `length` bytes. */
  store(address: number, length: 1 | 2 | 4, value: number): boolean {
    const data = new Uint8Array(length);
    for (let i = 0; i < length; i++) data[this.endianness === 'little' ? i : length - 1 - i] = value >>> (8 * i);
    return this.system.write(address, data, length);
  }

  /** A CPU's load; undefined when nobody answers. */
  load(address: number, length: 1 | 2 | 4): number | undefined {
    const data = new Uint8Array(length);
    if (!this.system.read(address, data, length)) return undefined;
    let value = 0;
    for (let i = 0; i < length; i++) value |= data[this.endianness === 'little' ? i : length - 1 - i]! << (8 * i);
    return value >>> 0;
  }

  /** Linux's GT_READ and GT_WRITE: little-endian registers. */
  gtRead(offset: number): number {
    return this.swap(this.load(GT_BASE + offset, 4)!);
  }

  gtWrite(offset: number, value: number): void {
    this.store(GT_BASE + offset, 4, this.swap(value));
  }

  /** A configuration read as Linux makes it: null when it was aborted. */
  configRead(device: number, number: number, register: number, bus = 0): number | null {
    const own = bus === 0 && device === 0;
    this.address(bus, device, number, register);
    const data = own ? this.gtRead(0xcfc) : this.load(GT_BASE + 0xcfc, 4)!;
    return this.aborted() ? null : data;
  }

  configWrite(device: number, number: number, register: number, value: number, bus = 0): boolean {
    const own = bus === 0 && device === 0;
    this.address(bus, device, number, register);
    if (own) this.gtWrite(0xcfc, value);
    else this.store(GT_BASE + 0xcfc, 4, value);
    return !this.aborted();
  }

  private address(bus: number, device: number, number: number, register: number): void {
    this.gtWrite(0xc18, ~(3 << 18));
    this.gtWrite(0xcf8, ((1 << 31) | (bus << 16) | (device << 11) | (number << 8) | (register & 0xfc)) >>> 0);
  }

  private aborted(): boolean {
    const aborted = (this.gtRead(0xc18) & (3 << 18)) !== 0;
    if (aborted) this.gtWrite(0xc18, ~(3 << 18));
    return aborted;
  }

  private swap(value: number): number {
    if (this.endianness === 'little') return value >>> 0;
    return ((value << 24) | ((value & 0xff00) << 8) | ((value >>> 8) & 0xff00) | (value >>> 24)) >>> 0;
  }
}

// Device addresses by name, from what debuggers see of a machine: `uart0 thr`, `gic-cpu-interface GICC_IAR`, `malta-fpga +0x500`.
import { hex } from '../../util/bits.ts';

interface NamedRegister {
  readonly name: string;
  /** In its window. */
  readonly offset: number;
}

/** What answers at a range of guest-physical addresses. */
export interface NamedWindow {
  readonly name: string;
  readonly base: number;
  /** Bytes. */
  readonly size: number;
}

export interface NamedRegisters {
  readonly name: string;
  registers(): readonly NamedRegister[];
}

/** Registers that cannot be read are in no device's view: those that guests write all the time, by the name of their window. */
const WRITE_ONLY: readonly (readonly [window: RegExp, offset: number, name: string])[] = [
  [/^virtio-[a-z]+\d*$/, 0x50, 'QueueNotify'],
  [/^virtio-[a-z]+\d*$/, 0x64, 'InterruptACK'],
  [/^gic-(virtual-)?cpu-interface$/, 0x10, 'EOIR'],
  [/^gic-(virtual-)?cpu-interface$/, 0x1000, 'DIR'],
];

/** The device and register at a guest-physical address, or null where nobody is. */
export function mmioNames(
  windows: readonly NamedWindow[],
  devices: readonly NamedRegisters[],
): (address: number) => string | null {
  const registers = new Map<NamedWindow, readonly NamedRegister[]>();
  return (address) => {
    const window = windows.find(({ base, size }) => address >= base && address < base + size);
    if (!window) return null;
    let known = registers.get(window);
    if (!known) {
      known = registersOf(window, devices);
      registers.set(window, known);
    }
    const offset = address - window.base;
    const here = known.filter((register) => register.offset === offset);
    // Two names for one place (a latch, a bank) name neither what is read nor what is written: both are told.
    const hidden = WRITE_ONLY.find(([of, at]) => at === offset && of.test(window.name))?.[2] ?? '';
    const names = [...new Set(here.map(({ name }) => name))].slice(0, 2).join('/') || hidden;
    return `${window.name} ${names === '' ? `+${hex(offset, 2)}` : names}`;
  };
}

/**
 * The registers that are in a window, whose offsets they are in. A device with one window has its name; those of a device with several have a word more,
 * by which, or by whose first letter, their registers' names begin (`virtio-blk0 legacy`: `legacy queue_pfn`; `gic-distributor`: `GICD_CTLR`).
 */
function registersOf({ name: window }: NamedWindow, devices: readonly NamedRegisters[]): NamedRegister[] {
  const own = devices.find(({ name }) => name === window);
  if (own) return [...own.registers()];
  const device = devices
    .filter(({ name }) => window.startsWith(`${name} `) || window.startsWith(`${name}-`))
    .sort((a, b) => b.name.length - a.name.length)[0];
  if (!device) return [];
  const part = window.slice(device.name.length + 1);
  const all = device.registers();
  const worded = all.filter(({ name }) => name.startsWith(`${part} `) || name.startsWith(`${part}_`));
  if (worded.length > 0) return worded.map(({ name, offset }) => ({ name: name.slice(part.length + 1), offset }));
  const initial = `${device.name}${part[0] ?? ''}_`.toUpperCase();
  return all.filter(({ name }) => name.startsWith(initial));
}

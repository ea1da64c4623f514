// The Galileo GT-64120 system controller of the MIPS Malta, as far as an operating system sees it: where the CPU finds PCI bus 0 (decode
// windows and their remaps), configuration cycles, the interrupt acknowledge cycle, and itself as device 0 of the bus. What it knows
// of memory, flash, timers and DMA is left out; registers that only hold values do (gt64120-registers.ts). Facts: Linux 5.10
// arch/mips/pci/{ops-gt64xxx_pci0,pci-malta}.c, arch/mips/mti-malta/malta-init.c, arch/mips/include/asm/gt64120.h.
//
// Byte order. The registers are little-endian for every CPU (Linux: GT_READ is le32_to_cpu of a plain load), so the block goes on the system bus
// as 'little'. Configuration data is different: a cycle that leaves the chip passes the master byte swap, which swaps while
// MBYTESWAP is 0 (Linux sets the bit on a little-endian CPU and clears it on a big-endian one, and uses plain loads and stores
// for every device but the GT-64120 itself). So a big-endian CPU's plain load gives the number, and so does a little-endian one's; device 0 is
// inside and never swapped. In the I/O and memory windows the swap of a big-endian CPU makes every byte keep its address,
// as it does on a little-endian CPU without swap. That is what the windows do, always: MBYTESWAP set against the CPU's byte order
// would turn words round there, which no system does and which is not modelled.
//
// The interrupt output is not modelled: causes are there to be read, and Linux masks them all.
import type { Bus, BusView, PlacedWindow } from '../../memory/bus.ts';
import type { Endianness } from '../../memory/guest-memory.ts';
import type { DeviceState, MmioDevice } from '../device.ts';
import { type MisuseListener, RegisterBlock, type RegisterSpec, type SizedRegisterView } from '../registers.ts';
import { SavedState } from '../state.ts';
import type { PciBus } from './bus.ts';
import { PciFunction } from './function.ts';
import * as gt from './gt64120-registers.ts';

const WINDOW = 0x1000;
/** Device 31, function 7, register 0 of bus 0: a write there is a special cycle (PCI 3.0, 3.2.2.3.2). */
const SPECIAL_CYCLE = { device: 31, number: 7 };

export interface Gt64120Options {
  readonly pci: PciBus;
  /** The CPU's bus: the register block and the decode windows stand there. */
  readonly system: Bus;
  /** The CPU's byte order, which decides what the byte swap bits are at power on. */
  readonly endianness: Endianness;
  /** An interrupt acknowledge cycle: the interrupt controller's vector. */
  readonly acknowledge: () => number;
  /** Told of guest accesses that no register takes. */
  readonly misuse?: MisuseListener;
}

interface DecodeWindow {
  readonly row: (typeof gt.GT_PCI_WINDOWS)[number];
  readonly view: BusView;
  readonly placed: PlacedWindow;
}

export class Gt64120 implements MmioDevice {
  readonly name = 'gt64120';
  readonly size = WINDOW;
  private readonly options: Gt64120Options;
  private readonly block: RegisterBlock;
  private readonly function: PciFunction;
  private readonly self: PlacedWindow;
  private readonly windows: readonly DecodeWindow[];

  constructor(options: Gt64120Options) {
    this.options = options;
    const { pci, system } = options;
    this.block = new RegisterBlock(this.declare(), options.misuse ?? (() => {}));
    this.function = new PciFunction({
      name: 'gt64120 pci',
      vendorId: 0x11ab,
      deviceId: 0x4620,
      revision: 0x10,
      classCode: 0x060000,
      // The register block as other PCI masters would see it: Linux places it, and there is no such master.
      registers: [{ name: 'bar4', offset: 0x20, width: 4, mask: -WINDOW >>> 0 }],
    });
    pci.add(0, 0, this.function);
    // The block first: a guest cannot hide it behind a window and so lock itself out.
    this.self = system.map(this, 'little');
    this.windows = gt.GT_PCI_WINDOWS.map((row) => {
      const view = (row.space === 'io' ? pci.io : pci.memory).view(row.name, 0);
      return { row, view, placed: system.map(view, 'little') };
    });
    this.place();
  }

  read(offset: number, length: 1 | 2 | 4): number {
    if (offset === gt.GT_PCI0_CFGDATA) return this.configRead(length);
    if (offset === gt.GT_PCI0_IACK) return this.options.acknowledge() & 0xff;
    return this.block.read(offset, length);
  }

  write(offset: number, length: 1 | 2 | 4, value: number): void {
    if (offset === gt.GT_PCI0_CFGDATA) this.configWrite(length, value >>> 0);
    else this.block.write(offset, length, value >>> 0);
  }

  reset(): void {
    this.block.reset();
    this.function.reset();
    this.place();
  }

  registers(): readonly SizedRegisterView[] {
    return [...this.block.views(), ...this.function.views().map((view) => ({ ...view, name: `pci ${view.name}` }))];
  }

  saveState(): DeviceState {
    return { registers: this.block.save(), function: this.function.save() };
  }

  restoreState(state: DeviceState): void {
    const saved = new SavedState(this.name, state);
    this.function.restore(saved.object('function'));
    this.block.restore(saved.object('registers'));
    this.place();
  }

  private declare(): RegisterSpec<string>[] {
    const swap = this.options.endianness === 'little' ? gt.GT_PCI0_CMD_MBYTESWAP | gt.GT_PCI0_CMD_SBYTESWAP : 0;
    const field = (name: string, offset: number, reset = 0, mask = 0xffffffff): RegisterSpec<string> => ({
      name,
      offset,
      access: 'rw',
      reset,
      mask,
    });
    const placing = (
      name: string,
      offset: number,
      reset: number,
      mask: number,
      also?: string,
    ): RegisterSpec<string> => ({
      name,
      offset,
      access: 'rw',
      reset,
      write: (value) => {
        this.block.set(name, value & mask);
        // A new start brings its remap with it: PCI addresses are the CPU's until a remap is written.
        if (also) this.block.set(also, value & gt.GT_REMAP);
        this.place();
      },
    });
    return [
      ...gt.GT_PLAIN.map(([offset, name, reset, mask]) => field(name, offset, reset, mask)),
      ...gt.GT_PCI_WINDOWS.flatMap(({ name, offset: [low, high, remap], preset }) => [
        placing(`${name}LD`, low, preset[0], gt.GT_DECODE_LOW, `${name}REMAP`),
        placing(`${name}HD`, high, preset[1], gt.GT_DECODE_HIGH),
        placing(`${name}REMAP`, remap, preset[2], gt.GT_REMAP),
      ]),
      placing('ISD', gt.GT_ISD, 0x0df, gt.GT_DECODE_LOW),
      field('PCI0_CMD', gt.GT_PCI0_CMD, swap),
      field('PCI0_CFGADDR', gt.GT_PCI0_CFGADDR, 0, 0x80fffffc),
      {
        name: 'INTRCAUSE',
        offset: gt.GT_INTRCAUSE,
        access: 'rw',
        reset: 0,
        // A 0 clears; nobody can set a cause.
        write: (value) => this.block.set('INTRCAUSE', this.block.get('INTRCAUSE') & value),
      },
    ];
  }

  /** Stand where the decode registers say. */
  private place(): void {
    this.self.place(this.block.get('ISD') * gt.GT_DECODE_UNIT);
    for (const { row, view, placed } of this.windows) {
      const low = this.block.get(`${row.name}LD`);
      const high = (low & ~gt.GT_DECODE_HIGH) | this.block.get(`${row.name}HD`);
      view.size = Math.max(0, high - low + 1) * gt.GT_DECODE_UNIT;
      view.origin = remapped(low, high, this.block.get(`${row.name}REMAP`)) * gt.GT_DECODE_UNIT;
      placed.place(view.size === 0 ? null : low * gt.GT_DECODE_UNIT);
    }
  }

  /** What CFGADDR names: null while its enable bit is clear. */
  private target(): { bus: number; device: number; number: number; register: number } | null {
    const address = this.block.get('PCI0_CFGADDR');
    if (address < gt.GT_PCI0_CFGADDR_CONFIGEN) return null;
    return {
      bus: (address >>> 16) & 0xff,
      device: (address >>> 11) & 0x1f,
      number: (address >>> 8) & 0x7,
      register: address & 0xfc,
    };
  }

  private configRead(length: 1 | 2 | 4): number {
    const target = this.target();
    const ones = 2 ** (8 * length) - 1;
    if (!target) return ones;
    const fn = this.options.pci.find(target.bus, target.device, target.number);
    if (!fn) {
      this.abort();
      return ones;
    }
    return this.swapped(target, fn.readConfig(target.register, length), length);
  }

  private configWrite(length: 1 | 2 | 4, value: number): void {
    const target = this.target();
    if (!target) return;
    const { bus, device, number, register } = target;
    const data = this.swapped(target, value, length);
    const fn = this.options.pci.find(bus, device, number);
    if (fn) fn.writeConfig(register, length, data);
    else if (bus === 0 && device === SPECIAL_CYCLE.device && number === SPECIAL_CYCLE.number && register === 0)
      this.options.pci.specialCycle(data);
    else this.abort();
  }

  private abort(): void {
    this.block.set('INTRCAUSE', this.block.get('INTRCAUSE') | gt.GT_INTRCAUSE_MASABORT0);
  }

  /** Data through the master byte swap, which the chip's own registers do not pass. */
  private swapped({ bus, device }: { bus: number; device: number }, value: number, length: number): number {
    if ((bus === 0 && device === 0) || this.block.get('PCI0_CMD') & gt.GT_PCI0_CMD_MBYTESWAP) return value;
    let swapped = 0;
    for (let i = 0; i < length; i++) swapped = (swapped << 8) | ((value >>> (8 * i)) & 0xff);
    return swapped >>> 0;
  }
}

/** First PCI address of a window, in units: the bits that are the same all over it come from the remap register. */
function remapped(low: number, high: number, remap: number): number {
  let varying = low ^ high;
  varying |= varying >> 1;
  varying |= varying >> 2;
  varying |= varying >> 4;
  return ((low & varying) | (remap & ~varying)) & gt.GT_REMAP;
}

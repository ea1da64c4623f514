// The registers of a PC's two 8237A DMA controllers and of their page registers (Intel 8237A data sheet, order 231466; PIIX4 data sheet 290562):
// what is written is held and can be read back where the chip lets it. There are no transfers, no requests and no terminal counts,
// because nothing on our boards asks for any: Linux on Malta writes one mask (enable_dma(4) in mti-malta/malta-setup.c).
import { ByteWindow } from './byte-window.ts';
import type { Device, DeviceState, DeviceWindow, RegisterView } from './device.ts';
import { SavedState } from './state.ts';

const CHANNELS = 4;
const PAGES = 16;
const STATUS_COMMAND = 0x8;
const REQUEST = 0x9;
const SINGLE_MASK = 0xa;
const MODE = 0xb;
const CLEAR_FLIP_FLOP = 0xc;
const MASTER_CLEAR = 0xd;
const CLEAR_MASK = 0xe;
const ALL_MASK = 0xf;
const ALL_CHANNELS = 0xf;

export class Dma8237 implements Device {
  readonly name = 'dma-8237';
  /** Ports 0x00 to 0x0f. */
  readonly dma1Window: DeviceWindow;
  /** Ports 0xc0 to 0xdf: registers two bytes apart. */
  readonly dma2Window: DeviceWindow;
  /** Ports 0x80 to 0x8f. */
  readonly pageWindow: DeviceWindow;
  private readonly dma1 = new Controller();
  private readonly dma2 = new Controller();
  private pages = new Array<number>(PAGES).fill(0);

  constructor() {
    this.dma1Window = new ByteWindow('dma1', 16, this.dma1);
    this.dma2Window = new ByteWindow('dma2', 32, {
      read: (offset) => (offset & 1 ? 0xff : this.dma2.read(offset >>> 1)),
      write: (offset, value) => {
        if (!(offset & 1)) this.dma2.write(offset >>> 1, value);
      },
    });
    this.pageWindow = new ByteWindow('dma-pages', PAGES, {
      read: (offset) => this.pages[offset]!,
      write: (offset, value) => {
        this.pages[offset] = value;
      },
    });
  }

  reset(): void {
    this.dma1.reset();
    this.dma2.reset();
    this.pages.fill(0);
  }

  /** Offsets are register numbers; addresses and counts are whole. */
  registers(): readonly RegisterView[] {
    const pages = this.pages.map((value, offset) => ({ name: `page${offset.toString(16)}`, offset, value }));
    return [...this.dma1.views('dma1'), ...this.dma2.views('dma2'), ...pages];
  }

  saveState(): DeviceState {
    return { dma1: this.dma1.save(), dma2: this.dma2.save(), pages: [...this.pages] };
  }

  restoreState(state: DeviceState): void {
    const saved = new SavedState(this.name, state);
    this.dma1.restore(saved.object('dma1'));
    this.dma2.restore(saved.object('dma2'));
    this.pages = list(saved, 'pages', PAGES, 0xff);
  }
}

/** One 8237A. */
class Controller {
  /** Address and count of each channel, alternating. */
  private words = new Array<number>(2 * CHANNELS).fill(0);
  private modes = new Array<number>(CHANNELS).fill(0);
  private command = 0;
  private request = 0;
  private mask = ALL_CHANNELS;
  /** The next byte of an address or a count is the high one. */
  private high = false;

  reset(): void {
    this.words.fill(0);
    this.modes.fill(0);
    this.clear();
  }

  read(register: number): number {
    if (register < this.words.length) {
      const shift = this.high ? 8 : 0;
      this.high = !this.high;
      return (this.words[register]! >>> shift) & 0xff;
    }
    // Status (no terminal counts, no requests), the temporary register and what cannot be read are 0.
    return register === ALL_MASK ? this.mask : 0;
  }

  write(register: number, value: number): void {
    const channel = value & 3;
    const bit = 1 << channel;
    const set = (value & 4) !== 0;
    if (register < this.words.length) {
      const word = this.words[register]!;
      this.words[register] = this.high ? (word & 0xff) | (value << 8) : (word & 0xff00) | value;
      this.high = !this.high;
    } else if (register === STATUS_COMMAND) this.command = value;
    else if (register === REQUEST) this.request = set ? this.request | bit : this.request & ~bit;
    else if (register === SINGLE_MASK) this.mask = set ? this.mask | bit : this.mask & ~bit;
    else if (register === MODE) this.modes[channel] = value & ~3;
    else if (register === CLEAR_FLIP_FLOP) this.high = false;
    else if (register === MASTER_CLEAR) this.clear();
    else if (register === CLEAR_MASK) this.mask = 0;
    else if (register === ALL_MASK) this.mask = value & ALL_CHANNELS;
  }

  views(prefix: string): RegisterView[] {
    const words = this.words.map((value, offset) => ({
      ...{ name: `${prefix}_${offset & 1 ? 'count' : 'address'}${offset >>> 1}`, offset, value },
    }));
    const modes = this.modes.map((value, i) => ({ name: `${prefix}_mode${i}`, offset: MODE, value }));
    return [
      ...words,
      ...modes,
      { name: `${prefix}_command`, offset: STATUS_COMMAND, value: this.command },
      { name: `${prefix}_request`, offset: REQUEST, value: this.request },
      { name: `${prefix}_mask`, offset: ALL_MASK, value: this.mask },
    ];
  }

  save(): DeviceState {
    const { command, request, mask, high } = this;
    return { words: [...this.words], modes: [...this.modes], command, request, mask, high };
  }

  restore(saved: SavedState): void {
    this.words = list(saved, 'words', 2 * CHANNELS, 0xffff);
    this.modes = list(saved, 'modes', CHANNELS, 0xff);
    this.command = saved.integer('command', 0xff);
    this.request = saved.integer('request', ALL_CHANNELS);
    this.mask = saved.integer('mask', ALL_CHANNELS);
    this.high = saved.boolean('high');
  }

  private clear(): void {
    this.command = 0;
    this.request = 0;
    this.mask = ALL_CHANNELS;
    this.high = false;
  }
}

function list(saved: SavedState, key: string, length: number, largest: number): number[] {
  const values = saved.integers(key, length, largest);
  if (values.length !== length) throw saved.bad(key, `a list of ${length}`);
  return values;
}

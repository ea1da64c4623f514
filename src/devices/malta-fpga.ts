// The FPGA of the MIPS Malta board (MIPS Malta User's Manual MD00048, chapter 4; Linux: arch/mips/include/asm/mips-boards/generic.h and malta.h,
// boot/dts/mti/malta.dts): switches, LED bar, ASCII display, reset. Registers are 32-bit words 8 bytes apart, in the CPU's byte
// order. The UART that sits between the two windows is a device of its own.
import type { Device, DeviceState, DeviceWindow } from './device.ts';
import { type MisuseListener, RegisterBlock, type RegisterSpec, type SizedRegisterView } from './registers.ts';
import { SavedState } from './state.ts';

const LOW_SIZE = 0x900;
const HIGH = 0xa00;
const HIGH_SIZE = 0x200;
const DISPLAY_SIZE = 8;
const BLANK = 0x20;
/** What SOFTRES takes for a reset. */
const GORESET = 0x42;
/** Breaks on the debug UART reset the board after this many seconds: power-on value of BRKRES. */
const BREAK_SECONDS = 0x0a;
const STATUS_MFWR = 0x10;
const STATUS_BIGEND = 0x02;
const I2C_LINES = 3;

export interface MaltaFpgaOptions {
  /** The CPU's byte order, as STATUS shows it. */
  readonly bigEndian: boolean;
  /** The guest asked for a reset of the board. */
  readonly onReset: () => void;
  /** Told of guest accesses that no register takes. */
  readonly misuse?: MisuseListener;
}

export class MaltaFpga implements Device {
  readonly name = 'malta-fpga';
  /** 0x1f000000 to 0x1f0008ff. */
  readonly window: DeviceWindow;
  /** 0x1f000a00 to 0x1f000bff: general-purpose pins and an I2C bus with nobody on it. */
  readonly pinWindow: DeviceWindow;
  private readonly block: RegisterBlock;

  constructor(options: MaltaFpgaOptions) {
    this.block = new RegisterBlock(this.declare(options), options.misuse ?? (() => {}));
    this.window = this.part('malta-fpga', 0, LOW_SIZE);
    this.pinWindow = this.part('malta-fpga-pins', HIGH, HIGH_SIZE);
  }

  /** The eight characters of the display; what is not printable ASCII is a space. */
  get display(): string {
    const codes = Array.from({ length: DISPLAY_SIZE }, (_, i) => this.block.get(`asciipos${i}`));
    return String.fromCharCode(...codes.map((code) => (code >= 0x20 && code < 0x7f ? code : BLANK)));
  }

  reset(): void {
    this.block.reset();
  }

  /** Offsets count from 0x1f000000 in both windows. */
  registers(): readonly SizedRegisterView[] {
    return this.block.views();
  }

  saveState(): DeviceState {
    return this.block.save();
  }

  restoreState(state: DeviceState): void {
    this.block.restore(new SavedState(this.name, state));
  }

  private part(name: string, base: number, size: number): DeviceWindow {
    return {
      name,
      size,
      read: (offset, length) => this.block.read(base + offset, length),
      write: (offset, length, value) => this.block.write(base + offset, length, value >>> 0),
    };
  }

  private declare(options: MaltaFpgaOptions): RegisterSpec<string>[] {
    const constant = (name: string, offset: number, value: number): RegisterSpec<string> => ({
      ...{ name, offset, access: 'r' },
      read: () => value,
    });
    const stored = (name: string, offset: number, mask: number, reset = 0): RegisterSpec<string> => ({
      ...{ name, offset, mask, reset },
      access: 'rw',
    });
    const positions = Array.from({ length: DISPLAY_SIZE }, (_, i) =>
      stored(`asciipos${i}`, 0x418 + 8 * i, 0xff, BLANK),
    );
    return [
      constant('nmistatus', 0x024, 0),
      { name: 'nmiack', offset: 0x104, access: 'w', write: () => {} },
      constant('switch', 0x200, 0),
      constant('status', 0x208, STATUS_MFWR | (options.bigEndian ? STATUS_BIGEND : 0)),
      // Jumpers open: PCI runs at 33 MHz.
      constant('jmprs', 0x210, 0),
      stored('ledbar', 0x408, 0xff),
      { name: 'asciiword', offset: 0x410, access: 'w', write: (value) => this.showWord(value) },
      ...positions,
      {
        ...{ name: 'softres', offset: 0x500, access: 'rw' },
        // Linux reads before it writes (regmap_update_bits), and writes only what differs.
        read: () => 0,
        write: (value) => {
          if (value === GORESET) options.onReset();
        },
      },
      stored('brkres', 0x508, 0xff, BREAK_SECONDS),
      stored('gpout', 0xa00, 0xff),
      constant('gpinp', 0xa08, 0),
      { name: 'i2cinp', offset: 0xb00, access: 'r', read: () => this.i2cLines },
      stored('i2coe', 0xb08, I2C_LINES),
      stored('i2cout', 0xb10, I2C_LINES, I2C_LINES),
      stored('i2csel', 0xb18, 1, 1),
    ];
  }

  /** ASCIIWORD shows a word as eight hexadecimal digits. */
  private showWord(value: number): void {
    const digits = value.toString(16).toUpperCase().padStart(DISPLAY_SIZE, '0');
    for (let i = 0; i < DISPLAY_SIZE; i++) this.block.set(`asciipos${i}`, digits.charCodeAt(i));
  }

  /** SCL and SDA: what the FPGA drives, and up where it does not. */
  private get i2cLines(): number {
    return this.block.get('i2cout') | (~this.block.get('i2coe') & I2C_LINES);
  }
}

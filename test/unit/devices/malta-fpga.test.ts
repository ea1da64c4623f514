// The Malta's FPGA and boot ROM as Linux and the Malta User's Manual know them.
import { beforeEach, describe, expect, it } from 'vitest';
import { BootRom } from '../../../src/devices/boot-rom.ts';
import { MaltaFpga } from '../../../src/devices/malta-fpga.ts';
import { Bus } from '../../../src/memory/bus.ts';

const [STATUS, JMPRS, LEDBAR, ASCIIWORD, ASCIIPOS, SOFTRES, BRKRES] = [0x208, 0x210, 0x408, 0x410, 0x418, 0x500, 0x508];
const PINS = 0xa00;
const [GPOUT, I2CINP, I2COE, I2COUT] = [0xa00 - PINS, 0xb00 - PINS, 0xb08 - PINS, 0xb10 - PINS];

let resets: number;
let said: string[];
let fpga: MaltaFpga;

function make(bigEndian = false): void {
  resets = 0;
  said = [];
  fpga = new MaltaFpga({ bigEndian, onReset: () => resets++, misuse: (what) => said.push(what) });
}

beforeEach(() => make());

const read = (offset: number) => fpga.window.read(offset, 4);
const write = (offset: number, value: number) => fpga.window.write(offset, 4, value);

describe("the Malta's FPGA", () => {
  it('says the byte order, and a PCI clock of 33 MHz', () => {
    expect([read(STATUS), read(JMPRS) & 0x1c]).toEqual([0x10, 0]);
    make(true);
    expect(read(STATUS)).toBe(0x12);
  });

  it('is reset by 0x42, written as regmap_update_bits does it, and by nothing else', () => {
    for (const value of [0, 0x41, 0x43, 0x142, 0xffffffff]) write(SOFTRES, value);
    expect(resets).toBe(0);
    const before = read(SOFTRES);
    const after = (before & ~0x42) | 0x42;
    expect(after).not.toBe(before); // else Linux writes nothing
    write(SOFTRES, after);
    expect(resets).toBe(1);
  });

  it('shows characters where they are put, and a word in hexadecimal', () => {
    expect(fpga.display).toBe('        ');
    [...'LINUX OK'].forEach((c, i) => {
      write(ASCIIPOS + 8 * i, c.charCodeAt(0));
    });
    expect(fpga.display).toBe('LINUX OK');
    write(ASCIIPOS, 0x1b);
    expect(fpga.display).toBe(' INUX OK');
    write(ASCIIWORD, 0xbeef);
    expect(fpga.display).toBe('0000BEEF');
  });

  it('holds LEDs and break time in eight bits, and starts with 10 seconds', () => {
    expect([read(LEDBAR), read(BRKRES)]).toEqual([0, 0x0a]);
    write(LEDBAR, 0x1a5);
    write(BRKRES, 0x1ff);
    expect([read(LEDBAR), read(BRKRES)]).toEqual([0xa5, 0xff]);
    fpga.reset();
    expect([read(LEDBAR), read(BRKRES), fpga.display]).toEqual([0, 0x0a, '        ']);
  });

  it('has an I2C bus on which nobody pulls a line down but itself', () => {
    const pins = fpga.pinWindow;
    expect(pins.read(I2CINP, 4)).toBe(3);
    pins.write(I2COUT, 4, 1);
    expect(pins.read(I2CINP, 4)).toBe(3);
    pins.write(I2COE, 4, 3);
    expect(pins.read(I2CINP, 4)).toBe(1);
    pins.write(GPOUT, 4, 0x3c);
    expect(pins.read(GPOUT, 4)).toBe(0x3c);
  });

  it('takes whole words only, and says so', () => {
    write(LEDBAR, 0x55);
    fpga.window.write(LEDBAR, 1, 0);
    expect([fpga.window.read(LEDBAR, 2), fpga.window.read(0x8fc, 4), read(LEDBAR)]).toEqual([0, 0, 0x55]);
    expect(said).toHaveLength(3);
  });

  it('goes on from saved state', () => {
    write(ASCIIWORD, 0x12345678);
    write(LEDBAR, 3);
    const other = new MaltaFpga({ bigEndian: false, onReset: () => {} });
    other.restoreState(JSON.parse(JSON.stringify(fpga.saveState())));
    expect([other.display, other.window.read(LEDBAR, 4)]).toEqual(['12345678', 3]);
  });
});

describe('the boot ROM', () => {
  const BOARD_ID = 0x420;

  it.each(['little', 'big'] as const)(
    'has the board id where a %s-endian kernel looks, as word and as bytes',
    (order) => {
      const bus = new Bus();
      bus.add(0x1fc00000, new BootRom({ words: [[0x10, BOARD_ID]], bigEndian: order === 'big' }), 'little');
      const word = new Uint8Array(4);
      bus.read(0x1fc00010, word, 4);
      expect(new DataView(word.buffer).getUint32(0, order === 'little')).toBe(BOARD_ID);
      const bytes = [0, 1, 2, 3].map((i) => {
        bus.read(0x1fc00010 + i, word, 1);
        return word[0];
      });
      expect(bytes).toEqual(order === 'little' ? [0x20, 0x04, 0, 0] : [0, 0, 0x04, 0x20]);
    },
  );

  it('reads 0 elsewhere, also across the end of a word', () => {
    const rom = new BootRom({ words: [[0x10, 0xa1b2c3d4]], bigEndian: false });
    expect([rom.read(0, 4), rom.read(0x14, 4), rom.read(0x12, 4), rom.read(0x10, 4)]).toEqual([
      ...[0, 0, 0xa1b2],
      0xa1b2c3d4,
    ]);
  });

  it('cannot be written, and says so', () => {
    const lines: string[] = [];
    const rom = new BootRom({ words: [[0x10, 1]], bigEndian: false, size: 0x100, misuse: (what) => lines.push(what) });
    rom.write(0x10, 4);
    expect([rom.size, rom.read(0x10, 4), lines]).toEqual([0x100, 1, ['write of 4 at offset 0x10: read-only']]);
  });

  it('takes no saved state of another machine', () => {
    const rom = new BootRom({ words: [[0x10, 1]], bigEndian: false });
    rom.restoreState(rom.saveState());
    expect(() => rom.restoreState({ words: 2 })).toThrow('what this machine has');
  });
});

// The registers of the two 8237As: held, and nothing moved.
import { beforeEach, describe, expect, it } from 'vitest';
import { Dma8237 } from '../../../src/devices/dma-8237.ts';
import { type Ports, ports } from '../../support/devices/ports.ts';

let dma: Dma8237;
let one: Ports;
let two: Ports;
const value = (name: string) => dma.registers().find((view) => view.name === name)!.value;

beforeEach(() => {
  dma = new Dma8237();
  one = ports(dma.dma1Window);
  const wide = ports(dma.dma2Window);
  two = { in: (register) => wide.in(2 * register), out: (register, byte) => wide.out(2 * register, byte) };
});

describe.each([
  ['dma1', () => one],
  ['dma2', () => two],
] as const)('%s', (name, get) => {
  it('has address and count of four channels in two bytes each, low byte first', () => {
    const io = get();
    for (let register = 0; register < 8; register++) {
      io.out(register, 0x10 + register);
      io.out(register, 0xa0 + register);
    }
    for (let register = 0; register < 8; register++)
      expect([io.in(register), io.in(register)]).toEqual([0x10 + register, 0xa0 + register]);
    expect([value(`${name}_address2`), value(`${name}_count3`)]).toEqual([0xa414, 0xa717]);
  });

  it('starts with the low byte after the flip-flop was cleared', () => {
    const io = get();
    io.out(0, 0x11);
    io.out(0xc, 0);
    io.out(0, 0x22);
    io.out(0, 0x33);
    io.in(0);
    io.out(0xc, 0);
    expect([io.in(0), io.in(0)]).toEqual([0x22, 0x33]);
  });

  it('masks all channels at power-on, and one, all or none after', () => {
    const io = get();
    const masks = [io.in(0xf)];
    for (const [register, byte] of [
      [0xa, 0x00],
      [0xa, 0x02],
      [0xa, 0x06],
      [0xe, 0x00],
      [0xf, 0xf5],
    ] as const) {
      io.out(register, byte);
      masks.push(io.in(0xf));
    }
    expect(masks).toEqual([0xf, 0xe, 0xa, 0xe, 0, 0x5]);
  });

  it('holds command, modes and requests, and forgets all but modes at a master clear', () => {
    const io = get();
    io.out(0x8, 0x24);
    io.out(0x9, 0x05);
    io.out(0x9, 0x07);
    io.out(0x9, 0x03);
    io.out(0xb, 0x5a);
    const held = () => ['command', 'request', 'mode2', 'mask'].map((which) => value(`${name}_${which}`));
    expect(held()).toEqual([0x24, 0x02, 0x58, 0xf]);
    io.out(0xe, 0);
    io.out(0, 1);
    io.out(0xd, 0);
    expect(held()).toEqual([0, 0, 0x58, 0xf]);
    io.out(0, 0x99);
    expect(value(`${name}_address0`)).toBe(0x99);
  });

  it('has no terminal counts, no requests and nothing in its temporary register', () => {
    const io = get();
    io.out(0x9, 0x04);
    expect([io.in(0x8), io.in(0xd), io.in(0xb)]).toEqual([0, 0, 0]);
  });
});

describe('the DMA controllers of a PC', () => {
  it('take the one write of Linux on Malta, enable_dma(4)', () => {
    ports(dma.dma2Window).out(0xd4 - 0xc0, 0);
    expect(two.in(0xf)).toBe(0xe);
    expect(one.in(0xf)).toBe(0xf);
  });

  it('are an idle bus between the registers of the second', () => {
    dma.dma2Window.write(1, 1, 0x55);
    expect([dma.dma2Window.read(1, 1), value('dma2_address0')]).toEqual([0xff, 0]);
  });

  it('have sixteen page registers', () => {
    const pages = ports(dma.pageWindow);
    for (let i = 0; i < 16; i++) pages.out(i, 0xf0 - i);
    expect([pages.in(0), pages.in(15), dma.pageWindow.read(4, 4)]).toEqual([0xf0, 0xe1, 0xe9eaebec]);
    dma.reset();
    expect(pages.in(15)).toBe(0);
  });
});

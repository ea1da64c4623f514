// The PL011 as its manual (ARM DDI 0183) describes it, and as Linux's amba-pl011.c and earlycon use it.
import { beforeEach, describe, expect, it } from 'vitest';
import { SerialPl011, type SerialPl011Options } from '../../../src/devices/serial-pl011.ts';
import { FakeBackend, FakeLine, FakeTimer } from '../../support/devices/fakes.ts';

const [DR, RSR, FR, ILPR, IBRD, FBRD, LCR_H] = [0x00, 0x04, 0x18, 0x20, 0x24, 0x28, 0x2c];
const [CR, IFLS, IMSC, RIS, MIS, ICR, DMACR] = [0x30, 0x34, 0x38, 0x3c, 0x40, 0x44, 0x48];
const [UARTEN, LBE, TXE, RXE, DTR, RTS, OUT1, OUT2] = [1, 0x80, 0x100, 0x200, 0x400, 0x800, 0x1000, 0x2000];
const [FEN, BRK] = [0x10, 0x01];
const [OEI, BEI, RTI, TXI, RXI] = [0x400, 0x200, 0x40, 0x20, 0x10];
const [OE, BE] = [0x800, 0x400];
const [TXFE, RXFF, RXFE, MODEM] = [0x80, 0x40, 0x10, 0x07];
/** 32 bits at 115200 baud: IBRD 13, FBRD 1 at 24 MHz. */
const SILENCE = Math.ceil(((32 * 16 * (13 + 1 / 64)) / 24e6) * 1e9);

let backend: FakeBackend;
let irq: FakeLine;
let timer: FakeTimer;
let uart: SerialPl011;

function make(options: Partial<SerialPl011Options> = {}): void {
  backend = new FakeBackend();
  irq = new FakeLine();
  timer = new FakeTimer();
  uart = new SerialPl011({ irq, timer }, { name: 'serial0', backend, ...options });
}

beforeEach(() => make());

const get = (offset: number) => uart.read(offset, 4);
const set = (offset: number, value: number) => uart.write(offset, 2, value);
const type = (text: string) => uart.input(new TextEncoder().encode(text));

/** 115200 baud, 8 bits, FIFOs on; the receiver and these interrupts on. */
function open(interrupts = RXI | RTI, lcrH = 0x60 | FEN): void {
  set(IBRD, 13);
  set(FBRD, 1);
  set(LCR_H, lcrH);
  set(CR, UARTEN | TXE | RXE);
  set(IMSC, interrupts);
}

/** Everything the receiver has. */
function drain(): string {
  let text = '';
  while (!(get(FR) & RXFE)) text += String.fromCharCode(get(DR) & 0xff);
  return text;
}

describe('after reset', () => {
  it('has the values of the manual', () => {
    expect([RSR, ILPR, IBRD, FBRD, LCR_H, IMSC, RIS, MIS, DMACR].map(get)).toEqual(Array(9).fill(0));
    expect([get(FR), get(CR), get(IFLS)]).toEqual([TXFE | RXFE | MODEM, TXE | RXE, 0x12]);
  });

  it('says that it is a PL011 of ARM, revision 1, a PrimeCell', () => {
    const bytes = Array.from({ length: 8 }, (_, i) => get(0xfe0 + 4 * i));
    expect(bytes).toEqual([0x11, 0x10, 0x14, 0x00, 0x0d, 0xf0, 0x05, 0xb1]);
  });

  it('puts out what an earlycon writes, by bytes or by words, and is never busy or full', () => {
    for (const [i, c] of [...'early'].entries()) {
      expect(get(FR) & 0x28).toBe(0);
      uart.write(DR, i & 1 ? 1 : 4, c.charCodeAt(0));
    }
    expect(backend.text).toBe('early');
  });

  it('keeps of a register the bits that it has', () => {
    for (const offset of [ILPR, IBRD, FBRD, LCR_H, CR, IFLS, IMSC, DMACR]) uart.write(offset, 4, 0xffffffff);
    expect([ILPR, IBRD, FBRD, LCR_H, CR, IFLS, IMSC, DMACR].map(get)).toEqual([
      ...[0xff, 0xffff, 0x3f, 0xff, 0xff87, 0x3f, 0x7ff, 0x7],
    ]);
  });

  it('has no register elsewhere, and says so', () => {
    const misuse: string[] = [];
    make({ misuse: (what) => misuse.push(what) });
    uart.write(0x4c, 4, 1);
    expect([get(0x4c), uart.read(0x19, 1), get(ICR), misuse.length]).toEqual([0, 0, 0, 4]);
  });
});

describe('the terminal', () => {
  it('waits until the interrupts of a receiver that is on are enabled', () => {
    expect([uart.room(), type('x')]).toEqual([0, 0]);
    open();
    expect([uart.room(), type('login'), drain()]).toEqual([16, 5, 'login']);
  });

  it('does not lose what is typed while Linux starts the port: it enables interrupts, turns on, empties, enables', () => {
    set(IMSC, RXI | RTI);
    expect(uart.room()).toBe(0);
    set(CR, UARTEN | TXE | RXE);
    expect(uart.room()).toBe(0);
    drain();
    set(ICR, RXI | RTI);
    set(IMSC, RXI | RTI);
    expect(uart.room()).toBe(1);
  });

  it('goes on after a change of baud rate, which turns the port off and on', () => {
    open();
    set(CR, 0);
    expect(uart.room()).toBe(0);
    set(CR, UARTEN | TXE | RXE);
    expect(uart.room()).toBe(16);
    set(IMSC, 0);
    set(CR, UARTEN | TXE | RXE);
    expect(uart.room()).toBe(0);
  });

  it.each([
    ['RTS', RTS],
    ['DTR', DTR],
  ])('takes %s for a driver that enabled its interrupts first', (_name, line) => {
    set(IMSC, RXI);
    set(CR, UARTEN | RXE | line);
    expect(uart.room()).toBe(1);
  });

  it('sees a guest that polls, not one that waits before each character', () => {
    for (let i = 0; i < 20; i++) {
      get(FR);
      get(FR);
      set(DR, 0x2e);
    }
    for (const offset of [FR, FR, FR, RIS, FR, FR]) get(offset);
    expect(uart.room()).toBe(0);
    for (let i = 0; i < 4; i++) get(FR);
    expect([type('ab'), get(DR), type('b'), get(FR) & RXFE, get(DR)]).toEqual([1, 0x61, 1, 0, 0x62]);
    set(CR, TXE | RXE);
    expect(uart.room()).toBe(0);
  });
});

describe('the receive FIFO', () => {
  it('has 16 characters, and RXFF and RXFE say how full it is', () => {
    open();
    expect([type('0123456789abcdefXY'), uart.room(), get(FR) & (RXFF | RXFE)]).toEqual([16, 0, RXFF]);
    expect([get(DR), get(FR) & (RXFF | RXFE), uart.room()]).toEqual([0x30, 0, 1]);
    expect([drain(), get(FR) & (RXFF | RXFE), get(DR)]).toEqual(['123456789abcdef', RXFE, 0]);
  });

  it('is one holding register when FEN is 0', () => {
    open(RXI, 0x60);
    expect([type('ab'), get(FR) & RXFF, irq.level]).toEqual([1, RXFF, true]);
    expect([get(DR), irq.level, get(FR) & RXFE]).toEqual([0x61, false, RXFE]);
  });

  it('is empty after FEN changed, and its interrupts are gone', () => {
    open();
    type('0123456789');
    expect(irq.level).toBe(true);
    set(LCR_H, 0x60);
    expect([get(FR) & RXFE, get(RIS), irq.level, timer.pending]).toEqual([RXFE, 0, false, []]);
  });
});

describe('the receive interrupt', () => {
  it.each([
    [0, 2],
    [1, 4],
    [2, 8],
    [3, 12],
    [4, 14],
  ])('with RXIFLSEL %i asks from %i characters on, and no more below', (select, level) => {
    set(IFLS, select << 3);
    open(RXI);
    for (let i = 1; i < level; i++) type('x');
    expect([get(RIS), irq.level]).toEqual([0, false]);
    type('x');
    expect([get(RIS), get(MIS), irq.level]).toEqual([RXI, RXI, true]);
    type('x');
    get(DR);
    expect(irq.level).toBe(true);
    get(DR);
    expect([get(RIS), irq.level]).toEqual([0, false]);
  });

  it('is cleared by UARTICR, until the next character', () => {
    open(RXI);
    type('12345678');
    set(ICR, RXI);
    expect([get(RIS), irq.level]).toEqual([0, false]);
    type('9');
    expect(irq.level).toBe(true);
  });

  it('follows a trigger level that changes', () => {
    open(RXI);
    type('1234');
    set(IFLS, 1 << 3);
    expect(irq.level).toBe(true);
    set(ICR, RXI);
    set(IFLS, 1 << 3);
    expect(irq.level).toBe(false);
    type('5678');
    expect(irq.level).toBe(true);
    set(IFLS, 3 << 3);
    expect(irq.level).toBe(false);
  });

  it('is raw in UARTRIS, and masked in UARTMIS and on the line', () => {
    open(RTI);
    type('12345678');
    expect([get(RIS), get(MIS), irq.level]).toEqual([RXI, 0, false]);
    set(IMSC, RXI);
    expect([get(MIS), irq.level]).toEqual([RXI, true]);
  });
});

describe('the receive timeout interrupt', () => {
  it('comes when no more data is received during 32 bit periods, to the nanosecond', () => {
    open();
    type('a');
    timer.pass(SILENCE - 1);
    expect(irq.level).toBe(false);
    type('b');
    timer.pass(SILENCE - 1);
    expect([get(RIS), irq.level]).toEqual([0, false]);
    timer.pass(1);
    expect([get(RIS), irq.level]).toEqual([RTI, true]);
  });

  it('goes when the FIFO becomes empty', () => {
    open();
    type('ab');
    timer.pass(SILENCE);
    get(DR);
    expect(irq.level).toBe(true);
    get(DR);
    expect([get(RIS), irq.level, timer.pending]).toEqual([0, false, []]);
  });

  it('does not come when everything was read', () => {
    open();
    type('ab');
    drain();
    timer.pass(10 * SILENCE);
    expect([get(RIS), irq.rises]).toEqual([0, 0]);
  });

  it('cleared by UARTICR with data left, comes again after as long', () => {
    open();
    type('a');
    timer.pass(SILENCE);
    set(ICR, RTI);
    timer.pass(SILENCE - 1);
    expect(irq.level).toBe(false);
    timer.pass(1);
    expect(irq.level).toBe(true);
  });

  it('takes a new divisor when UARTLCR_H is written, and 9600 baud when none is set', () => {
    open();
    set(IBRD, 130);
    type('a');
    expect(timer.pending).toEqual([SILENCE]);
    drain();
    set(FBRD, 10);
    set(LCR_H, 0x60 | FEN);
    type('a');
    expect(timer.pending).toEqual([Math.ceil((32 * 16 * (130 + 10 / 64) * 1e9) / 24e6)]);
    drain();
    set(IBRD, 0);
    set(LCR_H, 0x60 | FEN);
    type('a');
    expect(timer.pending).toEqual([Math.ceil(32e9 / 9600)]);
  });
});

describe('the transmit interrupt', () => {
  it('is not there before a character was written, and asks for the next at once', () => {
    open(TXI);
    expect([get(RIS), irq.level]).toEqual([0, false]);
    set(DR, 0x41);
    expect([get(RIS), get(MIS), irq.level, backend.text]).toEqual([TXI, TXI, true, 'A']);
    set(ICR, TXI);
    expect([get(RIS), irq.level]).toEqual([0, false]);
    set(DR, 0x42);
    expect([irq.rises, backend.text]).toEqual([2, 'AB']);
  });
});

describe('errors', () => {
  it('a break is one character 0 with BE, in UARTRSR once it was read', () => {
    open(BEI);
    set(IMSC, BEI | RTI);
    type('a');
    expect(uart.inputBreak()).toBe(true);
    expect([get(MIS), irq.level, get(RSR)]).toEqual([BEI, true, 0]);
    expect([get(DR), get(RSR), get(DR), get(RSR)]).toEqual([0x61, 0, BE, 4]);
    set(ICR, BEI);
    set(RSR, 0xff);
    expect([irq.level, get(RSR)]).toEqual([false, 0]);
  });

  it('a break is not taken by a guest that does not listen', () => {
    expect([uart.inputBreak(), get(FR) & RXFE]).toEqual([false, RXFE]);
  });

  it('an overrun loses the new character and is told at once, in UARTDR until there is room', () => {
    open(OEI);
    set(CR, UARTEN | TXE | RXE | LBE);
    for (let i = 0; i < 17; i++) set(DR, 0x30 + i);
    expect([get(MIS), irq.level, get(RSR)]).toEqual([OEI, true, 8]);
    expect([get(DR), get(RSR)]).toEqual([OE | 0x30, 8]);
    set(DR, 0x5a);
    expect(get(DR)).toBe(0x31);
    set(RSR, 0);
    expect([get(RSR), drain()]).toEqual([0, '23456789:;<=>?Z']);
  });
});

describe('loopback', () => {
  it('gives back what is written, keeps it from the terminal and the terminal from the guest', () => {
    open();
    set(CR, UARTEN | TXE | RXE | LBE);
    set(DR, 0x41);
    expect([uart.room(), backend.text, drain()]).toEqual([0, '', 'A']);
    set(CR, UARTEN | TXE | LBE);
    set(DR, 0x42);
    expect(get(FR) & RXFE).toBe(RXFE);
  });

  it('gives back a break, once', () => {
    open();
    set(CR, UARTEN | TXE | RXE | LBE);
    set(LCR_H, 0x60 | FEN | BRK);
    set(LCR_H, 0x60 | FEN | BRK);
    expect([get(DR), get(FR) & RXFE]).toEqual([BE, RXFE]);
  });

  it.each([
    ['RTS to CTS', RTS, 0x001, 0x2],
    ['DTR to DSR', DTR, 0x002, 0x8],
    ['Out1 to DCD', OUT1, 0x004, 0x4],
    ['Out2 to RI', OUT2, 0x100, 0x1],
  ])('connects %s, and a change asks for an interrupt', (_what, output, input, interrupt) => {
    set(CR, LBE);
    set(ICR, 0x7ff);
    set(IMSC, interrupt);
    set(CR, LBE | output);
    expect([get(FR) & 0x107, get(RIS), irq.level]).toEqual([input, interrupt, true]);
    set(ICR, interrupt);
    expect(irq.level).toBe(false);
    set(CR, LBE);
    expect([get(FR) & 0x107, get(RIS), irq.level]).toEqual([0, interrupt, true]);
  });
});

describe('a break that is sent', () => {
  it('lets nothing else through', () => {
    set(LCR_H, BRK);
    set(DR, 0x41);
    set(LCR_H, 0);
    set(DR, 0x42);
    expect(backend.text).toBe('B');
  });
});

describe('saved state', () => {
  it('goes on in another instance: characters, time-out, who listens', () => {
    open();
    type('abc');
    uart.inputBreak();
    timer.pass(SILENCE - 5);
    const state = JSON.parse(JSON.stringify(uart.saveState()));
    const { now } = timer;
    make();
    timer.now = now;
    uart.restoreState(state);
    expect([uart.room(), irq.level]).toEqual([12, false]);
    timer.pass(5);
    expect([irq.level, get(MIS)]).toEqual([true, RTI]);
    expect([get(DR), get(DR), get(DR), get(DR)]).toEqual([0x61, 0x62, 0x63, BE]);
  });

  it('is gone at reset', () => {
    open();
    type('0123456789');
    uart.reset();
    expect([irq.level, uart.room(), timer.pending, get(FR), get(CR)]).toEqual([false, 0, [], 0x97, TXE | RXE]);
    set(IMSC, RXI);
    set(CR, UARTEN | RXE);
    expect(uart.room()).toBe(0);
  });
});

it.each([0, -1, 1.5, Number.NaN])('refuses a clock of %s Hz', (clock) => {
  expect(() => make({ clock })).toThrow(RangeError);
});

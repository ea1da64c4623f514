// The 16550A as Linux's 8250 driver and a login use it.
import { beforeEach, describe, expect, it } from 'vitest';
import { Serial16550, type Serial16550Options } from '../../../src/devices/serial-16550.ts';
import { FakeBackend, FakeLine, FakeTimer } from '../../support/devices/fakes.ts';
import { type Ports, ports } from '../../support/devices/ports.ts';

const [RBR, IER, IIR, FCR, LCR, MCR, LSR, MSR, SCR] = [0, 1, 2, 2, 3, 4, 5, 6, 7];
const [RDI, THRI, RLSI, MSI] = [0x01, 0x02, 0x04, 0x08];
const [DTR, RTS, OUT1, OUT2, LOOP] = [0x01, 0x02, 0x04, 0x08, 0x10];
const [DR, OE, FE, BI, READY] = [0x01, 0x02, 0x08, 0x10, 0x60];

let backend: FakeBackend;
let irq: FakeLine;
let timer: FakeTimer;
let uart: Serial16550;
let io: Ports;

function make(options: Partial<Serial16550Options> = {}): void {
  backend = new FakeBackend();
  irq = new FakeLine();
  timer = new FakeTimer();
  uart = new Serial16550({ irq, timer }, { name: 'serial0', backend, ...options });
  io = ports(uart.window);
}

beforeEach(() => make());

const type = (text: string) => uart.input(new TextEncoder().encode(text));

/** What the driver does at open: FIFOs on with a trigger level, 115200n8, RTS and DTR up. */
function open(ier = RDI, fcr = 0x81): void {
  io.out(FCR, 0x07);
  io.out(LCR, 0x83);
  io.out(0, 1);
  io.out(1, 0);
  io.out(LCR, 0x03);
  io.out(FCR, fcr);
  io.out(MCR, DTR | RTS | OUT2);
  io.out(IER, ier);
}

/** What the driver's interrupt handler does; the characters that it read. */
function interrupt(transmit: (room: number) => string = () => ''): string {
  let read = '';
  for (;;) {
    const iir = io.in(IIR);
    if (iir & 1) return read;
    let lsr = io.in(LSR);
    while (lsr & (DR | BI)) {
      read += String.fromCharCode(io.in(RBR));
      lsr = io.in(LSR);
    }
    io.in(MSR);
    if (lsr & 0x20 && io.in(IER) & THRI) {
      const text = transmit(16);
      for (const c of text) io.out(RBR, c.charCodeAt(0));
      if (text === '') io.out(IER, io.in(IER) & ~THRI);
    }
  }
}

describe("the driver's autoconfig", () => {
  it('finds a 16550A and nothing grander', () => {
    expect(io.in(IER)).toBe(0);
    io.out(IER, 0x0f);
    expect(io.in(IER) & 0x0f).toBe(0x0f);
    io.out(IER, 0);
    // The modem lines in loopback.
    io.out(MCR, LOOP | 0x0a);
    expect(io.in(MSR) & 0xf0).toBe(0x90);
    io.out(MCR, 0);
    // No EFR: LCR 0xbf changes nothing.
    io.out(LCR, 0xbf);
    io.out(FCR, 0);
    io.out(LCR, 0);
    io.out(FCR, 0x01);
    expect(io.in(IIR) >>> 6).toBe(3);
    for (const lcr of [0x80, 0xbf]) {
      io.out(LCR, lcr);
      expect(io.in(IIR)).not.toBe(0);
    }
    // No 64-byte FIFO of a 16750.
    for (const lcr of [0x00, 0x80]) {
      io.out(LCR, lcr);
      io.out(FCR, 0x21);
      expect(io.in(IIR) >>> 5).toBe(6);
    }
    io.out(LCR, 0);
    // No UUE bit of an XScale.
    io.out(IER, 0x40);
    expect(io.in(IER)).toBe(0);
    io.out(SCR, 0xa5);
    expect(io.in(SCR)).toBe(0xa5);
  });

  it('finds 16 characters deep FIFOs by loopback, as size_fifo does', () => {
    io.out(LCR, 0);
    io.out(FCR, 0x07);
    io.out(MCR, LOOP);
    for (let i = 0; i < 256; i++) io.out(RBR, i);
    let count = 0;
    while (io.in(LSR) & DR) {
      expect(io.in(RBR)).toBe(count);
      count++;
    }
    expect(count).toBe(16);
    expect(backend.text).toBe('');
  });

  it('finds the interrupt of the transmitter working', () => {
    io.out(IER, THRI);
    const first = io.in(IIR);
    io.out(IER, 0);
    io.out(IER, THRI);
    const second = io.in(IIR);
    expect([first & 0x0f, second & 0x0f, io.in(IIR) & 0x0f]).toEqual([0x02, 0x02, 0x01]);
  });
});

describe('output', () => {
  it('goes out at once, with the transmitter always ready', () => {
    for (const c of 'login: ') {
      expect(io.in(LSR)).toBe(READY);
      io.out(RBR, c.charCodeAt(0));
    }
    expect(backend.text).toBe('login: ');
  });

  it('of a whole screen goes out under interrupts, 16 characters each', () => {
    open(RDI);
    let rest = 'x'.repeat(1000);
    io.out(IER, RDI | THRI);
    expect(irq.level).toBe(true);
    while (irq.level)
      interrupt((room) => {
        const part = rest.slice(0, room);
        rest = rest.slice(room);
        return part;
      });
    expect(backend.text).toBe('x'.repeat(1000));
  });

  it('gives a new edge for each character written, even unacknowledged', () => {
    io.out(IER, THRI);
    const before = irq.rises;
    io.out(RBR, 0x41);
    io.out(RBR, 0x42);
    expect([irq.level, irq.rises]).toEqual([true, before + 2]);
  });

  it('does not pulse the line while something else holds it up', () => {
    open(RDI | THRI);
    type('0123456789');
    const before = irq.rises;
    io.out(RBR, 0x41);
    expect(irq.rises).toBe(before);
  });

  it('ends its interrupt when IIR says so, and when it is switched off', () => {
    io.out(IER, THRI);
    expect(io.in(IIR) & 0x0f).toBe(0x02);
    expect(irq.level).toBe(false);
    io.out(RBR, 1);
    expect(irq.level).toBe(true);
    io.out(IER, 0);
    expect(irq.level).toBe(false);
    io.out(IER, THRI);
    expect(irq.level).toBe(true);
  });

  it('is not interrupted again by switching on what is on', () => {
    io.out(IER, THRI);
    io.in(IIR);
    io.out(IER, THRI | RDI);
    expect(irq.level).toBe(false);
  });

  it('does not get through a break', () => {
    io.out(LCR, 0x43);
    io.out(RBR, 0x41);
    io.out(LCR, 0x03);
    io.out(RBR, 0x42);
    expect(backend.text).toBe('B');
  });
});

describe('input', () => {
  it('waits with the terminal until the port is open, so that a driver that clears its FIFOs loses nothing', () => {
    expect([uart.room(), type('root\n')]).toEqual([0, 0]);
    open();
    expect([uart.room(), type('root\n')]).toEqual([16, 5]);
    timer.pass(1e9);
    expect(interrupt()).toBe('root\n');
  });

  it('is not thrown at the earlycon of Linux, which raises RTS and lets the FIFOs be cleared later', () => {
    for (const [register, value] of [
      [LCR, 3],
      [IER, 0],
      [FCR, 0],
      [MCR, DTR | RTS],
    ] as const)
      io.out(register, value);
    for (const c of 'Linux version 5.10') {
      io.out(RBR, c.charCodeAt(0));
      io.in(LSR);
      io.in(IER);
      expect(uart.room()).toBe(0);
    }
    io.out(IER, 0x0f); // autoconfig
    expect(uart.room()).toBe(0);
    io.out(MCR, OUT2);
    expect(uart.room()).toBe(0);
    io.out(MCR, RTS | OUT2);
    expect(uart.room()).toBe(1);
  });

  it('comes to a guest that reads LSR over and over, as boot loaders and debuggers do', () => {
    const room = Array.from({ length: 5 }, () => {
      io.in(LSR);
      return uart.room();
    });
    expect(room).toEqual([0, 0, 0, 1, 1]);
    type('a');
    expect([io.in(LSR) & DR, io.in(RBR), uart.room()]).toEqual([DR, 0x61, 1]);
    io.out(RBR, 0x61); // the echo
    expect(uart.room()).toBe(0);
    for (let i = 0; i < 3; i++) io.in(LSR);
    io.in(SCR);
    io.in(LSR);
    expect(uart.room()).toBe(0);
  });

  it('comes at once when the terminal does not wait', () => {
    make({ waitForGuest: false });
    expect(uart.room()).toBe(1);
    expect(type('abc')).toBe(1);
    expect([io.in(LSR) & DR, io.in(RBR), io.in(LSR) & DR]).toEqual([DR, 0x61, 0]);
  });

  it('is polled without interrupts', () => {
    make({ waitForGuest: false });
    open(0);
    type('ab');
    expect([io.in(LSR), io.in(RBR), io.in(LSR), io.in(RBR), io.in(LSR)]).toEqual([
      ...[READY | DR, 0x61, READY | DR, 0x62],
      READY,
    ]);
    expect(irq.rises).toBe(0);
  });

  it('takes no more than the FIFO has room for', () => {
    open();
    expect(type('0123456789abcdefghij')).toBe(16);
    expect(uart.room()).toBe(0);
    io.in(RBR);
    expect(uart.room()).toBe(1);
    expect(io.in(LSR) & OE).toBe(0);
  });

  it.each([
    [0x01, 1],
    [0x41, 4],
    [0x81, 8],
    [0xc1, 14],
  ])('interrupts at the trigger level: FCR %i, %i characters', (fcr, level) => {
    open(RDI, fcr);
    for (let i = 1; i < level; i++) {
      type('x');
      expect(irq.level).toBe(false);
    }
    type('x');
    expect([irq.level, io.in(IIR)]).toEqual([true, 0xc4]);
    io.in(RBR);
    expect(irq.level).toBe(false);
  });

  it('below the trigger level is announced after four characters of silence', () => {
    open();
    type('ab');
    const four = Math.ceil((4 * 10 * 16 * 1e9) / 1_843_200);
    expect(timer.pending).toEqual([four]);
    timer.pass(four - 1);
    expect(irq.level).toBe(false);
    timer.pass(1);
    expect([irq.level, io.in(IIR)]).toEqual([true, 0xcc]);
    expect(io.in(RBR)).toBe(0x61);
    expect([irq.level, timer.pending]).toEqual([false, [2 * four]]);
    io.in(RBR);
    expect(timer.pending).toEqual([]);
  });

  it('begins the silence anew with each character', () => {
    open();
    type('a');
    const [first] = timer.pending;
    timer.pass(1000);
    type('b');
    expect(timer.pending).toEqual([first! + 1000]);
    type('cdefgh');
    expect(io.in(IIR)).toBe(0xc4);
  });

  it('counts the silence by divisor, format and clock', () => {
    make({ clock: 3_686_400 });
    open();
    io.out(LCR, 0x83);
    io.out(0, 0);
    io.out(1, 2);
    io.out(LCR, 0x1e); // 7 data bits, parity, 2 stop bits
    type('a');
    expect(timer.pending).toEqual([Math.ceil(((4 * 11 * 16 * 512) / 3_686_400) * 1e9)]);
  });

  it('has no silence without FIFOs: one character, one interrupt', () => {
    open(RDI, 0);
    type('abc');
    expect([timer.pending, io.in(IIR), uart.room()]).toEqual([[], 0x04, 0]);
    io.in(RBR);
    expect([irq.level, uart.room()]).toEqual([false, 1]);
  });

  it('has no errors in a FIFO that is off', () => {
    open(0, 0);
    io.out(MCR, LOOP);
    io.out(LCR, 0x43);
    expect(io.in(LSR)).toBe(READY | DR | BI | FE);
  });

  it('is dropped by a clear of the receiver FIFO, and by turning the FIFOs off or on', () => {
    for (const fcr of [0x83, 0x00, 0x01]) {
      open();
      if (fcr === 0x01) io.out(FCR, 0);
      type('a');
      io.out(FCR, fcr);
      expect([io.in(LSR) & DR, timer.pending]).toEqual([0, []]);
    }
  });

  it('takes the announcement of silence with it when it is cleared', () => {
    open();
    type('a');
    timer.pass(1e9);
    expect(irq.level).toBe(true);
    io.out(FCR, 0x83);
    expect([irq.level, io.in(IIR)]).toEqual([false, 0xc1]);
  });

  it('survives a write of FCR that changes nothing, and a clear of the transmitter', () => {
    open();
    type('a');
    io.out(FCR, 0x85);
    expect(io.in(RBR)).toBe(0x61);
  });

  it('reads 0 when there is none', () => {
    open();
    expect(io.in(RBR)).toBe(0);
  });

  it('brings a break: a zero character with BI, which is said once', () => {
    open(RDI | RLSI);
    expect(uart.inputBreak()).toBe(true);
    expect([irq.level, io.in(IIR)]).toEqual([true, 0xc6]);
    expect(io.in(LSR)).toBe(READY | DR | BI | FE | 0x80);
    expect(io.in(LSR)).toBe(READY | DR);
    expect(io.in(RBR)).toBe(0);
    io.out(MCR, 0);
    expect(uart.inputBreak()).toBe(false);
  });

  it('says that a break is in the FIFO, and which character it is', () => {
    open();
    type('a');
    uart.inputBreak();
    expect(io.in(LSR)).toBe(READY | DR | 0x80);
    io.in(RBR);
    expect(io.in(LSR)).toBe(READY | DR | BI | FE | 0x80);
  });
});

describe('interrupts', () => {
  it('come in order: line status, data, transmitter, modem', () => {
    make({ waitForGuest: false });
    open(0);
    io.out(MCR, RTS | LOOP);
    io.out(MCR, RTS);
    type('0123456789');
    uart.inputBreak();
    for (let i = 0; i < 10; i++) io.in(RBR);
    type('0123456');
    io.out(IER, RDI | THRI | RLSI | MSI);
    expect(io.in(IIR)).toBe(0xc6);
    io.in(LSR);
    expect(io.in(IIR)).toBe(0xc4);
    io.in(RBR);
    expect(io.in(IIR)).toBe(0xc2);
    expect(io.in(IIR)).toBe(0xc0);
    io.in(MSR);
    expect([io.in(IIR), irq.level]).toEqual([0xc1, false]);
  });

  it('come only when enabled', () => {
    make({ waitForGuest: false });
    open(0);
    type('0123456789');
    expect([irq.level, io.in(IIR)]).toEqual([false, 0xc1]);
    io.out(IER, RDI);
    expect(irq.level).toBe(true);
  });

  it('pass through OUT2 where a board says so', () => {
    make({ out2Gate: true });
    io.out(IER, THRI);
    expect(irq.level).toBe(false);
    io.out(MCR, OUT2);
    expect(irq.level).toBe(true);
    io.out(MCR, OUT2 | LOOP);
    expect(irq.level).toBe(false);
  });
});

describe('the modem lines', () => {
  it('are those of a terminal that is there', () => {
    expect(io.in(MSR)).toBe(0xb0);
  });

  it('are the outputs in loopback, one by one, with what changed said once', () => {
    io.out(MCR, LOOP);
    expect([io.in(MSR), io.in(MSR)]).toEqual([0x0b, 0]);
    const lines = [RTS, DTR, OUT1, OUT2].map((out) => {
      io.out(MCR, LOOP | out);
      return io.in(MSR);
    });
    // OUT1 to OUT2: the ring ends.
    expect(lines).toEqual([0x11, 0x23, 0x42, 0x8c]);
  });

  it('interrupt when they change', () => {
    io.out(IER, MSI);
    expect(irq.level).toBe(false);
    io.out(MCR, LOOP);
    expect([irq.level, io.in(IIR)]).toEqual([true, 0x00]);
    io.in(MSR);
    expect(irq.level).toBe(false);
  });
});

describe('loopback', () => {
  it('brings characters back, and shuts the terminal out', () => {
    open(RDI, 0x01);
    io.out(MCR, LOOP | RTS);
    io.out(RBR, 0x55);
    expect([irq.level, io.in(RBR), backend.text, uart.room()]).toEqual([true, 0x55, '', 0]);
  });

  it('overruns: without FIFO the new character stays, with one the old ones', () => {
    open(0, 0);
    io.out(MCR, LOOP);
    io.out(RBR, 1);
    io.out(RBR, 2);
    expect([io.in(LSR), io.in(LSR), io.in(RBR)]).toEqual([READY | DR | OE, READY | DR, 2]);
    io.out(FCR, 0x01);
    for (let i = 0; i < 17; i++) io.out(RBR, i);
    expect([io.in(LSR) & OE, io.in(RBR)]).toEqual([OE, 0]);
  });

  it('brings a break back, once', () => {
    io.out(FCR, 0x01);
    io.out(MCR, LOOP);
    io.out(LCR, 0x43);
    io.out(LCR, 0x40);
    expect([io.in(LSR) & (DR | BI), io.in(RBR), io.in(LSR) & DR]).toEqual([DR | BI, 0, 0]);
  });
});

describe('registers', () => {
  it('keep divisor and format for the driver to read', () => {
    io.out(LCR, 0x9b);
    io.out(0, 0x34);
    io.out(1, 0x12);
    expect([io.in(0), io.in(1), io.in(LCR)]).toEqual([0x34, 0x12, 0x9b]);
    io.out(LCR, 0x1b);
    expect([io.in(IER), io.in(0), backend.text]).toEqual([0, 0, '']);
  });

  it('are 8 bytes apart and read as words on the CBUS of a Malta', () => {
    make({ stride: 8 });
    expect(uart.window.size).toBe(0x40);
    uart.window.write(7 * 8, 4, 0x123456a5);
    expect([uart.window.read(7 * 8, 4), uart.window.read(7 * 8, 1), uart.window.read(7 * 8 + 4, 4)]).toEqual([
      ...[0xa5, 0xa5],
      0,
    ]);
    uart.window.write(4, 4, 0x41);
    uart.window.write(0, 4, 0x42);
    expect(backend.text).toBe('B');
  });

  it('are read one after the other by a wider access to an ISA port', () => {
    io.out(SCR, 0x5a);
    expect(uart.window.read(4, 4)).toBe(0x5ab06000);
    uart.window.write(0, 2, 0x0041);
    expect(backend.text).toBe('A');
  });

  it('MCR, LSR and MSR keep to the bits they have', () => {
    io.out(MCR, 0xff);
    io.out(LSR, 0xff);
    io.out(MSR, 0xff);
    expect(io.in(MCR)).toBe(0x1f);
    io.out(MCR, 0);
    io.in(MSR);
    expect([io.in(LSR), io.in(MSR)]).toEqual([READY, 0xb0]);
  });

  it('refuse a stride and a clock that no board has', () => {
    for (const stride of [0, 17, 1.5]) expect(() => make({ stride })).toThrow('stride');
    for (const clock of [0, -1, Number.NaN]) expect(() => make({ clock })).toThrow('clock');
  });
});

describe('a serial port that goes on elsewhere', () => {
  it('has its characters, its silence and its line', () => {
    open();
    type('ab');
    timer.pass(100);
    const later = new FakeTimer();
    later.now = timer.now;
    const line = new FakeLine();
    const other = new Serial16550({ irq: line, timer: later }, { name: 'serial0', backend });
    other.restoreState(JSON.parse(JSON.stringify(uart.saveState())));
    expect(later.pending).toEqual(timer.pending);
    later.pass(1e9);
    expect(line.level).toBe(true);
    expect(ports(other.window).in(RBR)).toBe(0x61);
  });

  it('is silent after a reset', () => {
    open(RDI | THRI);
    type('ab');
    for (let i = 0; i < 5; i++) io.in(LSR);
    uart.reset();
    expect(uart.room()).toBe(0);
    expect([irq.level, timer.pending, io.in(LSR), io.in(IIR), io.in(MCR)]).toEqual([false, [], READY, 1, 0]);
  });
});

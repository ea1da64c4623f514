// One 8259A interrupt controller (Intel 8259A data sheet, order 231468), as it sits in a PIIX4: edge or level triggering is chosen per
// line by ELCR, and ICW1's LTIM bit does nothing. Always in 8086 mode: PIIX4 requires that bit of ICW4.
//
// An edge is remembered only while its line stays up. A line that falls before the acknowledge takes its request back, and an
// acknowledge that comes all the same finds nothing: a spurious interrupt on line 7. The request of a slave is not taken back (KVM's
// model does the same): the master asks the slave, which finds nothing, and that is a spurious interrupt on line 15.
import type { DeviceState } from '../device.ts';
import type { SavedState } from '../state.ts';

const ICW1 = 0x10;
const ICW1_SNGL = 0x02;
const ICW1_IC4 = 0x01;
const ICW4_SFNM = 0x10;
const ICW4_AEOI = 0x02;
const OCW3 = 0x08;
const OCW3_ESMM = 0x40;
const OCW3_SMM = 0x20;
const OCW3_POLL = 0x04;
const OCW3_RR = 0x02;
const OCW3_RIS = 0x01;
/** Answer to a poll that found a request; its line is in the low bits. */
const POLL_INTERRUPT = 0x80;
/** What the 8259A says when an acknowledge finds no request. */
const SPURIOUS = 7;

/** The initialization word that the next write to the data port is; 0: none, it is OCW1. */
type Step = 0 | 2 | 3 | 4;

interface I8259ChipOptions {
  /** Bits of lines that ELCR may make level-triggered. */
  readonly elcrMask: number;
  /** Bits of lines that come from a slave: their edges outlive the fall of the line. */
  readonly slaves: number;
}

export class I8259Chip {
  private readonly slaves: number;
  private readonly elcrMask: number;
  private elcr = 0;
  /** Levels of the inputs. */
  private lines = 0;
  /** Rising edges that wait for their acknowledge. */
  private edges = 0;
  private isr = 0;
  private imr = 0;
  private step: Step = 0;
  private icw1 = 0;
  private icw2 = 0;
  private icw3 = 0;
  private icw4 = 0;
  /** The line of lowest priority; the one after it has the highest. */
  private lowest = 7;
  private specialMask = false;
  private rotateOnAutoEoi = false;
  private readIsr = false;
  private poll = false;

  constructor(options: I8259ChipOptions) {
    this.elcrMask = options.elcrMask;
    this.slaves = options.slaves;
  }

  reset(): void {
    this.elcr = 0;
    this.lines = 0;
    this.icw2 = 0;
    this.initialize(0);
    this.icw3 = 0;
    this.step = 0;
  }

  setLine(line: number, level: boolean): void {
    const bit = 1 << line;
    if (level) {
      if (!(this.lines & bit)) this.edges |= bit;
      this.lines |= bit;
    } else {
      this.lines &= ~bit;
      this.edges &= ~bit | this.slaves;
    }
  }

  /** The slave at `line` was acknowledged: its INT falls, and what still requests there is a new edge. */
  slaveAcknowledged(line: number): void {
    this.lines &= ~(1 << line);
    this.edges &= ~(1 << line);
  }

  /** The INT output. */
  get int(): boolean {
    return this.request() !== undefined;
  }

  /** An INTA cycle: the line of highest priority goes into service. 7 without going into service when nothing requests. */
  acknowledge(): number {
    const line = this.request();
    if (line === undefined) return SPURIOUS;
    const bit = 1 << line;
    this.edges &= ~bit;
    if (this.icw4 & ICW4_AEOI) {
      if (this.rotateOnAutoEoi) this.lowest = line;
    } else this.isr |= bit;
    return line;
  }

  vector(line: number): number {
    return this.icw2 | line;
  }

  /** Does ICW3 of a master say that a slave sits on `line`? */
  hasSlave(line: number): boolean {
    return !(this.icw1 & ICW1_SNGL) && (this.icw3 & (1 << line)) !== 0;
  }

  /** ICW3 of a slave: the line of the master it answers for. */
  get slaveId(): number {
    return this.icw3 & 7;
  }

  /** The next read is an acknowledge. */
  get polled(): boolean {
    return this.poll;
  }

  /** A guest read of the command (0) or data (1) port. */
  read(port: number): number {
    const value = this.peek(port);
    if (this.poll) {
      this.poll = false;
      this.acknowledge();
    }
    return value;
  }

  /** What `read` would return. */
  peek(port: number): number {
    if (this.poll) {
      const line = this.request();
      return line === undefined ? 0 : POLL_INTERRUPT | line;
    }
    if (port === 1) return this.imr;
    return this.readIsr ? this.isr : this.irr;
  }

  write(port: number, value: number): void {
    if (port === 1) this.writeData(value);
    else if (value & ICW1) this.initialize(value);
    else if (value & OCW3) this.writeOcw3(value);
    else this.writeOcw2(value >>> 5, value & 7);
  }

  readElcr(): number {
    return this.elcr;
  }

  writeElcr(value: number): void {
    this.elcr = value & this.elcrMask;
  }

  /** Requests, masked or not. */
  get irr(): number {
    return (this.lines & this.elcr) | (this.edges & ~this.elcr);
  }

  /** What the debugger shows. */
  views(): { readonly irr: number; readonly isr: number; readonly imr: number; readonly icw2: number } {
    return { irr: this.irr, isr: this.isr, imr: this.imr, icw2: this.icw2 };
  }

  save(): DeviceState {
    const { elcr, lines, edges, isr, imr, step, icw1, icw2, icw3, icw4, lowest } = this;
    const { specialMask, rotateOnAutoEoi, readIsr, poll } = this;
    return {
      ...{ elcr, lines, edges, isr, imr, step, icw1, icw2, icw3, icw4, lowest },
      ...{ specialMask, rotateOnAutoEoi, readIsr, poll },
    };
  }

  restore(saved: SavedState): void {
    const byte = (key: string): number => saved.integer(key, 0xff);
    const step = saved.integer('step', 4);
    if (step === 1) throw saved.bad('step', 'an initialization word that a data port takes');
    this.elcr = byte('elcr') & this.elcrMask;
    this.lines = byte('lines');
    this.edges = byte('edges') & (this.lines | this.slaves);
    this.isr = byte('isr');
    this.imr = byte('imr');
    this.step = step as Step;
    this.icw1 = byte('icw1');
    this.icw2 = byte('icw2') & 0xf8;
    this.icw3 = byte('icw3');
    this.icw4 = byte('icw4');
    this.lowest = saved.integer('lowest', 7);
    this.specialMask = saved.boolean('specialMask');
    this.rotateOnAutoEoi = saved.boolean('rotateOnAutoEoi');
    this.readIsr = saved.boolean('readIsr');
    this.poll = saved.boolean('poll');
  }

  /** ICW1. The inputs keep their levels; an edge-triggered line must rise again. */
  private initialize(icw1: number): void {
    this.icw1 = icw1;
    this.edges = 0;
    this.isr = 0;
    this.imr = 0;
    this.lowest = 7;
    this.icw3 = 7;
    this.specialMask = false;
    this.rotateOnAutoEoi = false;
    this.readIsr = false;
    this.poll = false;
    if (!(icw1 & ICW1_IC4)) this.icw4 = 0;
    this.step = 2;
  }

  private writeData(value: number): void {
    const afterIcw3 = this.icw1 & ICW1_IC4 ? 4 : 0;
    switch (this.step) {
      case 0:
        this.imr = value;
        break;
      case 2:
        this.icw2 = value & 0xf8;
        this.step = this.icw1 & ICW1_SNGL ? afterIcw3 : 3;
        break;
      case 3:
        this.icw3 = value;
        this.step = afterIcw3;
        break;
      case 4:
        this.icw4 = value;
        this.step = 0;
    }
  }

  /** `command`: the bits R, SL and EOI. */
  private writeOcw2(command: number, level: number): void {
    switch (command) {
      case 0b000:
      case 0b100:
        this.rotateOnAutoEoi = command === 0b100;
        break;
      case 0b001:
      case 0b101: {
        const line = this.ordered().find((candidate) => this.blocks(candidate));
        if (line === undefined) break;
        this.isr &= ~(1 << line);
        if (command === 0b101) this.lowest = line;
        break;
      }
      case 0b011:
      case 0b111:
        this.isr &= ~(1 << level);
        if (command === 0b111) this.lowest = level;
        break;
      case 0b110:
        this.lowest = level;
    }
  }

  private writeOcw3(value: number): void {
    if (value & OCW3_ESMM) this.specialMask = (value & OCW3_SMM) !== 0;
    if (value & OCW3_RR) this.readIsr = (value & OCW3_RIS) !== 0;
    this.poll = (value & OCW3_POLL) !== 0;
  }

  /** Lines from the highest priority to the lowest. */
  private ordered(): number[] {
    return ORDERS[this.lowest]!;
  }

  /** Is `line` in service, so that it holds off its own and lower priorities? In special mask mode a masked one does not. */
  private blocks(line: number): boolean {
    const bit = 1 << line;
    return (this.isr & bit) !== 0 && !(this.specialMask && this.imr & bit);
  }

  private request(): number | undefined {
    const requests = this.irr & ~this.imr;
    if (requests === 0) return undefined;
    for (const line of this.ordered()) {
      const requested = (requests & (1 << line)) !== 0;
      if (!this.blocks(line)) {
        if (requested) return line;
        continue;
      }
      // Special fully nested mode: a slave in service may ask again, for a line of higher priority of its own.
      return requested && this.icw4 & ICW4_SFNM && this.hasSlave(line) ? line : undefined;
    }
    return undefined;
  }
}

const ORDERS = Array.from({ length: 8 }, (_, lowest) => Array.from({ length: 8 }, (_, i) => (lowest + 1 + i) & 7));

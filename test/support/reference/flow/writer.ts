// Straight code, delay slots and branches of random programs: what the larger pieces (pieces.ts, calls.ts) are made of.
import type { Random } from '../../oracle/random.ts';
import type { OperandRegisters, RowKind, RowPicker } from '../row-picker.ts';
import { CodeBuilder, type Label } from './builder.ts';
import { CODE_POINTERS, COUNTERS, K0, POINTER, RA, SCRATCH, SP, TEMP } from './registers.ts';

/** What a program is made for. */
export interface Flavour {
  readonly random: Random;
  readonly rows: RowPicker;
  /** Address of the first word. */
  readonly base: number;
  readonly bigEndian: boolean;
  /** Status bits that let it use an FPU; 0 when it has none. */
  readonly fpuStatus: number;
  /** Is its code where it may go on in user mode? */
  readonly mapped: boolean;
  /** Does the program start in user mode? KSEG0 is not for it. */
  readonly user: boolean;
}

const OTHER_STATUS = [0x0, 0x1, 0xff01, 0xff00, 0x8001, 0x2, 0x400000, 0x10008001];

export class FlowWriter extends CodeBuilder {
  readonly flavour: Flavour;
  readonly random: Random;
  protected readonly registers: OperandRegisters;
  /** Percent of computations that are floating point, where there is an FPU. */
  private readonly floats: number;
  /** Loops around, so the counters in use. */
  protected depth = 0;

  constructor(flavour: Flavour) {
    super(flavour.rows);
    this.flavour = flavour;
    this.random = flavour.random;
    this.floats = flavour.random.pick([0, 10, 60]);
    const often = flavour.user ? [POINTER.user, POINTER.mapped] : [POINTER.data, POINTER.user, POINTER.mapped];
    this.registers = {
      results: SCRATCH,
      sources: [...SCRATCH, ...SCRATCH, ...COUNTERS, POINTER.data, RA],
      bases: [...often, ...often, ...often, ...often, ...often, ...often, POINTER.far, POINTER.kernel, SP],
    };
  }

  private get fpu(): boolean {
    return this.flavour.fpuStatus !== 0;
  }

  kind(kind: RowKind): void {
    this.word(this.flavour.rows.word(kind, this.random, this.registers));
  }

  /** One instruction that goes on with the next one, mostly. */
  step(): void {
    const dice = this.random.below(1000);
    if (dice < 500) this.simple();
    else if (dice < 660) this.kind('load');
    else if (dice < 780) this.kind('store');
    else if (dice < 840) this.kind(this.fpu ? 'float' : 'plain');
    else if (dice < 847) this.device();
    else if (dice < 855) this.kind('trap');
    else if (dice < 895) this.readSystem();
    else if (dice < 901) this.kind('system');
    else if (dice < 907) this.strange();
    else if (dice < 910) this.word(this.random.word());
    else this.op('addiu', { rs: this.random.pick(SCRATCH), rt: this.random.pick(SCRATCH), imm: this.random.below(8) });
  }

  /** An instruction that nearly always just computes; floating point in some programs. */
  simple(): void {
    this.kind(this.fpu && this.random.chance(this.floats) ? 'float' : 'plain');
  }

  straight(count: number): void {
    for (let i = 0; i < count; i++) this.step();
  }

  /** An instruction in a delay slot. */
  slot(): void {
    const { random } = this;
    const dice = random.below(100);
    if (dice < 38) this.word(0);
    else if (dice < 64) this.kind('plain');
    else if (dice < 76) this.kind('load');
    else if (dice < 84) this.kind('store');
    else if (dice < 88) this.kind(this.fpu ? 'float' : 'plain');
    else if (dice < 91) this.readSystem();
    else if (dice < 93) this.kind('trap');
    else if (dice < 94) this.device();
    else if (dice < 95) this.op(random.pick(['ll', 'sc']), { base: POINTER.user, rt: TEMP, offset: 0 });
    else if (dice < 96) this.kind('branch');
    else if (dice < 97) this.kind('system');
    else if (dice < 98) this.word(random.word());
    else this.op('addiu', { rs: RA, rt: random.pick(SCRATCH), imm: 4 });
  }

  /** A conditional branch and its slot. */
  conditional(label: Label): void {
    const { random } = this;
    const likely = random.chance(25) ? 'l' : '';
    const dice = random.below(this.fpu ? 8 : 6);
    const rs = random.pick(SCRATCH);
    if (dice < 2) this.branch(`beq${likely}`, { rs, rt: random.pick(SCRATCH) }, label);
    else if (dice < 3) this.branch(`bne${likely}`, { rs, rt: random.pick(SCRATCH) }, label);
    else if (dice < 6) this.branch(`${random.pick(['blez', 'bgtz', 'bltz', 'bgez'])}${likely}`, { rs }, label);
    else this.branch(`${random.pick(['bc1f', 'bc1t'])}${likely}`, { cc: random.below(8) }, label);
    this.slot();
  }

  /** Branch by the bits of a register: taken once in `of` times or so. */
  every(register: number, of: number, label: Label): void {
    this.op('andi', { rs: register, rt: TEMP, imm: of - 1 });
    this.branch(this.random.pick(['beq', 'beql']), { rs: TEMP, rt: 0 }, label);
    this.slot();
  }

  goTo(label: Label): void {
    if (this.random.chance(60)) this.branch('beq', { rs: 0, rt: 0 }, label);
    else this.jump('j', label);
    this.slot();
  }

  private device(): void {
    const { random } = this;
    const fields = { base: POINTER.mmio, rt: random.pick(SCRATCH), offset: 4 * random.below(16) };
    this.op(random.pick(['lw', 'sw', 'lbu', 'sb', 'lh', 'sh']), fields);
  }

  private strange(): void {
    const fields = { base: POINTER.strange, rt: this.random.pick(SCRATCH), offset: 4 * this.random.below(16) };
    this.op(this.random.pick(['lw', 'sw', 'lwl', 'swr', 'll']), fields);
  }

  /** What system calls touch: clocks, status, causes; and Status that stays what it is. */
  private readSystem(): void {
    const { random } = this;
    const rt = random.pick(SCRATCH);
    const dice = this.flavour.user && random.chance(80) ? 9 : random.below(10); // exceptions, to users
    if (dice < 3) this.op('rdhwr', { rt });
    else if (dice < 6) {
      const register = random.pick([72, 96, 104, 112, 64, 80, 8]);
      this.word(0x40000000 | (rt << 16) | ((register >> 3) << 11) | (register & 7));
    } else if (dice < 7) this.op(random.pick(['di', 'ei']), { rt });
    else this.op('sync');
  }

  /** Status: interrupts on and off, coprocessors, exception level. */
  status(): void {
    const { fpuStatus, mapped } = this.flavour;
    const user = mapped && this.random.chance(50) ? 0x10 : 0;
    const usable = this.random.chance(90) ? fpuStatus : fpuStatus & this.random.word();
    this.constant(K0, this.random.pick(OTHER_STATUS) | user | usable);
    this.moveToSystem(K0, 12, 0);
    // What only the kernel may read.
    if (this.random.chance(50)) this.op('lw', { base: POINTER.data, rt: this.random.pick(SCRATCH), offset: 0 });
  }

  moveToSystem(rt: number, rd: number, sel: number): void {
    this.word(0x40800000 | (rt << 16) | (rd << 11) | sel);
  }

  moveFromSystem(rt: number, rd: number, sel: number): void {
    this.word(0x40000000 | (rt << 16) | (rd << 11) | sel);
  }

  codePointer(): number {
    return this.random.pick(CODE_POINTERS);
  }
}

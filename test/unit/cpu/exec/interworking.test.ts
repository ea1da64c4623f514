// What the engine does for an architecture with two instruction sets, conditions and accesses that need not be aligned, on a few ARM rows
// (ARM DDI 0406C) over a flat memory: records of words and halfwords, IT blocks and jumps into their middle, instructions on two pages.
import { describe, expect, it } from 'vitest';
import { CONDITION_ROUTINES } from '../../../../src/arch/arm/conditions.ts';
import { ArmEmitter } from '../../../../src/arch/arm/emitter.ts';
import { a32, t32 } from '../../../../src/arch/arm/insns/row.ts';
import { BANKS } from '../../../../src/arch/arm/registers.ts';
import type { I32 } from '../../../../src/cpu/emit/values.ts';
import type { RegionTuning } from '../../../../src/cpu/exec/core-options.ts';
import { createKvm } from '../../../../src/cpu/exec/kvm.ts';
import { type ArchitectureDefinition, type Routine, Translated } from '../../../../src/cpu/isa/architecture.ts';
import { definitionOf, FlatModel, registerId } from '../../../isa/sketch/definition.ts';
import { EAGER } from '../../../support/reference/compare.ts';

const MEMORY_BYTES = 0x10000;

const routine = (name: string, parameters: number, result: (e: ArmEmitter) => I32): Routine => ({
  name,
  parameters,
  build: (emitter) => {
    const e = emitter as ArmEmitter;
    e.return(result(e));
  },
});

const ROWS = [
  a32('mov', 'cond:4 0011101 0 0000 rd:4 imm:12', '', (e, { rd, imm }) => e.setReg(rd, e.imm(imm)), { hot: true }),
  a32('cmp', 'cond:4 0011010 1 rn:4 0000 imm:12', '', (e, { rn, imm }) => {
    e.setSumFlags(e.minus(e.reg(rn), e.imm(imm)));
  }),
  a32(
    'add',
    'cond:4 0000100 0 rn:4 rd:4 00000000 rm:4',
    '',
    (e, { rd, rn, rm }) => {
      e.setReg(rd, e.add(e.reg(rn), e.reg(rm)));
    },
    { hot: true },
  ),
  a32(
    'ldr',
    'cond:4 010110 0 1 rn:4 rt:4 imm:12',
    '',
    (e, { rn, rt, imm }) => {
      e.setLoaded(rt, e.loadUnaligned(32, e.add(e.reg(rn), e.imm(imm))));
    },
    { hot: true },
  ),
  a32(
    'str',
    'cond:4 010110 0 0 rn:4 rt:4 imm:12',
    '',
    (e, { rn, rt, imm }) => {
      e.storeUnaligned(32, e.add(e.reg(rn), e.imm(imm)), e.reg(rt));
    },
    { hot: true },
  ),
  a32('ldm', 'cond:4 100010 0 1 rn:4 list:16', '', (e, { rn, list }) => e.loadRegisters(list, e.reg(rn)), {
    hot: true,
  }),
  a32('stm', 'cond:4 100010 0 0 rn:4 list:16', '', (e, { rn, list }) => e.storeRegisters(list, e.reg(rn))),
  a32('bx', 'cond:4 000100101111111111110001 rm:4', '', (e, { rm }) => e.bx(e.reg(rm)), { hot: true }),
  a32('b', 'cond:4 1010 offset:s24', '', (e, { target }) => e.branchBy(target), {
    derive: { target: (raw) => raw.offset! * 4 + 4 },
    hot: true,
  }),
  t32('mov', '00100 rd:3 imm:8', '', (e, { rd, imm }) => e.setReg(rd, e.imm(imm)), { hot: true }),
  t32(
    'add',
    '00110 rd:3 imm:8',
    '',
    (e, { rd, imm }) => {
      const sum = e.plus(e.reg(rd), e.imm(imm));
      if (e.outsideBlock) e.setSumFlags(sum);
      e.setReg(rd, sum.result);
    },
    { hot: true },
  ),
  t32('cmp', '00101 rn:3 imm:8', '', (e, { rn, imm }) => e.setSumFlags(e.minus(e.reg(rn), e.imm(imm))), { hot: true }),
  t32('b', '11100 offset:s11', '', (e, { target }) => e.branchBy(target), {
    derive: { target: (raw) => raw.offset! * 2 + 2 },
    hot: true,
  }),
  t32('it', '10111111 state:8', '', (e, { state }) => e.beginBlock(e.imm(state))),
  t32('nop', '10111111 00000000', '', () => {}),
  t32('bx', '010001110 rm:4 000', '', (e, { rm }) => e.bx(e.reg(rm)), { hot: true }),
  t32('movw', '11110 i:1 100100 imm4:4 0 imm3:3 rd:4 imm8:8', '', (e, { rd, imm }) => e.setReg(rd, e.imm(imm)), {
    derive: { imm: (raw) => (raw.imm4! << 12) | (raw.i! << 11) | (raw.imm3! << 8) | raw.imm8! },
    hot: true,
  }),
];

const base = definitionOf({
  name: 'interworking',
  endianness: 'little',
  banks: BANKS,
  rows: ROWS,
  helpers: {},
  createEmitter: (banks) => new ArmEmitter(banks),
});
const DEFINITION: ArchitectureDefinition = {
  ...base,
  delaySlots: false,
  interworking: true,
  accessRules: 'accessRules',
  selfJumpLength: 1,
  isSelfJump: (word, _offset, pc) => ((pc ?? 0) & 1 ? (word & 0xffff) === 0xe7fe : word === (0xeafffffe | 0)),
  routines: [
    routine('raise', 3, (e) => e.const(0x8000)),
    routine('translate', 2, (e) => e.or(e.and(e.parameter(0), e.const(0xfffff000)), e.const(Translated.PHYSICAL))),
    routine('recordFault', 2, (e) => e.const(0)),
    routine('accessRules', 0, (e) => e.shrU(e.and(e.cpsr(), e.const(1 << 9)), e.const(8))),
    ...CONDITION_ROUTINES,
  ],
  createModel: (services) => new FlatModel(services, []),
};

type Piece = readonly [address: number, words: readonly number[], bytes: 2 | 4];

class Machine {
  readonly vm;
  readonly vcpu;

  constructor(pieces: readonly Piece[], regions?: RegionTuning) {
    this.vm = createKvm(DEFINITION, {
      engine: regions ? 'regions' : 'interpreter',
      ...(regions ? { regions } : {}),
      arenaSize: MEMORY_BYTES,
      endianness: 'little',
      maxVcpus: 1,
      nsPerInstruction: 1,
      seed: 0,
      paravirtHypercalls: false,
    }).createVm([...DEFINITION.vmTypes.keys()][0]!);
    this.vm.setUserMemoryRegion({ slot: 0, flags: 0, guestPhysAddr: 0, memorySize: MEMORY_BYTES, userspaceAddr: 0 });
    this.vcpu = this.vm.createVcpu(0);
    for (const [address, words, bytes] of pieces)
      for (const [i, word] of words.entries()) {
        if (bytes === 4) this.vm.memory.writeU32(address + 4 * i, word, 'little');
        else this.vm.memory.write(address + 2 * i, Uint8Array.of(word & 0xff, word >>> 8));
      }
  }

  reg(index: number): number {
    return this.get('gpr', index);
  }

  get(bank: string, index = 0): number {
    return Number(this.vcpu.getOneReg(registerId(BANKS, bank, index)));
  }

  set(bank: string, index: number, value: number): this {
    this.vcpu.setOneReg(registerId(BANKS, bank, index), BigInt(value));
    return this;
  }

  from(pc: number): this {
    this.vcpu.setRegs({ ...this.vcpu.getRegs(), pc: BigInt(pc) });
    return this;
  }

  /** So many instructions more. */
  run(count: number): this {
    this.vcpu.enter(this.vm.clock.now + count);
    return this;
  }

  get pc(): number {
    return Number(BigInt.asUintN(32, this.vcpu.getRegs().pc));
  }
}

const AL = 0xe0000000;
const EQ = 0;
const movA32 = (rd: number, imm: number, cond = AL): number => (cond | 0x03a00000 | (rd << 12) | imm) >>> 0;
const movT32 = (rd: number, imm: number): number => 0x2000 | (rd << 8) | imm;
const addT32 = (rd: number, imm: number): number => 0x3000 | (rd << 8) | imm;
const cmpT32 = (rn: number, imm: number): number => 0x2800 | (rn << 8) | imm;
const IT = (state: number): number => 0xbf00 | state;

describe('two instruction sets', () => {
  it('go over into each other by interworking branches, with R15 as an operand', () => {
    const machine = new Machine([
      [0x1000, [movA32(0, 0x11), 0xe08f100f, 0xe12fff1e], 4], // mov r0; add r1, pc, pc; bx lr
      [0x1100, [movT32(2, 0x22), addT32(2, 1), 0x4718], 2], // bx r3
      [0x1200, [movA32(4, 4), 0xeafffffd], 4], // b 0x1200
    ])
      .set('gpr', 14, 0x1101)
      .set('gpr', 3, 0x1200)
      .from(0x1000)
      .run(7);
    expect([0, 1, 2, 4].map((r) => machine.reg(r))).toEqual([0x11, 2 * 0x100c, 0x23, 4]);
    expect(machine.pc).toBe(0x1204);
  });

  it('have records of their own where both are of one line', () => {
    const machine = new Machine([
      [0x1000, [0xe12fff1e], 4], // bx lr, to 0x1005
      [0x1004, [movT32(0, 7), 0x4708], 2], // bx r1, to 0x1000
    ])
      .set('gpr', 14, 0x1005)
      .set('gpr', 1, 0x1000)
      .from(0x1000)
      .run(30);
    expect(machine.reg(0)).toBe(7);
    expect(machine.pc).toBe(0x1000);
  });

  it('leave at each deadline between instructions, and come back', () => {
    const code: Piece[] = [[0x1000, [movT32(0, 0), addT32(0, 1), 0xe7fd], 2]]; // 1: adds r0, #1; b 1b
    const whole = new Machine(code).from(0x1001).run(100);
    const sliced = new Machine(code).from(0x1001);
    for (let i = 0; i < 100; i++) sliced.run(1);
    expect([sliced.reg(0), sliced.pc]).toEqual([whole.reg(0), whole.pc]);
    expect(whole.reg(0)).toBe(50);
  });
});

describe('conditions', () => {
  it('make an A32 instruction do nothing where they do not hold', () => {
    const machine = new Machine([
      [
        0x1000,
        [movA32(0, 5), 0xe3500005, movA32(1, 1, EQ), movA32(2, 2, 0x10000000), 0x0a000000, movA32(3, 3), movA32(4, 4)],
        4,
      ],
    ])
      .from(0x1000)
      .run(6);
    expect([1, 2, 3, 4].map((r) => machine.reg(r))).toEqual([1, 0, 0, 4]);
  });

  it('of an IT block hold for each of its instructions, which set no flags', () => {
    // cmp r0, #0; itte eq; mov r1, #1; add r2, #2; mov r3, #3 (ne); mov r4, #4
    const code: Piece[] = [
      [0x1000, [cmpT32(0, 0), IT(0x06), movT32(1, 1), addT32(2, 2), movT32(3, 3), movT32(4, 4)], 2],
    ];
    const equal = new Machine(code).from(0x1001).run(6);
    expect([1, 2, 3, 4].map((r) => equal.reg(r))).toEqual([1, 2, 0, 4]);
    const different = new Machine(code).set('gpr', 0, 1).from(0x1001).run(6);
    expect([1, 2, 3, 4].map((r) => different.reg(r))).toEqual([0, 0, 3, 4]);
    expect(equal.get('it')).toBe(0);
  });

  it.each([1, 2, 3])('go on where a run ended after %i instructions of the block', (first) => {
    const code: Piece[] = [[0x1000, [IT(0x07), movT32(1, 1), addT32(2, 2), movT32(3, 3), movT32(4, 4)], 2]];
    const machine = new Machine(code)
      .set('flag', 1, 1)
      .from(0x1001)
      .run(first)
      .run(5 - first);
    // itete? 0x07: eq, eq, ne, ne... with Z clear the first two do nothing
    expect([1, 2, 3, 4].map((r) => machine.reg(r))).toEqual([0, 0, 3, 4]);
  });

  it('are those of the block also when its instructions have been executed outside of one before, and the other way round', () => {
    const code: Piece[] = [[0x1000, [IT(0x08), movT32(1, 1), 0xe7fe], 2]]; // it eq; mov r1, #1; b .
    const machine = new Machine(code).set('flag', 1, 1).from(0x1003).run(1);
    expect(machine.reg(1)).toBe(1);
    machine.set('gpr', 1, 0).from(0x1001).run(2);
    expect(machine.reg(1)).toBe(0);
    machine.from(0x1003).run(1);
    expect(machine.reg(1)).toBe(1);
  });

  it('hold across a page', () => {
    const machine = new Machine([[0x1ffe, [IT(0x08), movT32(1, 1), movT32(2, 2)], 2]])
      .set('flag', 1, 1)
      .from(0x2001)
      .run(1); // the block's instruction is decoded as one outside
    machine.set('gpr', 1, 0).from(0x1fff).run(3);
    expect([machine.reg(1), machine.reg(2)]).toEqual([0, 2]);
  });
});

describe('instructions of two halfwords', () => {
  const movw = (rd: number, imm: number): number[] => [
    0xf240 | (imm >>> 12) | (((imm >>> 11) & 1) << 10),
    (((imm >>> 8) & 7) << 12) | (rd << 8) | (imm & 0xff),
  ];

  it('are executed, also when they end on the next page, again and again', () => {
    const machine = new Machine([[0x1ffc, [addT32(1, 1), ...movw(0, 0xabcd), addT32(2, 1), 0xe7fa], 2]])
      .from(0x1ffd)
      .run(4 * 3);
    expect([machine.reg(0), machine.reg(1), machine.reg(2)]).toEqual([0xabcd, 3, 3]);
  });

  it('may be entered in their middle, and are themselves again after that', () => {
    // movw r0, #0x4770 & co: the second halfword of movw r7, #... is 0x2705 = movs r7, #5
    const code: Piece[] = [[0x1000, [0xf240, 0x2705, addT32(1, 1), 0xe7fe], 2]];
    const machine = new Machine(code).from(0x1001).run(1);
    expect(machine.reg(7)).toBe(0x205);
    machine.from(0x1003).run(1);
    expect(machine.reg(7)).toBe(5);
    machine.from(0x1001).run(2);
    expect([machine.reg(7), machine.reg(1)]).toEqual([0x205, 1]);
  });

  it('change with either of their halfwords', () => {
    const machine = new Machine([[0x1000, [...movw(0, 1), 0x4770], 2]]).set('gpr', 14, 0x1001).from(0x1001).run(2);
    expect(machine.reg(0)).toBe(1);
    machine.vm.memory.write(0x1002, Uint8Array.of(2, 3));
    machine.run(2);
    expect(machine.reg(3)).toBe(2);
  });
});

describe('memory', () => {
  it('is reached at any address, also across pages, and with the other byte order', () => {
    const load = 0xe5910000; // ldr r0, [r1]
    const store = 0xe5810000; // str r0, [r1]
    for (const address of [0x3000, 0x3001, 0x3ffe, 0x3fff]) {
      const machine = new Machine([[0x1000, [store, movA32(0, 0), load], 4]])
        .set('gpr', 0, 0x12345678)
        .set('gpr', 1, address);
      machine.from(0x1000).run(3);
      expect(machine.reg(0)).toBe(0x12345678);
      const bytes = new Uint8Array(4);
      machine.vm.memory.read(address, bytes);
      expect([...bytes]).toEqual([0x78, 0x56, 0x34, 0x12]);
      machine.set('cpsr', 0, 1 << 9).from(0x1000);
      machine.set('gpr', 0, 0x12345678);
      machine.run(3);
      machine.vm.memory.read(address, bytes);
      // Entries that were made before stay good for the set of tables that is used; the model here has one set only.
      expect(machine.reg(0)).toBe(0x12345678);
    }
  });

  it('gives and takes many registers, all of them or none', () => {
    const machine = new Machine([[0x1000, [0xe88100fc, 0xe8910700], 4]]) // stm r1, {r2-r7}; ldm r1, {r8, r9, r10}
      .set('gpr', 1, 0x3ff4);
    for (let r = 2; r < 8; r++) machine.set('gpr', r, r * 3);
    machine.from(0x1000).run(2);
    expect([8, 9, 10].map((r) => machine.reg(r))).toEqual([6, 9, 12]);
    expect(machine.vm.memory.readU32(0x4008, 'little')).toBe(21);
  });
});

describe('compiled code', () => {
  const bT32 = (from: number, to: number): number => 0xe000 | (((to - from - 4) >> 1) & 0x7ff);
  const bA32 = (from: number, to: number, cond = AL): number =>
    (cond | 0x0a000000 | (((to - from - 8) >> 2) & 0xffffff)) >>> 0;
  const LOOPS: Record<string, { code: Piece[]; pc: number }> = {
    'of halfwords with IT blocks': {
      pc: 0x1001,
      code: [
        [
          0x1000,
          // r0++; cmp r0, #200; itte eq: r0 = 0, r1 += 1, (ne) r2 += 2; it ne: r3 += 1; b
          [
            addT32(0, 1),
            cmpT32(0, 200),
            IT(0x06),
            movT32(0, 0),
            addT32(1, 1),
            addT32(2, 2),
            IT(0x18),
            addT32(3, 1),
            bT32(0x1010, 0x1000),
          ],
          2,
        ],
      ],
    },
    'of words with conditions, many registers and stores': {
      pc: 0x1000,
      code: [
        [
          0x1000,
          [
            movA32(8, 1),
            0xe0800008, // add r0, r0, r8
            0xe3500000 | 77, // cmp r0, #77
            movA32(0, 0, EQ),
            0xe88100ff, // stm r1, {r0-r7}
            0xe8910c04, // ldm r1, {r2, r10, r11}
            0xe5910003, // ldr r0, [r1, #3]: no word
            0xe5810021, // str r0, [r1, #33]
            0xe5910000, // ldr r0, [r1]
            0xe3500000 | 12,
            bA32(0x1028, 0x1000, 0x10000000), // bne
            0xe0833008, // add r3, r3, r8
            bA32(0x1030, 0x1000),
          ],
          4,
        ],
      ],
    },
    'that goes from one instruction set to the other': {
      pc: 0x1000,
      code: [
        [0x1000, [movA32(8, 3), 0xe0800008, 0xe12fff1e], 4], // bx lr
        [0x1100, [addT32(1, 1), cmpT32(1, 9), IT(0x08), movT32(1, 0), 0x4718], 2], // bx r3
      ],
    },
  };

  it.each(Object.keys(LOOPS))('%s leaves everything as the interpreter does, at every deadline', (name) => {
    const { code, pc } = LOOPS[name]!;
    const machines = [undefined, EAGER].map((tuning) => {
      const machine = new Machine(code, tuning)
        .set('gpr', 1, name.includes('words') ? 0x3000 : 0)
        .set('gpr', 14, 0x1101);
      if (!name.includes('IT blocks')) machine.set('gpr', 3, 0x1000);
      return machine.from(pc);
    });
    for (let i = 0; i < 300; i++) {
      const [plain, compiled] = machines.map((machine) => {
        machine.run(1 + ((i * 37) % 211));
        const registers = Array.from({ length: 15 }, (_, r) => machine.reg(r));
        return {
          at: machine.pc,
          registers,
          flags: [0, 1, 2, 3].map((n) => machine.get('flag', n)),
          it: machine.get('it'),
        };
      });
      expect(compiled).toEqual(plain);
    }
    expect(machines[1]!.vm.compiledCode!.compiled).toBeGreaterThan(0);
    const bytes = machines.map(({ vm }) => {
      const data = new Uint8Array(0x100);
      vm.memory.read(0x3000, data);
      return [...data];
    });
    expect(bytes[1]).toEqual(bytes[0]);
  });
});

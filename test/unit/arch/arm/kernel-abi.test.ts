// An ARM kernel seen from outside: registers, arguments, calls. The code is what llvm-mc makes of the comments.
import { describe, expect, it } from 'vitest';
import {
  argument,
  constantsBefore,
  lostInBootRom,
  REGISTER_NAMES,
  registerIds,
  registers,
  unwind,
} from '../../../../src/arch/arm/kernel-abi.ts';

const TEXT = 0xc010_0000;
const STACK = 0xc200_0000;

const FUNCTIONS = [
  // f:
  0xe92d4810, // push {r4, r11, lr}
  0xe24dd014, // sub sp, sp, #20
  0xe3500000, // cmp r0, #0
  0x0a000002, // beq 1f
  0xebfffffe, // bl g
  0xe28dd014, // add sp, sp, #20
  0xe8bd8810, // pop {r4, r11, pc}
  0xebfffffe, // 1: bl g
  0xed2d8b04, // vpush {d8, d9}
  0xebfffffe, // bl g
  0xe3a00000, // mov r0, #0
  // h, on a stack of its own:
  0xe92d4800, // push {r11, lr}
  0xe1a0b00d, // mov r11, sp
  0xe1a0d002, // mov sp, r2
  0xebfffffe, // bl g
  0xe1a0d00b, // mov sp, r11
  0xe8bd8800, // pop {r11, pc}
  // g:
  0xe52de008, // str lr, [sp, #-8]!
  0xe3050678, // movw r0, #0x5678
  0xe34c0123, // movt r0, #0xc123
  0xe59f1004, // ldr r1, 2f
  0xebfffffe, // bl h
  0xe49df008, // ldr pc, [sp], #8
  0xc0800000, // 2: .word 0xc0800000
  // __irq_svc:
  0xebfffffe, // bl handler
  0xe1a00000, // nop
  // vector_swi:
  0xe12fff38, // blx r8
  0xe1a00000, // nop
  // ret_from_fork:
  0xebfffffe, // bl schedule_tail
  0xe12fff35, // blx r5
  0xe1a00000, // nop
];
const NAMES: Readonly<Record<string, number>> = {
  ...{ f: 0, h: 11, g: 17, __irq_svc: 24, vector_swi: 26, ret_from_fork: 28 },
};
const at = (word: number): number => TEXT + 4 * word;

/** Code, and a stack of `words` from STACK on. */
function view(words: Readonly<Record<number, number>> = {}) {
  const memory = new Map<number, number>(FUNCTIONS.map((word, n) => [at(n), word >>> 0]));
  for (const [offset, word] of Object.entries(words)) memory.set(STACK + Number(offset), word);
  return {
    word: (address: number) => memory.get(address),
    functionAt: (address: number) => {
      const [name, start] = Object.entries(NAMES).findLast(([, first]) => address >= at(first)) ?? [];
      return name === undefined || address >= at(FUNCTIONS.length) ? undefined : { name, start: at(start!) };
    },
  };
}

/** A vCPU in SVC mode unless told: registers by name, everything else 0. */
function vcpu(values: Readonly<Record<string, number>>) {
  const all = { cpsr: 0x1d3, sp_svc: STACK, ...values };
  const byId = new Map(Object.entries(all).map(([name, value]) => [registerIds(name)[0]!, BigInt(value)]));
  return { getOneReg: (id: bigint) => byId.get(id) ?? 0n };
}

/** Names of what `name` means to a vCPU in a mode. */
const inMode = (name: string, mode: number): bigint[] => [...registerIds(name, vcpu({ cpsr: mode }))];

describe('registers by name', () => {
  it('are those of the mode', () => {
    for (const name of ['sp', 'r13'])
      expect([0x10, 0x1f, 0x13, 0x12, 0x11, 0x1a].flatMap((mode) => inMode(name, mode))).toEqual(
        ['sp_usr', 'sp_usr', 'sp_svc', 'sp_irq', 'sp_fiq', 'sp_hyp'].flatMap((other) => registerIds(other)),
      );
    expect([0x10, 0x13, 0x1a].flatMap((mode) => inMode('lr', mode))).toEqual(
      ['lr_usr', 'lr_svc', 'lr_usr'].flatMap((other) => registerIds(other)),
    );
    expect(inMode('r8', 0x11)).not.toEqual(inMode('r8', 0x13));
    for (const name of ['r7', 'pc', 'sp_svc', 'ttbr0']) expect(inMode(name, 0x11)).toEqual(registerIds(name));
    expect([inMode('fp', 0x13), inMode('ip', 0x13)]).toEqual([registerIds('r11'), registerIds('r12')]);
  });
});

const calls = (values: Readonly<Record<string, number>>, stack: Readonly<Record<number, number>> = {}) =>
  unwind(vcpu(values), view(stack));

describe('registers and arguments', () => {
  it('are those of the mode', () => {
    const values = { pc: TEXT, lr_svc: 5, sp_irq: 0xffff_0000, lr_irq: 6, sp: 7, lr: 8, sp_fiq: 9, lr_fiq: 10 };
    expect(registers(vcpu(values))).toEqual({ pc: TEXT, sp: STACK, ra: 5 });
    expect(registers(vcpu({ ...values, cpsr: 0x1d2 }))).toEqual({ pc: TEXT, sp: 0xffff_0000, ra: 6 });
    expect(registers(vcpu({ ...values, cpsr: 0x1d1 }))).toEqual({ pc: TEXT, sp: 9, ra: 10 });
    expect(registers(vcpu({ ...values, cpsr: 0x1df }))).toEqual({ pc: TEXT, sp: 7, ra: 8 });
  });

  it('beyond the fourth are on the stack', () => {
    expect(argument(vcpu({ r0: 0xffff_ffff, r3: 3 }), 0, view())).toBe(0xffff_ffff);
    expect(argument(vcpu({ r0: 1, r3: 3 }), 3, view())).toBe(3);
    expect(argument(vcpu({}), 5, view({ 4: 42 }))).toBe(42);
  });
});

describe('the calls of a vCPU', () => {
  it('are not looked at in user mode', () => {
    expect(calls({ cpsr: 0x10, pc: 0x8000 })).toEqual({ addresses: [], end: 'user' });
  });

  it('lead from a first instruction by LR, through pushes, through branches', () => {
    // g, called by f behind its branch and VPUSH, which g called from h ... whose frame is 16 + 20 + 12 bytes.
    const stack = { 44: at(22) };
    const { addresses } = calls({ pc: at(17), lr_svc: at(10) }, stack);
    expect(addresses).toEqual([at(17), at(9), at(21)]);
    expect(calls({ pc: at(17), lr_svc: at(8) }, { 28: at(22) }).addresses).toEqual([at(17), at(7), at(21)]);
    expect(calls({ pc: at(17), lr_svc: at(5) }, { 28: at(22) }).addresses).toEqual([at(17), at(4), at(21)]);
  });

  it('lead over a change of the stack by the frame pointer', () => {
    const { addresses } = calls({ pc: at(17), lr_svc: at(15), r11: STACK + 0x100 }, { 260: at(10) });
    expect(addresses.slice(0, 3)).toEqual([at(17), at(14), at(9)]);
  });

  it('lead from NULL to who jumped there', () => {
    expect(calls({ pc: 0, lr_svc: at(10) }).addresses).toEqual([0, at(9)]);
  });

  it('go on in what an interrupt interrupted', () => {
    const frame = { 52: STACK + 0x200, 56: at(10), 60: at(17), 64: 0x6000_0013 };
    expect(calls({ pc: at(17), lr_svc: at(25) }, { ...frame, 556: at(22) }).addresses).toEqual([
      ...[at(17), at(17), at(9), at(21)],
    ]);
    expect(calls({ pc: at(17), lr_svc: at(25) }, { ...frame, 64: 0x10 })).toEqual({ addresses: [at(17)], end: 'user' });
  });

  it('end at a system call, and where a kernel thread began', () => {
    expect(calls({ pc: at(17), lr_svc: at(27) })).toEqual({ addresses: [at(17)], end: 'user' });
    expect(calls({ pc: at(17), lr_svc: at(30) })).toEqual({ addresses: [at(17)], end: 'start' });
  });

  it('end where the way back is no call', () => {
    expect(calls({ pc: at(17), lr_svc: at(4) })).toEqual({ addresses: [at(17)], end: 'lost' });
    expect(calls({ pc: at(17), lr_svc: at(5) + 1 })).toEqual({ addresses: [at(17)], end: 'lost' });
  });
});

it('the constants of a function are its immediates and literals before the call', () => {
  expect(constantsBefore(at(21), view())).toEqual([0xc123_5678, 0xc080_0000]);
  expect(constantsBefore(at(19), view())).toEqual([0xc123_5678]);
});

describe('a fetch where there is no memory', () => {
  it('is explained at an exception vector', () => {
    expect(lostInBootRom(vcpu({ lr_svc: 0x8000_8004 }), 4)).toBe(
      'an undefined instruction (LR is 0x80008004) went to the exception vectors at 0x00000000, where no memory is',
    );
    expect(lostInBootRom(vcpu({ sctlr: 1 << 13 }), 0xffff_000c)).toContain('a prefetch abort');
    expect(lostInBootRom(vcpu({ vbar: 0x1000 }), 0x1018)).toContain('an IRQ');
  });

  it('is not elsewhere', () => {
    expect(lostInBootRom(vcpu({}), 0x20)).toBeNull();
    expect(lostInBootRom(vcpu({ vbar: 0x1000 }), 0x18)).toBeNull();
  });
});

describe('a register of ARM', () => {
  const CORE = 0x4020_0000_0010_0000n;
  const CP15 = 0x4020_0000_000f_0000n;

  it.each([
    ['r0', CORE],
    ['R12', CORE + 12n],
    ['pc', CORE + 15n],
    ['cpsr', CORE + 16n],
    ['sp_svc', CORE + 18n],
    ['spsr_und', CORE + 26n],
    ['sp_fiq', CORE + 35n],
    ['spsr_fiq', CORE + 37n],
    ['mpidr', CP15 + 5n],
    ['sctlr', CP15 + (1n << 11n)],
    ['d31', 0x4030_0000_0012_001fn],
    ['fpscr', 0x4020_0000_0012_1001n],
  ])('is called %s', (name, id) => {
    expect(registerIds(name)).toEqual([id]);
  });

  it.each(['', 'r16', 'd32', 'a0', 'toString'])('is not called %j', (name) => {
    expect(registerIds(name)).toEqual([]);
  });

  it('has one name in the list of all, and each name one', () => {
    const ids = REGISTER_NAMES.map((name) => registerIds(name)[0]);
    expect(ids).not.toContain(undefined);
    expect(new Set(ids).size).toBe(REGISTER_NAMES.length);
  });
});

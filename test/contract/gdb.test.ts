// gdb-multiarch with guests of ours: steps over delay slots and IT blocks, breakpoints, watchpoints, conditions, registers by name, and a guest that is the
// same after all of it. gdb gets no file, no architecture and no byte order.
import { describe, expect, it } from 'vitest';
import { startVm } from '../../src/api/index.ts';
import { type Debugged, type DebuggedOptions, debugged, gdbMissing } from '../support/gdb/debugged.ts';

const missing = gdbMissing();
if (missing !== null && process.env.CI) throw new Error(missing);

const run = (options: DebuggedOptions): Promise<Debugged> => debugged({ handleSignals: false, ...options });
const word = (address: number, value: number): string =>
  `set {unsigned int}0x${address.toString(16)} = 0x${value.toString(16)}`;
const half = (address: number, value: number): string =>
  `set {unsigned short}0x${address.toString(16)} = 0x${value.toString(16)}`;
const print = (name: string, ...values: string[]): string =>
  `printf "${name}=${values.map(() => '%x').join(' ')}\\n", ${values.join(', ')}`;

describe.skipIf(missing !== null).each(['el', 'eb'])('gdb and a MIPS guest, %s', (order) => {
  const kernel = `guests/bin/hello-te-${order}.elf`;
  const CODE = 0x4020_0000;
  /** What is stepped through: a loop with a delay slot, a call, a store and a load. */
  const PROGRAM = [
    0x2408_0002, // 00 addiu t0, zero, 2
    0x2508_ffff, // 04 addiu t0, t0, -1
    0x1500_fffe, // 08 bne t0, zero, 04
    0x2529_0001, // 0c   addiu t1, t1, 1
    0x0c08_0010, // 10 jal 40
    0x240a_0007, // 14   addiu t2, zero, 7
    0x3c04_4020, // 18 lui a0, 0x4020
    0xac8a_1000, // 1c sw t2, 0x1000(a0)
    0x8c8b_1000, // 20 lw t3, 0x1000(a0)
    0xa080_1001, // 24 sb zero, 0x1001(a0)
    0x1000_ffff, // 28 b 28
    ...[0, 0, 0, 0, 0],
    0x03e0_0008, // 40 jr ra
    0x240b_0009, // 44   addiu t3, zero, 9
  ];
  const entered = [
    ...PROGRAM.map((value, at) => word(CODE + 4 * at, value)),
    'set $t1 = 0',
    `set $pc = 0x${CODE.toString(16)}`,
  ];
  const step = ['stepi', print('step', '$pc', '$t0', '$t1', '$t2', '$t3')];

  it('steps a branch and its delay slot as one', async () => {
    const { printed } = await run({ kernel, script: [...entered, ...Array(8).fill(step).flat(), 'kill'] });
    expect(printed).toEqual([
      'step=40200004 2 0 0 0',
      'step=40200008 1 0 0 0',
      'step=40200004 1 1 0 0',
      'step=40200008 0 1 0 0',
      'step=40200010 0 2 0 0',
      'step=40200040 0 2 7 0',
      'step=40200018 0 2 7 9',
      'step=4020001c 0 2 7 9',
    ]);
  });

  it('stops at breakpoints, in a delay slot at its branch, and where a condition holds', async () => {
    const { printed, said } = await run({
      kernel,
      script: [
        ...entered,
        'break *0x4020000c',
        'continue',
        print('slot', '$pc', '$t1'),
        'delete',
        // Asked by the stub: both branches pass by without a word to gdb.
        'break *0x40200004 if $t1 == 1',
        'continue',
        print('condition', '$pc', '$t1'),
        'info breakpoints',
        'delete',
        'hbreak *0x40200044',
        'tbreak *0x40200040',
        'continue',
        print('once', '$pc'),
        'kill',
      ],
    });
    expect(printed).toEqual(['slot=40200008 0', 'condition=40200004 1', 'once=40200040']);
    expect(said).toContain('already hit 1 time');
  });

  it('watches memory', async () => {
    const { printed, said } = await run({
      kernel,
      script: [
        ...entered,
        word(CODE + 0x1000, 0x0102_0304),
        'watch *(int*)0x40201000',
        'continue',
        print('written', '$pc', '*(int*)0x40201000'),
        'delete',
        // It stands right before the load.
        'rwatch *(int*)0x40201000',
        'continue',
        print('read', '$pc', '$t3'),
        'delete',
        'awatch *(char*)0x40201001',
        'continue',
        print('accessed', '$pc', '*(char*)0x40201001'),
        'kill',
      ],
    });
    expect(said).toMatch(/Old value = 16909060\nNew value = 7/);
    // gdb has stepped over the access.
    expect(printed).toEqual(['written=40200020 7', 'read=40200024 7', 'accessed=40200028 0']);
    expect(said).toContain('Hardware read watchpoint');
    expect(said).toContain('Hardware access (read/write) watchpoint');
  });

  it('reads and writes registers of all kinds, and memory', async () => {
    const { printed, said } = await run({
      kernel,
      script: [
        'show endian',
        'show architecture',
        print('prid', '$prid'),
        'set $a0 = 0x12345678',
        'set $epc = 0x40000180',
        'set $hi = 9',
        print('regs', '$a0', '$epc', '$hi'),
        'monitor regs epc',
        'info registers status cause',
        'info all-registers',
        word(CODE, 0x1122_3344),
        'x/4xb 0x40200000',
        'find /w 0x40200000, +16, 0x11223344',
        'info mem',
        'info threads',
        // An error ends the script, and gdb's end is a detach.
        'x/x 0x7fff0000',
      ],
    });
    expect(said).toContain(order === 'el' ? 'currently little endian' : 'currently big endian');
    expect(said).toContain('"mips');
    expect(printed).toContain('prid=19300');
    expect(printed).toContain('regs=12345678 40000180 9');
    expect(said).toMatch(/epc\s+0x40000180/);
    expect(said).toMatch(order === 'el' ? /0x44\s+0x33\s+0x22\s+0x11/ : /0x11\s+0x22\s+0x33\s+0x44/);
    expect(said).toContain('1 pattern found.');
    expect(said).toContain('Cannot access memory at address 0x7fff0000');
    expect(said).toMatch(/Thread 1 "cpu0" \(kernel/);
  });

  it('leaves a guest that ends as it would have without', async () => {
    const plain = await (await startVm({ kernel })).wait();
    const { console, verdict } = await run({
      kernel,
      script: [
        ...Array(50).fill('stepi'),
        'hbreak *0x40100018',
        'watch *(int*)0x40102000',
        'info all-registers',
        'x/100xw 0x40100000',
        'delete',
        'detach',
      ],
    });
    expect(console).toContain('Hello from a MIPS');
    expect(verdict.summary).toBe(plain.summary);
    expect(verdict.instructions).toBe(plain.instructions);
    expect(verdict.stateHash).toBe(plain.stateHash);
  });
});

describe.skipIf(missing !== null)('gdb and an ARM guest', () => {
  const kernel = 'guests/bin/hello-arm.elf';
  const CODE = 0x8010_0000;

  /** T32: `ite eq` with one instruction on each side, then a branch with link to A32 code. */
  const HALVES = [
    0x2001, // 00 movs r0, #1
    0x2801, // 02 cmp r0, #1
    0xbf0c, // 04 ite eq
    0x2105, // 06 moveq r1, #5
    0x2106, // 08 movne r1, #6
    0xbf00, // 0a nop
    ...[0xf000, 0xe818], // 0c blx 40
    0x2207, // 10 movs r2, #7
    0xe7fe, // 12 b 12
  ];

  it('steps through an IT block and between instruction sets', async () => {
    const { printed } = await run({
      kernel,
      script: [
        ...HALVES.map((value, at) => half(CODE + 2 * at, value)),
        word(CODE + 0x40, 0xe3a0_3009), // mov r3, #9
        word(CODE + 0x44, 0xe12f_ff1e), // bx lr
        print('mode', '$cpsr & 0x20'),
        'set $r1 = 0',
        'set $cpsr = $cpsr | 0x20',
        `set $pc = 0x${CODE.toString(16)}`,
        ...Array(9)
          .fill(['stepi', print('step', '$pc', '$cpsr & 0x20', '$r0', '$r1', '$r3')])
          .flat(),
        'stepi',
        print('end', '$pc', '$r2'),
        'kill',
      ],
    });
    expect(printed).toEqual([
      'mode=0',
      'step=80100002 20 1 0 0',
      'step=80100004 20 1 0 0',
      'step=80100006 20 1 0 0',
      'step=80100008 20 1 5 0',
      'step=8010000a 20 1 5 0',
      'step=8010000c 20 1 5 0',
      'step=80100040 0 1 5 0',
      'step=80100044 0 1 5 9',
      'step=80100010 20 1 5 9',
      'end=80100012 7',
    ]);
  });

  it('stops in an IT block and behind it', async () => {
    const { printed } = await run({
      kernel,
      script: [
        ...HALVES.map((value, at) => half(CODE + 2 * at, value)),
        'set arm fallback-mode thumb',
        'set $cpsr = $cpsr | 0x20',
        `set $pc = 0x${CODE.toString(16)}`,
        'break *0x80100006',
        'continue',
        print('it', '$pc', '($cpsr >> 8) & 0xfc | ($cpsr >> 25) & 3'),
        'delete',
        'hbreak *0x8010000a',
        'continue',
        print('behind', '$pc', '$r1'),
        'kill',
      ],
    });
    // ITE EQ at its first instruction: condition 0000, mask 1100.
    expect(printed).toEqual(['it=80100006 c', 'behind=8010000a 5']);
  });

  it('reads and writes system registers', async () => {
    const { printed, said } = await run({
      kernel,
      script: [
        print('midr', '$midr'),
        'set $vbar = 0x80200000',
        'set $spsr_irq = 0x1f',
        'set $d7 = 1.5',
        print('set', '$vbar', '$spsr_irq'),
        'print $d7',
        'info registers cpsr',
        'show architecture',
        'info all-registers',
        'kill',
      ],
    });
    expect(printed).toEqual(['midr=414fc0f0', 'set=80200000 1f']);
    expect(said).toContain('= 1.5');
    expect(said).toContain('"arm');
  });

  it('leaves a guest that ends as it would have without', async () => {
    const plain = await (await startVm({ kernel })).wait();
    const { verdict } = await run({ kernel, script: [...Array(50).fill('stepi'), 'info all-registers', 'detach'] });
    expect(verdict.summary).toBe(plain.summary);
    expect(verdict.instructions).toBe(plain.instructions);
    expect(verdict.stateHash).toBe(plain.stateHash);
  });
});

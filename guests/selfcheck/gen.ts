// Writes the self-check's cases (assembly) to standard output: a few hundred MIPS32r2 integer instructions on random
// and edge operands, from a fixed seed. It says nothing about results; those come from qemu-user (expected-{el,eb}.h).
//
// A case finds t0, t1, t2, HI and LO loaded from its operands and t4 at a 32-byte buffer; it may change all of them and
// t5, t6. Every instruction is tried on four sets of operands.

let state = 0x6d2b79f5;
/** xorshift32: unsigned 32-bit. */
function random(): number {
  state ^= state << 13;
  state ^= state >>> 17;
  state ^= state << 5;
  return state >>> 0;
}
const below = (n: number): number => random() % n;

const EDGES = [0, 1, 0xffffffff, 0x7fffffff, 0x80000000, 0x8000, 0x7fff, 0xffff8000, 0xffff, 0x10000, 0x80, 0xff];
const operand = (): number => (below(3) === 0 ? EDGES[below(EDGES.length)]! : random() >>> (below(4) * 8));
const signed16 = (): number => (below(3) === 0 ? [0, 1, -1, 32767, -32768][below(5)]! : below(65536) - 32768);
const unsigned16 = (): number => (below(3) === 0 ? [0, 1, 0xffff, 0x8000, 0x7fff][below(5)]! : below(65536));
const reg = (): string => `$t${below(3)}`;
/** A destination; now and then $zero, which must stay zero. */
const dest = (): string => (below(16) === 0 ? '$zero' : reg());

interface Case {
  lines: string[];
  /** Whether a set of operands avoids traps and unpredictable results. */
  allowed?: (t: readonly number[]) => boolean;
}
const cases: Case[] = [];
const add = (lines: string | string[], allowed?: Case['allowed']): void => {
  cases.push({ lines: typeof lines === 'string' ? [lines] : lines, ...(allowed ? { allowed } : {}) });
};
const times = (n: number, make: () => void): void => {
  for (let i = 0; i < n; i++) make();
};

const number = (r: string): number => Number(r[2]);
const fits = (n: number): boolean => n >= -0x80000000 && n <= 0x7fffffff;

for (const op of [
  'addu',
  'subu',
  'and',
  'or',
  'xor',
  'nor',
  'slt',
  'sltu',
  'sllv',
  'srlv',
  'srav',
  'rotrv',
  'movz',
  'movn',
])
  times(4, () => add(`${op} ${dest()}, ${reg()}, ${reg()}`));
for (const [op, sign] of [
  ['add', 1],
  ['sub', -1],
] as const)
  times(4, () => {
    const [a, b] = [reg(), reg()];
    add(`${op} ${dest()}, ${a}, ${b}`, (t) => fits((t[number(a)]! | 0) + sign * (t[number(b)]! | 0)));
  });
times(4, () => {
  const [a, imm] = [reg(), signed16()];
  add(`addi ${dest()}, ${a}, ${imm}`, (t) => fits((t[number(a)]! | 0) + imm));
});
for (const op of ['addiu', 'slti', 'sltiu']) times(5, () => add(`${op} ${dest()}, ${reg()}, ${signed16()}`));
for (const op of ['andi', 'ori', 'xori']) times(5, () => add(`${op} ${dest()}, ${reg()}, ${unsigned16()}`));
times(3, () => add(`lui ${dest()}, ${unsigned16()}`));
for (const op of ['sll', 'srl', 'sra', 'rotr'])
  for (const amount of [0, 1, 31, below(32), below(32)]) add(`${op} ${dest()}, ${reg()}, ${amount}`);
for (const op of ['clz', 'clo', 'seb', 'seh', 'wsbh']) times(3, () => add(`${op} ${dest()}, ${reg()}`));
for (const [pos, size] of [
  [0, 32],
  [0, 1],
  [31, 1],
  [0, 16],
  [16, 16],
  [5, 7],
  [13, 19],
  [1, 30],
  [below(32), 1],
] as const)
  for (const op of ['ext', 'ins']) add(`${op} ${dest()}, ${reg()}, ${pos}, ${size}`);

for (const op of ['mult', 'multu', 'madd', 'maddu', 'msub', 'msubu']) {
  times(4, () => add(`${op} ${reg()}, ${reg()}`));
  times(2, () => add([`${op} ${reg()}, ${reg()}`, `mfhi ${reg()}`, `${op} ${reg()}, ${reg()}`, `mflo ${reg()}`]));
}
// MUL leaves HI and LO unpredictable.
times(5, () => add([`mul ${dest()}, ${reg()}, ${reg()}`, 'mthi $zero', 'mtlo $zero']));
for (const op of ['div', 'divu'])
  times(5, () => {
    const [a, b] = [reg(), reg()];
    add(`${op} $zero, ${a}, ${b}`, (t) => {
      const [n, d] = [t[number(a)]!, t[number(b)]!];
      return d !== 0 && !(op === 'div' && n === 0x80000000 && d === 0xffffffff);
    });
  });
times(2, () => add([`mfhi ${reg()}`, `mflo ${reg()}`]));
times(2, () => add([`mthi ${reg()}`, `mtlo ${reg()}`]));

for (const [op, size] of [
  ['lb', 1],
  ['lbu', 1],
  ['lh', 2],
  ['lhu', 2],
  ['lw', 4],
  ['ll', 4],
  ['sb', 1],
  ['sh', 2],
  ['sw', 4],
] as const)
  times(5, () => add(`${op} ${dest()}, ${below(32 / size) * size}($t4)`));
for (const op of ['lwl', 'lwr', 'swl', 'swr'])
  for (const offset of [0, 1, 2, 3, 5, 10, 19, 28]) add(`${op} ${reg()}, ${offset}($t4)`);
// The two halves of an unaligned word, the way compilers write it, in either endianness.
for (const offset of [0, 1, 2, 3, 6, 13, 27]) {
  add([`lwl $t0, ${offset}($t4)`, `lwr $t0, ${offset + 3}($t4)`, `swr $t0, 20($t4)`]);
  add([`lwr $t1, ${offset}($t4)`, `lwl $t1, ${offset + 3}($t4)`, `swl $t1, 9($t4)`]);
  add([`swl $t0, ${offset}($t4)`, `swr $t0, ${offset + 3}($t4)`, `lw $t2, 4($t4)`]);
  add([`swr $t1, ${offset}($t4)`, `swl $t1, ${offset + 3}($t4)`, `lb $t2, 7($t4)`]);
}
times(4, () => {
  const at = below(8) * 4;
  add([`ll $t5, ${at}($t4)`, 'addu $t1, $t1, $t5', `sc $t1, ${at}($t4)`]);
});
add(['pref 0, 0($t4)', 'sync', 'lw $t0, 8($t4)']);

// Branches: t2 tells the path, and every slot leaves its mark. "b" stands for the target.
const branch = (insn: string, extra: string[] = []): void =>
  add([insn, 'addiu $t2, $t2, 1', 'addiu $t2, $t2, 2', '1:', 'addiu $t2, $t2, 4', ...extra]);
for (const likely of ['', 'l']) {
  for (const op of ['beq', 'bne'])
    for (const other of ['$t1', '$t0', '$zero']) branch(`${op}${likely} $t0, ${other}, 1f`);
  for (const op of ['blez', 'bgtz', 'bltz', 'bgez']) times(2, () => branch(`${op}${likely} ${reg()}, 1f`));
  // The return address as a distance, so that the place in memory does not matter.
  for (const op of ['bltzal', 'bgezal'])
    times(2, () =>
      add([
        'move $t6, $ra',
        '2:',
        `${op}${likely} $t${below(2)}, 1f`,
        'addiu $t2, $t2, 1',
        'addiu $t2, $t2, 2',
        '1:',
        'lui $t5, %hi(2b)',
        'addiu $t5, $t5, %lo(2b)',
        'subu $t5, $ra, $t5',
        'sltiu $t0, $t5, 16',
        'movz $t5, $zero, $t0',
        'addu $t2, $t2, $t5',
        'move $ra, $t6',
      ]),
    );
}
for (const jump of ['j 1f', 'jr $t5', 'jal 1f', 'jalr $t5', 'jalr $t6, $t5'])
  add([
    ...(jump === 'jalr $t6, $t5' ? [] : ['move $t6, $ra']),
    'lui $t5, %hi(1f)',
    'addiu $t5, $t5, %lo(1f)',
    jump,
    'addiu $t2, $t2, 1',
    'addiu $t2, $t2, 2',
    '1:',
    'addiu $t2, $t2, 4',
    ...(jump === 'jalr $t6, $t5'
      ? ['subu $t0, $t6, $t5']
      : ['subu $t0, $ra, $t5', 'movn $t0, $zero, $t0', 'move $ra, $t6']),
  ]);
// Loops: a counted one, and one whose work is in the slot.
add(['andi $t0, $t0, 31', '1:', 'addu $t2, $t2, $t1', 'rotr $t1, $t1, 3', 'bgtz $t0, 1b', 'addiu $t0, $t0, -1']);
add(['ori $t5, $zero, 17', '1:', 'addiu $t5, $t5, -1', 'bnezl $t5, 1b', 'xor $t2, $t2, $t5']);

const SETS = 4;
const out: string[] = ['  .set noreorder', '  .set noat', '  .text'];
const table: string[] = [];
let count = 0;
cases.forEach((c, i) => {
  out.push(`case_${i}:`, ...c.lines.map((l) => (l.endsWith(':') ? l : `  ${l}`)), '  jr $ra', '  nop');
  out.push(
    '  .section .rodata',
    `name_${i}: .asciz "${c.lines.filter((l) => !l.endsWith(':')).join('; ')}"`,
    '  .text',
  );
  for (let set = 0; set < SETS; set++) {
    let t = [operand(), operand(), operand()];
    for (let tries = 0; c.allowed && !c.allowed(t); tries++) {
      if (tries === 1000) throw new Error(`no operands for ${c.lines.join('; ')}`);
      t = [operand() >>> 1, operand() >>> 1, operand() >>> 1];
    }
    // Equal operands are worth a set of their own to branches and comparisons.
    if (set === 3 && !c.allowed) t = [t[0]!, t[0]!, t[2]!];
    const words = [...t, operand(), operand()].map((w) => `0x${w.toString(16)}`);
    table.push(`  .word case_${i}, name_${i}, ${words.join(', ')}`);
    count++;
  }
});
out.push('  .section .rodata', '  .balign 4', '  .globl case_table', 'case_table:', ...table);
out.push('  .globl case_count', 'case_count:', `  .word ${count}`);
process.stdout.write(`${out.join('\n')}\n`);

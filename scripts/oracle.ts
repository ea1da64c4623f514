// The instruction oracle: runs random MIPS32r2 instruction records on tsvm's core and under qemu-user, and compares.
//
// usage: npx tsx scripts/oracle.ts [--fpu] [--count N] [--seed S] [--first I] [--endian little|big|both] [--evidence FILE]
//          compare live (needs Debian's qemu-user); exits 1 at any difference. --fpu: floating-point records, on 24Kf and 74Kf;
//          --evidence writes the result with command, machine and date
//        npx tsx scripts/oracle.ts --record [--fpu]
//          write test/isa/fixtures/*.txt anew from qemu-user (needed after a change of the generator)
//        npx tsx scripts/oracle.ts --show I [--fpu] [--seed S] [--endian little|big]
//          one record in full: its start, what qemu-user made of it, what tsvm did
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { parseArgs } from 'node:util';
import type { Endianness } from '../src/memory/guest-memory.ts';
import { formatFixture } from '../test/support/oracle/fixture.ts';
import type { InstructionRecord, RecordResult } from '../test/support/oracle/machine.ts';
import { qemuUserVersion } from '../test/support/oracle/qemu-user.ts';
import { FPU_SUITE, INTEGER_SUITE, type Suite } from '../test/support/oracle/suites.ts';
import { circumstances, sourcesNow } from './common.ts';

/** Records generated, run and compared at a time. */
const CHUNK = 10_000;
/** Differing records printed in full, per byte order. */
const SHOWN = 5;

const { values } = parseArgs({
  options: {
    count: { type: 'string', default: '20000' },
    seed: { type: 'string', default: '1' },
    first: { type: 'string', default: '0' },
    endian: { type: 'string', default: 'both' },
    record: { type: 'boolean', default: false },
    show: { type: 'string' },
    fpu: { type: 'boolean', default: false },
    evidence: { type: 'string' },
  },
});

function fail(message: string): never {
  console.error(`oracle: ${message}`);
  process.exit(2);
}

function natural(name: 'count' | 'seed' | 'first' | 'show', text: string): number {
  const value = Number(text);
  if (!Number.isSafeInteger(value) || value < 0) fail(`--${name} wants a number of 0 or more, not "${text}"`);
  return value;
}

function endiannesses(): Endianness[] {
  if (values.endian === 'both') return ['little', 'big'];
  if (values.endian === 'little' || values.endian === 'big') return [values.endian];
  return fail(`--endian is little, big or both, not "${values.endian}"`);
}

function reference(endianness: Endianness): string {
  return qemuUserVersion(endianness) ?? fail('qemu-user is not installed; on Debian: apt-get install qemu-user');
}

function record<R extends InstructionRecord, T extends RecordResult>(suite: Suite<R, T>, endianness: Endianness): void {
  const { seed, count } = suite.fixture;
  const records = suite.make(seed, 0, count, endianness);
  const results = suite.expected(records, endianness, suite.cpus[0]!);
  const path = suite.fixturePath(endianness);
  mkdirSync(dirname(path), { recursive: true });
  const text = formatFixture({
    source: `${reference(endianness)} -cpu ${suite.cpus[0]}`,
    seed,
    count,
    hash: suite.hash(records),
    lines: records.map((item, n) => suite.format(item, results[n]!)),
  });
  writeFileSync(path, text);
  console.log(`${path}: ${count} results`);
}

function show<R extends InstructionRecord, T extends RecordResult>(
  suite: Suite<R, T>,
  index: number,
  seed: number,
  endianness: Endianness,
): void {
  const [item] = suite.make(seed, index, 1, endianness);
  console.log(`${endianness}-endian ${suite.describe(item!)}`);
  for (const cpu of suite.cpus) {
    const [expected] = suite.expected([item!], endianness, cpu);
    console.log(`qemu-user ${cpu}: ${suite.format(item!, expected!)}`);
    console.log(`tsvm ${cpu}:      ${suite.format(item!, suite.machine(endianness, cpu).run(item!))}`);
  }
}

const FPU_RECORDS = `
- A record is one to four floating-point instructions (COP1 in formats S, D, W and L, COP1X, MOVF and MOVT), Status.FR 0 or 1, an FCSR (rounding,
  enables, flags, FS, Cause, conditions) and 64 words of registers: zeros, subnormals, edges of the range, infinities, NaNs of both kinds,
  halfway cases, operands whose result meets an edge.
- Compared: all registers, FCSR with Cause and flags, memory, the kind of exception, EPC, BadVAddr.
- Left out: CFC1 of FIR (qemu's 74Kf has a 24Kf's), control registers that do not exist, reserved bits of FCCR, FEXR and FENR.
- Followed where the architecture leaves a choice: every NaN result is the default NaN; a result that FS makes zero raises nothing; subnormals
  are computed, never Unimplemented Operation; with FR=0 an odd register of LDC1, SDC1, MOVF.D, MOVT.D, MOVZ.D and MOVN.D names its pair.
`;

interface Compared {
  readonly differences: number;
  /** What was compared, in a line. */
  readonly line: string;
}

function compare<R extends InstructionRecord, T extends RecordResult>(
  suite: Suite<R, T>,
  cpu: string,
  endianness: Endianness,
  { seed, first, count }: { seed: number; first: number; count: number },
): Compared {
  const version = reference(endianness);
  const machine = suite.machine(endianness, cpu);
  const differing = new Map<string, number>();
  const mnemonics = new Set<string>();
  let differences = 0;
  for (let done = 0; done < count; done += CHUNK) {
    const records = suite.make(seed, first + done, Math.min(CHUNK, count - done), endianness);
    const expected = suite.expected(records, endianness, cpu);
    for (const [n, item] of records.entries()) {
      for (const mnemonic of item.name.split(' ')) mnemonics.add(mnemonic);
      const lines = suite.compare(item, expected[n]!, machine.run(item));
      if (lines.length === 0) continue;
      differences++;
      differing.set(item.name, (differing.get(item.name) ?? 0) + 1);
      if (differences <= SHOWN) console.log(`${endianness}-endian ${suite.describe(item)}\n  ${lines.join('\n  ')}`);
    }
  }
  for (const [name, times] of [...differing].sort((a, b) => b[1] - a[1]).slice(0, 30))
    console.log(`  ${times} x ${name}`);
  const line = `${endianness}-endian ${cpu}: ${count} records from ${first} of seed ${seed}, ${mnemonics.size} mnemonics, against ${version}: ${differences} differ`;
  console.log(line);
  return { differences, line };
}

function compareAll<R extends InstructionRecord, T extends RecordResult>(suite: Suite<R, T>, seed: number): void {
  const range = { seed, first: natural('first', values.first), count: natural('count', values.count) };
  const sources = sourcesNow();
  const results = suite.cpus.flatMap((cpu) =>
    endiannesses().map((endianness) => compare(suite, cpu, endianness, range)),
  );
  const differences = results.reduce((sum, result) => sum + result.differences, 0);
  process.exitCode = differences === 0 ? 0 : 1;
  if (values.evidence === undefined) return;
  const command = `npx tsx scripts/oracle.ts ${process.argv.slice(2).join(' ')}`;
  writeFileSync(
    values.evidence,
    `# Random ${values.fpu ? 'floating-point ' : ''}instructions against qemu-user

What \`scripts/oracle.ts\` does with the records of \`test/support/oracle/${values.fpu ? 'fpu/' : ''}records.ts\`.
${values.fpu ? FPU_RECORDS : ''}
${circumstances(command, sources, `${differences} records differ`).replace(', after `npm run build`', '')}

${results.map(({ line }) => `- ${line}`).join('\n')}
`,
  );
}

function main<R extends InstructionRecord, T extends RecordResult>(suite: Suite<R, T>): void {
  const seed = natural('seed', values.seed);
  if (values.record) {
    for (const endianness of endiannesses()) record(suite, endianness);
  } else if (values.show !== undefined) {
    for (const endianness of endiannesses()) show(suite, natural('show', values.show), seed, endianness);
  } else compareAll(suite, seed);
}

if (values.fpu) main(FPU_SUITE);
else main(INTEGER_SUITE);

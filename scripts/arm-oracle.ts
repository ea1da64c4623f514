// The ARM instruction oracle: runs random A32, T32, VFP and Advanced SIMD records on tsvm's core and under qemu-arm, and compares.
//
// usage: npx tsx scripts/arm-oracle.ts [--set a32|t32|vfp|simd] [--count N] [--seed S] [--first I] [--only NAME] [--machine engine|evaluator]
//          [--log FILE] [--evidence FILE]
//          compare live (needs Debian's qemu-user); exits 1 at any difference. --only: records whose last instruction has this mnemonic, or one that
//          matches this regular expression; --machine evaluator: the rows' statements walked in TypeScript instead of the engine; --log: every
//          difference, in full; --evidence: the result with command, machine and date
//        npx tsx scripts/arm-oracle.ts --show I --set S [--seed S]      one record in full, and what became of it
//        npx tsx scripts/arm-oracle.ts --record                         write test/isa/fixtures/arm-*.br anew from qemu-arm and llvm-mc
import { appendFileSync, writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { recordDisassembly } from '../test/support/arm/disassembly.ts';
import { FIXTURES, recordFixture } from '../test/support/arm/fixture.ts';
import { type ArmRecord, type ArmResult, compareResults, describeRecord } from '../test/support/arm/machine.ts';
import { qemuArmVersion, runUnderQemuArm } from '../test/support/arm/qemu-arm.ts';
import { makeRecord } from '../test/support/arm/state.ts';
import { makeCode, namesOf, SUITES, type Suite } from '../test/support/arm/words.ts';
import { circumstances, sourcesNow } from './common.ts';

const { values } = parseArgs({
  options: {
    set: { type: 'string', default: 'a32' },
    count: { type: 'string', default: '20000' },
    seed: { type: 'string', default: '1' },
    first: { type: 'string', default: '0' },
    only: { type: 'string' },
    machine: { type: 'string', default: 'engine' },
    show: { type: 'string' },
    record: { type: 'boolean', default: false },
    log: { type: 'string' },
    evidence: { type: 'string' },
  },
});

/** Records generated, run and compared at a time. */
const CHUNK = 10_000;
/** Groups of differences printed. */
const SHOWN = 40;

function fail(message: string): never {
  console.error(`arm-oracle: ${message}`);
  process.exit(2);
}

function natural(name: 'count' | 'seed' | 'first' | 'show', text: string): number {
  const value = Number(text);
  if (!Number.isSafeInteger(value) || value < 0) fail(`--${name} wants a number of 0 or more, not "${text}"`);
  return value;
}

interface Machine {
  run(record: ArmRecord): ArmResult;
}

async function machineOf(name: string): Promise<Machine> {
  if (name === 'evaluator') return new (await import('../test/support/arm/evaluated.ts')).EvaluatedMachine();
  if (name === 'engine') return new (await import('../test/support/arm/emulated.ts')).EmulatedMachine();
  return fail(`--machine is engine or evaluator, not "${name}"`);
}

/** What is wrong on our side may be an exception of it. */
function compare(machine: Machine, record: ArmRecord, expected: ArmResult): string[] {
  let got: ArmResult;
  try {
    got = machine.run(record);
  } catch (error) {
    return [`tsvm fails: ${error instanceof Error ? error.message : String(error)}`];
  }
  return compareResults(record, expected, got);
}

function make(suite: Suite, seed: number, index: number): ArmRecord {
  const { set, code } = makeCode(suite, seed, index);
  return makeRecord(seed, index, set, code, suite === 'vfp' || suite === 'simd');
}

interface Group {
  count: number;
  readonly example: string;
}

interface Difference {
  readonly names: readonly string[];
  readonly text: string;
}

/** By mnemonic, the most frequent first. A sequence counts for one of its instructions that differs alone, too, or for its last one. */
function grouped(found: readonly Difference[]): (readonly [name: string, group: Group])[] {
  const groups = new Map<string, Group>();
  const add = (name: string, text: string): void => {
    const group = groups.get(name);
    if (group) group.count++;
    else groups.set(name, { count: 1, example: text });
  };
  for (const { names, text } of found) if (names.length === 1) add(names[0]!, text);
  const alone = new Set(groups.keys());
  for (const { names, text } of found)
    if (names.length > 1) add(names.find((name) => alone.has(name)) ?? `... ${names.at(-1)}`, text);
  return [...groups].sort((a, b) => b[1].count - a[1].count);
}

/** A difference in a few lines. */
function brief(record: ArmRecord, lines: readonly string[]): string {
  const code = record.code.map((half) => half.toString(16).padStart(4, '0')).join(' ');
  return `#${record.index} [${namesOf(record).join('; ')}] ${code}: ${lines.slice(0, 3).join('; ')}${lines.length > 3 ? ' ...' : ''}`;
}

async function compareAll(suite: Suite, seed: number): Promise<void> {
  const version = qemuArmVersion() ?? fail('qemu-arm is not installed; on Debian: apt-get install qemu-user');
  const [first, count] = [natural('first', values.first), natural('count', values.count)];
  const only = values.only === undefined ? null : new RegExp(`^(${values.only})$`);
  const sources = sourcesNow();
  const machine = await machineOf(values.machine);
  const found: Difference[] = [];
  const seen = new Map<string, number>();
  let [differences, compared] = [0, 0];
  if (values.log !== undefined) writeFileSync(values.log, '');
  const started = Date.now();
  for (let done = 0; done < count; done += CHUNK) {
    const records = Array.from({ length: Math.min(CHUNK, count - done) }, (_, n) =>
      make(suite, seed, first + done + n),
    ).filter((record) => only === null || only.test(namesOf(record).at(-1)!));
    const expected = runUnderQemuArm(records);
    for (const [n, record] of records.entries()) {
      compared++;
      for (const name of namesOf(record)) seen.set(name, (seen.get(name) ?? 0) + 1);
      const lines = compare(machine, record, expected[n]!);
      if (lines.length === 0) continue;
      differences++;
      found.push({ names: namesOf(record), text: brief(record, lines) });
      if (values.log !== undefined)
        appendFileSync(values.log, `${describeRecord(record, namesOf(record))}\n    ${lines.join('\n    ')}\n`);
    }
  }
  const sorted = grouped(found);
  for (const [name, group] of sorted.slice(0, SHOWN)) console.log(`${group.count} x ${name}\n    ${group.example}`);
  if (sorted.length > SHOWN) console.log(`... and ${sorted.length - SHOWN} more groups`);
  const known = [...seen.keys()].filter((name) => !name.startsWith('no row')).length;
  const line = `${suite}: ${compared} records from ${first} of seed ${seed}, ${known} mnemonics, tsvm's ${values.machine} against ${version}: ${differences} differ`;
  console.log(`${line} (${((Date.now() - started) / 1000).toFixed(0)} s)`);
  if (values.log !== undefined) appendFileSync(values.log, `${line}\n`);
  process.exitCode = differences === 0 ? 0 : 1;
  if (values.evidence === undefined) return;
  const command = `npx tsx scripts/arm-oracle.ts ${process.argv.slice(2).join(' ')}`;
  writeFileSync(
    values.evidence,
    `# Random ARM instructions (${suite}) against qemu-arm

What \`scripts/arm-oracle.ts\` does with the records of \`test/support/arm\`: registers, CPSR, FPSCR, all D registers, memory, the kind of exception
and its place are compared. Left out: \`test/support/arm/unpredictable.ts\`, \`docs/arm-unpredictable.md\`.

${circumstances(command, sources, `${differences} records differ`).replace(', after `npm run build`', '')}

- ${line}
`,
  );
}

async function show(suite: Suite, seed: number, index: number): Promise<void> {
  const record = make(suite, seed, index);
  const [expected] = runUnderQemuArm([record]);
  console.log(describeRecord(record, namesOf(record)));
  console.log(`qemu-arm: ${expected!.stop} at ${expected!.pc.toString(16)} (${expected!.address.toString(16)})`);
  console.log(compare(await machineOf(values.machine), record, expected!).join('\n') || 'equal');
}

function suiteOf(name: string): Suite {
  return SUITES.find((suite) => suite === name) ?? fail(`--set is one of ${SUITES.join(', ')}, not "${name}"`);
}

const seed = natural('seed', values.seed);
if (values.record) {
  for (const suite of SUITES) console.log(recordFixture(suite, FIXTURES[suite]));
  console.log(recordDisassembly());
} else if (values.show !== undefined) await show(suiteOf(values.set), seed, natural('show', values.show));
else await compareAll(suiteOf(values.set), seed);

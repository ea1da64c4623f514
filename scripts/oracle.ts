// The instruction oracle: runs random MIPS32r2 instruction records on tsvm's core and under qemu-user, and compares.
//
// usage: npx tsx scripts/oracle.ts [--count N] [--seed S] [--first I] [--endian little|big|both]
//          compare live (needs Debian's qemu-user); exits 1 at any difference
//        npx tsx scripts/oracle.ts --record
//          write test/isa/fixtures/*.txt anew from qemu-user (needed after a change of the generator)
//        npx tsx scripts/oracle.ts --show I [--seed S] [--endian little|big]
//          one record in full: its start, what qemu-user made of it, what tsvm did
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { parseArgs } from 'node:util';
import type { Endianness } from '../src/memory/guest-memory.ts';
import { EmulatedMachine } from '../test/support/oracle/emulated.ts';
import {
  FIXTURE_COUNT,
  FIXTURE_SEED,
  fixturePath,
  formatFixture,
  formatResult,
  hashRecords,
} from '../test/support/oracle/fixture.ts';
import { compareResults, describeRecord, type InstructionRecord } from '../test/support/oracle/machine.ts';
import { qemuUserVersion, runUnderQemu } from '../test/support/oracle/qemu-user.ts';
import { makeRecord, makeRecords } from '../test/support/oracle/records.ts';

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

function record(endianness: Endianness): void {
  const records = makeRecords(FIXTURE_SEED, 0, FIXTURE_COUNT, endianness);
  const results = runUnderQemu(records, endianness);
  const path = fixturePath(endianness);
  mkdirSync(dirname(path), { recursive: true });
  const text = formatFixture({
    source: reference(endianness),
    seed: FIXTURE_SEED,
    count: FIXTURE_COUNT,
    hash: hashRecords(records),
    lines: records.map((item, n) => formatResult(item, results[n]!)),
  });
  writeFileSync(path, text);
  console.log(`${path}: ${FIXTURE_COUNT} results`);
}

function show(index: number, seed: number, endianness: Endianness): void {
  const item = makeRecord(seed, index, endianness);
  const [expected] = runUnderQemu([item], endianness);
  console.log(`${endianness}-endian ${describeRecord(item)}`);
  console.log(`qemu-user: ${formatResult(item, expected!)}`);
  console.log(`tsvm:      ${formatResult(item, new EmulatedMachine(endianness).run(item))}`);
}

/** Returns how many records differ. */
function compare(endianness: Endianness, seed: number, first: number, count: number): number {
  const version = reference(endianness);
  const machine = new EmulatedMachine(endianness);
  const differing = new Map<string, number>();
  const mnemonics = new Set<string>();
  let differences = 0;
  for (let done = 0; done < count; done += CHUNK) {
    const records = makeRecords(seed, first + done, Math.min(CHUNK, count - done), endianness);
    const expected = runUnderQemu(records, endianness);
    records.forEach((item: InstructionRecord, n) => {
      for (const mnemonic of item.name.split(' ')) mnemonics.add(mnemonic);
      const lines = compareResults(item, expected[n]!, machine.run(item));
      if (lines.length === 0) return;
      differences++;
      differing.set(item.name, (differing.get(item.name) ?? 0) + 1);
      if (differences <= SHOWN) console.log(`${endianness}-endian ${describeRecord(item)}\n  ${lines.join('\n  ')}`);
    });
  }
  for (const [name, times] of [...differing].sort((a, b) => b[1] - a[1]).slice(0, 30))
    console.log(`  ${times} x ${name}`);
  console.log(
    `${endianness}-endian: ${count} records from ${first} of seed ${seed}, ${mnemonics.size} mnemonics, against ${version}: ${differences} differ`,
  );
  return differences;
}

const seed = natural('seed', values.seed);
if (values.record) {
  for (const endianness of endiannesses()) record(endianness);
} else if (values.show !== undefined) {
  for (const endianness of endiannesses()) show(natural('show', values.show), seed, endianness);
} else {
  let differences = 0;
  for (const endianness of endiannesses())
    differences += compare(endianness, seed, natural('first', values.first), natural('count', values.count));
  process.exitCode = differences === 0 ? 0 : 1;
}

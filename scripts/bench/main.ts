// Usage: npm run bench [-- OPTIONS]   (--help lists them)
// Speed and memory of tsvm beside QEMU's TCG, with and without -icount, on the same guests: Linux for trap-and-emulate, and for ARMv7, with
// the benchmarks of its initramfs, jobs of our own (guest/), the loops of guests/bench. What is missing is said, and the rest runs. Needs a
// build (npm run build). -icount shift=0 is QEMU's fastest: the fewest timer interrupts per instruction. Exit code 1 when something failed.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { copyPackage, requirePackage } from '../common.ts';
import { type Contender, findQemu, MACHINES, type Machine, qemu, tsvm } from './contenders.ts';
import { findInputs, type Inputs } from './inputs.ts';
import { loadNow, machineFacts, machineLine } from './machine.ts';
import { measureRow, measureStart, type RowResult, type StartResult } from './measure.ts';
import { type Options, parseOptions, USAGE } from './options.ts';
import { GUEST_MEMORY, type Paths, ROWS } from './rows.ts';
import { isSelected, missingFor, quickScales, STARTS } from './selection.ts';
import { groupMeans, heading, LEGEND, meanLine, residentLines, resultLine, startLine } from './table.ts';

const ROOT = resolve(import.meta.dirname, '../..');
/** Starts are short, and their times differ much. */
const STARTS_PER_ROUND = 7;

interface Skipped {
  readonly name: string;
  readonly reason: string;
}

function optionsOrExit(): Options {
  try {
    const options = parseOptions(process.argv.slice(2));
    if (!options.help) return options;
    console.log(USAGE);
    process.exit(0);
  } catch (error) {
    console.error(`${error instanceof Error ? error.message : error}\n${USAGE}`);
    process.exit(2);
  }
}

const pathsOf = (inputs: Inputs): Paths =>
  Object.fromEntries(
    Object.entries(inputs).map(([name, input]) => [name, 'path' in input ? input.path : '']),
  ) as Record<keyof Inputs, string>;

function peers({ peer, icount }: Options): { readonly contenders: Contender[]; readonly skipped: Skipped[] } {
  if (!peer) return { contenders: [], skipped: [{ name: 'qemu', reason: '--no-peer' }] };
  const skipped: Skipped[] = [];
  const versions = new Map<Machine, string>();
  for (const machine of MACHINES) {
    const found = findQemu(machine);
    if ('missing' in found) skipped.push({ name: `qemu, ${machine}`, reason: found.missing });
    else versions.set(machine, found.version);
  }
  if (versions.size === 0) return { contenders: [], skipped };
  const version = [...new Set(versions.values())].join(', ');
  const contenders = [qemu(version, null, [...versions.keys()])];
  if (icount === null) skipped.push({ name: 'qemu-icount', reason: '--no-icount' });
  else contenders.push(qemu(version, icount, [...versions.keys()]));
  return { contenders, skipped };
}

async function measureRows(
  options: Options,
  contenders: readonly Contender[],
  inputs: Readonly<Record<Machine, Inputs>>,
  skipped: Skipped[],
): Promise<RowResult[]> {
  const results: RowResult[] = [];
  const groupEnds = new Set(ROWS.filter(({ group }, i) => ROWS[i + 1]?.group !== group).map(({ name }) => name));
  console.log(heading());
  for (const row of ROWS) {
    if (isSelected(options.only, row.name, row.group, row.machine)) {
      const reason = missingFor(row.needs, inputs[row.machine]);
      if (reason === null) {
        const scales = options.quick ? quickScales(row.scales) : row.scales;
        const able = contenders.filter(({ machines }) => machines.includes(row.machine));
        const result = await measureRow({ ...row, scales }, able, pathsOf(inputs[row.machine]), options.rounds);
        console.log(resultLine(result));
        for (const [name, why] of Object.entries(result.failures))
          console.log(`  FAILED: ${row.name}, ${name}: ${why}`);
        results.push(result);
      } else {
        console.log(`${row.name}: skipped: ${reason}`);
        skipped.push({ name: row.name, reason });
      }
    }
    if (!groupEnds.has(row.name)) continue;
    for (const mean of groupMeans(results.filter(({ group }) => group === row.group))) console.log(meanLine(mean));
  }
  return results;
}

async function bench(options: Options, scratch: string): Promise<boolean> {
  const began = performance.now();
  const folder = options.tsvm === undefined ? ROOT : dirname(dirname(resolve(options.tsvm)));
  requirePackage(folder);
  const launcher = copyPackage(folder, scratch);
  const machine = machineFacts();
  const inputs = await findInputs(scratch);
  const { contenders: others, skipped } = peers(options);
  const contenders = [tsvm({ launcher, from: folder, engine: options.engine, scratch }), ...others];

  console.log(`${machineLine(machine)}; ${options.rounds} rounds, medians`);
  for (const { name, version } of contenders) console.log(`${name}: ${version}`);
  for (const { name, reason } of skipped) console.log(`${name}: not measured: ${reason}`);
  const results = await measureRows(options, contenders, inputs, skipped);

  const starts: StartResult[] = [];
  for (const machine of MACHINES) {
    const [name, { hello }] = [STARTS[machine], inputs[machine]];
    if (!isSelected(options.only, name, machine)) continue;
    if ('path' in hello) {
      const start = await measureStart(name, launcher, options.engine, hello.path, STARTS_PER_ROUND * options.rounds);
      console.log(startLine(start));
      starts.push(start);
    } else skipped.push({ name, reason: hello.missing });
  }
  for (const result of results.filter(({ group }) => group.endsWith('resident')))
    for (const line of residentLines(result, GUEST_MEMORY)) console.log(line);
  const seconds = Math.round((performance.now() - began) / 1000);
  console.log(`${LEGEND}\n${seconds} s; load now ${loadNow().toFixed(2)}`);
  if (options.json !== undefined) {
    const versions = Object.fromEntries(contenders.map(({ name, version }) => [name, version]));
    const { rounds, quick, icount } = options;
    const report = {
      machine,
      versions,
      rounds,
      quick,
      icount,
      guestMemoryMiB: GUEST_MEMORY,
      seconds,
      loadAfter: loadNow(),
    };
    const all = { ...report, rows: results, means: groupMeans(results), starts, skipped };
    writeFileSync(options.json, `${JSON.stringify(all, null, 2)}\n`);
  }
  return results.every(({ failures }) => Object.keys(failures).length === 0);
}

const options = optionsOrExit();
const scratch = mkdtempSync(join(tmpdir(), 'tsvm-bench-'));
process.on('exit', () => rmSync(scratch, { recursive: true, force: true }));
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(130));
process.exitCode = (await bench(options, scratch)) ? 0 : 1;

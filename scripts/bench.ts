// Usage: npm run bench [-- --rounds N] [--json FILE] [--no-peer]
// Speed of the interpreter beside qemu-system-mipsel, interleaved in one run: the same C loops (guests/bench) under both, with the
// timer on. A loop's cost is host CPU time (user + system, all threads) of runs at two scales, subtracted, so that start-up, compilation and
// Node itself cancel out; medians over the rounds. Needs a build (npm run build); without QEMU the peer columns stay empty and say why.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { cpus, tmpdir } from 'node:os';
import { join } from 'node:path';

const LOOPS = ['int', 'mem', 'call'] as const;
/** Iterations per loop: enough guest work that half a second of the faster side's time lies between the scales. */
const SCALES: Record<(typeof LOOPS)[number], readonly [number, number]> = {
  int: [2_000_000, 120_000_000],
  mem: [2_000_000, 120_000_000],
  call: [500_000, 30_000_000],
};
const TIMER_HZ = 100;
const TSVM_GUEST = 'guests/bin/bench-te-el.elf';
const QEMU_GUEST = 'guests/bin/bench-malta-el.elf';
const QEMU = 'qemu-system-mipsel';

interface Sample {
  readonly cpuSeconds: number;
  readonly wallSeconds: number;
  readonly instructions: number | null;
  readonly checksum: string;
}

/** Run a command under bash's `time` keyword; CPU seconds include its children and threads. */
function timed(command: string, args: readonly string[], instructions: () => number | null): Sample {
  const script = 'TIMEFORMAT="@time %R %U %S"; time "$@" </dev/null';
  const result = spawnSync('bash', ['-c', script, 'bench', command, ...args], { encoding: 'utf8', timeout: 600_000 });
  const time = /@time ([\d.]+) ([\d.]+) ([\d.]+)/.exec(result.stderr);
  const checksum = /checksum (0x[0-9a-f]+)/.exec(result.stdout)?.[1];
  if (result.status !== 0 || !time || !checksum)
    throw new Error(`${command} ${args.join(' ')} failed (${result.status}):\n${result.stdout}\n${result.stderr}`);
  return {
    wallSeconds: Number(time[1]),
    cpuSeconds: Number(time[2]) + Number(time[3]),
    instructions: instructions(),
    checksum,
  };
}

function runTsvm(loop: string, n: number, folder: string): Sample {
  const events = join(folder, 'events.jsonl');
  const args = ['bin/tsvm.js', 'run', '--json', events, '-p', `loop=${loop} n=${n} hz=${TIMER_HZ}`, TSVM_GUEST];
  return timed(process.execPath, args, () => {
    const verdict = readFileSync(events, 'utf8').trim().split('\n').at(-1) ?? '';
    const instructions = /"instructions":(\d+)/.exec(verdict)?.[1];
    if (instructions === undefined) throw new Error(`no instruction count in ${verdict}`);
    return Number(instructions);
  });
}

function runQemu(loop: string, n: number): Sample {
  const machine = [
    '-M',
    'malta',
    '-cpu',
    '24Kf',
    '-m',
    '64',
    '-nographic',
    '-no-reboot',
    '-vga',
    'none',
    '-net',
    'none',
  ];
  const append = `loop=${loop} n=${n} hz=${TIMER_HZ}`;
  return timed(QEMU, [...machine, '-kernel', QEMU_GUEST, '-append', append], () => null);
}

const median = (values: readonly number[]): number => {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
};
const geometricMean = (values: readonly number[]): number =>
  Math.exp(values.reduce((sum, value) => sum + Math.log(value), 0) / values.length);

interface LoopResult {
  readonly loop: string;
  readonly instructions: number;
  readonly tsvmMips: number;
  readonly qemuMips: number | null;
  readonly ratio: number | null;
}

function measure(loop: (typeof LOOPS)[number], rounds: number, peer: boolean, folder: string): LoopResult {
  const [small, large] = SCALES[loop];
  const tsvmSeconds: number[] = [];
  const qemuSeconds: number[] = [];
  let instructions = 0;
  for (let round = 0; round < rounds; round++) {
    const tsvm = [runTsvm(loop, small, folder), runTsvm(loop, large, folder)] as const;
    instructions = tsvm[1].instructions! - tsvm[0].instructions!;
    tsvmSeconds.push(tsvm[1].cpuSeconds - tsvm[0].cpuSeconds);
    if (!peer) continue;
    const qemu = [runQemu(loop, small), runQemu(loop, large)] as const;
    qemuSeconds.push(qemu[1].cpuSeconds - qemu[0].cpuSeconds);
    if (qemu[1].checksum !== tsvm[1].checksum) throw new Error(`${loop}: checksums differ from QEMU's`);
  }
  const tsvmMips = instructions / median(tsvmSeconds) / 1e6;
  const qemuMips = peer ? instructions / median(qemuSeconds) / 1e6 : null;
  return { loop, instructions, tsvmMips, qemuMips, ratio: qemuMips && tsvmMips / qemuMips };
}

function option(name: string): string | undefined {
  const at = process.argv.indexOf(name);
  return at < 0 ? undefined : process.argv[at + 1];
}

function main(): void {
  if (!existsSync('dist/bundle/main.js')) throw new Error('no build: run `npm run build` first');
  const rounds = Number(option('--rounds') ?? 3);
  const found = spawnSync(QEMU, ['--version'], { encoding: 'utf8' });
  const peer = found.status === 0 && !process.argv.includes('--no-peer');
  const folder = mkdtempSync(join(tmpdir(), 'tsvm-bench-'));
  const results = LOOPS.map((loop) => measure(loop, rounds, peer, folder));
  rmSync(folder, { recursive: true });

  const cell = (value: number | null, digits = 0): string =>
    (value === null ? '-' : value.toFixed(digits)).padStart(10);
  console.log(
    `node ${process.version}, ${cpus().length} x ${cpus()[0]?.model ?? 'unknown CPU'}, ${rounds} rounds, medians`,
  );
  if (peer) console.log(found.stdout.split('\n')[0]);
  else console.log(`peer not measured: ${found.status === 0 ? '--no-peer' : `${QEMU} is not installed`}`);
  console.log('loop     guest instructions   tsvm M/s   qemu M/s      ratio');
  for (const r of results)
    console.log(
      `${r.loop.padEnd(8)} ${r.instructions.toLocaleString('en').padStart(18)} ${cell(r.tsvmMips)} ${cell(r.qemuMips)} ${cell(r.ratio, 2)}`,
    );
  const geomean = geometricMean(results.map((r) => r.tsvmMips));
  const ratio = peer ? geometricMean(results.map((r) => r.ratio!)) : null;
  console.log(`${'geomean'.padEnd(27)} ${cell(geomean)} ${cell(null)} ${cell(ratio, 2)}`);
  const json = option('--json');
  if (json)
    writeFileSync(json, `${JSON.stringify({ node: process.version, rounds, results, geomean, ratio }, null, 2)}\n`);
}

main();

// Usage: npx tsx scripts/check-runs.ts [--runs N] [--seed N] [--only NAME] [--package FOLDER] [--evidence FILE]
// Run the same scripted tests N times (default 200) by the built command line, in batches: engine, -j, what else keeps the host's CPUs busy and how long
// the script thinks are dice, by the seed. Every run must come to one run id, instruction count, guest time, console and state hash; then it is replayed
// by each engine. Subjects: a guest that is typed to, eight vCPUs, and Linux with sh() where its kernel is (scripts/linux-te-mipsel.sh). Last line:
// N passed, N failed (runs and replays). --evidence writes a table, such as docs/evidence/repeated-runs.md.
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { fileOf, whyMissing } from '../test/support/linux/guests.ts';
import { circumstances, copyPackage, requirePackage, sourcesNow, wholeNumber } from './common.ts';

const ENGINES = ['regions', 'interpreter', 'lockstep'] as const;
type Engine = (typeof ENGINES)[number];

interface Subject {
  readonly name: string;
  /** Options of its VM, and the body of its test; `think()` lets wall time pass. */
  readonly options: Readonly<Record<string, unknown>>;
  readonly body: string;
  /** Test files of a batch at most. */
  readonly batch: number;
}

const guest = (name: string): string => resolve(import.meta.dirname, `../guests/bin/${name}.elf`);

function subjects(): Subject[] {
  const linuxMissing = whyMissing(['te-kernel', 'tools-initrd']);
  if (linuxMissing !== null) console.log(`skipped: Linux: ${linuxMissing}`);
  const small: Subject[] = [
    {
      name: 'echo, typed to',
      options: { kernel: guest('echo-te-el'), memory: '16M' },
      body: `m.send('hello\\n'); await m.waitFor('hello'); await think(); await m.runFor('5ms'); m.write({ physical: 0xf00000 }, 'x');
        for (let n = 0; n < 5; n++) { m.send('line ' + n + '\\n'.repeat(n)); await m.waitFor('line ' + n); await think(); }
        m.send('\\nexit 42\\n'); m.expect((await m.end()).exitCode).toBe(42);`,
      batch: 8,
    },
    {
      name: 'smp, 8 vCPUs, looked at on the way',
      options: { kernel: guest('smp-te-el'), memory: '32M', cpus: 8, seed: 7, params: 'test=order' },
      body: `for (let n = 1; n < 5; n++) { await m.runTo(n * 4_000_003); await think(); m.register('pc', n); m.read({ physical: 0x100000 }, 16); }
        m.expect((await m.end()).exitCode).toBe(0);`,
      batch: 8,
    },
  ];
  if (linuxMissing !== null) return small;
  const linux: Subject = {
    name: 'Linux 5.10, commands by sh()',
    options: { kernel: fileOf('te-kernel'), initrd: fileOf('tools-initrd'), params: 'sh=1', seed: 3 },
    body: `await m.waitFor('/ # '); await think(); m.expect(await m.sh('uname -s')).toBe('Linux'); await think();
      await m.sh('dd if=/dev/urandom bs=1k count=64 2>/dev/null | md5sum; ls -lR /proc/self/ > /dev/null; (sleep 1; echo late) &');
      await m.runFor('20ms'); m.send('echo typed $((6 * 7))\\n'); await m.waitFor('typed 42'); await think();
      m.expect((await m.sh('cat', { input: 'x'.repeat(5000) })).stdout.length).toBe(5000); await m.runFor('2s');`,
    batch: 4,
  };
  return [...small, linux];
}

/** Xorshift32: 0 to sides - 1. */
function dice(seed: number): (sides: number) => number {
  let state = Math.imul(seed, 0x9e3779b1) >>> 0 || 1;
  return (sides) => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) % sides;
  };
}

/** What every run of a subject must have alike. */
interface Facts {
  readonly runId: string;
  readonly stateHash: string;
  readonly instructions: number;
  readonly guestTimeNs: number;
  readonly console: string;
}

interface Outcome {
  readonly subject: string;
  readonly runs: Record<Engine, number>;
  readonly jobs: Set<number>;
  readonly burners: Set<number>;
  readonly batches: number;
  readonly facts: Facts | null;
  readonly problems: readonly string[];
  readonly replays: number;
}

interface Surroundings {
  readonly launcher: string;
  readonly scratch: string;
  readonly roll: (sides: number) => number;
}

function testFile({ options, body }: Subject, engine: Engine, ms: number): string {
  return `import { test } from 'tsvm/test';
const think = () => new Promise((done) => setTimeout(done, ${ms}));
test('it', ${JSON.stringify({ ...options, engine })}, async (m) => {
${body}
});
`;
}

/** One batch: its files run by one `tsvm test`. */
function runBatch(
  { launcher, scratch }: Surroundings,
  subject: Subject,
  plans: readonly { engine: Engine; think: number }[],
  jobs: number,
): readonly (Facts | string)[] {
  const folder = mkdtempSync(join(scratch, 'batch-'));
  for (const [n, { engine, think }] of plans.entries())
    writeFileSync(join(folder, `${n}.test.mjs`), testFile(subject, engine, think));
  const artifacts = join(folder, 'artifacts');
  const { stdout, stderr } = spawnSync(
    process.execPath,
    [launcher, 'test', folder, '-j', String(jobs), '--artifacts', artifacts, '--report', 'pretty'],
    { encoding: 'utf8', env: { ...process.env, TSVM_RUNS: join(scratch, 'runs') } },
  );
  try {
    return plans.map((_, n) => {
      const own = readdirSync(artifacts).find((name) => name.includes(`${n}.test.mjs`));
      if (own === undefined) return `no result: ${stdout}${stderr}`;
      const result = JSON.parse(readFileSync(join(artifacts, own, 'it', 'result.json'), 'utf8')) as {
        outcome: string;
        failure: { message: string } | null;
        runs: Omit<Facts, 'console'>[];
      };
      const [run] = result.runs;
      if (result.outcome !== 'pass' || !run) return result.failure?.message ?? result.outcome;
      const text = readFileSync(join(artifacts, own, 'it', 'console.txt'));
      const { runId, stateHash, instructions, guestTimeNs } = run;
      return { runId, stateHash, instructions, guestTimeNs, console: createHash('sha256').update(text).digest('hex') };
    });
  } finally {
    rmSync(folder, { recursive: true });
  }
}

function burn(count: number): ChildProcess[] {
  return Array.from({ length: count }, () => spawn(process.execPath, ['-e', 'for (;;);'], { stdio: 'ignore' }));
}

function checkSubject(around: Surroundings, subject: Subject, runs: number): Outcome {
  const { launcher, scratch, roll } = around;
  const counts: Record<Engine, number> = { regions: 0, interpreter: 0, lockstep: 0 };
  const [jobsSeen, burnersSeen] = [new Set<number>(), new Set<number>()];
  const problems: string[] = [];
  let facts: Facts | null = null;
  let batches = 0;
  for (let done = 0; done < runs; batches++) {
    const plans = Array.from({ length: Math.min(runs - done, 1 + roll(subject.batch)) }, () => ({
      engine: ENGINES[roll(ENGINES.length)]!,
      think: roll(30),
    }));
    const [jobs, load] = [1 + roll(4), roll(3)];
    jobsSeen.add(jobs);
    burnersSeen.add(load);
    const burners = burn(load);
    let found: readonly (Facts | string)[];
    try {
      found = runBatch(around, subject, plans, jobs);
    } finally {
      for (const burner of burners) burner.kill('SIGKILL');
    }
    for (const [n, one] of found.entries()) {
      const { engine } = plans[n]!;
      counts[engine]++;
      if (typeof one === 'string') problems.push(`${engine}, -j ${jobs}, ${load} burners: ${one}`);
      else {
        facts ??= one;
        if (JSON.stringify(one) !== JSON.stringify(facts))
          problems.push(`${engine}, -j ${jobs}, ${load} burners: ${JSON.stringify(one)}, not ${JSON.stringify(facts)}`);
      }
    }
    done += plans.length;
    console.log(`${subject.name}: ${done} of ${runs}, ${problems.length} bad`);
  }
  let replays = 0;
  for (const engine of facts === null ? [] : ENGINES) {
    const { status, stderr } = spawnSync(
      process.execPath,
      [launcher, 'replay', facts?.runId ?? '', '--engine', engine],
      { encoding: 'utf8', env: { ...process.env, TSVM_RUNS: join(scratch, 'runs') }, maxBuffer: 1 << 28 },
    );
    replays++;
    if (!stderr.includes('the same as the recorded run'))
      problems.push(`replay by ${engine}: exit ${status}: ${stderr}`);
  }
  return {
    subject: subject.name,
    runs: counts,
    jobs: jobsSeen,
    burners: burnersSeen,
    batches,
    facts,
    problems,
    replays,
  };
}

const listed = (numbers: ReadonlySet<number>): string => [...numbers].sort().join(', ');

function row({ subject, runs, jobs, burners, batches, facts, problems, replays }: Outcome): string {
  const engines = ENGINES.map((engine) => `${runs[engine]} ${engine}`).join(', ');
  const what =
    facts === null
      ? 'none'
      : `run ${facts.runId}, state ${facts.stateHash} @ ${facts.instructions.toLocaleString('en')}`;
  const result = problems.length === 0 ? what : `FAILED ${problems.length}: ${what}`;
  return `| ${subject} | ${engines} | ${batches}, -j ${listed(jobs)}, ${listed(burners)} burners | ${replays} | ${result} |`;
}

function evidence(outcomes: readonly Outcome[], summary: string, command: string, sources: string): string {
  return `# The same run again

Scripted tests run by \`tsvm test\`, in batches. Diced for each batch: \`-j\` and the number of processes that keep a CPU busy beside it; for each run: the
engine, and how many milliseconds the script thinks between two steps. All runs of a row came to one run id, instruction count, guest time, console and
state hash; then its record was replayed by every engine, to the same.

${circumstances(command, sources, summary)}

| Subject | Runs | Batches | Replays | Result |
|---|---|---|---|---|
${outcomes.map(row).join('\n')}
`;
}

const { values } = parseArgs({
  options: {
    runs: { type: 'string', default: '200' },
    seed: { type: 'string', default: '1' },
    only: { type: 'string', default: '' },
    evidence: { type: 'string' },
    package: { type: 'string', default: '.' },
  },
});
const runs = wholeNumber(values.runs, 'runs');
const roll = dice(wholeNumber(values.seed, 'seed'));
requirePackage(values.package);
const sources = values.evidence === undefined ? '' : sourcesNow();
const scratch = mkdtempSync(join(tmpdir(), 'tsvm-runs-'));
const outcomes: Outcome[] = [];
try {
  const place = join(scratch, 'package');
  mkdirSync(place);
  const around = { launcher: copyPackage(values.package, place), scratch, roll };
  for (const subject of subjects().filter(({ name }) => name.includes(values.only))) {
    const outcome = checkSubject(around, subject, runs);
    outcomes.push(outcome);
    for (const problem of outcome.problems) console.log(`  FAILED: ${problem}`);
  }
} finally {
  rmSync(scratch, { recursive: true, force: true });
}
const failed = outcomes.reduce((sum, { problems }) => sum + problems.length, 0);
const all = outcomes.reduce((sum, { replays }) => sum + runs + replays, 0);
const summary = `${all - failed} passed, ${failed} failed`;
if (values.evidence !== undefined) {
  const command = `npx tsx scripts/check-runs.ts ${process.argv.slice(2).join(' ')}`;
  writeFileSync(values.evidence, evidence(outcomes, summary, command, sources));
}
console.log(summary);
process.exitCode = failed === 0 && all > 0 ? 0 : 1;

// Usage: npx tsx scripts/check-package.ts [--enforce-start] [--runs N] [--keep]
// What a user gets from npm: packs the project, looks at what is in the package, installs it globally into a fresh prefix, and there runs a
// guest, a library program and the type checker on one; then says how long tsvm takes to start. One line each, then
// `N passed, N failed`; exit code 1 when one failed. Everything happens in a temporary folder, dist/ is left alone.
//   --enforce-start  fail when the median start is more than 150 ms beyond `node -e 0` (otherwise it is only printed)
//   --runs N         start each program N times, taking turns (default 15, the least)
//   --keep           leave the temporary folder, and say where it is
// Without the registry the installation is skipped, and said to be; the unpacked package beside this project's node_modules
// takes its place for the rest.
import { execFileSync, spawn, spawnSync } from 'node:child_process';
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { homedir, tmpdir } from 'node:os';
import { join, relative, resolve } from 'node:path';
import { parseArgs } from 'node:util';

const ROOT = resolve(import.meta.dirname, '..');
const KERNEL = join(ROOT, 'guests/bin/hello-te-el.elf');
const GREETING = 'Hello from a MIPS trap-and-emulate guest';
const MAX_START_MS = 150;
const LEAST_RUNS = 15;
/** What npm says when it cannot get to the registry. */
const UNREACHABLE = /\b(ENOTFOUND|EAI_AGAIN|ECONNREFUSED|ECONNRESET|ENETUNREACH|EHOSTUNREACH|E?TIMEDOUT|ENOTCACHED)\b/;
/** In the package beside what `dist/` holds. */
const TOP = ['CHANGELOG.md', 'LICENSE', 'README.md', 'bin/tsvm.js', 'package.json'];

const { values } = parseArgs({
  options: {
    'enforce-start': { type: 'boolean', default: false },
    runs: { type: 'string', default: String(LEAST_RUNS) },
    keep: { type: 'boolean', default: false },
  },
});
const runs = Number(values.runs);
if (!Number.isInteger(runs) || runs < LEAST_RUNS) {
  console.error(`--runs ${values.runs}: give a whole number from ${LEAST_RUNS}`);
  process.exit(2);
}

const scratch = mkdtempSync(join(tmpdir(), 'tsvm-package-'));
let passed = 0;
let failed = 0;

/** Run one check: it returns what to say beside its name, and throws what is wrong. */
async function check<T extends string>(name: string, work: () => T | Promise<T>): Promise<T | undefined> {
  try {
    const said = await work();
    console.log(`ok: ${name}${said === '' ? '' : `: ${said}`}`);
    passed++;
    return said;
  } catch (error) {
    console.log(`FAILED: ${name}: ${(error as Error).message}`);
    failed++;
    return undefined;
  }
}

/** Run a program to its end; throws with its output when it fails. */
function run(command: string, args: readonly string[], cwd: string, env: NodeJS.ProcessEnv = {}): string {
  const options = { cwd, encoding: 'utf8', timeout: 300_000, input: '', env: { ...process.env, ...env } } as const;
  const { status, stdout, stderr, error } = spawnSync(command, args, options);
  if (status === 0) return stdout;
  const output = `${stdout ?? ''}${stderr ?? ''}${error ? String(error) : ''}`
    .trimEnd()
    .split('\n')
    .slice(-12)
    .join('\n  ');
  throw new Error(`${command} ${args.join(' ')} ended with ${status}\n  ${output}`);
}

const npm = (args: readonly string[], cwd: string): string => run('npm', ['--loglevel=error', ...args], cwd);

/** Pack a copy of the project as it stands, so that the build does not touch dist/; returns the package file. */
function pack(): string {
  const copy = join(scratch, 'project');
  const left = new Set(['node_modules', 'dist', '.git', 'coverage', '.cache']);
  cpSync(ROOT, copy, { recursive: true, filter: (path) => !left.has(relative(ROOT, path)) });
  symlinkSync(join(ROOT, 'node_modules'), join(copy, 'node_modules'));
  npm(['pack', '--pack-destination', scratch], copy);
  const file = readdirSync(scratch).find((name) => name.endsWith('.tgz'));
  if (file === undefined) throw new Error('npm pack left no .tgz');
  execFileSync('tar', ['xzf', join(scratch, file), '-C', scratch]);
  return join(scratch, file);
}

/** Every file of the unpacked package belongs there: what users read, the launcher, and what the sources of src/ compile to. */
function contents(): string {
  const root = join(scratch, 'package');
  const files = readdirSync(root, { recursive: true, withFileTypes: true })
    .filter((entry) => !entry.isDirectory())
    .map((entry) => relative(root, join(entry.parentPath, entry.name)));
  const missing = [...TOP, 'dist/bundle/main.js', 'dist/api/index.js', 'dist/api/index.d.ts'].filter(
    (name) => !files.includes(name),
  );
  if (missing.length > 0) throw new Error(`missing: ${missing.join(', ')}`);
  const odd = files.filter((name) => !belongs(name));
  if (odd.length > 0) throw new Error(`does not belong in a package: ${odd.join(', ')}`);
  const builders = [scratch, ROOT, homedir()];
  const leaks = files.filter((name) => {
    const text = readFileSync(join(root, name), 'utf8');
    return builders.some((folder) => text.includes(`${folder}/`));
  });
  if (leaks.length > 0) throw new Error(`names a folder of the machine it was built on: ${leaks.join(', ')}`);
  return `${files.length} files`;
}

function belongs(name: string): boolean {
  if (TOP.includes(name) || /^dist\/bundle\/[\w-]+\.js$/.test(name)) return true;
  const source = /^dist\/(?!cli\/|.*\.(test|spec)\.)(.*?)(\.d\.ts|\.js)$/.exec(name)?.[2];
  return source !== undefined && existsSync(join(ROOT, 'src', `${source}.ts`));
}

/** Install the package globally into a fresh prefix; returns where it lies. */
function install(file: string): string {
  const prefix = join(scratch, 'prefix');
  const fetch = ['--prefer-offline', '--fetch-retries=1', '--fetch-timeout=20000', '--no-audit', '--no-fund'];
  npm(['install', '--global', '--prefix', prefix, ...fetch, file], scratch);
  return prefix;
}

/** What an installation would be, without the registry: the unpacked package, and dependencies from this project. */
function unpackInstead(): string {
  const prefix = join(scratch, 'unpacked');
  const place = join(prefix, 'lib/node_modules/tsvm');
  mkdirSync(join(prefix, 'bin'), { recursive: true });
  cpSync(join(scratch, 'package'), place, { recursive: true });
  symlinkSync(join(ROOT, 'node_modules'), join(place, 'node_modules'));
  symlinkSync(join(place, 'bin/tsvm.js'), join(prefix, 'bin/tsvm'));
  return prefix;
}

/** A user's project that has tsvm in node_modules; returns its folder. */
function userProject(prefix: string): string {
  const folder = join(scratch, 'user');
  mkdirSync(join(folder, 'node_modules'), { recursive: true });
  symlinkSync(join(prefix, 'lib/node_modules/tsvm'), join(folder, 'node_modules/tsvm'));
  const common = `import { startVm } from 'tsvm';
let text = '';
const vm = await startVm({ kernel: ${JSON.stringify(KERNEL)}, onConsole: (bytes) => (text += new TextDecoder().decode(bytes)) });
`;
  writeFileSync(join(folder, 'program.mjs'), `${common}console.log((await vm.wait()).kind, text);\n`);
  // The wrong lines make sure that the types are there: without them everything would be accepted.
  writeFileSync(
    join(folder, 'program.mts'),
    `${common}const verdict: import('tsvm').Verdict = await vm.wait();
// @ts-expect-error: a kernel is a file name
await startVm({ kernel: 1 });
// @ts-expect-error: a verdict has no such property
console.log(text, verdict.kind, verdict.nonsense);
`,
  );
  return folder;
}

function types(folder: string): string {
  const tsc = join(ROOT, 'node_modules/.bin/tsc');
  const options = ['--noEmit', '--strict', '--target', 'es2023', '--types', '', 'program.mts'];
  run(tsc, ['--module', 'nodenext', '--moduleResolution', 'nodenext', ...options], folder);
  run(tsc, ['--module', 'esnext', '--moduleResolution', 'bundler', ...options], folder);
  return 'nodenext and bundler';
}

/** Milliseconds from the start of a program to its first byte on stdout, or to its end when it writes none. */
function startTime(args: readonly string[]): Promise<number> {
  return new Promise((done, reject) => {
    const began = performance.now();
    let first: number | undefined;
    const child = spawn(process.execPath, args, { cwd: scratch, stdio: ['ignore', 'pipe', 'ignore'] });
    child.stdout.on('data', () => {
      first ??= performance.now() - began;
    });
    child.on('error', reject);
    child.on('close', (status) => {
      if (status === 0) done(first ?? performance.now() - began);
      else reject(new Error(`${args.join(' ')} ended with ${status}`));
    });
  });
}

const median = (numbers: readonly number[]): number => numbers.toSorted((a, b) => a - b)[numbers.length >> 1]!;

/** Runs taking turns, so that a busy moment of the machine meets all of them. */
async function measureStart(prefix: string): Promise<string> {
  const launcher = join(prefix, 'lib/node_modules/tsvm/bin/tsvm.js');
  const programs = {
    'tsvm --version': [launcher, '--version'],
    'tsvm run hello, to its first byte': [launcher, 'run', KERNEL],
  };
  const bare: number[] = [];
  const beyond = new Map<string, number[]>(Object.keys(programs).map((name) => [name, []]));
  for (let i = 0; i < runs; i++) {
    const node = await startTime(['-e', '0']);
    bare.push(node);
    for (const [name, args] of Object.entries(programs)) beyond.get(name)!.push((await startTime(args)) - node);
  }
  const medians = [...beyond].map(([name, times]) => ({ name, ms: median(times) }));
  const said = medians.map(({ name, ms }) => `${name} ${ms.toFixed(0)} ms`).join(', ');
  const text = `beyond node -e 0 (${median(bare).toFixed(0)} ms), median of ${runs}: ${said}`;
  if (values['enforce-start'] && medians.some(({ ms }) => ms > MAX_START_MS))
    throw new Error(`${text}; at most ${MAX_START_MS} ms is allowed`);
  return text;
}

/** Install, or say why not and take the next best; undefined when the package itself cannot be installed. */
async function installed(file: string): Promise<string | undefined> {
  try {
    const prefix = install(file);
    await check('npm install -g into a fresh prefix', () => prefix);
    return prefix;
  } catch (error) {
    const { message } = error as Error;
    const code = UNREACHABLE.exec(message)?.[0];
    if (code !== undefined) {
      console.log(
        `skipped: npm install -g: the registry is not reachable (${code}); the unpacked package is checked instead`,
      );
      return unpackInstead();
    }
    await check('npm install -g into a fresh prefix', () => Promise.reject(error));
    return undefined;
  }
}

try {
  const file = await check('npm pack', pack);
  if (file !== undefined) await check('the package holds what it should and nothing else', contents);
  const prefix = file === undefined ? undefined : await installed(file);
  if (prefix !== undefined) {
    const tsvm = join(prefix, 'bin/tsvm');
    const { version } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as { version: string };
    await check('tsvm --version', () => {
      const said = run(tsvm, ['--version'], scratch).trim();
      if (!said.includes(version)) throw new Error(`says '${said}', not ${version}`);
      return said;
    });
    await check('tsvm runs a guest', () => {
      const said = run(tsvm, ['run', KERNEL], scratch);
      if (!said.startsWith(GREETING)) throw new Error(`the console said ${JSON.stringify(said.slice(0, 200))}`);
      return '';
    });
    const folder = userProject(prefix);
    await check("import { startVm } from 'tsvm' runs a guest", () => {
      const said = run(process.execPath, ['program.mjs'], folder);
      if (!said.startsWith(`guest-exit ${GREETING}`))
        throw new Error(`the program said ${JSON.stringify(said.slice(0, 200))}`);
      return '';
    });
    await check('its types resolve', () => types(folder));
    await check("import 'tsvm/package.json'", () =>
      run(process.execPath, ['-p', "require('tsvm/package.json').version"], folder).trim(),
    );
    await check('start-up', () => measureStart(prefix));
  }
} finally {
  if (values.keep) console.log(`left: ${scratch}`);
  else rmSync(scratch, { recursive: true, force: true });
}
console.log(`${passed} passed, ${failed} failed`);
process.exitCode = failed === 0 && passed > 0 ? 0 : 1;

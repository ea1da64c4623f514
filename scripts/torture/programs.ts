// The torture programs: which there are, and their compilation by Debian's cross compiler.
import { execFile, execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { promisify } from 'node:util';
import { type Wishes, wishesOf } from './directives.ts';

export const COMPILER = 'mipsel-linux-gnu-gcc-12';
const LEVELS = ['-O0', '-O2'] as const;

export interface Program {
  /** Source and level, such as `ieee-acc1.O2`. */
  readonly name: string;
  /** Below gcc.c-torture/execute. */
  readonly source: string;
  readonly level: string;
  readonly wishes: Wishes;
}

export interface Skipped {
  readonly name: string;
  readonly reason: string;
}

/** What ieee.exp compiles the programs of its folder with. */
const IEEE_OPTIONS = ['-fno-inline'];

/** The programs of `folder` (gcc.c-torture/execute) at every level; of their sources, sorted, every `nth`. */
export function programsOf(folder: string, nth: number): Program[] {
  const sources = ['', 'ieee/'].flatMap((part) =>
    readdirSync(join(folder, part))
      .filter((name) => name.endsWith('.c'))
      .map((name) => part + name),
  );
  // By code unit, so that the tenth is the same everywhere.
  sources.sort();
  return sources
    .filter((_, index) => index % nth === 0)
    .flatMap((source) =>
      LEVELS.map((level): Program => {
        const path = join(folder, source);
        const tcl = path.replace(/c$/, 'x');
        const text = readFileSync(path, 'latin1');
        const wishes = wishesOf(text, existsSync(tcl) ? readFileSync(tcl, 'latin1') : '', level);
        const options = [...(source.startsWith('ieee/') ? IEEE_OPTIONS : []), ...wishes.options];
        const name = `${source.replace('/', '-').replace(/\.c$/, '')}.${level.slice(1)}`;
        return { name, source, level, wishes: { ...wishes, options } };
      }),
    );
}

/** Run `work` on every item, `jobs` at a time. */
export async function eachOf<T>(items: readonly T[], jobs: number, work: (item: T) => Promise<void>): Promise<void> {
  const waiting = [...items].reverse();
  const worker = async (): Promise<void> => {
    for (let item = waiting.pop(); item !== undefined; item = waiting.pop()) await work(item);
  };
  await Promise.all(Array.from({ length: jobs }, worker));
}

/** Why a compilation failed, in one line. */
function complaint(stderr: string): string {
  const line = stderr.split('\n').find((text) => /error|undefined reference/.test(text)) ?? stderr.split('\n')[0] ?? '';
  return line.replace(/^\S+?:(\d+:)*\s*/, '').slice(0, 120);
}

/**
 * Compile the programs into `into`, statically linked and stripped; those already there stay. Returns those that are not for this
 * target, each with its reason.
 */
export async function compile(
  folder: string,
  programs: readonly Program[],
  into: string,
  jobs: number,
): Promise<Skipped[]> {
  mkdirSync(into, { recursive: true });
  const run = promisify(execFile);
  const skipped: Skipped[] = [];
  await eachOf(programs, jobs, async ({ name, source, level, wishes }) => {
    if (wishes.skip !== null) {
      skipped.push({ name, reason: wishes.skip });
      return;
    }
    const out = join(into, name);
    if (existsSync(out)) return;
    const options = [level, '-w', ...wishes.options, '-static', '-s', '-o', out, basename(source), '-lm'];
    try {
      await run('nice', [COMPILER, ...options], { cwd: join(folder, source, '..'), timeout: 300_000 });
    } catch (error) {
      const { stderr } = error as { stderr?: string };
      skipped.push({ name, reason: `does not compile: ${complaint(stderr ?? String(error))}` });
    }
  });
  return skipped.sort((a, b) => (a.name < b.name ? -1 : 1));
}

/** The first line of what a tool says of its version. */
export function versionOf(tool: string): string {
  return execFileSync(tool, ['--version'], { encoding: 'utf8' }).split('\n')[0]!;
}

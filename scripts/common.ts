// What the check scripts share: numbers on their command lines, the built package they run, and what evidence says of where it was made.
import { execFileSync, spawnSync } from 'node:child_process';
import { cpSync, symlinkSync } from 'node:fs';
import { cpus, release, totalmem, type } from 'node:os';
import { join, resolve } from 'node:path';

/** A whole number above 0, or the end of the script with exit code 2. */
export function wholeNumber(text: string, option: string): number {
  const value = Number(text);
  if (Number.isInteger(value) && value > 0) return value;
  console.error(`--${option} ${text}: give a whole number above 0`);
  process.exit(2);
}

/** Ends the script with exit code 2 when the package in `folder` is not built. */
export function requirePackage(folder: string): void {
  const trial = spawnSync(process.execPath, [join(folder, 'bin/tsvm.js'), '--version'], { encoding: 'utf8' });
  if (trial.status === 0) return;
  console.error(`${folder} does not run:\n${trial.stderr}`);
  process.exit(2);
}

/** Copy the built package in `folder` to `scratch`, so that a build meanwhile cannot mix two versions; returns its launcher. */
export function copyPackage(folder: string, scratch: string): string {
  for (const name of ['bin', 'dist', 'package.json'])
    cpSync(join(folder, name), join(scratch, name), { recursive: true });
  symlinkSync(resolve(folder, 'node_modules'), join(scratch, 'node_modules'));
  return join(scratch, 'bin/tsvm.js');
}

/** What is checked: the commit, and how many files differ from it. Asked before the runs: others may commit meanwhile. */
export function sourcesNow(): string {
  const git = (...args: string[]): string => execFileSync('git', args, { encoding: 'utf8' }).trim();
  const changed = git('status', '--porcelain', '--', 'src', 'guests').split('\n').filter(Boolean).length;
  return git('rev-parse', '--short', 'HEAD') + (changed > 0 ? ` with ${changed} files changed since` : '');
}

/** The lines of an evidence file that say how its result came about. */
export function circumstances(command: string, sources: string, summary: string): string {
  const gib = (totalmem() / 2 ** 30).toFixed(0);
  return `- Command: \`${command}\`, after \`npm run build\`
- Date: ${new Date().toISOString().slice(0, 10)}
- Sources: ${sources}
- Machine: ${cpus()[0]?.model.trim() ?? 'unknown CPU'}, ${cpus().length} CPUs, ${gib} GiB; ${type()} ${release()}, Node ${process.version}
- Result: ${summary}`;
}

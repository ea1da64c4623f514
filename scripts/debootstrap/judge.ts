// What the second stage must have left: the answers on the console, and the file system in the image.
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { lstatSync, mkdirSync, readdirSync, readFileSync, readlinkSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { ext4Problems } from '../../test/support/linux/ext4.ts';
import { toolPath } from '../../test/support/linux/guests.ts';
import type { Finished } from './runs.ts';

/** Answers that do not depend on the versions of packages. */
const EXPECTED: Readonly<Record<string, string>> = {
  debootstrap: 'gone',
  audit: 'status 0',
  verify: 'status 0',
  'not-installed': '0',
  dash: '42 999 998',
  bash: '97cf9a1baf67657ca58f9b5c8be35b0d  -',
  perl: '3.14159265358979 1885688.5862506484 3874978',
  mawk: '12.090146129863335',
  oops: '0',
};

/** Files with dates and inode numbers in them: they differ between machines of different speed. */
const DATED = new Set([
  ...['/var/cache/apt/pkgcache.bin', '/var/cache/apt/srcpkgcache.bin', '/var/cache/ldconfig/aux-cache'],
  ...['/var/log/alternatives.log', '/var/log/bootstrap.log', '/var/log/dpkg.log'],
]);

/** Each path of an image, and its SHA-256, where its link points, or `folder`. */
export type Tree = ReadonlyMap<string, string>;

/** The CHECK lines of a console. */
export function answersOf(console: string): Map<string, string> {
  return new Map([...console.matchAll(/^CHECK (\S+): (.*)$/gm)].map(([, name, answer]) => [name!, answer!]));
}

/** Processes that there have been when debootstrap ended. */
export const processesOf = (console: string): string =>
  /^SECOND-STAGE status=\d+ processes=(\d+)$/m.exec(console)?.[1] ?? '?';

/** `packages`: the lines of the first stage's list, each a name and a version. */
export function problemsOf(run: Finished, image: string, packages: string): string[] {
  const problems: string[] = [];
  const answers = answersOf(run.console);
  if (run.exitCode !== 0) problems.push(`exit ${run.exitCode}`);
  for (const line of [/^SECOND-STAGE status=0 /m, /^SECOND-STAGE-DONE clean$/m])
    if (!line.test(run.console)) problems.push(`the console does not show ${line}`);
  const expected = {
    ...EXPECTED,
    installed: String(packages.trimEnd().split('\n').length),
    packages: createHash('sha256').update(packages).digest('hex'),
  };
  for (const [name, answer] of Object.entries(expected))
    if (answers.get(name) !== answer) problems.push(`${name}: ${answers.get(name) ?? 'no answer'}, not ${answer}`);
  problems.push(...ext4Problems(image));
  if (problems.length > 0) problems.push(`last lines: ${run.console.trimEnd().split('\n').slice(-8).join(' | ')}`);
  return problems;
}

/** The files in an image, as the host's debugfs reads them. */
export function treeOf(image: string, scratch: string): Tree {
  const copy = join(scratch, 'tree');
  rmSync(copy, { recursive: true, force: true });
  mkdirSync(copy);
  const { status } = spawnSync(toolPath('debugfs')!, ['-R', `rdump / ${copy}`, image], { stdio: 'ignore' });
  const found = new Map<string, string>();
  const walk = (folder: string): void => {
    for (const name of readdirSync(join(copy, folder)).sort()) {
      const path = `${folder}/${name}`;
      const about = lstatSync(join(copy, path));
      if (about.isDirectory()) {
        found.set(path, 'folder');
        walk(path);
      } else if (about.isSymbolicLink()) found.set(path, `-> ${readlinkSync(join(copy, path))}`);
      else if (!DATED.has(path))
        found.set(
          path,
          createHash('sha256')
            .update(readFileSync(join(copy, path)))
            .digest('hex'),
        );
    }
  };
  walk('');
  rmSync(copy, { recursive: true, force: true });
  if (status !== 0 || found.size === 0) throw new Error(`debugfs reads no files from ${image}`);
  return found;
}

/** How one run differs from another in what both must have alike. */
export function differences(a: { run: Finished; tree: Tree }, b: { run: Finished; tree: Tree }): string[] {
  const found: string[] = [];
  const compare = (what: string, one: ReadonlyMap<string, string>, other: ReadonlyMap<string, string>): void => {
    for (const name of new Set([...one.keys(), ...other.keys()]))
      if (one.get(name) !== other.get(name))
        found.push(`${what} ${name}: ${one.get(name) ?? 'none'}, with ${b.run.runner} ${other.get(name) ?? 'none'}`);
  };
  compare('answer', answersOf(a.run.console), answersOf(b.run.console));
  compare('file', a.tree, b.tree);
  if (a.run.account !== null && b.run.account !== null)
    for (const key of ['instructions', 'guestTimeNs', 'stateHash'] as const)
      if (a.run.account[key] !== b.run.account[key])
        found.push(`${key}: ${a.run.account[key]}, with ${b.run.runner} ${b.run.account[key]}`);
  return found.slice(0, 20);
}

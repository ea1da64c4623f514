// Files named on the command line: what tsvm writes must be none of those it reads, for opening it would empty the other.
import { fstatSync, realpathSync, statSync } from 'node:fs';
import { resolve } from 'node:path';
import { TsvmError } from '../util/errors.ts';

export interface NamedFile {
  /** As the user said it: `--json`, `the kernel`. */
  readonly role: string;
  readonly path: string;
  readonly written: boolean;
  /** What to do when it is written and also another one; "give ROLE a file of its own" when left out. */
  readonly next?: string;
}

const STDOUT = 1;

/** Throws TsvmError usage when a written file is also another one, or standard output. */
export function refuseSameFile(files: readonly NamedFile[]): void {
  for (const output of files.filter((file) => file.written)) {
    for (const other of files)
      if (other !== output && identity(other.path) === identity(output.path))
        throw new TsvmError('usage', `${output.role} ${output.path}: ${clash(output, other)}`, {
          next: output.next ?? `give ${output.role} a file of its own`,
        });
    if (isStdout(output.path))
      throw new TsvmError('usage', `${output.role} ${output.path}: standard output is the guest's console`, {
        next: `give ${output.role} a file`,
      });
  }
}

function clash(output: NamedFile, other: NamedFile): string {
  if (withoutArticle(output.role) === withoutArticle(other.role))
    return `the same file twice, ${other.written ? 'both' : 'one'} of them written`;
  return `that is ${other.role} too, and would be overwritten`;
}

function withoutArticle(role: string): string {
  return role.replace(/^(a|the) /, '');
}

/** Device and inode of what is there, else the absolute path. */
function identity(path: string): string {
  try {
    const { dev, ino } = statSync(path);
    return `${dev}:${ino}`;
  } catch {
    return resolve(path);
  }
}

function isStdout(path: string): boolean {
  try {
    const file = statSync(path);
    const stdout = fstatSync(STDOUT);
    const same = file.dev === stdout.dev && file.ino === stdout.ino;
    // /dev/null and the like are nobody's console.
    return same && (!file.isCharacterDevice() || realpathSync(path).startsWith('/dev/pts/'));
  } catch {
    return false;
  }
}

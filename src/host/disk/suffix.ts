// A disk that is not there may be one that is, with words after its name that were meant for tsvm.
import { existsSync } from 'node:fs';
import { TsvmError } from '../../util/errors.ts';
import type { DiskRequest } from './open.ts';

/** One word after a name, or several. */
const WORDS = /^(?:[:,][a-z][a-z_-]*)+(?:=.*)?$/is;

/** What the user seems to have meant by a disk whose file does not exist, or null. */
export function misreadSuffix({ path, mode, overlay }: DiskRequest): TsvmError | null {
  const literal = mode === 'ro' ? [`${path}:ro`, `${path},ro`] : [`${path}:${mode}`];
  const taken = overlay === null ? literal.find((name) => existsSync(name)) : undefined;
  if (taken !== undefined)
    return new TsvmError('not-found', `${path}: no such file (disk)`, {
      cause: `there is a file whose own name is ${taken}`,
      next: `to use that one: ${taken}:rw, ${taken}:ro or ${taken}:cow`,
    });
  for (const { index } of path.matchAll(/[:,]/g)) {
    const image = path.slice(0, index);
    const words = path.slice(index);
    if (image === '' || !WORDS.test(words) || !existsSync(image)) continue;
    // What was understood came last, and was taken off.
    const last = overlay === null ? (mode === 'rw' ? '' : `:${mode}`) : `:cow=${overlay}`;
    const why =
      last === '' ? `"${words}" is no way to use an image` : `"${words}" and "${last}" cannot both stand there`;
    return new TsvmError('usage', `--disk ${path}${last}: ${why}`, {
      next: `one of these: ${image}:rw, ${image}:ro, ${image}:cow or ${image}:cow=OVERLAY`,
    });
  }
  return null;
}

// What each guest of guests/verdicts must end with (expected.json), as runs: one for each set of options and each byte order that there is.
import { readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { Command } from 'commander';
import type { StartVmOptions, VerdictKind } from '../../src/api/index.ts';
import { addRunOptions, runRequest } from '../../src/cli/options.ts';

const ROOT = resolve(import.meta.dirname, '../..');
const PROGRAMS = join(ROOT, 'guests/bin/verdicts');

/** An entry of expected.json. */
interface Entry {
  readonly guest: string;
  /** Of `tsvm run`; `{-1..12}` in them stands for so many runs. */
  readonly options: string;
  readonly exit: number;
  readonly kind: VerdictKind;
  readonly summary: string;
  /** Default: not looked at. */
  readonly details?: readonly string[];
  /** After a limit: instructions of the loop that each vCPU was in, null for none. Default: not looked at. */
  readonly loops?: readonly (number | null)[];
  /** Default: none. A trace of null is one of addresses only. */
  readonly faults?: readonly {
    readonly kind: string;
    readonly cpu: number;
    readonly trace: string | null;
    readonly likely: string | null;
  }[];
  /** Texts that the console must have, and must not have. */
  readonly prints?: readonly string[];
  readonly never?: readonly string[];
  /** What programs have printed, without the kernel's lines. */
  readonly program?: string;
  /** `ok`, or the first line of what ktapOk() complains of. */
  readonly ktap?: string;
  /** Warnings. Default: none. */
  readonly logs?: readonly string[];
  /** Nanoseconds. Default: not looked at. */
  readonly guestTimeNs?: number;
  /** Is it run by the command line too? */
  readonly cli?: true;
}

export interface VerdictRun extends Entry {
  /** Such as `panic-plain-eb --on-oops stop`. */
  readonly name: string;
  /** The ELF file. */
  readonly kernel: string;
  /** Words of `options`. */
  readonly words: readonly string[];
}

/** Names of the programs, without `-el.elf`. */
export function programsThere(): string[] {
  return readdirSync(PROGRAMS)
    .filter((file) => file.endsWith('-el.elf'))
    .map((file) => file.slice(0, -'-el.elf'.length));
}

export function verdictRuns(): VerdictRun[] {
  const entries = JSON.parse(readFileSync(join(ROOT, 'guests/verdicts/expected.json'), 'utf8')) as Entry[];
  const files = new Set(readdirSync(PROGRAMS));
  return entries.flatMap((entry) =>
    ['el', 'eb']
      .map((endian) => `${entry.guest}-${endian}`)
      .filter((program) => program.endsWith('-el') || files.has(`${program}.elf`))
      .flatMap((program) =>
        expanded(entry.options).map((options) => ({
          ...entry,
          name: `${program} ${options}`.trim(),
          kernel: join(PROGRAMS, `${program}.elf`),
          words: options === '' ? [] : options.split(' '),
        })),
      ),
  );
}

function expanded(options: string): string[] {
  const range = /\{(-?\d+)\.\.(\d+)\}/.exec(options);
  if (!range) return [options];
  const [whole, from, to] = range;
  return Array.from({ length: Number(to) - Number(from) + 1 }, (_, i) =>
    options.replace(whole, String(Number(from) + i)),
  );
}

/** The run for the library, by the options of the command line. */
export function startOptions({ kernel, words }: Pick<VerdictRun, 'kernel' | 'words'>): StartVmOptions {
  const command = new Command().exitOverride().argument('[kernel]');
  addRunOptions(command);
  command.parse([kernel, ...words], { from: 'user' });
  return runRequest(kernel, command.opts()).config;
}

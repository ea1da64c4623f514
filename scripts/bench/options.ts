// The bench's command line.
import { parseArgs } from 'node:util';
import { SELECTABLE } from './selection.ts';

export const USAGE = `usage: npm run bench -- [options]
  --rounds N       how often each measurement is made; medians are shown (default 3)
  --only NAME,...  rows, groups or machines: ${SELECTABLE.join(' ')}
  --quick          one round, a quarter of the work
  --no-peer        tsvm alone
  --no-icount      not against QEMU with -icount
  --icount SHIFT   0 to 10, or auto: nanoseconds of guest time per instruction, as a power of two (default 0)
  --engine NAME    --engine of \`tsvm run\`
  --tsvm FILE      bin/tsvm.js of another build (default: this project's)
  --json FILE      write everything as JSON, too`;

export interface Options {
  readonly rounds: number;
  readonly only: readonly string[];
  readonly quick: boolean;
  readonly peer: boolean;
  /** Null: without. */
  readonly icount: string | null;
  readonly engine: string | undefined;
  readonly tsvm: string | undefined;
  readonly json: string | undefined;
  readonly help: boolean;
}

/** @throws Error with one line that says what is wrong */
export function parseOptions(args: readonly string[]): Options {
  const { values } = parseArgs({
    args: [...args],
    options: {
      rounds: { type: 'string' },
      only: { type: 'string', default: '' },
      quick: { type: 'boolean', default: false },
      'no-peer': { type: 'boolean', default: false },
      'no-icount': { type: 'boolean', default: false },
      icount: { type: 'string', default: '0' },
      engine: { type: 'string' },
      tsvm: { type: 'string' },
      json: { type: 'string' },
      help: { type: 'boolean', short: 'h', default: false },
    },
  });
  const rounds = Number(values.rounds ?? (values.quick ? 1 : 3));
  if (!Number.isInteger(rounds) || rounds < 1)
    throw new Error(`--rounds ${values.rounds}: give a whole number above 0`);
  const only = values.only.split(',').filter(Boolean);
  for (const name of only)
    if (!SELECTABLE.includes(name)) throw new Error(`--only ${name}: there are ${SELECTABLE.join(' ')}`);
  if (!/^(auto|\d|10)$/.test(values.icount)) throw new Error(`--icount ${values.icount}: give 0 to 10, or auto`);
  const { quick, engine, tsvm, json, help } = values;
  return {
    rounds,
    only,
    quick,
    peer: !values['no-peer'],
    icount: values['no-icount'] ? null : values.icount,
    engine,
    tsvm,
    json,
    help,
  };
}

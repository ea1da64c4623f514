// Which instructions --trace-instructions asks for: `1000000..1000500` (by instruction count), `0x80101000..0x80101080` or `schedule..schedule+0x40` (by
// address), with `@cpu1` those of one vCPU. What is after `..` does not belong to it.
import type { DebugSymbols } from '../../debug/target.ts';
import { TsvmError } from '../../util/errors.ts';

export interface InstructionRange {
  readonly kind: 'instructions' | 'addresses';
  /** Instruction counts, or addresses; `to` is not in it. */
  readonly from: number;
  readonly to: number;
  /** Only this vCPU's; null: all. */
  readonly cpu: number | null;
}

const OPTION = '--trace-instructions';
const FORMS = 'such as 1000000..1000500, 0x80101000..0x80101080, schedule..schedule+0x40, or one of these with @cpu1';

const WHOLE = /^(.+)\.\.(.+?)(?:@(?:cpu)?(\d{1,3}))?$/;
const COUNT = /^\d{1,15}$/;
const ADDRESS = /^0x[0-9a-f]{1,8}$/i;
const SYMBOL = /^([^+\s\d][^+\s]*)(?:\+(0x[0-9a-f]{1,8}|\d{1,9}))?$/i;

const wrong = (text: string, why: string): TsvmError =>
  new TsvmError('usage', `${OPTION} ${text}: ${why}`, { next: FORMS });

/** Is it of the form? Symbols are looked up later. @throws TsvmError usage */
export function checkInstructionRange(text: string): void {
  parseInstructionRange(text, null);
}

/** `symbols`: the kernel's; null: symbols are not looked up. @throws TsvmError usage */
export function parseInstructionRange(text: string, symbols: Pick<DebugSymbols, 'find'> | null): InstructionRange {
  const [, first, last, cpuText] = WHOLE.exec(text) ?? [];
  if (first === undefined || last === undefined) throw wrong(text, 'not a range');
  const cpu = cpuText === undefined ? null : Number(cpuText);
  if (COUNT.test(first) !== COUNT.test(last)) throw wrong(text, 'one end is an instruction count, the other is none');
  const kind = COUNT.test(first) ? 'instructions' : 'addresses';
  const [from, to] = [first, last].map((end) =>
    kind === 'instructions' ? Number(end) : addressOf(end, text, symbols),
  ) as [number, number];
  if ((kind === 'instructions' || symbols) && from >= to) throw wrong(text, 'there is nothing in it');
  return { kind, from, to, cpu };
}

function addressOf(end: string, text: string, symbols: Pick<DebugSymbols, 'find'> | null): number {
  if (ADDRESS.test(end)) return Number(end);
  const [, name, offset = '0'] = SYMBOL.exec(end) ?? [];
  if (name === undefined) throw wrong(text, `${end} is no address`);
  if (!symbols) return 0;
  const address = symbols.find(name);
  if (address === undefined) throw wrong(text, `the kernel has no symbol ${name}`);
  return (address >>> 0) + Number(offset);
}

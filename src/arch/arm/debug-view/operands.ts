// The operands of an instruction, out of its text: which registers it reads, and where it accesses memory. The text is that of ../debug.ts.
import { hex } from '../../../util/bits.ts';

const NUMBERS: ReadonlyMap<string, number> = new Map([
  ...Array.from({ length: 16 }, (_, n) => [`r${n}`, n] as const),
  ['sp', 13],
  ['lr', 14],
  ['pc', 15],
]);
const REGISTER = /\b(r\d{1,2}|sp|lr|pc)\b/g;
const PC = 15;
const WORD_BYTES = 4;
/** The longest single access: a structure of four quadwords. */
const LONGEST = 64;

/** The value of a register by number; null: not known. */
export type ReadRegister = (number: number) => number | null;

export interface MemoryOperand {
  /** Name and value of the base register. */
  readonly base: string;
  readonly baseValue: number;
  readonly address: number;
  /** Bytes from `address` on that the instruction accesses, at most. */
  readonly length: number;
}

const split = (text: string): readonly [mnemonic: string, operands: string] => {
  const at = text.indexOf(' ');
  return at < 0 ? [text, ''] : [text.slice(0, at), text.slice(at + 1)];
};

const unsigned = (value: number): number => value >>> 0;

/** The registers that an instruction reads, each once: those that it only writes are left out. */
function sourceRegisters(text: string): readonly string[] {
  const [mnemonic, operands] = split(text);
  const sources = sourceText(mnemonic, operands);
  return [...new Set(sources.match(REGISTER) ?? [])].filter((name) => name !== 'pc');
}

function sourceText(mnemonic: string, operands: string): string {
  if (/^v?(push|pop)/.test(mnemonic)) return 'sp';
  const bracket = operands.indexOf('[');
  if (/^(v?ld|pld|pli)/.test(mnemonic) && bracket >= 0) return operands.slice(bracket);
  // The first operand of a store-exclusive is where its result goes.
  if (/^strex/.test(mnemonic)) return operands.slice(operands.indexOf(','));
  if (bracket >= 0) return operands;
  if (/^v?(ldm|stm)/.test(mnemonic)) return operands.split(',')[0]!;
  if (/^(bx|blx|bxj|mcr|cbz|cbnz|tst|teq|cmp|cmn|msr)/.test(mnemonic)) return operands;
  if (/^(mrc|mrrc|svc|hvc|smc|bkpt|b|bl|udf)(\W|$)/.test(mnemonic)) return '';
  return operands.slice(Math.max(0, operands.indexOf(',')));
}

/** `r1 = 0x00000000, r2 = 0x00000004`, of the registers that it reads. */
export function operandValues(text: string, read: ReadRegister): string {
  return sourceRegisters(text)
    .flatMap((name) => {
      const value = read(NUMBERS.get(name)!);
      return value === null ? [] : [`${name} = ${hex(unsigned(value))}`];
    })
    .join(', ');
}

/** Where a load or store goes by these values; null when it is none, or they are not known. */
export function memoryOperand(text: string, read: ReadRegister): MemoryOperand | null {
  const [mnemonic, operands] = split(text);
  return blockOperand(mnemonic, operands, read) ?? bracketOperand(mnemonic, operands, read);
}

const BLOCK = /^(v?)(push|pop|ldm|stm)(ia|ib|da|db)?/;

/** LDM, STM and the stack. */
function blockOperand(mnemonic: string, operands: string, read: ReadRegister): MemoryOperand | null {
  const parts = BLOCK.exec(mnemonic);
  if (!parts) return null;
  const [, vector, name, order = 'ia'] = parts;
  const isStack = name === 'push' || name === 'pop';
  const base = isStack ? 'sp' : (/^\w+/.exec(operands)?.[0] ?? '');
  const baseValue = named(base, read);
  if (baseValue === null) return null;
  const list = /\{([^}]*)\}/.exec(operands)?.[1] ?? '';
  const size = vector !== '' && /\bd\d/.test(list) ? 2 * WORD_BYTES : WORD_BYTES;
  const length = size * Math.max(1, list.split(',').length);
  const how = name === 'push' ? 'db' : order;
  const first = { ia: 0, ib: WORD_BYTES, da: WORD_BYTES - length, db: -length }[how] ?? 0;
  return { base, baseValue, address: unsigned(baseValue + first), length };
}

const BRACKET = /\[(\w+)(?::\d+)?(?:, (?:#(-?\d+)|(-?)(\w+)(?:, (lsl|lsr|asr|ror|rrx)(?: #(\d+))?)?))?\]/;

function bracketOperand(mnemonic: string, operands: string, read: ReadRegister): MemoryOperand | null {
  const parts = BRACKET.exec(operands);
  if (!parts) return null;
  const [, base = '', immediate = '0', minus = '', index, shift, amount = '0'] = parts;
  const baseValue = named(base, read);
  const indexValue = index === undefined ? 0 : named(index, read);
  if (baseValue === null || indexValue === null || shift === 'rrx') return null;
  const offset = index === undefined ? Number(immediate) : shifted(indexValue, shift, Number(amount));
  // Literals are at a distance from the word that the PC is in.
  const from = base === 'pc' ? baseValue - (baseValue % WORD_BYTES) : baseValue;
  const address = unsigned(minus === '-' ? from - offset : from + offset);
  return { base, baseValue: unsigned(baseValue), address, length: lengthOf(mnemonic) };
}

function named(name: string, read: ReadRegister): number | null {
  const number = NUMBERS.get(name);
  return number === undefined ? null : read(number);
}

function shifted(value: number, shift: string | undefined, amount: number): number {
  switch (shift) {
    case 'lsl':
      return amount >= 32 ? 0 : value << amount;
    case 'lsr':
      return amount >= 32 ? 0 : value >>> amount;
    case 'asr':
      return value >> Math.min(amount, 31);
    case 'ror':
      return (value >>> amount) | (value << (32 - amount));
    default:
      return value;
  }
}

function lengthOf(mnemonic: string): number {
  if (mnemonic.startsWith('v')) return LONGEST;
  return /^(ldrd|strd|ldrexd|strexd)/.test(mnemonic) ? 2 * WORD_BYTES : WORD_BYTES;
}

/** Does an access of this operand touch `address`? */
export function touches({ address, length }: MemoryOperand, at: number): boolean {
  return unsigned(at - address) < length;
}

/** The number of the register that a call or jump goes to by `text`, or null. */
export function jumpRegister(text: string): number | null {
  const [mnemonic, operands] = split(text);
  if (!/^(bx|blx|bxj)/.test(mnemonic)) return null;
  const number = NUMBERS.get(operands);
  return number === undefined || number === PC ? null : number;
}

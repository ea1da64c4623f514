// Guest memory in a test file: `read` and `write`.
import type { GuestAddress } from '../../api/index.ts';
import { hex } from '../../util/bits.ts';
import type { TestVm } from '../define.ts';
import { exactlyOne, flag, type Reader, record } from './reader.ts';
import { address, hexBytes, lookedFor, word } from './values.ts';
import { must } from './words.ts';
import { PlacedError } from './yaml.ts';

const fields = exactlyOne(record({ at: address }, { physical: flag, word, bytes: hexBytes, text: lookedFor }), [
  'word',
  'bytes',
  'text',
]);

/** A place of guest memory, and what is or shall be there: a word in the guest's byte order, or bytes. */
interface MemoryContent {
  readonly where: GuestAddress;
  readonly content: number | Uint8Array;
}

export const memory: Reader<MemoryContent> = (node, name) => {
  const { at, physical = false, word, bytes, text = '' } = fields(node, name);
  const content = word ?? bytes ?? new TextEncoder().encode(text);
  if (!physical) return { where: at, content };
  if (typeof at === 'string') throw new PlacedError(node.place, `${name}: a physical address is a number, not ${at}`);
  return { where: { physical: at }, content };
};

/** @throws AssertionError when something else is there */
export function checkMemory(m: TestVm, { where, content }: MemoryContent): void {
  const place = typeof where === 'object' ? `physical ${hex(where.physical)}` : shownAddress(where);
  if (typeof content === 'number') {
    const found = m.readWord(where);
    must(found === content, () => [`the word at ${place} is ${hex(found)}, not ${hex(content)}`]);
    return;
  }
  const found = m.read(where, content.length);
  must(
    found.every((byte, i) => byte === content[i]),
    () => [
      `the ${content.length} bytes at ${place} are ${shownBytes(found)}, not ${shownBytes(content)}`,
      `  as text: ${shownText(found)}, not ${shownText(content)}`,
    ],
  );
}

/** Bytes that are shown. */
const SHOWN = 32;

function shownAddress(where: string | number): string {
  return typeof where === 'number' ? hex(where) : where;
}

function shownBytes(bytes: Uint8Array): string {
  const digits = Array.from(bytes.subarray(0, SHOWN), (byte) => byte.toString(16).padStart(2, '0'));
  return `${digits.join(' ')}${bytes.length > SHOWN ? ' ...' : ''}`;
}

function shownText(bytes: Uint8Array): string {
  return JSON.stringify(new TextDecoder().decode(bytes.subarray(0, SHOWN)));
}

// Reading nodes as what they must be. A reader gives the value, or says what was found, where, and what is allowed.
import { type Place, PlacedError, type YamlNode } from './yaml.ts';

/** `name`: of what is read, for messages. @throws PlacedError */
export type Reader<T> = (node: YamlNode, name: string) => T;

type Readers = Readonly<Record<string, Reader<unknown>>>;
type Values<R extends Readers> = { readonly [K in keyof R]: ReturnType<R[K]> };

/** Characters of a value that are shown. */
const SHOWN = 40;

/** What a node is, in a message. */
function shown(node: YamlNode): string {
  if (node.kind === 'nothing') return 'nothing';
  if (node.kind === 'text')
    return JSON.stringify(node.text.length <= SHOWN ? node.text : `${node.text.slice(0, SHOWN)}...`);
  if (node.kind === 'list') return `a list of ${node.items.length}`;
  const keys = [...node.entries.keys()].slice(0, 3).map((key) => key.slice(0, SHOWN));
  return keys.length === 0 ? 'an empty map' : `a map with ${keys.join(', ')}${node.entries.size > 3 ? ', ...' : ''}`;
}

/** `memory: must be ..., not ...`. */
export function mismatch(node: YamlNode, name: string, expected: string): PlacedError {
  return new PlacedError(node.place, `${name}: must be ${expected}, not ${shown(node)}`);
}

export const text: Reader<string> = (node, name) => {
  if (node.kind === 'nothing')
    throw new PlacedError(node.place, `${name}: has no value`, 'a text that is empty, ~ or null stands in quotes');
  if (node.kind !== 'text') throw mismatch(node, name, 'text');
  return node.text;
};

/** Decimal or 0x..., as it stands or in quotes. */
export function integer(min: number, max: number): Reader<number> {
  return (node, name) => {
    const digits = node.kind === 'text' && /^(0x[0-9a-f]{1,13}|-?[0-9]{1,16})$/i.test(node.text);
    const value = digits ? Number(node.text) : Number.NaN;
    if (!(value >= min && value <= max)) throw mismatch(node, name, `a whole number from ${min} to ${max}`);
    return value;
  };
}

export const flag: Reader<boolean> = (node, name) => oneOf(['true', 'false'])(node, name) === 'true';

export function oneOf<const T extends string>(words: readonly T[]): Reader<T> {
  return (node, name) => {
    const found = words.find((word) => node.kind === 'text' && word === node.text);
    if (found !== undefined) return found;
    const hint = node.kind === 'text' ? didYouMean(node.text, words) : '';
    const expected = words.length === 1 ? words[0]! : `one of ${words.join(', ')}`;
    throw new PlacedError(node.place, `${name}: must be ${expected}, not ${shown(node)}${hint}`);
  };
}

export function list<T>(item: Reader<T>): Reader<readonly T[]> {
  return (node, name) => {
    if (node.kind !== 'list') throw mismatch(node, name, 'a list');
    return node.items.map((each) => item(each, name));
  };
}

/** A list, or a single one that stands for itself. */
export function oneOrMore<T>(item: Reader<T>): Reader<readonly T[]> {
  return (node, name) => (node.kind === 'list' ? list(item)(node, name) : [item(node, name)]);
}

/** What `whole` reads when it is a map; else what `short` reads. */
export function shortOr<S, T>(short: Reader<S>, whole: Reader<T>): Reader<S | T> {
  return (node, name) => (node.kind === 'map' ? whole(node, name) : short(node, name));
}

/** A map with all of the `required` keys, and some of the `optional` ones. */
export function record<R extends Readers, O extends Readers>(
  required: R,
  optional: O,
): Reader<Values<R> & Partial<Values<O>>> {
  const readers: Readers = { ...required, ...optional };
  return (node, name) => {
    if (node.kind !== 'map') throw mismatch(node, name, `a map with ${Object.keys(readers).join(', ')}`);
    const values = [...node.entries].map(([key, { place, value }]) => {
      if (!Object.hasOwn(readers, key)) throw unknownKey(name, key, place, Object.keys(readers));
      return [key, readers[key]!(value, key)] as const;
    });
    const missing = Object.keys(required).filter((key) => !node.entries.has(key));
    if (missing.length > 0) throw new PlacedError(node.place, `${name}: ${missing.join(', ')} is missing`);
    return Object.fromEntries(values) as Values<R> & Partial<Values<O>>;
  };
}

/** Of some optional keys exactly one must be there. */
export function exactlyOne<T extends object>(reader: Reader<T>, keys: readonly (keyof T & string)[]): Reader<T> {
  return (node, name) => {
    const value = reader(node, name);
    const there = keys.filter((key) => value[key] !== undefined);
    if (there.length === 1) return value;
    const found = there.length === 0 ? 'none of them' : there.join(' and ');
    throw new PlacedError(node.place, `${name}: needs one of ${keys.join(', ')}, and has ${found}`);
  };
}

export function unknownKey(name: string, key: string, place: Place, allowed: readonly string[]): PlacedError {
  const what = JSON.stringify(key.slice(0, SHOWN));
  return new PlacedError(
    place,
    `${name}: ${what} is not known here${didYouMean(key, allowed)}`,
    `allowed: ${allowed.join(', ')}`,
  );
}

/** `; did you mean ...?` when one of the words is near. */
function didYouMean(said: string, words: readonly string[]): string {
  const plain = (word: string): string => word.toLowerCase().replaceAll(/[-_ ]/g, '').slice(0, SHOWN);
  const from = plain(said);
  const [best] = words
    .map((word) => ({
      word,
      distance: from.length >= 3 && plain(word).startsWith(from) ? 1 : edits(from, plain(word)),
    }))
    .sort((a, b) => a.distance - b.distance);
  return best && best.distance <= Math.max(1, from.length / 4) ? `; did you mean ${best.word}?` : '';
}

/** Characters to insert, delete or replace to get from one word to the other (Levenshtein). */
function edits(from: string, to: string): number {
  let row = Array.from({ length: to.length + 1 }, (_, i) => i);
  for (let i = 1; i <= from.length; i++) {
    const next = [i];
    for (let j = 1; j <= to.length; j++)
      next.push(Math.min(row[j]! + 1, next[j - 1]! + 1, row[j - 1]! + (from[i - 1] === to[j - 1] ? 0 : 1)));
    row = next;
  }
  return row[to.length]!;
}

// A YAML document (YAML 1.2.2) as nodes that know their places. Every scalar is text, as in the failsafe schema (chapter 10.1): what a value
// means is up to who reads it, so that `sh: true` is a command, and 1.10 a name. Whatever the file is, this takes seconds at most.
import type { ParsedNode, YAMLMap } from 'yaml';

/** From 1. */
export interface Place {
  readonly line: number;
  readonly column: number;
}

export interface YamlText {
  readonly kind: 'text';
  readonly place: Place;
  readonly text: string;
}

export interface YamlNothing {
  /** No value, `~` or `null`. */
  readonly kind: 'nothing';
  readonly place: Place;
}

export interface YamlList {
  readonly kind: 'list';
  readonly place: Place;
  readonly items: readonly YamlNode[];
}

export interface YamlMap {
  readonly kind: 'map';
  readonly place: Place;
  /** In the order of the file; what `<<` merges comes where it stands. */
  readonly entries: ReadonlyMap<string, YamlEntry>;
}

interface YamlEntry {
  /** Of the key. */
  readonly place: Place;
  readonly value: YamlNode;
}

export type YamlNode = YamlText | YamlNothing | YamlList | YamlMap;

/** What is wrong at a place of a test file: its first line says it all, further lines what would be right. */
export class PlacedError extends Error {
  readonly place: Place;

  constructor(place: Place, ...lines: readonly string[]) {
    super(lines.join('\n'));
    this.name = 'PlacedError';
    this.place = place;
  }
}

/** Characters of a file. */
const MAX_SIZE = 1 << 20;
/** Levels of nesting. A test needs no more than eight; the composer is recursive, and takes the process with it. */
const MAX_DEPTH = 64;
/** Nodes, each alias counted as what it stands for. */
const MAX_NODES = 100_000;
const MERGE = '<<';
const START: Place = { line: 1, column: 1 };

/** The one document of a file. @throws PlacedError */
export async function parseYaml(source: string): Promise<YamlNode> {
  if (source.length > MAX_SIZE) throw new PlacedError(START, `the file is larger than ${MAX_SIZE >> 10} KiB`);
  const yaml = await import('yaml');
  const { Composer, Lexer, LineCounter, Parser } = yaml;
  const lines = new LineCounter();
  const placeAt = (offset: number): Place => {
    const { line, col } = lines.linePos(offset);
    return { line: Math.max(1, line), column: Math.max(1, col) };
  };
  const parser = new Parser(lines.addNewLine);
  lines.addNewLine(0);
  const tokens = [];
  for (const lexeme of new Lexer().lex(source)) {
    for (const token of parser.next(lexeme)) tokens.push(token);
    if (parser.stack.length > MAX_DEPTH)
      throw new PlacedError(placeAt(parser.offset), `nested more than ${MAX_DEPTH} levels deep`);
  }
  for (const token of parser.end()) tokens.push(token);
  // Keys that are there twice are looked for here: the composer compares each with each.
  const composer = new Composer({ schema: 'failsafe', uniqueKeys: false, stringKeys: true, prettyErrors: false });
  const [document, second] = [...composer.compose(tokens, true, source.length)];
  const [wrong] = [...(document?.errors ?? []), ...(second?.errors ?? [])];
  if (wrong) {
    const hint =
      wrong.code === 'BLOCK_AS_IMPLICIT_KEY'
        ? ['text with a colon before a blank or at its end must stand in quotes']
        : [];
    throw new PlacedError(placeAt(wrong.pos[0]), `not YAML: ${wrong.message}`, ...hint);
  }
  if (second) throw new PlacedError(placeAt(second.range[0]), 'a second document: a test file is one');
  return document?.contents ? new Converter(yaml, placeAt).node(document.contents) : { kind: 'nothing', place: START };
}

class Converter {
  private readonly yaml: typeof import('yaml');
  private readonly placeAt: (offset: number) => Place;
  /** Nodes by the names of their anchors; null while they are not complete. */
  private readonly anchors = new Map<string, { readonly node: YamlNode; readonly size: number } | null>();
  /** Nodes so far. */
  private size = 0;

  constructor(yaml: typeof import('yaml'), placeAt: (offset: number) => Place) {
    this.yaml = yaml;
    this.placeAt = placeAt;
  }

  node(parsed: ParsedNode): YamlNode {
    const place = this.placeAt(parsed.range[0]);
    if (this.yaml.isAlias(parsed)) return this.alias(parsed.source, place);
    const { tag, anchor } = parsed;
    if (tag !== undefined) throw new PlacedError(place, `${tag}: tags have no meaning here`);
    const before = this.size;
    this.grow(1, place);
    if (anchor !== undefined) this.anchors.set(anchor, null);
    const node = this.untagged(parsed, place);
    if (anchor !== undefined) this.anchors.set(anchor, { node, size: this.size - before });
    return node;
  }

  private untagged(parsed: Exclude<ParsedNode, { readonly anchor?: never }>, place: Place): YamlNode {
    if (this.yaml.isSeq(parsed)) return { kind: 'list', place, items: parsed.items.map((item) => this.node(item)) };
    if (this.yaml.isMap(parsed)) return { kind: 'map', place, entries: this.entries(parsed) };
    const text = String(parsed.value);
    if (parsed.type !== this.yaml.Scalar.PLAIN) return { kind: 'text', place, text };
    if (parsed.comment?.trim() === '')
      throw new PlacedError(
        place,
        `the value ends before the #, which begins a comment: ${JSON.stringify(text)}`,
        `put it in quotes when # belongs to it: '${text} # '`,
      );
    return text === '' || text === '~' || text === 'null' ? { kind: 'nothing', place } : { kind: 'text', place, text };
  }

  private entries(map: YAMLMap.Parsed): ReadonlyMap<string, YamlEntry> {
    const own = new Map<string, YamlEntry>();
    const merged = new Map<string, YamlEntry>();
    for (const pair of map.items) {
      const key = this.node(pair.key);
      if (key.kind !== 'text') throw new PlacedError(key.place, 'a key must be text');
      const { place, text } = key;
      if (own.has(text)) throw new PlacedError(place, `${JSON.stringify(text)} is there twice`);
      const value: YamlNode = pair.value ? this.node(pair.value) : { kind: 'nothing', place };
      if (text === MERGE) merge(value, merged);
      own.set(text, { place, value });
    }
    own.delete(MERGE);
    return new Map([...merged, ...own]);
  }

  private alias(name: string, place: Place): YamlNode {
    const anchored = this.anchors.get(name);
    if (anchored === undefined) throw new PlacedError(place, `*${name}: there is no &${name} before it`);
    if (anchored === null) throw new PlacedError(place, `*${name} is a part of &${name}`);
    this.grow(anchored.size, place);
    return anchored.node;
  }

  private grow(nodes: number, place: Place): void {
    this.size += nodes;
    if (this.size > MAX_NODES)
      throw new PlacedError(place, `more than ${MAX_NODES} values, counting what aliases stand for`);
  }
}

/** The merge key (yaml.org/type/merge.html): of several maps the first that has a key gives its value. */
function merge(value: YamlNode, into: Map<string, YamlEntry>): void {
  for (const map of value.kind === 'list' ? value.items : [value]) {
    if (map.kind !== 'map') throw new PlacedError(map.place, `${MERGE} takes a map, or a list of maps`);
    for (const [key, entry] of map.entries) if (!into.has(key)) into.set(key, entry);
  }
}

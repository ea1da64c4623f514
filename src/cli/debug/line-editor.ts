// One line being typed: Emacs keys, history and the search in it, completion. Knows no terminal: keys in, what happened and what to write out.
import type { ShellCompletion } from '../../debug/shell/port.ts';
import { EditedLine } from './edited-line.ts';
import type { History } from './history.ts';
import type { Key } from './keys.ts';
import { LineDrawing } from './line-drawing.ts';
import { characters } from './text-width.ts';

export type EditorEvent =
  | { readonly kind: 'line'; readonly text: string }
  /** Ctrl-C: the line is given up. */
  | { readonly kind: 'interrupt' }
  /** Ctrl-D on an empty line. */
  | { readonly kind: 'end' }
  /** Tab: ask for completions of `line` at `cursor` (UTF-16), and give them to offer(). */
  | { readonly kind: 'complete'; readonly line: string; readonly cursor: number }
  /** Ctrl-L. */
  | { readonly kind: 'clear' }
  /** A key that can do nothing here. */
  | { readonly kind: 'bell' };

/** Lines of a paste that wait for their turn. */
const MAX_WAITING = 1000;
/** What a paste has and a line does not. */
const CONTROLS = /[\p{Cc}\p{Cs}\p{Zl}\p{Zp}\p{Bidi_Control}]/gu;

const BELL: EditorEvent = { kind: 'bell' };

interface Search {
  query: string;
  /** In the history; -1: nothing was found. */
  found: number;
  /** The line before the search. */
  readonly cells: readonly string[];
  readonly cursor: number;
}

export class LineEditor {
  prompt = '';
  private readonly history: History;
  private readonly line = new EditedLine();
  private readonly drawing = new LineDrawing();
  /** Where in the history; its length: the line that is being typed, which `unfinished` keeps meanwhile. */
  private place: number;
  private unfinished = '';
  private search: Search | null = null;
  private waiting: string[] = [];

  constructor(history: History) {
    this.history = history;
    this.place = history.length;
  }

  press(key: Key): EditorEvent | null {
    if (key.kind === 'paste') return this.paste(key.text);
    if (this.search) return this.searching(this.search, key);
    const could = key.kind === 'text' ? this.line.insert(key.text) : this.act(key.name);
    return typeof could === 'boolean' ? (could ? null : BELL) : could;
  }

  /** Completions have come. When there are several and nothing can be added, they are returned, to be shown. */
  offer({ from, candidates }: ShellCompletion): readonly string[] {
    const word = this.line.before.slice(from);
    const fitting = candidates.filter((candidate) => candidate.startsWith(word));
    const [first] = fitting;
    if (first === undefined) return [];
    let common = first;
    for (const candidate of fitting) while (!candidate.startsWith(common)) common = common.slice(0, -1);
    const added = common.slice(word.length) + (fitting.length === 1 ? ' ' : '');
    if (added === '') return fitting;
    this.line.insert(added);
    return [];
  }

  /** Begin a new line, or the next one of a paste. */
  next(): void {
    this.search = null;
    this.line.replace(this.waiting.shift() ?? '');
    this.place = this.history.length;
    this.unfinished = '';
  }

  /** Show the line on a terminal of so many columns. This and the next two return what to write. */
  draw(columns: number): string {
    const { search, line, prompt } = this;
    const failed = search !== null && search.found < 0 && search.query !== '';
    const shown = search === null ? prompt : `(${failed ? 'not found' : 'search'}: ${search.query}) `;
    return this.drawing.draw(shown, line.cells, line.cursor, columns);
  }

  erase(columns: number): string {
    return this.drawing.erase(columns);
  }

  leave(columns: number): string {
    return this.drawing.leave(columns);
  }

  /** What a key does: an event, or whether it could do anything. */
  private act(name: string): EditorEvent | boolean {
    const { line } = this;
    switch (name) {
      case 'enter':
        this.history.add(line.text);
        return { kind: 'line', text: line.text };
      case 'tab':
        return { kind: 'complete', line: line.text, cursor: line.before.length };
      case 'ctrl-c':
        this.waiting = [];
        return { kind: 'interrupt' };
      case 'ctrl-d':
        return line.cells.length === 0 ? { kind: 'end' } : line.remove(line.cursor, line.cursor + 1, false);
      case 'ctrl-l':
        return { kind: 'clear' };
      case 'ctrl-r':
        this.search = { query: '', found: this.history.length, cells: line.cells, cursor: line.cursor };
        return true;
      case 'up':
      case 'ctrl-p':
        return this.recall(this.place - 1);
      case 'down':
      case 'ctrl-n':
        return this.recall(this.place + 1);
      case 'alt-<':
        return this.recall(0);
      case 'alt->':
        return this.recall(this.history.length);
      default:
        return EDITING[name]?.(line) ?? false;
    }
  }

  private paste(text: string): EditorEvent | null {
    this.endSearch();
    const [first = '', ...others] = text
      .replaceAll('\t', ' ')
      .split(/\r\n|\r|\n/)
      .map((line) => line.replace(CONTROLS, ''));
    // Each further line waits for its own Enter.
    const lines = others.filter((line) => line.trim() !== '');
    this.waiting.push(...lines.slice(0, Math.max(0, MAX_WAITING - this.waiting.length)));
    return this.line.insert(first) ? null : BELL;
  }

  /** To another line of the history. */
  private recall(place: number): boolean {
    const { history, line } = this;
    if (place < 0 || place > history.length || place === this.place) return false;
    if (this.place === history.length) this.unfinished = line.text;
    this.place = place;
    line.replace(place === history.length ? this.unfinished : history.at(place)!);
    return true;
  }

  private searching(search: Search, key: Key): EditorEvent | null {
    if (key.kind === 'text') {
      search.query += key.text;
      return this.find(search, search.found < 0 ? this.history.length : search.found);
    }
    if (key.kind === 'key' && key.name === 'ctrl-r') return this.find(search, search.found - 1);
    if (key.kind === 'key' && key.name === 'backspace') {
      search.query = characters(search.query).slice(0, -1).join('');
      return this.find(search, this.history.length);
    }
    if (key.kind === 'key' && (key.name === 'ctrl-g' || key.name === 'ctrl-c')) {
      this.line.replace(search.cells.join(''));
      this.line.moveTo(search.cursor);
      this.search = null;
      return null;
    }
    // Any other key takes what was found, and does what it does.
    this.endSearch();
    return this.press(key);
  }

  private endSearch(): void {
    const { search, history } = this;
    this.search = null;
    if (search === null || search.found < 0 || search.found >= history.length) return;
    if (this.place === history.length) this.unfinished = search.cells.join('');
    this.place = search.found;
  }

  private find(search: Search, from: number): EditorEvent | null {
    const { query } = search;
    if (query === '') return null;
    const found = this.history.search(query, from);
    // The last one that was found stays when there is no older one.
    if (found < 0 && from < search.found) return BELL;
    search.found = found;
    if (found < 0) return BELL;
    const text = this.history.at(found)!;
    this.line.replace(text);
    this.line.moveTo(characters(text.slice(0, text.indexOf(query))).length);
    return null;
  }
}

type Edit = (line: EditedLine) => boolean;

const left: Edit = (line) => line.moveTo(line.cursor - 1);
const right: Edit = (line) => line.moveTo(line.cursor + 1);
const home: Edit = (line) => line.moveTo(0) || true;
const end: Edit = (line) => line.moveTo(line.cells.length) || true;
const wordLeft: Edit = (line) => line.moveTo(line.wordStart);
const wordRight: Edit = (line) => line.moveTo(line.wordEnd);

const EDITING: Readonly<Record<string, Edit>> = {
  left,
  right,
  home,
  end,
  backspace: (line) => line.remove(line.cursor - 1, line.cursor, false),
  delete: (line) => line.remove(line.cursor, line.cursor + 1, false),
  'ctrl-a': home,
  'ctrl-b': left,
  'ctrl-e': end,
  'ctrl-f': right,
  'ctrl-k': (line) => line.remove(line.cursor, line.cells.length, true),
  'ctrl-t': (line) => line.transpose(),
  'ctrl-u': (line) => line.remove(0, line.cursor, true),
  'ctrl-w': (line) => line.remove(line.blankStart, line.cursor, true),
  'ctrl-y': (line) => line.yank(),
  'alt-b': wordLeft,
  'alt-left': wordLeft,
  'alt-f': wordRight,
  'alt-right': wordRight,
  'alt-d': (line) => line.remove(line.cursor, line.wordEnd, true),
  'alt-backspace': (line) => line.remove(line.wordStart, line.cursor, true),
};

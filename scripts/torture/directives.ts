// What a torture program asks of its compilation: the DejaGnu directives in its comments and the Tcl of the .x file beside it, as far as
// they matter for mipsel Linux (GCC Internals, "Test Directives"; gcc.c-torture/execute, *.exp). A directive, a selector or an effective
// target that is not known here is an error, never ignored.

/** The triplet that selectors are matched against. */
const TARGET = 'mipsel-unknown-linux-gnu';

/** Effective targets: does mipsel Linux with glibc and a hard FPU have it? */
const EFFECTIVE: Readonly<Record<string, boolean>> = {
  alloca: true,
  c99_runtime: true,
  dfp: false,
  double64plus: true,
  fileio: true,
  fpic: true,
  freestanding: false,
  indirect_jumps: true,
  int128: false,
  int32: true,
  int32plus: true,
  label_values: true,
  longlong64: true,
  mmap: true,
  newlib_nano_io: false,
  return_address: true,
  signal: true,
  stdint_types: true,
  trampolines: true,
  untyped_assembly: true,
  unwrapped: true,
  vxworks_kernel: false,
};

/** Directives without a say in how to compile for this target: what it has anyway, and what other targets or warnings are about. */
const NO_SAY: ReadonlySet<string> = new Set([
  'dg-add-options',
  'dg-do',
  'dg-prune-output',
  'dg-require-alias',
  'dg-require-stack-size',
  'dg-require-weak',
  'dg-xfail-if',
  'dg-xfail-run-if',
]);

export interface Wishes {
  /** Compiler options beside the optimisation. */
  readonly options: readonly string[];
  /** Why it cannot run on this target; null when it can. */
  readonly skip: string | null;
}

/** The elements of a Tcl list: words, "quoted" and {braced}; braces and quotes are taken off. */
export function tclList(text: string): string[] {
  const elements: string[] = [];
  for (let at = 0; at < text.length; ) {
    const first = text[at]!;
    if (/\s/.test(first)) {
      at++;
      continue;
    }
    const from = at;
    if (first === '{') {
      let depth = 0;
      do {
        if (text[at] === '{') depth++;
        if (text[at] === '}') depth--;
        at++;
      } while (depth > 0 && at < text.length);
      if (depth > 0) throw new Error(`a brace is not closed in ${text}`);
      elements.push(text.slice(from + 1, at - 1));
    } else if (first === '"') {
      const end = text.indexOf('"', at + 1);
      if (end < 0) throw new Error(`a quote is not closed in ${text}`);
      elements.push(text.slice(at + 1, end));
      at = end + 1;
    } else {
      while (at < text.length && !/\s/.test(text[at]!)) at++;
      elements.push(text.slice(from, at));
    }
  }
  return elements;
}

const globMatches = (glob: string, text: string): boolean =>
  new RegExp(
    `^${glob
      .replace(/[.+^$()|[\]\\]/g, '\\$&')
      .replace(/\*/g, '.*')
      .replace(/\?/g, '.')}$`,
  ).test(text);

/** Does a selector, such as `{ ! alloca }` or `avr-*-* vax-*-*`, hold for the target? Throws at an unknown effective target. */
export function selects(selector: string): boolean {
  const elements = tclList(selector);
  const [first = '', second = '', third = ''] = elements;
  if (first === '!') return !selects(second);
  if (second === '&&') return selects(first) && selects(third);
  if (second === '||') return selects(first) || selects(third);
  return elements.some((element) => {
    if (/\s/.test(element)) return selects(element);
    if (element.includes('-')) return globMatches(element, TARGET);
    const has = EFFECTIVE[element];
    if (has === undefined) throw new Error(`unknown effective target ${element}`);
    return has;
  });
}

/** `{ target SELECTOR }` or `SELECTOR`, missing: everything. */
function concerns(selector: string | undefined): boolean {
  if (selector === undefined || selector.trim() === '') return true;
  const elements = tclList(selector);
  return elements[0] === 'target' ? elements.slice(1).some(selects) : selects(selector);
}

/** The lists of options of dg-skip-if: those it is about, and those that except a compilation from it. */
function skipsOptions(level: string, [about = '', except = '']: readonly string[]): boolean {
  const options = (list: string): string[] => tclList(list).filter((option) => option !== '');
  const wanted = options(about);
  return (wanted.length === 0 || wanted.some((glob) => globMatches(glob, level))) && !options(except).includes(level);
}

/** The directives of a source, each a list whose first element is its name. */
function directivesOf(source: string): string[][] {
  const found: string[][] = [];
  for (const { index } of source.matchAll(/\{\s*dg-[a-z]/g)) {
    const end = source.indexOf('*/', index);
    const line = source.indexOf('\n', index);
    // A comment of /* */ may hold several lines; one of // holds one.
    const comment = source.slice(index, end >= 0 ? end : line >= 0 ? line : undefined);
    found.push(tclList(firstBraced(comment)));
  }
  return found;
}

function firstBraced(text: string): string {
  let depth = 0;
  for (let at = 0; at < text.length; at++) {
    if (text[at] === '{') depth++;
    if (text[at] === '}' && --depth === 0) return text.slice(1, at);
  }
  throw new Error(`a directive is not closed: ${text.slice(0, 80)}`);
}

/** Options that a .x file adds without a condition; what it says under one is about other targets. */
function optionsOfTcl(tcl: string): string[] {
  return tcl
    .split('\n')
    .filter((line) => line.startsWith('lappend additional_flags '))
    .flatMap((line) => tclList(line).slice(2));
}

/**
 * What a program with this `source`, and the .x file `tcl` ('' for none), asks when it is compiled at `level` (such as -O2). Throws at
 * a directive, a selector or an effective target that is not known.
 */
export function wishesOf(source: string, tcl: string, level: string): Wishes {
  const options = optionsOfTcl(tcl);
  let skip: string | null = null;
  for (const [name = '', ...given] of directivesOf(source)) {
    if (NO_SAY.has(name)) continue;
    if (name === 'dg-options' || name === 'dg-additional-options') {
      if (concerns(given[1])) options.push(...tclList(given[0] ?? ''));
    } else if (name === 'dg-require-effective-target') {
      if (concerns(given[1]) && !selects(given[0] ?? '')) skip ??= `needs ${given[0]}`;
    } else if (name === 'dg-skip-if') {
      if (concerns(given[1]) && skipsOptions(level, given.slice(2)))
        skip ??= `${given[0] || 'skipped where'} { ${given[1]?.trim()} }`;
    } else throw new Error(`unknown directive ${name}`);
  }
  return { options, skip };
}

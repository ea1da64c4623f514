// Holds the sources to the rules of ARCHITECTURE.md: who imports whom, where side effects may live, how large a file may grow,
// and that documents name only paths that exist.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join, posix, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { mayImport, renderImportTable, ruleFor } from './support/import-table.ts';
import { codeOf, exportsOf, importsOf } from './support/source-scan.ts';

const ROOT = dirname(dirname(fileURLToPath(import.meta.url)));
const MAX_LINES = 400;
/** A file whose head says so is a table: it may be long, and complete beyond what is used today. */
const TABLE_MARKER = /^\/\/ table:/im;
/** What is called from outside the sources: the library by its users, main by bin/tsvm.js. */
const ENTRY_POINTS: ReadonlyMap<string, RegExp> = new Map([
  ['src/api/index.ts', /./],
  ['src/regress/index.ts', /./],
  ['src/regress/module-hooks.ts', /^(resolve|load)$/],
  ['src/cli/main.ts', /^main$/],
]);

interface Source {
  /** Relative to the project, with forward slashes. */
  readonly path: string;
  readonly text: string;
}

function sourcesIn(folder: string): Source[] {
  const from = join(ROOT, folder);
  if (!existsSync(from)) return [];
  return readdirSync(from, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && entry.name.endsWith('.ts'))
    .map((entry) => join(entry.parentPath, entry.name))
    .sort()
    .map((path) => ({ path: relative(ROOT, path).replaceAll('\\', '/'), text: readFileSync(path, 'utf8') }));
}

const src = sourcesIn('src');
const all = ['src', 'test', 'scripts', 'guests'].flatMap(sourcesIn);
const belowSrc = (path: string): string => path.slice('src/'.length);
const isTable = (source: Source): boolean => TABLE_MARKER.test(source.text.split('\n', 8).join('\n'));

/** What a relative import means, as a path from the project; undefined for packages and node:*. */
function target(from: string, specifier: string): string | undefined {
  return specifier.startsWith('.') ? posix.join(posix.dirname(from), specifier) : undefined;
}

function forbiddenImports(source: Source): string[] {
  const rule = ruleFor(belowSrc(source.path));
  if (!rule) return [`${source.path}: its folder is not in the import table`];
  const complaints: string[] = [];
  for (const { specifier, typesOnly } of importsOf(source.text)) {
    const to = target(source.path, specifier);
    const allowed =
      to !== undefined
        ? to.startsWith('src/') && mayImport(belowSrc(source.path), belowSrc(to), typesOnly)
        : specifier.startsWith('node:')
          ? rule.node
          : rule.packages.includes(specifier);
    if (!allowed) complaints.push(`${source.path} imports ${to ?? specifier}${typesOnly ? ' (types)' : ''}`);
  }
  return complaints;
}

/** Lines of code (not comments or strings) that match. */
function matches(source: Source, pattern: RegExp): string[] {
  return codeOf(source.text)
    .split('\n')
    .flatMap((line, n) =>
      pattern.test(line) ? [`${source.path}:${n + 1}: ${source.text.split('\n')[n]!.trim()}`] : [],
    );
}

const outside = (...folders: string[]): Source[] =>
  src.filter((source) => !folders.some((folder) => source.path.startsWith(`src/${folder}`)));

/** Exports that no other file imports. A type that its own file mentions again belongs to an export there. */
function unusedExports(sources: readonly Source[]): string[] {
  const used = new Map<string, Set<string>>();
  for (const source of sources)
    for (const { specifier, names } of importsOf(source.text)) {
      const to = target(source.path, specifier);
      if (to === undefined) continue;
      const set = used.get(to) ?? new Set();
      for (const name of names) set.add(name);
      used.set(to, set);
    }
  return sources.flatMap((source) => {
    if (isTable(source)) return [];
    const entry = ENTRY_POINTS.get(source.path);
    const names = used.get(source.path) ?? new Set();
    if (names.has('*')) return [];
    const code = codeOf(source.text);
    return exportsOf(source.text)
      .filter(({ name }) => !names.has(name) && !entry?.test(name))
      .filter(({ name, isType }) => !(isType && code.split(new RegExp(`\\b${name}\\b`)).length > 2))
      .map(({ name }) => `${source.path} exports ${name}`);
  });
}

/** Paths that a document names in code spans, code blocks and links, and that do not exist. */
function missingPaths(document: string): string[] {
  const spans = [...document.matchAll(/`([^`]+)`/g), ...document.matchAll(/\]\(([^)#\s]+)/g)].map((match) => match[1]!);
  const words = spans.flatMap((span) => span.split(/[\s"'(),;]+/));
  return words
    .map((word) => word.replace(/^\.\//, '').replace(/[.:]+$/, ''))
    .filter((word) => /^(src|test|scripts|guests|docs|bin|\.ci)\/|^[A-Za-z][\w./-]*\.(ts|md|sh|mjs|json)$/.test(word))
    .map((word) => (/[<*{]/.test(word) ? posix.dirname(word.replace(/[<*{].*$/, 'x')) : word))
    .filter((word) => !existsSync(join(ROOT, word)) && !existsSync(join(ROOT, 'src', word)));
}

describe('the import table', () => {
  it('is kept by every file of src', () => {
    expect(src.flatMap(forbiddenImports)).toEqual([]);
  });

  it('is the one that ARCHITECTURE.md prints', () => {
    const path = join(ROOT, 'ARCHITECTURE.md');
    if (!existsSync(path)) return;
    const printed = readFileSync(path, 'utf8').includes(renderImportTable());
    expect(printed, `ARCHITECTURE.md must contain\n${renderImportTable()}\n`).toBe(true);
  });
});

describe('side effects', () => {
  it('time, timers and randomness come from host/ and cli/ only', () => {
    const pattern =
      /\b(Date|performance|setTimeout|setInterval|setImmediate|Math\.random|crypto\.(randomBytes|getRandomValues|randomUUID))\b/;
    expect(outside('host/', 'cli/').flatMap((source) => matches(source, pattern))).toEqual([]);
  });

  it('only cli/ writes to the terminal', () => {
    const pattern = /(?<!\.)\b(console\.\w+|process\.(stdout|stderr))\b/;
    expect(outside('cli/').flatMap((source) => matches(source, pattern))).toEqual([]);
  });

  it('only cli/main.ts decides the exit code', () => {
    const pattern = /\bprocess\.(exit|exitCode)\b/;
    expect(outside('cli/main.ts').flatMap((source) => matches(source, pattern))).toEqual([]);
  });
});

describe('the sources', () => {
  it(`no file of src is longer than ${MAX_LINES} lines unless it is a table`, () => {
    const long = src.filter((source) => source.text.split('\n').length - 1 > MAX_LINES && !isTable(source));
    expect(long.map((source) => source.path)).toEqual([]);
  });

  it('nothing is `any`, and no checker is silenced', () => {
    const silencers = new RegExp(
      ['@ts-(ignore|nocheck)', 'biome-ignore'].map((word) => `(//|/\\*) ?${word}`).join('|'),
    );
    expect(all.flatMap((source) => matches(source, /\bany\b/))).toEqual([]);
    expect(all.filter((source) => silencers.test(source.text)).map((source) => source.path)).toEqual([]);
  });

  it('index.ts stands only where a registry or the library is', () => {
    const allowed =
      /^src\/(api|arch|arch\/\w+|boards|cli\/commands|regress|regress\/report|debug\/shell\/commands|arch\/\w+\/debug-view)\/index\.ts$/;
    const odd = src.filter((source) => source.path.endsWith('/index.ts') && !allowed.test(source.path));
    expect(odd.map((source) => source.path)).toEqual([]);
  });

  it('every export is used by another file', () => {
    expect(unusedExports(all)).toEqual([]);
  });
});

describe('the documents', () => {
  it.each(['README.md', 'ARCHITECTURE.md', 'CONTRIBUTING.md'])('%s names only paths that exist', (name) => {
    const path = join(ROOT, name);
    if (!existsSync(path)) return;
    // A test's m.sh(...) is no shell script.
    expect(missingPaths(readFileSync(path, 'utf8').replaceAll(/\bm\.sh\b/g, 'm.shell'))).toEqual([]);
  });
});

describe('the rules themselves', () => {
  const source = (path: string, text: string): Source => ({ path, text });

  it('refuse an import against the table, and types where only values are listed pass', () => {
    expect(forbiddenImports(source('src/devices/x.ts', "import { Vcpu } from '../cpu/exec/vcpu.ts';\n"))).toHaveLength(
      1,
    );
    expect(forbiddenImports(source('src/devices/x.ts', "import { Bus } from '../memory/bus.ts';\n"))).toHaveLength(1);
    expect(forbiddenImports(source('src/devices/x.ts', "import type { Bus } from '../memory/bus.ts';\n"))).toEqual([]);
    expect(forbiddenImports(source('src/devices/x.ts', "import fs from 'node:fs';\n"))).toHaveLength(1);
    expect(forbiddenImports(source('src/vmm/x.ts', "const x = await import('chalk');\n"))).toHaveLength(1);
    expect(forbiddenImports(source('src/arch/arm/x.ts', "export { a } from '../mips/a.ts';\n"))).toHaveLength(1);
    expect(forbiddenImports(source('src/arch/mips/x.ts', "import { a } from './insns/a.ts';\n"))).toEqual([]);
    expect(forbiddenImports(source('src/elsewhere/x.ts', ''))).toHaveLength(1);
  });

  it('see code but not comments, strings and regular expressions', () => {
    const template = ['const c = `any $', '{x as any} any`;'].join('');
    const text = `const a: any = 1; // any\nconst b = 'any';\n${template}\nconst d = /any'/.test(b);\n`;
    expect(matches(source('src/x.ts', text), /\bany\b/).map((line) => line.split(':')[1])).toEqual(['1', '3']);
  });

  it('find an export that nobody imports', () => {
    const a = source('src/a.ts', 'export const used = 1;\nexport const idle = 2;\nexport interface Idle {}\n');
    const b = source('src/b.ts', "import { used as x } from './a.ts';\n");
    expect(unusedExports([a, b])).toEqual(['src/a.ts exports idle', 'src/a.ts exports Idle']);
  });

  it('find a path that does not exist', () => {
    expect(missingPaths('see `src/kvm/run.ts`, `kvm/run.ts`, `src/devices/<name>.ts` and `npm test`')).toEqual([]);
    expect(missingPaths('see `src/kvm/gone.ts` and [x](docs/gone.md)')).toEqual(['src/kvm/gone.ts', 'docs/gone.md']);
  });
});

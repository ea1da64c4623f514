// Reads TypeScript sources as text for test/architecture.test.ts: what they import and export, and their code without
// comments and strings. It knows the language only as far as code formatted by biome needs.

export interface SourceImport {
  readonly specifier: string;
  /** Erased at build: `import type`, `export type ... from`. */
  readonly typesOnly: boolean;
  /** Names taken, as the other module exports them; `*` for the whole namespace. */
  readonly names: readonly string[];
}

export interface SourceExport {
  readonly name: string;
  /** An interface or a type. */
  readonly isType: boolean;
}

/** May a `/` after this text start a regular expression? */
function regexMayFollow(before: string): boolean {
  return /(^|[(,=:[!&|?{};+\-*%~^<>]|\b(return|typeof|case|in|of))\s*$/.test(before);
}

/** The code with comments blanked and, unless `keepStrings`, the inside of strings and regular expressions too. */
export function codeOf(text: string, keepStrings = false): string {
  let out = '';
  let at = 0;
  /** Open braces of each template literal's `${`. */
  const templates: number[] = [];
  const blank = (end: number, keep: boolean): void => {
    const part = text.slice(at, end);
    out += keep ? part : part.replace(/[^\n]/g, ' ');
    at = end;
  };
  const string = (quote: string): void => {
    let end = at + 1;
    while (end < text.length && text[end] !== quote && !(quote !== '`' && text[end] === '\n')) {
      if (quote === '`' && text.startsWith('${', end)) break;
      end += text[end] === '\\' ? 2 : 1;
    }
    out += text[at];
    at++;
    blank(Math.min(end, text.length), keepStrings);
    if (quote === '`' && text.startsWith('${', at)) {
      out += '${';
      at += 2;
      templates.push(0);
    } else if (at < text.length) out += text[at++];
  };
  while (at < text.length) {
    const char = text[at]!;
    const open = templates.at(-1);
    if (text.startsWith('//', at)) {
      const end = text.indexOf('\n', at);
      blank(end < 0 ? text.length : end, false);
    } else if (text.startsWith('/*', at)) {
      const end = text.indexOf('*/', at + 2);
      blank(end < 0 ? text.length : end + 2, false);
    } else if (char === '/' && regexMayFollow(out.slice(-40))) {
      let end = at + 1;
      let inClass = false;
      while (end < text.length && text[end] !== '\n' && (inClass || text[end] !== '/')) {
        if (text[end] === '[') inClass = true;
        if (text[end] === ']') inClass = false;
        end += text[end] === '\\' ? 2 : 1;
      }
      blank(end + 1, keepStrings);
    } else if (char === "'" || char === '"' || char === '`') {
      string(char);
    } else if (open !== undefined && char === '}' && open === 0) {
      templates.pop();
      string('`');
    } else {
      if (open !== undefined && (char === '{' || char === '}'))
        templates[templates.length - 1] = open + (char === '{' ? 1 : -1);
      out += char;
      at++;
    }
  }
  return out;
}

/** `a, type b as c` as pairs of outer name, local name and whether it is a type. */
function clauses(list: string): { outer: string; local: string; isType: boolean }[] {
  return list
    .split(',')
    .map((part) => part.trim())
    .filter((part) => part !== '')
    .map((part) => {
      const isType = part.startsWith('type ');
      const [outer = '', local] = part.replace(/^type /, '').split(/\s+as\s+/);
      return { outer, local: local ?? outer, isType };
    });
}

/** Everything a source imports, re-exports and dynamic imports included. */
export function importsOf(text: string): SourceImport[] {
  const code = codeOf(text, true);
  const found: SourceImport[] = [];
  const statement =
    /^(import|export)\s+(type\s+)?(?:([\w$]+)\s*,?\s*)?(?:\{([^}]*)\}|(\*)(?:\s+as\s+[\w$]+)?)?\s*from\s*'([^']+)'/gm;
  for (const match of code.matchAll(statement)) {
    const [, , type, fallback, list, star, specifier] = match;
    const named = clauses(list ?? '');
    const names = named.map((clause) => clause.outer);
    if (fallback) names.push('default');
    if (star) names.push('*');
    const typesOnly = type !== undefined || (named.length > 0 && !fallback && named.every((clause) => clause.isType));
    found.push({ specifier: specifier!, typesOnly, names });
  }
  for (const match of code.matchAll(/^import\s*'([^']+)'|\bimport\(\s*'([^']+)'\s*\)/gm))
    found.push({ specifier: (match[1] ?? match[2])!, typesOnly: false, names: match[2] ? ['*'] : [] });
  return found;
}

/** Everything a source exports under its own names. */
export function exportsOf(text: string): SourceExport[] {
  const code = codeOf(text, true);
  const found: SourceExport[] = [];
  const declaration =
    /^export\s+(?:declare\s+)?(default\b|(?:abstract\s+)?class|async\s+function\*?|function\*?|const|let|interface|type)\s*([\w$]+)?/gm;
  for (const [, kind, name] of code.matchAll(declaration)) {
    if (kind === 'default') found.push({ name: 'default', isType: false });
    else if (name) found.push({ name, isType: kind === 'interface' || kind === 'type' });
  }
  for (const [, type, list] of code.matchAll(/^export\s+(type\s+)?\{([^}]*)\}/gm))
    for (const clause of clauses(list!))
      found.push({ name: clause.local, isType: type !== undefined || clause.isType });
  return found;
}

// Node's module hooks of a test's process: `tsvm` and `tsvm/test` are this very tsvm, wherever the test file lies, and TypeScript's types are
// taken out of files in place, so that lines and columns stay.
import { readFile } from 'node:fs/promises';
import { createRequire, type LoadHook, type ResolveHook } from 'node:module';
import { fileURLToPath } from 'node:url';

const OWN: ReadonlyMap<string, string> = new Map([
  ['tsvm', new URL('../api/index.js', import.meta.url).href],
  ['tsvm/test', new URL('./index.js', import.meta.url).href],
]);

export const resolve: ResolveHook = (specifier, context, next) => {
  const own = OWN.get(specifier);
  return own === undefined ? next(specifier, context) : { url: own, shortCircuit: true };
};

export const load: LoadHook = async (url, context, next) => {
  if (!url.startsWith('file:') || !/\.m?ts$/.test(new URL(url).pathname)) return next(url, context);
  const filename = fileURLToPath(url);
  const { transformSync } = createRequire(import.meta.url)(
    '@swc/wasm-typescript',
  ) as typeof import('@swc/wasm-typescript');
  const text = await readFile(filename, 'utf8');
  try {
    const { code } = transformSync(text, { mode: 'strip-only', filename, sourceMap: false });
    return { format: 'module', source: code, shortCircuit: true };
  } catch (error) {
    throw syntaxError(error, filename);
  }
};

/** swc throws plain objects. */
function syntaxError(thrown: unknown, filename: string): Error {
  const { message, startLine, startColumn } = thrown as { message?: string; startLine?: number; startColumn?: number };
  const place = startLine === undefined ? '' : `:${startLine}:${(startColumn ?? 0) + 1}`;
  return new SyntaxError(`${filename}${place}: ${message ?? String(thrown)}`);
}

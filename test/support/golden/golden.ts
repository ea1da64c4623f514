// Golden files: committed text that generated text must equal. UPDATE_GOLDEN=1 rewrites them; read the difference before committing it.
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect } from 'vitest';

const FOLDER = fileURLToPath(new URL('../../golden/', import.meta.url));

/** `file` is relative to test/golden. */
export function expectGolden(file: string, text: string): void {
  const path = `${FOLDER}${file}`;
  if (process.env.UPDATE_GOLDEN === '1') {
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, text);
  }
  const golden = existsSync(path) ? readFileSync(path, 'utf8') : '';
  expect(text, `test/golden/${file} differs: UPDATE_GOLDEN=1 npx vitest run test/golden, then read the diff`).toBe(
    golden,
  );
}

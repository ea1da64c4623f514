#!/usr/bin/env node
// The launcher: starts the built command line, or says how to build it.
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const entry = new URL('../dist/bundle/main.js', import.meta.url);
if (existsSync(entry)) {
  const { main } = await import(entry.href);
  await main();
} else {
  process.stderr.write(
    `tsvm: the build is missing (${fileURLToPath(entry)})
  a fresh clone has the TypeScript sources only; the command line runs from dist/
  type: npm ci (installs and builds), or npm run build\n`,
  );
  process.exitCode = 125;
}

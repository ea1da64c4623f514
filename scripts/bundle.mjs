// Usage: node scripts/bundle.mjs [DIST]   (part of `npm run build`, after tsc; DIST is dist unless given)
// Bundles the built command line into dist/bundle: some 120 small modules cost 30 ms of start-up to find and open, three files do not.
// npm packages stay outside and load when they are needed. The library (dist/api) stays as tsc built it.
import { build } from 'esbuild';

const dist = process.argv[2] ?? 'dist';

await build({
  entryPoints: [`${dist}/cli/main.js`],
  bundle: true,
  splitting: true,
  platform: 'node',
  format: 'esm',
  target: 'node20',
  outdir: `${dist}/bundle`,
  packages: 'external',
  logLevel: 'warning',
});

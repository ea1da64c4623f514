// Usage: node scripts/bundle.mjs [DIST]   (part of `npm run build`, after tsc; DIST is dist unless given)
// Bundles the built command line into dist/bundle: some 120 small modules cost 30 ms of start-up to find and open, three files do not.
// npm packages stay outside and load when they are needed. The library (dist/api) stays as tsc built it.
// The interpreters of all boards are generated here, into what is empty in the sources (src/cpu/exec/prebuilt.ts): 18 ms of every start.
import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { build } from 'esbuild';

const dist = process.argv[2] ?? 'dist';
const built = (path) => import(pathToFileURL(resolve(dist, path)).href);

const { BOARDS } = await built('boards/index.js');
const { prebuild } = await built('cpu/exec/program.js');
// By name; an architecture of one byte order only is the same for both, and little-endian.
const programs = new Map();
for (const { loadArchitecture } of BOARDS) {
  const architecture = await loadArchitecture();
  for (const order of ['little', 'big']) {
    const { name } = architecture(order);
    if (!programs.has(name)) programs.set(name, prebuild(architecture(order), order === 'big'));
  }
}
const load = (name) => `${JSON.stringify(name)}: async () => (await import('prebuilt:${name}')).default`;
const list = `{ ${[...programs.keys()].map(load).join(', ')} }`;

const prebuilt = {
  name: 'prebuilt programs',
  setup({ onLoad, onResolve }) {
    onLoad({ filter: /[\\/]cpu[\\/]exec[\\/]prebuilt\.js$/ }, () => ({ contents: `export const PREBUILT = ${list};` }));
    // Each in a file of its own: a run loads the one it needs.
    onResolve({ filter: /^prebuilt:/ }, ({ path }) => ({
      path: path.slice('prebuilt:'.length),
      namespace: 'prebuilt',
    }));
    onLoad({ filter: /.*/, namespace: 'prebuilt' }, ({ path }) => ({
      contents: `export default ${JSON.stringify(programs.get(path))};`,
    }));
  },
};

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
  plugins: [prebuilt],
});

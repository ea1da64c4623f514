// The import table: which folder of src may import which. Kept once, here; ARCHITECTURE.md prints it, and
// test/architecture.test.ts enforces both.

export interface ImportRule {
  /** Folder under src; `arch/*` is each folder of arch, which may not import its siblings. */
  readonly folder: string;
  /** Folders (with what is below them); ` (types)` allows only `import type`. */
  readonly mayImport: readonly string[];
  /** npm packages. */
  readonly packages: readonly string[];
  /** May it import node:*? */
  readonly node: boolean;
  /** Why, or what not, in a few words. */
  readonly note: string;
}

const rule = (
  folder: string,
  mayImport: readonly string[],
  note: string,
  extra: { packages?: readonly string[]; node?: boolean } = {},
): ImportRule => ({ folder, mayImport, note, packages: extra.packages ?? [], node: extra.node ?? false });

const IMPORT_TABLE: readonly ImportRule[] = [
  rule('util', [], 'imports nothing'),
  rule('kvm', ['util'], 'the contract: no implementation'),
  rule('memory', ['util'], 'no device, no cpu'),
  rule('devices', ['memory (types)', 'util'], 'pure models: no vmm, cpu, arch, boards'),
  rule('host', ['devices (types)', 'util'], 'side effects behind the ports of devices', { node: true }),
  rule('cpu/isa', ['cpu/emit (types)', 'cpu/wasm (types)', 'kvm (types)', 'util'], 'no arch'),
  rule('cpu/emit', ['cpu/isa (types)', 'cpu/wasm', 'util'], 'no arch'),
  rule('cpu/wasm', ['util'], 'knows only Wasm'),
  rule('cpu/softfloat', ['cpu/wasm', 'util'], 'knows no ISA: its rules are given'),
  rule('cpu/exec', ['cpu', 'kvm', 'memory', 'util'], 'no arch, no devices'),
  rule('arch', ['arch', 'cpu/isa', 'cpu/emit', 'kvm', 'util'], 'the registry'),
  rule(
    'arch/*',
    ['cpu/isa', 'cpu/emit', 'cpu/softfloat', 'cpu/wasm', 'kvm', 'util'],
    'no other arch, no exec, no devices',
  ),
  rule('boot', ['memory', 'util'], 'no cpu/exec, no vmm', {
    packages: ['elf-tools', 'xz-decompress', 'zstddec/stream'],
  }),
  rule('boards', ['arch', 'cpu/isa (types)', 'devices', 'boot', 'memory', 'util'], 'hardware is composed here'),
  rule(
    'vmm',
    ['kvm', 'cpu/exec', 'cpu/isa (types)', 'boards', 'devices (types)', 'memory', 'boot', 'util'],
    'no cli, no debug',
  ),
  rule('debug', ['kvm', 'memory', 'cpu/isa', 'boot', 'util'], 'no inside of vmm, no cli'),
  rule(
    'api',
    ['vmm', 'kvm', 'cpu/isa (types)', 'boards', 'debug', 'host', 'boot', 'util'],
    'host files and backends are composed here',
    {
      node: true,
    },
  ),
  rule('regress', ['api', 'util'], 'no cli', { packages: ['@swc/wasm-typescript', 'yaml'], node: true }),
  rule('cli', ['api', 'debug', 'regress', 'vmm (types)', 'util'], 'the only one to write to the terminal', {
    packages: ['chalk', 'commander', 'ora'],
    node: true,
  }),
];

/** The rule for a file path below src, e.g. `cpu/exec/kvm.ts`; undefined when no folder of the table holds it. */
export function ruleFor(path: string): ImportRule | undefined {
  const folders = path.split('/').slice(0, -1);
  for (let depth = folders.length; depth > 0; depth--) {
    const folder = folders.slice(0, depth).join('/');
    const found = IMPORT_TABLE.find(
      (row) => row.folder === folder || (depth === 2 && row.folder === `${folders[0]}/*`),
    );
    if (found) return found;
  }
  return undefined;
}

/** May the file at `from` import the file at `to` (both below src)? */
export function mayImport(from: string, to: string, typesOnly: boolean): boolean {
  const row = ruleFor(from);
  if (!row) return false;
  const inside = (folder: string): boolean => to.startsWith(`${folder}/`);
  const own = row.folder.endsWith('/*') ? from.split('/').slice(0, 2).join('/') : row.folder;
  if (ruleFor(to) === row && inside(own)) return true;
  return row.mayImport.some((entry) => {
    const folder = entry.replace(' (types)', '');
    return inside(folder) && (typesOnly || folder === entry);
  });
}

/** The table as ARCHITECTURE.md prints it. */
export function renderImportTable(): string {
  const cell = (row: ImportRule): string => {
    const parts = [...row.mayImport, ...row.packages.map((name) => `npm:${name}`)];
    if (row.node) parts.push('node:*');
    return parts.length === 0 ? 'nothing' : parts.join(', ');
  };
  const lines = IMPORT_TABLE.map((row) => `| ${row.folder} | ${cell(row)} | ${row.note} |`);
  return ['| folder | may import | note |', '|---|---|---|', ...lines].join('\n');
}

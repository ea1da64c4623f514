// Writes docs/cpu-models.md: what each VM type makes of each CPU model, from the data the core runs on.
//
// usage: npx tsx scripts/cpu-table.ts [--check] [FILE]    (FILE: docs/cpu-models.md; --check writes nothing, and exits 1 when FILE is out of date)
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { CPU_MODELS, type CpuModel, hasFr } from '../src/arch/mips/models.ts';
import { CP0 } from '../src/arch/mips/registers.ts';
import { DEFAULT_COUNT_HZ, machineOf } from '../src/arch/mips/state.ts';
import type { VmType } from '../src/cpu/isa/architecture.ts';

const PAGE = join(import.meta.dirname, '../docs/cpu-models.md');
const NOT_THERE = '—';

interface Column {
  readonly type: VmType;
  readonly model: CpuModel;
  /** CP0 of a new vCPU 0. */
  readonly reset: ReadonlyMap<number, number>;
}

const COLUMNS = (['trap-and-emulate', 'vz'] as const).flatMap((type) =>
  CPU_MODELS.map((model): Column => ({ type, model, reset: new Map(machineOf(type).resetValues(model, 0, false)) })),
);

const hex = (value: number): string => `\`0x${(value >>> 0).toString(16).padStart(8, '0')}\``;

const register =
  (index: number) =>
  ({ type, reset }: Column): string =>
    machineOf(type).absent.has(index) ? NOT_THERE : hex(reset.get(index) ?? 0);

function cache({ model }: Column): string {
  const { sets, line, ways } = model.cache;
  return `${(sets * line * ways) / 1024} KiB, ${ways} ways, ${line}-byte lines`;
}

const ROWS: readonly (readonly [name: string, value: (column: Column) => string])[] = [
  ['PRId', register(CP0.PRID)],
  ['Config', register(CP0.CONFIG)],
  ...Array.from({ length: 7 }, (_, n) => [`Config${n + 1}`, register(CP0.CONFIG + n + 1)] as const),
  ['Count', () => `${DEFAULT_COUNT_HZ / 1e6} MHz`],
  ['TLB', ({ model }) => `${model.tlbEntries} entries`],
  ['I cache', cache],
  ['D cache', cache],
  ['FPU: FIR', ({ model }) => (model.fir === 0 ? 'none' : hex(model.fir))],
  ['Status.FR', ({ model }) => (hasFr(model) ? '0 or 1' : '0')],
];

function page(): string {
  const line = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`;
  return `# CPU models

What a guest finds, by VM type (KVM_CREATE_VM) and CPU model (\`--cpu-model\`); the first model is the default. Values are those of a new vCPU of a little-endian VM.
Generated from \`src/arch/mips/models.ts\` and \`src/arch/mips/state.ts\`: \`npx tsx scripts/cpu-table.ts\` writes this page.

${line(['', ...COLUMNS.map(({ type, model }) => `${type} ${model.name}`)])}
${line(['---', ...COLUMNS.map(() => '---')])}
${ROWS.map(([name, value]) => line([`**${name}**`, ...COLUMNS.map(value)])).join('\n')}

- Big-endian VMs have Config.BE (\`0x00008000\`) set too.
- KVM shows every trap-and-emulate guest the PRId of a 24Kc; caches, TLB and FPU are the model's.
- The FPU is the guest's once user space has enabled KVM_CAP_MIPS_FPU and set Config1.FP (bit 0). Without it Status.CU1 and FR stay 0.
- Config3.ULRI (\`0x00002000\`) of VZ guests is user space's to set, and with it comes UserLocal. Board malta does.
- Count runs at COUNT_HZ, which user space may change.
- ${NOT_THERE}: not there. KVM lists these two ids for VZ vCPUs all the same; reading them is EINVAL.
`;
}

const { values, positionals } = parseArgs({ options: { check: { type: 'boolean' } }, allowPositionals: true });
const [file = PAGE] = positionals;
const now = page();
if (!values.check) writeFileSync(file, now);
else if (!existsSync(file) || readFileSync(file, 'utf8') !== now) {
  console.error(`${file} is out of date: npx tsx scripts/cpu-table.ts`);
  process.exitCode = 1;
}

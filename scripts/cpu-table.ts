// Writes docs/cpu-models.md: what each VM type makes of each CPU model, from the data the core runs on.
//
// usage: npx tsx scripts/cpu-table.ts [--check] [FILE]    (FILE: docs/cpu-models.md; --check writes nothing, and exits 1 when FILE is out of date)
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { CP15 } from '../src/arch/arm/registers.ts';
import { resetValues } from '../src/arch/arm/state.ts';
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

/** Registers of an ARM vCPU that tell guests what they have, in the order of the manual. */
const ARM_REGISTERS = [
  ...[
    'MIDR',
    'CTR',
    'REVIDR',
    'MPIDR',
    'ID_PFR0',
    'ID_PFR1',
    'ID_DFR0',
    'ID_MMFR0',
    'ID_MMFR1',
    'ID_MMFR2',
    'ID_MMFR3',
  ],
  ...['ID_ISAR0', 'ID_ISAR1', 'ID_ISAR2', 'ID_ISAR3', 'ID_ISAR4', 'CLIDR', 'CCSIDR0', 'CCSIDR1', 'CCSIDR2'],
  ...['SCTLR', 'ACTLR', 'L2CTLR', 'CNTFRQ', 'PMCR', 'HSCTLR', 'HCPTR', 'HDCR', 'CNTHCTL'],
] as const satisfies readonly (keyof typeof CP15)[];
const ARM_TYPES = ['arm-svc', 'arm-hyp'] as const;
const OF_HYP = /^(HSCTLR|HCPTR|HDCR|CNTHCTL)$/;

function armRows(line: (cells: readonly string[]) => string): string {
  const columns = ARM_TYPES.map((type) => ({ type, reset: new Map(resetValues(type, 0, 1)) }));
  const value = (name: (typeof ARM_REGISTERS)[number], { type, reset }: (typeof columns)[number]): string =>
    type === 'arm-svc' && OF_HYP.test(name) ? NOT_THERE : hex(reset.get(CP15[name]) ?? 0);
  const rows = ARM_REGISTERS.map((name) => line([`**${name}**`, ...columns.map((column) => value(name, column))]));
  return [line(['', ...ARM_TYPES.map((type) => `${type} cortex-a15`)]), line(['---', '---', '---']), ...rows].join(
    '\n',
  );
}

function page(): string {
  const line = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`;
  return `# CPU models

What a guest finds, by VM type (KVM_CREATE_VM) and CPU model (\`--cpu-model\`); the first model is the default. Values are those of a new vCPU of a little-endian VM.
Generated from \`src/arch/mips/models.ts\`, \`src/arch/mips/state.ts\` and \`src/arch/arm/state.ts\`: \`npx tsx scripts/cpu-table.ts\` writes this page.

${line(['', ...COLUMNS.map(({ type, model }) => `${type} ${model.name}`)])}
${line(['---', ...COLUMNS.map(() => '---')])}
${ROWS.map(([name, value]) => line([`**${name}**`, ...COLUMNS.map(value)])).join('\n')}

- Big-endian VMs have Config.BE (\`0x00008000\`) set too.
- KVM shows every trap-and-emulate guest the PRId of a 24Kc; caches, TLB and FPU are the model's.
- The FPU is the guest's once user space has enabled KVM_CAP_MIPS_FPU and set Config1.FP (bit 0). Without it Status.CU1 and FR stay 0.
- Config3.ULRI (\`0x00002000\`) of VZ guests is user space's to set, and with it comes UserLocal. Board malta does.
- Count runs at COUNT_HZ, which user space may change.
- ${NOT_THERE}: not there. KVM lists these two ids for VZ vCPUs all the same; reading them is EINVAL.

## ARM

Both VM types have a Cortex-A15 r4p0 with VFPv4 and Advanced SIMD: \`arm-svc\` as KVM shows it to a guest, \`arm-hyp\` as a bare machine with the virtualization
extensions and without the Security Extensions, entered in Hyp mode. Values are those of the only vCPU of a VM.

${armRows(line)}

Every register was compared with qemu-system-arm 7.2 (\`-M virt,virtualization=on -cpu cortex-a15\`), by \`test/unit/arch/arm/system-reset.test.ts\`. Different on purpose:

- The manual of the Cortex-A15 is followed for REVIDR (0; qemu: MIDR), ID_DFR0 (qemu leaves out memory-mapped debug), HSCTLR and HCPTR (qemu: 0).
- ID_PFR1 of \`arm-svc\` has the Security Extensions, as KVM's guests see them; that of \`arm-hyp\` has not.
- CBAR is 0, as KVM has it: the GIC is where the device tree says.
- The debug registers of a Cortex-A15 are there (qemu has but some of them): breakpoints and watchpoints keep what is written and are never hit. Guests of
  \`arm-svc\` read 0 and write nothing, as with KVM; so it is with the performance monitors.
- Performance monitors count cycles (one a nanosecond of guest time, in every mode) and software increments: PMCEID0 is \`0x00020001\`.
- Encodings of CP15 that a Cortex-A15 does not have are UNDEFINED (qemu reads 0 for many with CRn of 3, 10 and 15).
- PSCI 1.0: CPU_SUSPEND is a standby whatever state is asked for, as with KVM. With SMC on \`arm-hyp\`, with HVC on \`arm-svc\`.
- Registers whose value at reset the architecture leaves open are 0 on \`arm-hyp\`; on \`arm-svc\` some hold \`0xdecafbad\`, as with KVM.
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

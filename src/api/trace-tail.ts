// The last instructions of a recorded run, one line each: found by running it again up to shortly before its end. Nothing is traced before something
// has failed, so a trace costs nothing until then.
import { BOARDS } from '../boards/index.ts';
import { hex } from '../util/bits.ts';
import { CodeListing } from '../vmm/emulated-code.ts';
import { recordedRun } from './record.ts';
import type { RunningVm, StartVmOptions } from './types.ts';

/** Instructions that are shown. */
const TAIL = 200;
/** What changes with time alone. */
const CLOCKS: ReadonlySet<string> = new Set(['count', 'random', 'pc']);

/**
 * A line for each of the last steps: count, vCPU, place, instruction, and the registers it changed. `text` is the run's journal.
 * @throws TsvmError as startVm, and usage when the record is damaged or has no end
 */
export async function traceTailWith(
  start: (options: StartVmOptions) => Promise<RunningVm>,
  text: string,
): Promise<string> {
  const { options, end } = recordedRun(text);
  const last = end?.instructions ?? 0;
  const vm = await start({ ...options, driven: true });
  try {
    if ((await vm.drive({ instructions: Math.max(0, last - TAIL) })) === 'ended') return 'nothing was run\n';
    return await stepsOf(vm, last);
  } finally {
    vm.stop('traced');
    await vm.wait();
  }
}

async function stepsOf(vm: RunningVm, last: number): Promise<string> {
  const code = await listingOf(vm);
  const lines: string[] = [];
  let before = vm.inspect.registers();
  while (vm.clock.instructions < last) {
    const { instructions } = vm.clock;
    if ((await vm.drive({ instructions: instructions + 1 })) === 'ended') break;
    const after = vm.inspect.registers();
    const changed = after.filter(({ value }, n) => value !== before[n]!.value);
    const pcs = before.filter(({ name, cpu }) => name === 'pc' && changed.some((other) => other.cpu === cpu));
    for (const { cpu, value: pc } of pcs) {
      const set = changed
        .filter((register) => register.cpu === cpu && !CLOCKS.has(register.name))
        .map(({ name, value }) => `${name}=${hex(value)}`);
      const cpsr = before.find((register) => register.cpu === cpu && register.name === 'cpsr')?.value ?? 0;
      lines.push([`@${instructions}`, `cpu${cpu}`, code(pc, cpsr), ...set].join('  '));
    }
    before = after;
  }
  return `${lines.join('\n')}\n`;
}

/**
 * An instruction as text: its address, and what is there when that is in an unmapped segment. ARM's CPSR says which instruction set it is of, and
 * which block it stands in.
 */
async function listingOf(vm: RunningVm): Promise<(pc: number, cpsr: number) => string> {
  const { machine, endianness } = vm.inferred;
  const board = BOARDS.find(({ name }) => name === machine)!;
  const view = (address: number, length: number): DataView | undefined => {
    try {
      return new DataView(vm.inspect.readMemory(address, length).buffer);
    } catch {
      return undefined; // mapped by the guest's TLB
    }
  };
  const little = endianness === 'little';
  const wordAt = (address: number): number | undefined => view(address, 4)?.getUint32(0, little);
  const halfwordAt = (address: number): number | undefined => view(address, 2)?.getUint16(0, little);
  const architecture = (await board.loadArchitecture())(endianness);
  const listing = new CodeListing(
    { architecture, endianness, wordAt, halfwordAt, symbolize: () => null },
    { operations: false, wasm: false },
  );
  return (pc, cpsr) => {
    const text = listing.one(pc + ((cpsr >>> 5) & 1), ((cpsr >>> 8) & 0xfc) | ((cpsr >>> 25) & 3));
    const symbol = vm.symbolize(pc);
    return `${text === '' ? hex(pc) : text}${symbol === null ? '' : `  <${symbol}>`}`;
  };
}

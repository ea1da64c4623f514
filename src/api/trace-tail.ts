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
      lines.push([`@${instructions}`, `cpu${cpu}`, code(pc), ...set].join('  '));
    }
    before = after;
  }
  return `${lines.join('\n')}\n`;
}

/** An instruction as text: its address, and what is there when that is in an unmapped segment. */
async function listingOf(vm: RunningVm): Promise<(pc: number) => string> {
  const { machine, endianness } = vm.inferred;
  const board = BOARDS.find(({ name }) => name === machine)!;
  const wordAt = (address: number): number | undefined => {
    try {
      const bytes = vm.inspect.readMemory(address, 4);
      return new DataView(bytes.buffer).getUint32(0, endianness === 'little');
    } catch {
      return undefined; // mapped by the guest's TLB
    }
  };
  const architecture = (await board.loadArchitecture())(endianness);
  const listing = new CodeListing(
    { architecture, endianness, wordAt, symbolize: () => null },
    { operations: false, wasm: false },
  );
  return (pc) => {
    const text = listing.instructions(pc, pc + 4).trim();
    const symbol = vm.symbolize(pc);
    return `${text === '' ? hex(pc) : text}${symbol === null ? '' : `  <${symbol}>`}`;
  };
}

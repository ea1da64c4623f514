// `lsmod` out of guest memory: the kernel's list of modules (kernel/module/main.c; struct module begins with state, list and name,
// include/linux/module.h).
import { hex } from '../../util/bits.ts';
import { table } from '../shell/text.ts';
import type { DebugTarget } from '../target.ts';
import { walkList } from './kernel-list.ts';
import { KernelMemory } from './kernel-memory.ts';
import { type LinuxReport, reportOf } from './report.ts';

/** From the list_head in a struct module. */
const STATE = -4;
const NAME = 8;
/** MODULE_NAME_LEN on 32 bits. */
const NAME_LENGTH = 60;
/** enum module_state. */
const STATES = ['Live', 'Loading', 'Unloading', 'Unformed'];
/** Bytes of a struct module in which its layout is looked for. */
const LARGEST = 0x400;
const PAGE = 0x1000;
const LARGEST_MODULE = 64 << 20;

const NO_SYMBOL =
  'no modules: the kernel was built without them, or its symbols name functions only; --symbols takes a System.map or vmlinux';

interface Module {
  readonly name: string;
  readonly state: string;
  /** Where it was loaded, and its bytes; null: not certain. */
  readonly core: { readonly base: number; readonly size: number } | null;
}

/**
 * A line for each module, the one loaded last first, under a heading: name, size, state and address.
 * @throws TsvmError usage when the guest runs
 */
export function listModules(target: DebugTarget): LinuxReport {
  const memory = new KernelMemory(target);
  const head = memory.symbols.find('modules');
  if (head === undefined)
    return {
      lines: [],
      note: NO_SYMBOL,
    };
  const { nodes, broken } = walkList(memory, head, (node) => moduleAt(memory, node) !== undefined);
  const modules = nodes.map((node) => moduleAt(memory, node)!);
  const rows = modules.map(({ name, state, core }) => [
    name,
    core ? String(core.size) : '?',
    state,
    core ? hex(core.base) : '?',
  ]);
  const notes = [
    ...(modules.length === 0 && !broken ? ['no modules are loaded'] : []),
    ...(broken
      ? [`the list of modules is damaged${modules.length > 0 ? ' behind the last of these' : ''}: ${broken}`]
      : []),
    ...(modules.some(({ core }) => !core) ? ['not certain where this kernel keeps sizes and addresses'] : []),
  ];
  const lines = modules.length > 0 ? table([['MODULE', 'SIZE', 'STATE', 'ADDRESS'], ...rows], [1]) : [];
  return reportOf(lines, notes);
}

function moduleAt(memory: KernelMemory, node: number): Module | undefined {
  const state = STATES[memory.u32(node + STATE) ?? -1];
  const bytes = memory.read(node + NAME, NAME_LENGTH);
  const name = new TextDecoder('latin1').decode(bytes.subarray(0, Math.max(0, bytes.indexOf(0))));
  if (state === undefined || !/^[\x21-\x7e]+$/.test(name)) return undefined;
  return { name, state, core: coreOf(memory, node + STATE) };
}

/**
 * Up to 6.3 struct module has a struct module_layout, base, size, text_size, ro_size, of memory that the struct itself is in. Later ones have an
 * array of such, which is not read here.
 */
function coreOf(memory: KernelMemory, module: number): Module['core'] {
  const words = memory.words(memory.read(module, LARGEST));
  for (let n = 0; n + 3 < words.length; n++) {
    const [base, size, text, readOnly] = [words[n]!, words[n + 1]!, words[n + 2]!, words[n + 3]!];
    const isAround = base % PAGE === 0 && base <= module && module < base + size && size <= LARGEST_MODULE;
    if (isAround && text > 0 && text <= readOnly && readOnly <= size) return { base, size };
  }
  return null;
}

// What gdb reads as XML: the target description (appendix G), the memory map (E.12) and the threads (E.13).
import type { DebugView } from '../../cpu/isa/debug-view.ts';
import { signExtends } from './numbers.ts';
import { type NumberedRegister, numbered } from './registers.ts';

/** `target.xml`: gdb needs no `set architecture` with it. No operating system's rules: a kernel has no shared libraries and no signal frames. */
export function targetDescription(view: DebugView): string {
  const all = numbered(view);
  const features = view.gdb.features.map(
    ({ name }, index) => `<feature name="${quoted(name)}">\n${all[index]!.map(registerXml).join('')}</feature>\n`,
  );
  return `<?xml version="1.0"?>
<!DOCTYPE target SYSTEM "gdb-target.dtd">
<target version="1.0">
<architecture>${quoted(view.gdb.architecture)}</architecture>
<osabi>none</osabi>
${features.join('')}</target>
`;
}

/** A function called from gdb's prompt leaves system registers as they are: to save and restore them would have effects of its own. */
function registerXml({ number, register, system }: NumberedRegister): string {
  const group = register.group === undefined ? '' : ` group="${quoted(register.group)}"`;
  const kept = system ? ' save-restore="no"' : '';
  return `<reg name="${quoted(register.name)}" bitsize="${register.bits}" type="${quoted(register.type)}" regnum="${number}"${group}${kept}/>\n`;
}

/**
 * The memory map: all of the virtual addresses, as RAM. gdb means virtual addresses, and where those lead changes as the guest runs; of what its map leaves
 * out it would not even try to read. A page that leads nowhere is an error of the read.
 */
export function memoryMapXml(view: DebugView): string {
  const upper = signExtends(view) ? '<memory type="ram" start="0xffffffff80000000" length="0x80000000"/>\n' : '';
  return `<?xml version="1.0"?>
<!DOCTYPE memory-map PUBLIC "+//IDN gnu.org//DTD GDB Memory Map V1.0//EN" "http://sourceware.org/gdb/gdb-memory-map.dtd">
<memory-map>
<memory type="ram" start="0x0" length="0x100000000"/>
${upper}</memory-map>
`;
}

/** The vCPUs as threads, each with what is said of it. */
export function threadsXml(threads: readonly { readonly id: number; readonly about: string }[]): string {
  const lines = threads.map(
    ({ id, about }) =>
      `<thread id="${id.toString(16)}" core="${id - 1}" name="cpu${id - 1}">${quoted(about)}</thread>\n`,
  );
  return `<?xml version="1.0"?>\n<threads>\n${lines.join('')}</threads>\n`;
}

const ENTITIES: Readonly<Record<string, string>> = { '<': '&lt;', '>': '&gt;', '&': '&amp;', '"': '&quot;' };

/** Text in an element or attribute; what is not ASCII becomes a character reference. */
function quoted(text: string): string {
  return text.replace(/[<>&"]|[^\x20-\x7e]/gu, (char) => ENTITIES[char] ?? `&#${char.codePointAt(0)};`);
}

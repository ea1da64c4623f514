// What a kernel says of itself for crash dumps: the VMCOREINFO text that kernel/crash_core.c (CONFIG_CRASH_CORE, since 6.9 kernel/vmcore_info.c)
// writes at boot, `SYMBOL(prb)=c0474108`, `OFFSET(prb_desc.state_var)=0`, ... Documentation/admin-guide/kdump/vmcoreinfo.rst.
import type { DebugTarget } from '../target.ts';
import type { KernelMemory } from './kernel-memory.ts';
import { ramOf, virtualOf } from './linear-map.ts';

const START = 'OSRELEASE=';
const PAGE = 0x1000;
/** It has one page, of the largest kind. */
const LARGEST = 0x1_0000;
/** RAM that is looked through for it. */
const MOST_RAM = 1 << 30;

export class VmCoreInfo {
  /** Lines, as the kernel wrote them. */
  readonly text: string;
  private readonly values = new Map<string, string>();

  constructor(text: string) {
    this.text = text;
    for (const line of text.split('\n')) {
      const equals = line.indexOf('=');
      if (equals > 0) this.values.set(line.slice(0, equals), line.slice(equals + 1));
    }
  }

  /** Address of a variable. */
  symbol(name: string): number | undefined {
    const value = this.values.get(`SYMBOL(${name})`);
    return value !== undefined && /^[0-9a-f]{1,8}$/.test(value) ? Number.parseInt(value, 16) : undefined;
  }

  /** Bytes from the start of a struct, `struct.member`. */
  offset(member: string): number | undefined {
    return this.decimal(`OFFSET(${member})`);
  }

  /** Bytes of a struct. */
  size(struct: string): number | undefined {
    return this.decimal(`SIZE(${struct})`);
  }

  private decimal(key: string): number | undefined {
    const value = this.values.get(key);
    return value !== undefined && /^\d{1,6}$/.test(value) ? Number(value) : undefined;
  }
}

/** Null when the kernel has none, or has not written it yet. */
export function findVmCoreInfo(target: DebugTarget, memory: KernelMemory): VmCoreInfo | null {
  const pointer = memory.symbols.find('vmcoreinfo_data');
  const address = pointer === undefined ? undefined : memory.u32(pointer);
  const named = address === undefined ? null : infoAt(memory, address);
  return named ?? (mayHave(memory) ? search(target, memory) : null);
}

/** Not when the kernel's functions are known and the one that writes it is not among them. */
function mayHave({ symbols }: KernelMemory): boolean {
  return symbols.find('start_kernel') === undefined || symbols.find('vmcoreinfo_append_str') !== undefined;
}

function infoAt(memory: KernelMemory, address: number): VmCoreInfo | null {
  const bytes = memory.read(address, LARGEST);
  const nul = bytes.indexOf(0);
  const text = new TextDecoder('latin1').decode(bytes.subarray(0, nul < 0 ? 0 : nul));
  return text.startsWith(START) && /^SYMBOL\(\w+\)=/m.test(text) ? new VmCoreInfo(text) : null;
}

/** It is at the start of a page of the kernel's low memory. */
function search(target: DebugTarget, memory: KernelMemory): VmCoreInfo | null {
  const { linear } = memory;
  if (!linear) return null;
  const start = new TextEncoder().encode(START);
  let looked = 0;
  for (const { base, size } of ramOf(target))
    for (let at = base; at + PAGE <= base + size && looked < MOST_RAM; at += PAGE, looked += PAGE) {
      const bytes = target.readPhysical(at, START.length);
      const address = bytes && start.every((byte, n) => bytes[n] === byte) ? virtualOf(linear, at) : null;
      const found = address === null ? null : infoAt(memory, address);
      if (found) return found;
    }
  return null;
}

// The state hash: SHA-256 over all architectural and device state and every non-zero RAM page with its address.
// Nothing that an engine caches and nothing of the host is in it, so equal runs have equal hashes on every machine.
import type { DeviceState } from '../devices/device.ts';
import type { Machine } from './machine.ts';

/** Port: one SHA-256 computation (vmm may not import node:crypto). */
export interface Hasher {
  update(bytes: Uint8Array): void;
  /** Lower-case hexadecimal; ends the computation. */
  digest(): string;
}

/** Hash the machine; every vCPU must be settled. 64 hex digits. */
export function hashMachine(machine: Machine, hasher: Hasher): string {
  const text = new TextEncoder();
  const { now, instructions } = machine.clock;
  hasher.update(text.encode(canonicalJson({ now, instructions })));
  machine.hashState((bytes) => hasher.update(bytes));
  for (const { name, device } of machine.devices)
    hasher.update(text.encode(`\n${name} ${canonicalJson(device.saveState())}`));
  return hasher.digest();
}

/** JSON with object keys in code-unit order, so that equal states give equal text. */
function canonicalJson(state: DeviceState): string {
  if (Array.isArray(state)) return `[${state.map(canonicalJson).join(',')}]`;
  if (typeof state !== 'object' || state === null) return JSON.stringify(state);
  const fields = state as { readonly [key: string]: DeviceState };
  const members = Object.keys(fields).sort();
  return `{${members.map((key) => `${JSON.stringify(key)}:${canonicalJson(fields[key]!)}`).join(',')}}`;
}

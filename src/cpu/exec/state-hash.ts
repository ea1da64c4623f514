// What a hash of a VM's state is made of: guest-visible vCPU state and RAM, nothing that the engine caches.
import type { GuestMemory } from '../../memory/guest-memory.ts';
import type { Core } from './core.ts';
import { PAGE_SIZE, WORD } from './layout.ts';

type Update = (bytes: Uint8Array) => void;

/** Guest-visible state of a vCPU (not the engine's own). */
export function hashVcpu(core: Core, vcpu: number, update: Update): void {
  core.activate(vcpu);
  core.model.normalise();
  const bytes = new Uint8Array(core.i32.buffer);
  update(bytes.slice(WORD.PC, WORD.PC + 4));
  for (const bank of Object.values(core.banks)) {
    if (bank.scratch) continue;
    update(bytes.slice(bank.offset, bank.offset + bank.count * bank.size));
  }
}

/** Every non-zero page of RAM with its guest-physical address. */
export function hashMemory(memory: GuestMemory, update: Update): void {
  const page = new Uint8Array(PAGE_SIZE);
  for (const range of memory.getRanges()) {
    for (let at = 0; at < range.size; at += PAGE_SIZE) {
      if (memory.isZeroPage(range.offset + at)) continue;
      memory.readArena(range.offset + at, page);
      update(new Uint8Array(new BigUint64Array([BigInt(range.gpa + at)]).buffer));
      update(page);
    }
  }
}

// The host's side of a VM's memory: getting it, and bytes in the guest's order.
import { TsvmError } from '../../util/errors.ts';
import { MAX_WASM_PAGES } from './layout.ts';

/** One shared memory. Throws TsvmError io when the host does not give it. */
export function allocate(pages: number): WebAssembly.Memory {
  try {
    return new WebAssembly.Memory({ initial: pages, maximum: MAX_WASM_PAGES, shared: true });
  } catch (error) {
    throw new TsvmError('io', `the host gives no memory for the VM (${(error as Error).message})`, {
      cause: 'a limit on address space (ulimit -v): a VM reserves about 10 GiB of it and uses what the guest touches',
      next: 'ulimit -v unlimited, or a guest with less memory (-m)',
    });
  }
}

/** A register value from bytes in the guest's memory order. */
export function fromGuestOrder(data: Uint8Array, length: number, bigEndian: boolean): number {
  let value = 0;
  for (let i = 0; i < length; i++) value |= data[bigEndian ? length - 1 - i : i]! << (8 * i);
  return value;
}

/** The low `length` bytes of a register value, in the guest's memory order, at the start of `data`; the rest becomes 0. */
export function toGuestOrder(value: number, data: Uint8Array, length: number, bigEndian: boolean): void {
  data.fill(0);
  for (let i = 0; i < length; i++) data[bigEndian ? length - 1 - i : i] = (value >>> (8 * i)) & 0xff;
}

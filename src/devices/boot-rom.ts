// A read-only window at a reset vector, for the few words that a kernel looks for there. All else reads 0. It is memory: its bytes lie as the
// CPU would have written them, so a board puts it on the bus as little-endian, whatever the CPU is.
import type { DeviceState, MmioDevice } from './device.ts';
import type { MisuseListener, SizedRegisterView } from './registers.ts';
import { SavedState } from './state.ts';

export interface BootRomOptions {
  /** Bytes; 64 KiB when left out. */
  readonly size?: number;
  /** 32-bit words by offset. */
  readonly words: readonly (readonly [offset: number, value: number])[];
  /** The CPU's byte order. */
  readonly bigEndian: boolean;
  /** Told of guest writes. */
  readonly misuse?: MisuseListener;
}

export class BootRom implements MmioDevice {
  readonly name = 'boot-rom';
  readonly size: number;
  private readonly views: readonly SizedRegisterView[];
  private readonly bytes = new Map<number, number>();
  private readonly misuse: MisuseListener;

  constructor(options: BootRomOptions) {
    this.size = options.size ?? 0x10000;
    this.misuse = options.misuse ?? (() => {});
    for (const [offset, value] of options.words)
      for (let i = 0; i < 4; i++) this.bytes.set(offset + i, (value >>> (8 * (options.bigEndian ? 3 - i : i))) & 0xff);
    this.views = options.words.map(([offset]) => ({
      ...{ name: `word_${offset.toString(16)}`, offset, value: this.read(offset, 4) },
      ...{ width: 4, access: 'r' },
    }));
  }

  read(offset: number, length: 1 | 2 | 4): number {
    let value = 0;
    for (let i = 0; i < length; i++) value |= (this.bytes.get(offset + i) ?? 0) << (8 * i);
    return value >>> 0;
  }

  write(offset: number, length: 1 | 2 | 4): void {
    this.misuse(`write of ${length} at offset 0x${offset.toString(16)}: read-only`);
  }

  reset(): void {}

  registers(): readonly SizedRegisterView[] {
    return this.views;
  }

  /** There is no state. */
  saveState(): DeviceState {
    return { words: this.views.length };
  }

  restoreState(state: DeviceState): void {
    const saved = new SavedState(this.name, state);
    if (saved.integer('words', Number.MAX_SAFE_INTEGER) !== this.views.length)
      throw saved.bad('words', 'what this machine has');
  }
}

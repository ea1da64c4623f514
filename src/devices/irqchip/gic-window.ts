// A window of GIC registers that are banked: what an access reaches depends on the CPU that makes it (ARM IHI 0048B, section 4.1.3).
// All registers take words; some take single bytes too (section 4.1.4).
import type { DeviceWindow } from '../device.ts';
import { type MisuseListener, RegisterBlock, type RegisterSpec, type SizedRegisterView } from '../registers.ts';

/** Registers from `from` up to, not including, `to` that a guest may also reach by bytes. */
interface ByteRange {
  readonly from: number;
  readonly to: number;
  /** Writing 0 changes nothing, so a byte goes in alone; otherwise the other three bytes of its word stay. */
  readonly onesOnly?: boolean;
}

export interface GicWindowOptions {
  readonly name: string;
  /** Bytes. */
  readonly size: number;
  readonly cpus: number;
  /** The registers; `accessor` gives the CPU that makes the access at hand. */
  readonly declare: (accessor: () => number) => readonly RegisterSpec<string>[];
  readonly byteRanges?: readonly ByteRange[];
  readonly misuse: MisuseListener;
  /** A guest wrote. */
  readonly written: () => void;
}

export class GicWindow implements DeviceWindow {
  readonly name: string;
  readonly size: number;
  private readonly cpus: number;
  private readonly byteRanges: readonly ByteRange[];
  private readonly written: () => void;
  private readonly block: RegisterBlock;
  private accessor = 0;

  constructor(options: GicWindowOptions) {
    this.name = options.name;
    this.size = options.size;
    this.cpus = options.cpus;
    this.byteRanges = options.byteRanges ?? [];
    this.written = options.written;
    this.block = new RegisterBlock(
      options.declare(() => this.accessor),
      options.misuse,
    );
  }

  /** A read by CPU `cpu`. Registers of a CPU that does not exist read 0. */
  read(offset: number, length: 1 | 2 | 4, cpu = 0): number {
    if (cpu >= this.cpus) return 0;
    this.accessor = cpu;
    if (length !== 1 || !this.byteRange(offset)) return this.block.read(offset, length);
    return (this.block.read(offset & ~3, 4) >>> (8 * (offset & 3))) & 0xff;
  }

  /** A write by CPU `cpu`. */
  write(offset: number, length: 1 | 2 | 4, value: number, cpu = 0): void {
    if (cpu >= this.cpus) return;
    this.accessor = cpu;
    const range = length === 1 ? this.byteRange(offset) : undefined;
    if (range) this.writeByte(offset, value & 0xff, range);
    else this.block.write(offset, length, value >>> 0);
    this.written();
  }

  /** The registers as `cpu` would read them. */
  views(cpu: number): SizedRegisterView[] {
    this.accessor = cpu;
    return this.block.views();
  }

  private writeByte(offset: number, value: number, range: ByteRange): void {
    const word = offset & ~3;
    const shift = 8 * (offset & 3);
    const others = range.onesOnly ? 0 : this.block.read(word, 4) & ~(0xff << shift);
    this.block.write(word, 4, (others | (value << shift)) >>> 0);
  }

  private byteRange(offset: number): ByteRange | undefined {
    return this.byteRanges.find(({ from, to }) => offset >= from && offset < to);
  }
}

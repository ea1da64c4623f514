// ARM Linux zImages built in memory: a header, a table of sizes and filler in place of the decompressor. Written from Linux's Documentation/arm/booting.

export interface ZImageSpec {
  /** Bytes of the file. */
  readonly length: number;
  /** The header's start; 0 when absent. */
  readonly start?: number;
  /** The header's end; start + length when absent. */
  readonly end?: number;
  /** Of the kernel's data. */
  readonly order?: 'little' | 'big';
  /** A big-endian kernel of the time when its whole header was big-endian. */
  readonly oldBigEndian?: boolean;
  /** The table of sizes; none when absent. */
  readonly sizes?: {
    readonly kernel: number;
    readonly bss: number;
    readonly textOffset: number;
    readonly heap: number;
  };
}

const TABLE = 0x100;
const KERNEL_SIZE = 0x140;

export function makeZImage(spec: ZImageSpec): Uint8Array {
  const bytes = new Uint8Array(Math.max(spec.length, 0x180)).fill(0xe1);
  const view = new DataView(bytes.buffer);
  const little = !spec.oldBigEndian;
  const start = spec.start ?? 0;
  const word = (at: number, value: number) => view.setUint32(at, value, little);
  word(0x24, 0x016f2818);
  word(0x28, start);
  word(0x2c, spec.end ?? start + spec.length);
  view.setUint32(0x30, 0x04030201, spec.order !== 'big');
  if (spec.sizes) {
    word(0x34, 0x45454545);
    word(0x38, TABLE);
    // A tag that nobody knows, then the sizes, then the end.
    const { kernel, bss, textOffset, heap } = spec.sizes;
    const table = [3, 0x12345678, 0, 6, 0x5a534c4b, KERNEL_SIZE, bss, textOffset, heap, 0];
    for (const [i, value] of table.entries()) word(TABLE + 4 * i, value);
    word(KERNEL_SIZE, kernel);
  }
  return bytes.subarray(0, spec.length);
}

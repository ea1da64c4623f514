// Mutations of well-formed ELF files, and the judge of what the loader makes of them: it loads correctly, or it refuses with a
// TsvmError of its own codes. Used by scripts/fuzz-elf.ts and, for a fixed slice, by the unit tests.
import { loadElf, parseElf } from '../../../src/boot/elf.ts';
import { symbolsOfElf } from '../../../src/boot/symbols.ts';
import { TsvmError } from '../../../src/util/errors.ts';
import { ksegPhysical, makeRam, readBytes, tePhysical } from './guest-ram.ts';
import { type BuiltElf, makeElf, patch } from './make-elf.ts';
import { Random } from './random.ts';

const RAM_SIZE = 1 << 20;

/** Codes with which the loader may refuse a file. */
const refusals = new Set([
  'not-runnable',
  'image-truncated',
  'image-bad-header',
  'image-overlap',
  'image-outside-ram',
  'image-too-large',
  'symbols-bad',
]);

const bytesFrom = (random: Random, length: number): Uint8Array => Uint8Array.from({ length }, () => random.below(256));

/** Well-formed files of each class and byte order, trap-and-emulate and ordinary, with symbols and stripped. */
export function seedElfs(): BuiltElf[] {
  const random = new Random(1);
  return ([32, 64] as const).flatMap((elfClass) =>
    (['little', 'big'] as const).flatMap((order) =>
      [0x4010_0000n, elfClass === 64 ? 0xffff_ffff_8001_0000n : 0x8001_0000n].flatMap((base) =>
        [false, true].map((stripped) =>
          makeElf({
            class: elfClass,
            order,
            entry: base + 0x40n,
            stripped,
            segments: [
              { vaddr: base, data: bytesFrom(random, 300), bss: 20, flags: 5 },
              { vaddr: base + 0x1000n, data: bytesFrom(random, 64), bss: 0x800, flags: 6 },
              { vaddr: base + 0x3000n, data: new Uint8Array(0), bss: 0x1001, flags: 6 },
              { vaddr: 0n, data: bytesFrom(random, 24), type: 4, flags: 4 },
            ],
            symbols: [
              { name: 'start', value: base + 0x40n, size: 64 },
              { name: 'main', value: base + 0x80n, size: 32 },
              { name: 'table', value: base + 0x1000n, size: 64, info: 0x11 },
              { name: '_end', value: base + 0x4001n, info: 0x10 },
            ],
          }),
        ),
      ),
    ),
  );
}

const extremes: readonly bigint[] = [
  0n,
  1n,
  2n,
  3n,
  0x7fn,
  0xffn,
  0x7fffn,
  0xfffen,
  0xffffn,
  0x1_0000n,
  0x7fff_ffffn,
  0x8000_0000n,
  0xffff_fff0n,
  0xffff_ffffn,
  0x1_0000_0000n,
  (1n << 53n) - 1n,
  1n << 53n,
  (1n << 63n) - 1n,
  1n << 63n,
  (1n << 64n) - 16n,
  (1n << 64n) - 1n,
];

/** One mutated file. */
export function mutate(seeds: readonly BuiltElf[], random: Random): Uint8Array {
  const seed = random.pick(seeds);
  let bytes = seed.bytes.slice();
  const times = 1 + random.below(4);
  for (let i = 0; i < times; i++) {
    const way = random.below(8);
    if (way === 0) bytes = bytes.slice(0, random.below(bytes.length + 1));
    else if (way <= 2) for (let n = 1 + random.below(8); n > 0; n--) flipBit(bytes, random);
    else changeField(bytes, seed, random);
  }
  return bytes;
}

function flipBit(bytes: Uint8Array, random: Random): void {
  // Half of the flips hit the first headers, where they matter most.
  const at = random.below(random.below(2) === 0 ? Math.min(bytes.length, 240) : bytes.length);
  if (at < bytes.length) bytes[at]! ^= 1 << random.below(8);
}

function changeField(bytes: Uint8Array, seed: BuiltElf, random: Random): void {
  // Half of the changes hit the fields that decide where a segment comes from and goes to.
  const placing = seed.fields.filter((field) => /^p\d_(offset|vaddr|filesz|memsz)$/.test(field.name));
  const { at, size } = random.pick(random.below(2) === 0 ? placing : seed.fields);
  if (at + size > bytes.length) return;
  const little = seed.bytes[5] === 1;
  let old = 0n;
  for (let i = 0; i < size; i++) old |= BigInt(bytes[at + (little ? i : size - 1 - i)]!) << BigInt(8 * i);
  const near = old + BigInt(random.below(9) - 4) * random.pick([1n, 4n, 0x1000n]);
  const other = random.pick(seed.fields);
  const swapped = BigInt(other.at + random.below(64));
  const fileSize = BigInt(bytes.length + random.below(5) - 2);
  patch(bytes, at, size, random.pick([random.pick(extremes), near, fileSize, swapped]), little);
}

/**
 * Load a file the way `tsvm run` does. Returns 'loaded' or the refusing error's code; throws when the loader misbehaves: another
 * exception, an undocumented code, a changed input, or memory that does not hold what the file says.
 */
export async function judge(bytes: Uint8Array): Promise<string> {
  const before = bytes.slice();
  const result = await load(bytes).catch(refusal);
  if (bytes.some((byte, i) => byte !== before[i])) throw new Error('the loader changed its input');
  return result;
}

function refusal(error: unknown): string {
  if (!(error instanceof TsvmError) || !refusals.has(error.code)) throw error;
  if (error.message === '' || !error.details.next) throw new Error(`no advice: ${error.message}`);
  return error.code;
}

async function load(bytes: Uint8Array): Promise<string> {
  const image = await parseElf(bytes);
  const memory = makeRam(RAM_SIZE * 2, image.endianness);
  memory.fill(0, 0xa5, RAM_SIZE * 2);
  const loaded = loadElf(image, memory, (vaddr) => tePhysical(vaddr) ?? ksegPhysical(vaddr));
  if (loaded.lowest < 0 || loaded.highest > RAM_SIZE * 2) throw new Error('loaded outside RAM');
  for (const { vaddr, data, memsz } of image.segments) {
    const at = (tePhysical(vaddr) ?? ksegPhysical(vaddr))!;
    const expected = new Uint8Array(memsz);
    expected.set(data);
    if (readBytes(memory, at, memsz).some((byte, i) => byte !== expected[i])) throw new Error('loaded other bytes');
  }
  symbolsOfElf(image).lookup(image.entry);
  return 'loaded';
}

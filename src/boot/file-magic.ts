// What a file is, told from its first bytes: for error messages, for decompression and for the words about an initrd.
// Signatures: RFC 1952 (gzip), the .xz file format 2.1.1.1, Linux Documentation/arm64/booting, arm/booting, x86/boot,
// the U-Boot legacy image header, the cpio newc format.

export type FileKind =
  | 'empty'
  | 'elf'
  | 'gzip'
  | 'xz'
  | 'bzip2'
  | 'lzma'
  | 'lz4'
  | 'zstd'
  | 'lzo'
  | 'cpio'
  | 'squashfs'
  | 'arm64-image'
  | 'riscv-image'
  | 'arm-zimage'
  | 'x86-bzimage'
  | 'uimage'
  | 'device-tree'
  | 'pe'
  | 'mach-o'
  | 'archive'
  | 'script'
  | 'text'
  | 'unknown';

export interface FileIdentity {
  readonly kind: FileKind;
  /** A noun phrase: "a gzip-compressed file". */
  readonly what: string;
  /** What to do to get something tsvm can run. */
  readonly next: string;
}

const vmlinuxBeside = 'give the ELF kernel (vmlinux) of that build; tsvm runs no such container';

const identities: Record<FileKind, Omit<FileIdentity, 'kind'>> = {
  empty: { what: 'an empty file', next: 'copy or build the file again' },
  elf: { what: 'an ELF file', next: 'give it as the kernel' },
  gzip: { what: 'a gzip-compressed file', next: 'decompress it first: gzip -dk FILE.gz' },
  xz: { what: 'an xz-compressed file', next: 'decompress it first: xz -dk FILE.xz' },
  bzip2: { what: 'a bzip2-compressed file', next: 'decompress it first: bzip2 -dk FILE.bz2' },
  lzma: { what: 'an lzma-compressed file', next: 'decompress it first: xz --format=lzma -dk FILE.lzma' },
  lz4: { what: 'an lz4-compressed file', next: 'decompress it first: lz4 -d FILE.lz4' },
  zstd: { what: 'a zstd-compressed file', next: 'decompress it first: zstd -d FILE.zst' },
  lzo: { what: 'an lzop-compressed file', next: 'decompress it first: lzop -d FILE.lzo' },
  cpio: { what: 'a cpio archive', next: 'it looks like an initramfs: give it with --initrd, and a kernel beside it' },
  squashfs: { what: 'a squashfs file system image', next: 'give a kernel; this is a disk image' },
  'arm64-image': { what: 'an AArch64 Linux Image', next: 'tsvm runs 32-bit guests; give a kernel built for one' },
  'riscv-image': { what: 'a RISC-V Linux Image', next: 'give a kernel built for a machine of `tsvm machines`' },
  'arm-zimage': { what: 'an ARM Linux zImage', next: vmlinuxBeside },
  'x86-bzimage': {
    what: 'an x86 Linux bzImage',
    next: 'tsvm runs no x86 guests; give a kernel built for a machine of `tsvm machines`',
  },
  uimage: { what: 'a U-Boot uImage', next: vmlinuxBeside },
  'device-tree': { what: 'a flattened device tree or FIT image', next: vmlinuxBeside },
  pe: { what: 'a PE (Windows or EFI) executable', next: 'give an ELF kernel' },
  'mach-o': { what: 'a Mach-O (macOS) executable', next: 'give an ELF kernel' },
  archive: { what: 'an ar archive or static library', next: 'link it into an ELF executable first' },
  script: { what: 'a script', next: 'give the ELF kernel itself' },
  text: { what: 'a text file', next: 'give the ELF kernel itself' },
  unknown: { what: 'none of the formats tsvm knows', next: 'give an ELF kernel (vmlinux)' },
};

/** One signature: `bytes` at `offset`. */
type Signature = readonly [kind: FileKind, offset: number, bytes: readonly number[]];

const ascii = (text: string): number[] => Array.from(text, (letter) => letter.charCodeAt(0));

// In order: an Image that EFI can start begins with MZ too, so the kernel signatures come before it.
const signatures: readonly Signature[] = [
  ['elf', 0, [0x7f, 0x45, 0x4c, 0x46]],
  ['gzip', 0, [0x1f, 0x8b]],
  ['xz', 0, [0xfd, 0x37, 0x7a, 0x58, 0x5a, 0x00]],
  ['bzip2', 0, ascii('BZh')],
  ['lzma', 0, [0x5d, 0x00, 0x00]],
  ['lz4', 0, [0x04, 0x22, 0x4d, 0x18]],
  ['lz4', 0, [0x02, 0x21, 0x4c, 0x18]],
  ['zstd', 0, [0x28, 0xb5, 0x2f, 0xfd]],
  ['lzo', 0, [0x89, 0x4c, 0x5a, 0x4f]],
  ['cpio', 0, ascii('070701')],
  ['cpio', 0, ascii('070702')],
  ['squashfs', 0, ascii('hsqs')],
  ['arm64-image', 56, ascii('ARM\x64')],
  ['riscv-image', 56, ascii('RSC\x05')],
  ['arm-zimage', 0x24, [0x18, 0x28, 0x6f, 0x01]],
  ['arm-zimage', 0x24, [0x01, 0x6f, 0x28, 0x18]],
  ['x86-bzimage', 0x202, ascii('HdrS')],
  ['uimage', 0, [0x27, 0x05, 0x19, 0x56]],
  ['device-tree', 0, [0xd0, 0x0d, 0xfe, 0xed]],
  ['pe', 0, ascii('MZ')],
  ['mach-o', 0, [0xcf, 0xfa, 0xed, 0xfe]],
  ['mach-o', 0, [0xce, 0xfa, 0xed, 0xfe]],
  ['archive', 0, ascii('!<arch>\n')],
  ['script', 0, ascii('#!')],
];

/** Bytes looked at to call a file text. */
const TEXT_PROBE = 512;

/** Say what a file is. Never throws; reads at most its first 1 KiB. */
export function identifyFile(bytes: Uint8Array): FileIdentity {
  const kind = recognise(bytes);
  return { kind, ...identities[kind] };
}

function recognise(bytes: Uint8Array): FileKind {
  if (bytes.length === 0) return 'empty';
  for (const [kind, offset, pattern] of signatures)
    if (pattern.every((byte, i) => bytes[offset + i] === byte)) return kind;
  return isText(bytes.subarray(0, TEXT_PROBE)) ? 'text' : 'unknown';
}

function isText(head: Uint8Array): boolean {
  return head.every((byte) => (byte >= 0x20 && byte !== 0x7f) || (byte >= 0x09 && byte <= 0x0d));
}

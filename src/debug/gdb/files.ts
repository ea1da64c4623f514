// The one file that gdb may read over its connection (appendix E.7, Host I/O): the program that runs, so that a gdb that was given none knows the guest's
// byte order and symbols. Nothing of the host can be reached through it.

import { halves, numberOf } from './numbers.ts';
import { bytesOfHex, escaped, textOf, utf8 } from './packets.ts';

// errno as gdb's protocol numbers it, in hexadecimal (E.13.8).
const ENOENT = 'F-1,2';
const EBADF = 'F-1,9';
const EINVAL = 'F-1,16';
const EROFS = 'F-1,1e';
/** The descriptor of the one file. */
const DESCRIPTOR = 1;
const OPENED = `F${DESCRIPTOR}`;
const O_RDONLY = 0;
const S_IFREG_READABLE = 0o100444;
/** struct stat of the protocol (E.13.9.2), most significant byte first. */
const STAT_SIZE = 64;
const STAT_MODE = 8;
const STAT_NLINK = 12;
const STAT_LENGTH = 28;

export class ProgramFile {
  /** As gdb is told it. */
  readonly path: string;
  private readonly read: () => Promise<Uint8Array>;
  private readonly most: number;
  private kept: Uint8Array | null = null;

  /** `name`: of the kernel. `read` is called when gdb opens it, once. `most`: bytes of one answer. */
  constructor(name: string, most: number, read: () => Promise<Uint8Array>) {
    this.path = `/${name.split(/[/\\]/).at(-1) || 'kernel'}`;
    this.most = most;
    this.read = read;
  }

  /** The answer to `vFile:` and `operation`; empty: it is not served. Rejects with what `read` does. */
  answer(operation: string): string | Promise<string> {
    const [name, text] = halves(operation, ':') ?? [operation, ''];
    const parts = text.split(',');
    switch (name) {
      case 'setfs':
        return 'F0';
      case 'open':
        return this.open(parts);
      case 'close':
        return this.isOpen(parts[0]) ? 'F0' : EBADF;
      case 'fstat':
        return this.isOpen(parts[0]) ? this.stat() : EBADF;
      case 'pread':
        return this.isOpen(parts[0]) ? this.pread(parts) : EBADF;
      default:
        return '';
    }
  }

  private open([path = '', flags = '']: readonly string[]): string | Promise<string> {
    const bytes = bytesOfHex(path);
    if (!bytes || numberOf(flags) === null) return EINVAL;
    if (textOf(bytes) !== textOf(utf8(this.path))) return ENOENT;
    if (numberOf(flags) !== O_RDONLY) return EROFS;
    return this.kept ? OPENED : this.opened();
  }

  private async opened(): Promise<string> {
    this.kept = await this.read();
    return OPENED;
  }

  private isOpen(descriptor = ''): boolean {
    return this.kept !== null && numberOf(descriptor) === DESCRIPTOR;
  }

  private stat(): string {
    const stat = new DataView(new ArrayBuffer(STAT_SIZE));
    stat.setUint32(STAT_MODE, S_IFREG_READABLE);
    stat.setUint32(STAT_NLINK, 1);
    stat.setBigUint64(STAT_LENGTH, BigInt(this.kept!.length));
    return attached(new Uint8Array(stat.buffer));
  }

  private pread([, count = '', offset = '']: readonly string[]): string {
    const from = numberOf(offset);
    const wanted = numberOf(count);
    if (from === null || wanted === null) return EINVAL;
    return attached(this.kept!.subarray(from, from + Math.min(wanted, this.most)));
  }
}

const attached = (bytes: Uint8Array): string => `F${bytes.length.toString(16)};${escaped(textOf(bytes))}`;

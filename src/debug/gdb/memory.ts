// Memory as gdb reads and writes it: m, x, M, X, qCRC (appendix E.2, E.4). Addresses are virtual, as the selected thread's vCPU translates them.
import type { DebugTarget } from '../target.ts';
import { ERROR_INVALID } from './guest-run.ts';
import { halves, rangeOf } from './numbers.ts';
import { bytesOf, bytesOfHex, escaped, hexOf, textOf } from './packets.ts';

/** EFAULT: nothing of it leads to RAM. */
const ERROR_FAULT = 'E14';
/** Most bytes that are summed at a time, and altogether: a guest's program is smaller. */
const CRC_CHUNK = 0x1_0000;
const CRC_MOST = 64 << 20;

export class GdbMemory {
  private readonly target: DebugTarget;
  /** Bytes that fit into a reply in hexadecimal. */
  private readonly most: number;

  constructor(target: DebugTarget, most: number) {
    this.target = target;
    this.most = most;
  }

  /** `mADDRESS,LENGTH` in hexadecimal, perhaps less than asked for. */
  read(cpu: number, range: string): string {
    const bytes = this.bytes(cpu, range);
    return typeof bytes === 'string' ? bytes : hexOf(bytes);
  }

  /** `xADDRESS,LENGTH`: `b` and the bytes themselves. */
  readBinary(cpu: number, range: string): string {
    const bytes = this.bytes(cpu, range);
    return typeof bytes === 'string' ? bytes : `b${escaped(textOf(bytes))}`;
  }

  /** `MADDRESS,LENGTH:DATA` */
  write(cpu: number, text: string): string {
    return this.written(cpu, text, bytesOfHex);
  }

  /** `XADDRESS,LENGTH:DATA`; of length 0 it asks whether there is such a command. */
  writeBinary(cpu: number, text: string): string {
    return this.written(cpu, text, bytesOf);
  }

  /** `qCRC:ADDRESS,LENGTH`: the checksum by which gdb compares a program's sections with its file. */
  crc(cpu: number, text: string): string {
    const range = rangeOf(text);
    if (!range || range.length > CRC_MOST) return ERROR_INVALID;
    let crc = 0xffff_ffff;
    for (let at = 0; at < range.length; at += CRC_CHUNK) {
      const length = Math.min(CRC_CHUNK, range.length - at);
      const bytes = this.target.readVirtual(cpu, range.address + at, length);
      if (bytes.length < length) return ERROR_FAULT;
      for (const byte of bytes) crc = (crc << 8) ^ CRC_TABLE[(crc >>> 24) ^ byte]!;
    }
    return `C${(crc >>> 0).toString(16)}`;
  }

  /** Or why not. */
  private bytes(cpu: number, text: string): Uint8Array | string {
    const range = rangeOf(text);
    if (!range) return ERROR_INVALID;
    const bytes = this.target.readVirtual(cpu, range.address, Math.min(range.length, this.most));
    return bytes.length === 0 && range.length > 0 ? ERROR_FAULT : bytes;
  }

  private written(cpu: number, text: string, bytesIn: (data: string) => Uint8Array | null): string {
    const parts = halves(text, ':');
    const range = parts && rangeOf(parts[0]);
    const bytes = parts && bytesIn(parts[1]);
    if (!range || !bytes || bytes.length !== range.length) return ERROR_INVALID;
    if (bytes.length === 0) return 'OK';
    // A write is all or nothing, and says so by an error.
    if (this.target.readVirtual(cpu, range.address, bytes.length).length < bytes.length) return ERROR_FAULT;
    this.target.writeVirtual(cpu, range.address, bytes);
    return 'OK';
  }
}

/** CRC-32 by 0x04c11db7, the most significant bit first, as in gdb's xcrc32. */
const CRC_TABLE: readonly number[] = Array.from({ length: 256 }, (_, index) => {
  let crc = index << 24;
  for (let bit = 0; bit < 8; bit++) crc = crc < 0 ? (crc << 1) ^ 0x04c1_1db7 : crc << 1;
  return crc;
});

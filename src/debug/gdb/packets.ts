// Packets of gdb's remote serial protocol ("Debugging with GDB", appendix E.1): `$data#checksum`, acknowledgements, the interrupt byte. A packet's
// data is a string of bytes here: each character is one, 0 to 255. What comes may be hostile.

/** Longest packet that is taken, in bytes between `$` and `#`. */
const MAX_PACKET = 0x1_0000;

const DOLLAR = 0x24;
const HASH = 0x23;
const PLUS = 0x2b;
const MINUS = 0x2d;
const ESCAPE = 0x7d;
const INTERRUPT = 0x03;
/** An escaped byte is sent with this bit turned. */
const ESCAPED = 0x20;

/** What a reader finds in the stream. */
export interface PacketListener {
  /** A whole packet with the right checksum, its escapes undone. */
  packet(data: string): void;
  /** A packet that is none: its checksum is wrong, or it was too long to be kept. */
  refused(why: 'checksum' | 'length'): void;
  /** The byte 0x03 between packets: Ctrl-C. */
  interrupt(): void;
  /** `-`: the last packet came broken and is wanted again. */
  again(): void;
}

/** Cuts a stream of bytes into packets. Anything else between packets is skipped. */
export class PacketReader {
  private readonly listener: PacketListener;
  private readonly data = new Uint8Array(MAX_PACKET);
  private length = 0;
  private sum = 0;
  private state: 'between' | 'data' | 'first digit' | 'second digit' = 'between';
  private claimed = 0;

  constructor(listener: PacketListener) {
    this.listener = listener;
  }

  /** The stream's next bytes, however they are cut. */
  add(bytes: Uint8Array): void {
    for (const byte of bytes) this.byte(byte);
  }

  private byte(byte: number): void {
    if (this.state === 'between') {
      if (byte === DOLLAR) this.begin();
      else if (byte === INTERRUPT) this.listener.interrupt();
      else if (byte === MINUS) this.listener.again();
      return;
    }
    // Data has neither of both unescaped: the packet before was cut short.
    if (byte === DOLLAR) this.begin();
    else if (this.state === 'data') {
      if (byte === HASH) this.state = 'first digit';
      else this.keep(byte);
    } else if (this.state === 'first digit') {
      this.claimed = digit(byte) * 16;
      this.state = 'second digit';
    } else {
      this.claimed += digit(byte);
      this.state = 'between';
      this.end();
    }
  }

  private begin(): void {
    this.state = 'data';
    this.length = 0;
    this.sum = 0;
  }

  private keep(byte: number): void {
    this.sum = (this.sum + byte) & 0xff;
    // What does not fit is counted and not kept.
    if (this.length < MAX_PACKET) this.data[this.length] = byte;
    this.length++;
  }

  private end(): void {
    if (this.length > MAX_PACKET) this.listener.refused('length');
    else if (this.claimed !== this.sum) this.listener.refused('checksum');
    else this.listener.packet(unescaped(this.data.subarray(0, this.length)));
  }
}

/** Value of a hexadecimal digit; NaN for what is none, which no checksum equals. */
function digit(byte: number): number {
  return Number.parseInt(String.fromCharCode(byte), 16);
}

function unescaped(bytes: Uint8Array): string {
  const data: number[] = [];
  for (let at = 0; at < bytes.length; at++) {
    const byte = bytes[at]!;
    if (byte === ESCAPE && at + 1 < bytes.length) data.push(bytes[++at]! ^ ESCAPED);
    else data.push(byte);
  }
  return textOf(Uint8Array.from(data));
}

/** The packet with `data`, whose binary parts are escaped already. */
export function packet(data: string): Uint8Array {
  const bytes = new Uint8Array(data.length + 4);
  let sum = 0;
  bytes[0] = DOLLAR;
  for (let at = 0; at < data.length; at++) {
    const byte = data.charCodeAt(at) & 0xff;
    bytes[at + 1] = byte;
    sum += byte;
  }
  const check = hexByte(sum & 0xff);
  bytes[data.length + 1] = HASH;
  bytes[data.length + 2] = check.charCodeAt(0);
  bytes[data.length + 3] = check.charCodeAt(1);
  return bytes;
}

/** Bytes of the acknowledgements of a packet that came whole, and of one that did not. */
export const ACCEPTED = Uint8Array.of(PLUS);
export const BROKEN = Uint8Array.of(MINUS);

/** Binary data as it stands in a reply: `#`, `$`, `}` and `*` (which would begin a run) are escaped. */
export function escaped(data: string): string {
  return data.replace(/[#$}*]/g, (char) => `}${String.fromCharCode(char.charCodeAt(0) ^ ESCAPED)}`);
}

const CHUNK = 8192;

/** Bytes as a string with a character for each. */
export function textOf(bytes: Uint8Array): string {
  let text = '';
  for (let at = 0; at < bytes.length; at += CHUNK) text += String.fromCharCode(...bytes.subarray(at, at + CHUNK));
  return text;
}

/** The bytes of such a string. */
export function bytesOf(text: string): Uint8Array {
  const bytes = new Uint8Array(text.length);
  for (let at = 0; at < text.length; at++) bytes[at] = text.charCodeAt(at);
  return bytes;
}

const HEX_BYTES: readonly string[] = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, '0'));

/** Two digits. */
export function hexByte(byte: number): string {
  return HEX_BYTES[byte & 0xff]!;
}

/** `01ff`. */
export function hexOf(bytes: Uint8Array): string {
  let text = '';
  for (const byte of bytes) text += hexByte(byte);
  return text;
}

/** The bytes of `01ff`; null when it is no such text. */
export function bytesOfHex(text: string): Uint8Array | null {
  if (text.length % 2 !== 0 || /[^0-9a-f]/i.test(text)) return null;
  const bytes = new Uint8Array(text.length / 2);
  for (let at = 0; at < bytes.length; at++) bytes[at] = Number.parseInt(text.slice(2 * at, 2 * at + 2), 16);
  return bytes;
}

/** UTF-8 bytes of text as people write it. */
export function utf8(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}

// gzip files (RFC 1952) by node:zlib. The members are walked here, because zlib's own gunzip takes what follows the last member
// for one more and fails, where gzip ignores it with a warning.
import { crc32, type InflateRaw, inflateRaw } from 'node:zlib';

export interface Gunzipped {
  readonly bytes: Uint8Array;
  /** Bytes after the last member that are not zeros: ignored, as gzip does. */
  readonly ignored: number;
}

/** Far more than any tool writes into one file; keeps a hostile file of empty members from costing minutes. */
const MAX_MEMBERS = 1 << 14;

/** RFC 1952 2.3: the fixed part of a member's header, and of its trailer. */
const HEADER = 10;
const TRAILER = 8;
const DEFLATE = 8;
const FHCRC = 1 << 1;
const FEXTRA = 1 << 2;
const FNAME = 1 << 3;
const FCOMMENT = 1 << 4;
const RESERVED = 0xe0;

/**
 * Every member of a gzip file, one after the other; null when that is more than `limit` bytes.
 * @throws Error that says what is wrong with the file
 */
export async function gunzip(file: Uint8Array, limit: number): Promise<Gunzipped | null> {
  const members: Uint8Array[] = [];
  let length = 0;
  let at = 0;
  while (at < file.length && (at === 0 || isMember(file, at))) {
    if (members.length === MAX_MEMBERS) throw new Error(`it has more than ${MAX_MEMBERS} members`);
    const member = await inflate(file.subarray(headerEnd(file, at)), limit - length);
    if (member === null) return null;
    members.push(member.bytes);
    length += member.bytes.length;
    at = file.length - member.rest;
  }
  const ignored = file.subarray(at).every((byte) => byte === 0) ? 0 : file.length - at;
  return { bytes: members.length === 1 ? members[0]! : Buffer.concat(members, length), ignored };
}

function isMember(file: Uint8Array, at: number): boolean {
  return file[at] === 0x1f && file[at + 1] === 0x8b;
}

/** Where the deflated data of the member at `at` begin. */
function headerEnd(file: Uint8Array, at: number): number {
  if (file.length < at + HEADER) throw new Error('it ends within a header');
  if (file[at + 2] !== DEFLATE) throw new Error(`compression method ${file[at + 2]} is not deflate (8)`);
  const flags = file[at + 3]!;
  if ((flags & RESERVED) !== 0) throw new Error('reserved flags are set in a header');
  let end = at + HEADER;
  if (flags & FEXTRA) end += 2 + (file[end] ?? 0) + ((file[end + 1] ?? 0) << 8);
  for (const text of [FNAME, FCOMMENT])
    if (flags & text) {
      const zero = file.indexOf(0, end);
      if (zero < 0) throw new Error('it ends within a header');
      end = zero + 1;
    }
  if (flags & FHCRC) end += 2;
  if (end > file.length) throw new Error('it ends within a header');
  return end;
}

/** One member's data, held to its trailer; `rest` is how many bytes follow the member. Null: more than `limit` bytes. */
async function inflate(input: Uint8Array, limit: number): Promise<{ bytes: Uint8Array; rest: number } | null> {
  // One byte more than may be: zlib refuses a limit of 0.
  const options = { maxOutputLength: limit + 1, info: true };
  const result = await new Promise<{ buffer: Uint8Array; engine: InflateRaw } | null>((resolve, reject) => {
    inflateRaw(input, options, (error: NodeJS.ErrnoException | null, inflated: unknown) => {
      if (error === null) resolve(inflated as { buffer: Uint8Array; engine: InflateRaw });
      else if (error.code === 'ERR_BUFFER_TOO_LARGE') resolve(null);
      else reject(error);
    });
  });
  if (result === null || result.buffer.length > limit) return null;
  const { buffer, engine } = result;
  const trailer = input.subarray(engine.bytesWritten, engine.bytesWritten + TRAILER);
  if (trailer.length < TRAILER) throw new Error('it ends too early');
  const view = new DataView(trailer.buffer, trailer.byteOffset, TRAILER);
  if (view.getUint32(0, true) !== crc32(buffer)) throw new Error('its data are corrupt (CRC32)');
  if (view.getUint32(4, true) !== buffer.length % 2 ** 32) throw new Error('its data are corrupt (length)');
  return { bytes: buffer, rest: input.length - engine.bytesWritten - TRAILER };
}

// Decompression of host files (kernels, symbols) in memory: xz by the package xz-decompress, Zstandard (RFC 8878) by zstddec, both
// loaded when first needed, gzip (RFC 1952) by the host. Output is bounded, because a few kilobytes can unpack to gigabytes.
import { type ErrorCode, TsvmError } from '../util/errors.ts';
import { type FileKind, identifyFile } from './file-magic.ts';

/** The formats that unpack here. */
export type Compression = 'gzip' | 'xz' | 'zstd';

/** Every member of a gzip file, and how many bytes after them were ignored; null when that is more than `limit` bytes. */
export type Gunzip = (
  file: Uint8Array,
  limit: number,
) => Promise<{ readonly bytes: Uint8Array; readonly ignored: number } | null>;

export interface DecompressOptions {
  /** Most bytes of output. */
  readonly limit: number;
  /** What the bytes are, for the message: "the symbol file". */
  readonly what: string;
  /** The code of the error for damaged or too large input. */
  readonly code: ErrorCode;
  readonly gunzip: Gunzip;
}

export interface Decompressed {
  readonly bytes: Uint8Array;
  /** Null: the bytes were not compressed, and are returned as they are. */
  readonly compression: Compression | null;
  /** Bytes that follow the compressed data and belong to nothing; only gzip allows them. */
  readonly ignored: number;
}

function isCompression(kind: FileKind): kind is Compression {
  return kind === 'gzip' || kind === 'xz' || kind === 'zstd';
}

/**
 * The contents of a .gz, .xz or .zst file, told by its magic and unpacked once. Several members, streams or frames follow one
 * another as in the tools of these formats.
 * @throws TsvmError with `options.code`: damaged, truncated or larger than the limit
 */
export async function decompress(bytes: Uint8Array, options: DecompressOptions): Promise<Decompressed> {
  const { kind } = identifyFile(bytes);
  if (!isCompression(kind)) return { bytes, compression: null, ignored: 0 };
  const output = new BoundedOutput(options.limit);
  try {
    if (kind === 'gzip') {
      const unpacked = await options.gunzip(bytes, options.limit);
      if (unpacked === null) throw new OutputLimit();
      return { ...unpacked, compression: kind };
    }
    if (kind === 'xz') await unxz(bytes, output);
    else await unzstd(bytes, output);
  } catch (error) {
    throw inWords(error, kind, output.length, options);
  }
  return { bytes: output.whole(), compression: kind, ignored: 0 };
}

/** The output is larger than it may be. */
class OutputLimit extends Error {}

class BoundedOutput {
  private readonly chunks: Uint8Array[] = [];
  private readonly limit: number;
  length = 0;

  constructor(limit: number) {
    this.limit = limit;
  }

  add(chunk: Uint8Array): void {
    this.length += chunk.length;
    if (this.length > this.limit) throw new OutputLimit();
    this.chunks.push(chunk);
  }

  whole(): Uint8Array {
    const whole = new Uint8Array(this.length);
    let at = 0;
    for (const chunk of this.chunks) {
      whole.set(chunk, at);
      at += chunk.length;
    }
    return whole;
  }
}

async function unxz(bytes: Uint8Array, output: BoundedOutput): Promise<void> {
  // CommonJS marked as an ES module: Node gives it as the default export, loaders such as tsx as the namespace itself.
  const xz = await import('xz-decompress');
  const { XzReadableStream } = xz.default ?? xz;
  const source = new ReadableStream<Uint8Array>({
    start(controller) {
      controller.enqueue(bytes);
      controller.close();
    },
  });
  const reader = new XzReadableStream(source).getReader();
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return;
    try {
      output.add(value);
    } catch (error) {
      await reader.cancel();
      throw error;
    }
  }
}

/** More calls without output in a row than frames that hold no data account for in any file of the tools. */
const MAX_EMPTY = 64;

async function unzstd(bytes: Uint8Array, output: BoundedOutput): Promise<void> {
  const { ZSTDDecoder } = await import('zstddec/stream');
  const decoder = new ZSTDDecoder();
  await decoder.init();
  let empty = 0;
  // The package does not look at zstd's error codes: damage shows as a decoder that asks again and again and gets nothing.
  for (const chunk of decoder.decodeStreaming([bytes])) {
    empty = chunk.length === 0 ? empty + 1 : 0;
    if (empty > MAX_EMPTY)
      throw new Error('its data are corrupt, need a window of more than 128 MiB, or are followed by something else');
    output.add(chunk);
  }
}

function inWords(
  error: unknown,
  kind: Compression,
  length: number,
  { limit, what, code }: DecompressOptions,
): TsvmError {
  if (error instanceof OutputLimit)
    return new TsvmError(code, `${what} unpacks to more than ${limit} bytes`, {
      next: `see its size with ${kind} -l FILE`,
    });
  const so = length === 0 ? '' : `, after ${length} bytes of output`;
  return new TsvmError(code, `${what} does not unpack as ${kind}${so}`, {
    cause: reason(error),
    next: `check it with ${kind} -t FILE, or give it uncompressed`,
  });
}

/** The result codes of xz-embedded (enum xz_ret), which xz-decompress passes on as numbers. */
const xzReasons: ReadonlyMap<number, string> = new Map([
  [2, 'its integrity check is of a kind that is not supported'],
  [3, 'out of memory'],
  [4, 'its dictionary is larger than the decoder allows'],
  [5, 'its stream header is wrong'],
  [6, 'it uses a filter or option that is not supported'],
  [7, 'its data are corrupt'],
  [8, 'it ends too early, or is followed by something else'],
]);

function reason(error: unknown): string {
  const text = error instanceof Error ? error.message : String(error);
  const result = /error code (\d+)$/.exec(text)?.[1];
  return (result && xzReasons.get(Number(result))) ?? text;
}

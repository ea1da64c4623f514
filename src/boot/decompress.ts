// Decompression of small host files (symbols) in memory: gzip (RFC 1952) by the web's DecompressionStream, xz by the package
// xz-decompress. Output is bounded, because a few kilobytes can unpack to gigabytes.
import { type ErrorCode, TsvmError } from '../util/errors.ts';
import { identifyFile } from './file-magic.ts';

export interface DecompressOptions {
  /** Most bytes of output. */
  readonly limit: number;
  /** What the bytes are, for the message: "the symbol file". */
  readonly what: string;
  /** The code of the error for damaged or too large input. */
  readonly code: ErrorCode;
}

/**
 * The contents of a .gz or .xz file, told by its magic; other bytes are returned as they are.
 * @throws TsvmError with `options.code`: damaged, truncated or larger than the limit
 */
export async function decompress(bytes: Uint8Array, options: DecompressOptions): Promise<Uint8Array> {
  const { kind } = identifyFile(bytes);
  if (kind === 'gzip') return drain(gunzip(bytes), kind, options);
  if (kind === 'xz') return drain(await unxz(bytes), kind, options);
  return bytes;
}

function source(bytes: Uint8Array): ReadableStream<Uint8Array<ArrayBuffer>> {
  return new ReadableStream({
    start(controller) {
      controller.enqueue(new Uint8Array(bytes));
      controller.close();
    },
  });
}

function gunzip(bytes: Uint8Array): ReadableStream<Uint8Array> {
  return source(bytes).pipeThrough(new DecompressionStream('gzip'));
}

async function unxz(bytes: Uint8Array): Promise<ReadableStream<Uint8Array>> {
  // CommonJS marked as an ES module: Node gives it as the default export, loaders such as tsx as the namespace itself.
  const xz = await import('xz-decompress');
  const { XzReadableStream } = xz.default ?? xz;
  return new XzReadableStream(source(bytes));
}

async function drain(
  stream: ReadableStream<Uint8Array>,
  kind: 'gzip' | 'xz',
  { limit, what, code }: DecompressOptions,
): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  let length = 0;
  const reader = stream.getReader();
  for (;;) {
    const { done, value } = await reader.read().catch((error: unknown) => {
      throw new TsvmError(code, `${what} does not unpack as ${kind}, after ${length} bytes of output`, {
        cause: reason(error),
        next: `check it with ${kind} -t FILE, or give it uncompressed`,
      });
    });
    if (done) break;
    length += value.length;
    if (length > limit) {
      await reader.cancel();
      throw new TsvmError(code, `${what} unpacks to more than ${limit} bytes`, {
        next: `see its size with ${kind} -l FILE`,
      });
    }
    chunks.push(value);
  }
  const whole = new Uint8Array(length);
  let at = 0;
  for (const chunk of chunks) {
    whole.set(chunk, at);
    at += chunk.length;
  }
  return whole;
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

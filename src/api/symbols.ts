// Where a kernel's symbols come from: --symbols, the ELF itself, or a System.map beside it; and the tables that Linux carries for itself,
// which a stripped kernel has too. --symbols is read before the run, because its mistakes are the user's, and so are the others when
// panics could not be watched without them; else they wait until a name is wanted.
import { basename, dirname, join } from 'node:path';
import { kallsymsOfElf } from '../boot/kallsyms.ts';
import type { KernelFile } from '../boot/kernel-image.ts';
import { isPlaceholder, parseSymbols, type SymbolTable, symbolsOfElf } from '../boot/symbols.ts';
import { isReadable, readImage, realPath } from '../host/file.ts';
import { gunzip } from '../host/gunzip.ts';
import { hex } from '../util/bits.ts';
import { TsvmError } from '../util/errors.ts';
import type { Log } from '../util/log.ts';

export interface KernelSymbols {
  /** The file they come from, or null. */
  readonly source: string | null;
  /** Read them now if they are not read yet. A damaged file that the user did not name is a warning. */
  load(): Promise<void>;
  /** `name+0x10`, or null (also before load). */
  symbolize(address: number): string | null;
  /** All that is known now (the kernel's own before load). */
  readonly table: SymbolTable | null;
  /** The address of a symbol, of what is loaded; null: there is none. */
  find(name: string): number | null;
  /** What is known before the kernel runs; `own`: from its own image. */
  readonly kernel: { readonly table: SymbolTable; readonly own: boolean } | null;
}

const SUFFIXES = ['', '.xz', '.gz', '.zst'];

/** Throws TsvmError for a file named with --symbols that cannot be read or is no symbol file. */
export async function findSymbols(
  config: { readonly kernel: string; readonly symbols: string | null },
  file: KernelFile,
  log: Log,
): Promise<KernelSymbols> {
  const image = file.kind === 'elf' ? file.elf : null;
  const kallsyms = image && kallsymsOfElf(image);
  if (config.symbols !== null) {
    const table = await readSymbols(config.symbols);
    return keep({ source: config.symbols, log, read: async () => table, kallsyms, own: false });
  }
  if (image?.sectionNames.includes('.symtab'))
    return keep({
      source: config.kernel,
      log,
      read: async () => symbolsOfElf(image),
      kallsyms,
      own: true,
    });
  const map = (await systemMapBeside(config.kernel)) ?? (await systemMapBeside(await realPath(config.kernel)));
  if (map !== null) return keep({ source: map, log, read: () => readSymbols(map), kallsyms, own: false });
  return keep({ source: kallsyms && 'kallsyms', log, read: async () => kallsyms, kallsyms, own: true });
}

interface Source {
  readonly source: string | null;
  readonly log: Log;
  read(): Promise<SymbolTable | null>;
  /** The kernel's own tables, found in its image. */
  readonly kallsyms: SymbolTable | null;
  /** Is what `read` gives from the image itself? */
  readonly own: boolean;
}

async function keep({ source, log, read, kallsyms, own }: Source): Promise<KernelSymbols> {
  let table: SymbolTable | null = null;
  let loading: Promise<void> | null = null;
  const readIt = async (): Promise<void> => {
    try {
      table = await read();
    } catch (error) {
      if (!(error instanceof TsvmError)) throw error;
      log.log('warning', `no symbols: ${error.message}`);
    }
    const [here, there] = [kallsyms, table].map((symbols) => symbols?.find('panic'));
    if (here === undefined || there === undefined || here === there) return;
    log.log(
      'warning',
      `${source} is of another kernel (panic is at ${hex(there)} there, at ${hex(here)} in this one): its names are not used`,
    );
    table = null;
  };
  const load = (): Promise<void> => {
    loading ??= readIt();
    return loading;
  };
  // A kernel without tables of its own is watched by the file's names, which must then be there before it runs.
  if (!kallsyms) await load();
  return {
    source,
    load,
    get table() {
      return table ?? kallsyms;
    },
    symbolize: (address) => {
      const named = (table ?? kallsyms)?.lookup(address);
      if (!named) return null;
      return named.offset === 0 ? named.name : `${named.name}+0x${named.offset.toString(16)}`;
    },
    find: (name) => table?.find(name) ?? kallsyms?.find(name) ?? null,
    kernel: kallsyms ? { table: kallsyms, own: true } : table && { table, own },
  };
}

async function readSymbols(path: string): Promise<SymbolTable> {
  const bytes = await readImage('symbols', path);
  try {
    return await parseSymbols(bytes, gunzip);
  } catch (error) {
    throw error instanceof TsvmError ? new TsvmError(error.code, `${path}: ${error.message}`, error.details) : error;
  }
}

/**
 * For `foo`, `foo.vmlinux`, `foo.zImage` and `foo.elf`: `foo.System.map`; for Debian's `vmlinux-VERSION` and `vmlinuz-VERSION`: `System.map-VERSION`; else
 * `System.map`. Also compressed. Debian's placeholder is no symbol file.
 */
async function systemMapBeside(kernel: string): Promise<string | null> {
  const file = basename(kernel).replace(/\.(gz|xz|zst)$/, '');
  const stem = file.replace(/\.(elf|vmlinux|zImage)$/, '');
  const version = stem.replace(/^vmlinu[xz]-/, '');
  for (const name of [`${stem}.System.map`, `${file}.System.map`, `System.map-${version}`, 'System.map'])
    for (const suffix of SUFFIXES) {
      const path = join(dirname(kernel), `${name}${suffix}`);
      if (!(await isReadable(path))) continue;
      // What cannot be read is told when it is wanted.
      const bytes = await readImage('symbols', path).catch(() => null);
      if (bytes === null || !isPlaceholder(bytes)) return path;
    }
  return null;
}

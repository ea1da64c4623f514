// Where a kernel's symbols come from: --symbols, the ELF itself, or a System.map beside it. Only --symbols is read before the
// run, because its mistakes are the user's; the others wait until a name is wanted, so that starting costs nothing.
import { basename, dirname, join } from 'node:path';
import type { ElfImage } from '../boot/elf.ts';
import { parseSymbols, type SymbolTable, symbolsOfElf } from '../boot/symbols.ts';
import { isReadable, readImage } from '../host/file.ts';
import { gunzip } from '../host/gunzip.ts';
import { TsvmError } from '../util/errors.ts';
import type { Log } from '../util/log.ts';

export interface KernelSymbols {
  /** The file they come from, or null. */
  readonly source: string | null;
  /** Read them now if they are not read yet. A damaged file that the user did not name is a warning. */
  load(): Promise<void>;
  /** `name+0x10`, or null (also before load). */
  symbolize(address: number): string | null;
}

const SUFFIXES = ['', '.xz', '.gz', '.zst'];

/** Throws TsvmError for a file named with --symbols that cannot be read or is no symbol file. */
export async function findSymbols(
  config: { readonly kernel: string; readonly symbols: string | null },
  image: ElfImage,
  log: Log,
): Promise<KernelSymbols> {
  if (config.symbols !== null) {
    const table = await readSymbols(config.symbols);
    return keep(config.symbols, log, async () => table, table);
  }
  if (image.sectionNames.includes('.symtab')) return keep(config.kernel, log, async () => symbolsOfElf(image));
  const map = await systemMapBeside(config.kernel);
  return map === null ? keep(null, log, async () => null) : keep(map, log, () => readSymbols(map));
}

function keep(
  source: string | null,
  log: Log,
  read: () => Promise<SymbolTable | null>,
  already: SymbolTable | null = null,
): KernelSymbols {
  let table = already;
  let loading: Promise<void> | null = null;
  const load = async (): Promise<void> => {
    try {
      table ??= await read();
    } catch (error) {
      if (!(error instanceof TsvmError)) throw error;
      log.log('warning', `no symbols: ${error.message}`);
    }
  };
  return {
    source,
    load: () => {
      loading ??= load();
      return loading;
    },
    symbolize: (address) => {
      const named = table?.lookup(address);
      if (!named) return null;
      return named.offset === 0 ? named.name : `${named.name}+0x${named.offset.toString(16)}`;
    },
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

/** `System.map`, or `foo.System.map` beside `foo.vmlinux` and `foo`, also compressed. */
async function systemMapBeside(kernel: string): Promise<string | null> {
  const stem = basename(kernel)
    .replace(/\.(gz|xz|zst)$/, '')
    .replace(/\.(elf|vmlinux)$/, '');
  for (const name of ['System.map', `${stem}.System.map`, `System.map-${stem.replace(/^vmlinux-/, '')}`])
    for (const suffix of SUFFIXES) {
      const path = join(dirname(kernel), `${name}${suffix}`);
      if (await isReadable(path)) return path;
    }
  return null;
}

// Kernel symbol tables as scripts/kallsyms lays them out, for tests: names in tokens, markers, addresses, in every layout of 32-bit
// kernels. The compression is simple (one-letter tokens and a few pairs); the format is the kernel's.

export type KallsymsLayout =
  /** 4.6 to 6.1: offsets, relative_base, num_syms, names, markers, token_table, token_index. */
  | 'relative'
  /** Before 4.6, and without CONFIG_KALLSYMS_BASE_RELATIVE: addresses in place of offsets and base. */
  | 'absolute'
  /** 6.2: as `relative`, with seqs_of_names before token_table. */
  | 'seqs'
  /** From 6.4: num_syms, names, markers, token_table, token_index, offsets, relative_base. */
  | 'after';

export interface KallsymsSymbol {
  readonly address: number;
  readonly type: string;
  readonly name: string;
}

export interface MadeKallsyms {
  readonly bytes: Uint8Array;
  /** Byte positions of the parts, for damaging them. */
  readonly at: Readonly<Record<'numSyms' | 'names' | 'markers' | 'tokenTable' | 'tokenIndex' | 'addresses', number>>;
}

/** So many functions, 16 bytes each from `base`, `panic` and `die` among them. */
export function someSymbols(count: number, base: number): KallsymsSymbol[] {
  return Array.from({ length: count }, (_, i) => {
    const name = i === 100 ? 'panic' : i === 200 ? 'die' : i === 300 ? 'start_kernel' : `function_${i}`;
    return { address: base + 16 * i, type: i % 3 === 0 ? 'T' : 't', name };
  });
}

/** Symbols in ascending order of their addresses. */
export function makeKallsyms(
  symbols: readonly KallsymsSymbol[],
  { layout, endianness }: { readonly layout: KallsymsLayout; readonly endianness: 'little' | 'big' },
): MadeKallsyms {
  const little = endianness === 'little';
  const out: number[] = [];
  const word = (value: number): void => {
    const bytes = [value, value >>> 8, value >>> 16, value >>> 24].map((byte) => byte & 0xff);
    out.push(...(little ? bytes : bytes.reverse()));
  };
  const half = (value: number): void => {
    const bytes = [value & 0xff, value >>> 8];
    out.push(...(little ? bytes : bytes.reverse()));
  };
  const align = (): void => {
    while (out.length % 4 !== 0) out.push(0);
  };
  const tokens = makeTokens();
  const base = symbols[0]!.address;
  const addresses = (): number => {
    const at = out.length;
    for (const { address } of symbols) word(layout === 'absolute' ? address : address - base);
    if (layout !== 'absolute') word(base);
    return at;
  };
  let addressesAt = layout === 'after' ? 0 : addresses();
  const numSyms = out.length;
  word(symbols.length);
  const names = out.length;
  const markers: number[] = [];
  for (const [i, { type, name }] of symbols.entries()) {
    if (i % 256 === 0) markers.push(out.length - names);
    const packed = pack(type + name, tokens);
    if (packed.length < 0x80) out.push(packed.length);
    else out.push((packed.length & 0x7f) | 0x80, packed.length >> 7);
    out.push(...packed);
  }
  align();
  const markersAt = out.length;
  for (const marker of markers) word(marker);
  if (layout === 'seqs') {
    for (const i of symbols.keys()) out.push((i >> 16) & 0xff, (i >> 8) & 0xff, i & 0xff);
    align();
  }
  const tokenTable = out.length;
  const index: number[] = [];
  for (const token of tokens) {
    index.push(out.length - tokenTable);
    for (const letter of token) out.push(letter.charCodeAt(0));
    out.push(0);
  }
  align();
  const tokenIndex = out.length;
  for (const offset of index) half(offset);
  align();
  if (layout === 'after') addressesAt = addresses();
  return {
    bytes: Uint8Array.from(out),
    at: { numSyms, names, markers: markersAt, tokenTable, tokenIndex, addresses: addressesAt },
  };
}

/** Printable letters are themselves; the other places hold pairs, as the real compression leaves them. */
function makeTokens(): string[] {
  return Array.from({ length: 256 }, (_, i) =>
    i >= 0x30 && i < 0x7f ? String.fromCharCode(i) : ['fu', 'ct', 'io', 'n_', 'ni'][i % 5]! + (i % 7 === 0 ? 'x' : ''),
  );
}

function pack(text: string, tokens: readonly string[]): number[] {
  const packed: number[] = [];
  for (let at = 0; at < text.length; ) {
    const pair = tokens.findIndex((token) => token.length > 1 && text.startsWith(token, at));
    const token = pair >= 0 ? pair : text.charCodeAt(at);
    packed.push(token);
    at += tokens[token]!.length;
  }
  return packed;
}

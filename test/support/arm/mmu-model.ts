// The ARM MMU once more, after the pseudocode of the manual (ARM DDI 0406C: B3.19, B4.2.4), to compare the generated functions with. Slow and plain:
// faults are thrown, addresses are bigints.

/** System registers by their names in the manual; 64-bit ones are bigints. */
export interface MmuRegisters {
  mode: number;
  SCTLR: number;
  TTBCR: number;
  TTBR0: bigint;
  TTBR1: bigint;
  DACR: number;
  PRRR: number;
  NMRR: number;
  HCR: number;
  VTCR: number;
  VTTBR: bigint;
  HSCTLR: number;
  HTCR: number;
  HTTBR: bigint;
  HMAIR0: number;
  HMAIR1: number;
}

/** Physical memory: the bytes at an address, or undefined where nothing is. */
export type ReadMemory = (address: bigint, bytes: 4 | 8) => bigint | undefined;

export interface Request {
  readonly address: number;
  readonly kind: 'read' | 'write' | 'fetch';
  readonly user: boolean;
}

/** What went wrong, in words; `level` is 0 for an abort of the access itself. */
export interface Fault {
  readonly kind: 'translation' | 'access flag' | 'domain' | 'permission' | 'external' | 'walk';
  readonly level: number;
  readonly format: 'short' | 'long';
  readonly domain: number;
  readonly stage: 1 | 2;
  readonly s1ptw: boolean;
  readonly ipa: bigint | undefined;
}

export interface Memory {
  type: 'strongly-ordered' | 'device' | 'normal';
  /** Halves of a MAIR field. */
  inner: number;
  outer: number;
  share: 'none' | 'inner' | 'outer';
}

export interface Output {
  readonly address: bigint;
  readonly global: boolean;
  readonly supersection: boolean;
  readonly memory: Memory;
}

/** What a walk throws; no Error, whose stack trace takes longer than the walk. */
class Thrown {
  readonly fault: Fault;
  constructor(fault: Fault) {
    this.fault = fault;
  }
}

const HYP = 0x1a;
const USR = 0x10;
const FIELD_NONE = 4;

const bit = (word: number, at: number): boolean => ((word >>> at) & 1) === 1;
const bits = (word: number, high: number, low: number): number => (word >>> low) & (2 ** (high - low + 1) - 1);
const big = (word: bigint, high: number, low: number): bigint =>
  (word >> BigInt(low)) & ((1n << BigInt(high - low + 1)) - 1n);
const bigBit = (word: bigint, at: number): boolean => big(word, at, at) === 1n;

export class MmuModel {
  private readonly r: MmuRegisters;
  private readonly read: ReadMemory;

  constructor(registers: MmuRegisters, read: ReadMemory) {
    this.r = registers;
    this.read = read;
  }

  private get isHyp(): boolean {
    return this.r.mode === HYP;
  }
  private get dc(): boolean {
    return bit(this.r.HCR, 12);
  }
  private get stage2On(): boolean {
    return bit(this.r.HCR, 0) || this.dc;
  }
  private get stage1On(): boolean {
    return bit(this.r.SCTLR, 0) && !this.dc && !bit(this.r.HCR, 27);
  }
  private get eae(): boolean {
    return bit(this.r.TTBCR, 31);
  }

  /** An access by the current mode. */
  translate(request: Request): Output | Fault {
    return caught(() => {
      const output = this.isHyp
        ? this.hyp(request)
        : this.both({ ...request, user: request.user || this.r.mode === USR });
      if (output.address >> 32n === 0n) return output;
      const format = this.isHyp || this.eae ? 'long' : 'short';
      throw new Thrown({ kind: 'external', level: 0, format, domain: 0, stage: 1, s1ptw: false, ipa: undefined });
    });
  }

  /** An operation: of the first stage, of both, or of Hyp mode. */
  operation(request: Request, which: 'first' | 'both' | 'hyp'): Output | Fault {
    return caught(() => {
      if (which === 'hyp') return this.hyp(request);
      return which === 'both' ? this.both(request) : this.first(request);
    });
  }

  private hyp(request: Request): Output {
    if (!bit(this.r.HSCTLR, 0)) return flat(request.address, false);
    return this.walkLong(BigInt(request.address >>> 0), request, 'hyp', false);
  }

  private first(request: Request): Output {
    if (!this.stage1On) return flat(request.address, this.dc);
    if (this.eae) return this.walkLong(BigInt(request.address >>> 0), request, 'pl1', false);
    return this.walkShort(request);
  }

  private both(request: Request): Output {
    const first = this.first(request);
    if (!this.stage2On) return first;
    const second = this.walkLong(first.address, request, 'stage2', false);
    return { ...first, address: second.address, memory: combine(first.memory, second.memory) };
  }

  /** A descriptor; of the PL1&0 regime's first stage it may be at an intermediate address. */
  private descriptor(
    address: bigint,
    size: 4 | 8,
    swapped: boolean,
    intermediate: boolean,
    request: Request,
    fail: () => never,
  ): bigint {
    const through = intermediate && bit(this.r.HCR, 0);
    const at = through ? this.walkLong(address, request, 'stage2', true).address : address;
    const found = this.read(at, size);
    if (found === undefined) return fail();
    if (!swapped) return found;
    let value = 0n;
    for (let i = 0; i < size; i++) value |= ((found >> BigInt(8 * i)) & 255n) << BigInt(8 * (size - 1 - i));
    return value;
  }

  /** TranslationTableWalkLD. */
  private walkLong(ia: bigint, request: Request, regime: 'pl1' | 'hyp' | 'stage2', s1ptw: boolean): Output {
    const { r } = this;
    const stage = regime === 'stage2' ? 2 : 1;
    const ipa = stage === 2 ? ia & ~0xfffn : undefined;
    const fault = (kind: Fault['kind'], level: number): never => {
      throw new Thrown({ kind, level, format: 'long', domain: 0, stage, s1ptw, ipa });
    };
    const prefixIs = (size: number, ones: boolean): boolean =>
      size === 0 || big(ia, 31, 32 - size) === (ones ? (1n << BigInt(size)) - 1n : 0n);

    let level = 1;
    let base = 0n;
    let startBit = 31;
    let found = false;
    let disabled = false;
    const begin = (ttbr: bigint, size: number, epd: boolean): void => {
      level = size < 2 ? 1 : 2;
      const lower = 9 * level - size - 4;
      base = big(ttbr, 39, lower) << BigInt(lower);
      startBit = 31 - size;
      found = true;
      disabled = epd;
    };
    if (regime === 'pl1') {
      const [t0, t1] = [bits(r.TTBCR, 2, 0), bits(r.TTBCR, 18, 16)];
      if (prefixIs(t0, false)) begin(r.TTBR0, t0, bit(r.TTBCR, 7));
      if ((t1 === 0 && !found) || (t1 > 0 && prefixIs(t1, true))) begin(r.TTBR1, t1, bit(r.TTBCR, 23));
    } else if (regime === 'hyp') {
      const size = bits(r.HTCR, 2, 0);
      if (prefixIs(size, false)) begin(r.HTTBR, size, false);
    } else {
      const size = (bits(r.VTCR, 3, 0) ^ 8) - 8;
      const sl0 = bits(r.VTCR, 7, 6);
      const consistent = sl0 < 2 && !(sl0 === 0 && size < -2) && !(sl0 === 1 && size > 1);
      if (consistent && (size === -8 || big(ia, 39, 32 - size) === 0n)) {
        level = 2 - sl0;
        const lower = 14 - size - 9 * sl0;
        base = big(r.VTTBR, 39, lower) << BigInt(lower);
        startBit = 31 - size;
        found = true;
      }
    }
    if (!found || disabled) return fault('translation', 1);

    const swapped = bit(regime === 'pl1' ? r.SCTLR : r.HSCTLR, 25);
    let [tableRo, tableNoUser, tableXn, tablePxn] = [false, false, false, false];
    let high = startBit;
    for (;;) {
      const low = 39 - 9 * level;
      const at = level;
      const d = this.descriptor(base | (big(ia, high, low) << 3n), 8, swapped, regime === 'pl1', request, () =>
        fault('walk', at),
      );
      if (!bigBit(d, 0) || (level === 3 && !bigBit(d, 1))) return fault('translation', level);
      if (level < 3 && bigBit(d, 1)) {
        base = big(d, 39, 12) << 12n;
        tableRo ||= stage === 1 && bigBit(d, 62);
        tableNoUser ||= regime === 'pl1' && bigBit(d, 61);
        tableXn ||= stage === 1 && bigBit(d, 60);
        tablePxn ||= regime === 'pl1' && bigBit(d, 59);
        high = low - 1;
        level++;
        continue;
      }
      if (!bigBit(d, 10)) return fault('access flag', level);
      const address = ((big(d, 39, low) << BigInt(low)) | big(ia, low - 1, 0)) & ~0xfffn;
      if (stage === 2) {
        if (!this.secondPermits(d, request, s1ptw)) return fault('permission', level);
        return {
          address: address | (ia & 0xfffn),
          global: true,
          supersection: false,
          memory: secondMemory(Number(big(d, 5, 2)), Number(big(d, 9, 8))),
        };
      }
      const readOnly = bigBit(d, 7) || tableRo;
      const xn = bigBit(d, 54) || tableXn;
      const writeAllowed = !readOnly;
      if (regime === 'hyp') {
        const permitted =
          request.kind === 'read' ||
          (request.kind === 'write' ? writeAllowed : !xn && !(bit(r.HSCTLR, 19) && writeAllowed));
        if (!permitted) return fault('permission', level);
      } else {
        const userMay = bigBit(d, 6) && !tableNoUser;
        const pxn = bigBit(d, 53) || tablePxn;
        const ap = (readOnly ? 4 : 0) | (userMay ? 2 : 0) | 1;
        if (!this.permits(ap, xn, pxn, request)) return fault('permission', level);
      }
      const [mair0, mair1] = regime === 'hyp' ? [r.HMAIR0, r.HMAIR1] : [r.PRRR, r.NMRR];
      const index = Number(big(d, 4, 2));
      const field = bits(index < 4 ? mair0 : mair1, 8 * (index % 4) + 7, 8 * (index % 4));
      return {
        address,
        global: regime === 'hyp' || !bigBit(d, 11),
        supersection: false,
        memory: fieldMemory(field, Number(big(d, 9, 8))),
      };
    }
  }

  private secondPermits(d: bigint, request: Request, s1ptw: boolean): boolean {
    if (s1ptw) return bigBit(d, 6) && !(bit(this.r.HCR, 2) && big(d, 5, 4) === 0n);
    if (request.kind === 'write') return bigBit(d, 7);
    return bigBit(d, 6) && !(request.kind === 'fetch' && bigBit(d, 54));
  }

  /** CheckPermission and execute-never, of AP[2:0]. */
  private permits(ap: number, xn: boolean, pxn: boolean, { kind, user }: Request): boolean {
    const rights = (privileged: boolean): string =>
      (privileged ? ['', 'rw', 'rw', 'rw', '', 'r', 'r', 'r'] : ['', '', 'r', 'rw', '', '', 'r', 'r'])[ap]!;
    const mine = rights(!user);
    if (kind === 'write') return mine.includes('w');
    if (!mine.includes('r')) return false;
    if (kind === 'read') return true;
    if (xn || (bit(this.r.SCTLR, 19) && mine.includes('w'))) return false;
    return user || !(pxn || (bit(this.r.SCTLR, 20) && rights(false).includes('w')));
  }

  /** TranslationTableWalkSD. */
  private walkShort(request: Request): Output {
    const { r } = this;
    const va = request.address >>> 0;
    let domain = 0;
    const fault = (kind: Fault['kind'], level: number): never => {
      throw new Thrown({ kind, level, format: 'short', domain, stage: 1, s1ptw: false, ipa: undefined });
    };
    const swapped = bit(r.SCTLR, 25);
    const load = (address: number, level: number): number =>
      Number(this.descriptor(BigInt(address >>> 0), 4, swapped, true, request, () => fault('walk', level)));

    const n = bits(r.TTBCR, 2, 0);
    const low = n === 0 || bits(va, 31, 32 - n) === 0;
    if (bit(r.TTBCR, low ? 4 : 5)) return fault('translation', 1);
    const used = low ? n : 0;
    const ttbr = Number((low ? r.TTBR0 : r.TTBR1) & 0xffffffffn);
    const base = bits(ttbr, 31, 14 - used) * 2 ** (14 - used);
    const l1 = load(base + 4 * bits(va, 31 - used, 20), 1);
    if (bits(l1, 1, 0) === 0) return fault('translation', 1);

    let address: bigint;
    let [ap, xn, pxn, global, s, tex] = [0, false, false, true, false, 0];
    let supersection = false;
    const level = bits(l1, 1, 0) === 1 ? 2 : 1;
    if (level === 2) {
      domain = bits(l1, 8, 5);
      const l2 = load(bits(l1, 31, 10) * 1024 + 4 * bits(va, 19, 12), 2);
      if (bits(l2, 1, 0) === 0) return fault('translation', 2);
      const large = bits(l2, 1, 0) === 1;
      ap = (bits(l2, 9, 9) << 2) | bits(l2, 5, 4);
      pxn = bit(l1, 2);
      global = !bit(l2, 11);
      s = bit(l2, 10);
      xn = large ? bit(l2, 15) : bit(l2, 0);
      tex = (large ? bits(l2, 14, 12) : bits(l2, 8, 6)) * 4 + bits(l2, 3, 2);
      address = BigInt(large ? bits(l2, 31, 16) * 65536 + bits(va, 15, 0) : bits(l2, 31, 12) * 4096);
    } else {
      ap = (bits(l1, 15, 15) << 2) | bits(l1, 11, 10);
      pxn = bit(l1, 0);
      xn = bit(l1, 4);
      global = !bit(l1, 17);
      s = bit(l1, 16);
      tex = bits(l1, 14, 12) * 4 + bits(l1, 3, 2);
      supersection = bit(l1, 18);
      if (supersection) {
        const high = (BigInt(bits(l1, 8, 5)) << 36n) | (BigInt(bits(l1, 23, 20)) << 32n);
        address = high | BigInt(bits(l1, 31, 24) * 2 ** 24 + bits(va, 23, 0));
      } else {
        domain = bits(l1, 8, 5);
        address = BigInt(bits(l1, 31, 20) * 2 ** 20 + bits(va, 19, 0));
      }
    }
    if (bit(r.SCTLR, 29)) {
      if ((ap & 1) === 0) return fault('access flag', level);
    }
    const role = bits(r.DACR, 2 * domain + 1, 2 * domain);
    if (role === 0 || role === 2) return fault('domain', level);
    if (role === 1 && !this.permits(ap, xn, pxn, request)) return fault('permission', level);
    return { address: address & ~0xfffn, global, supersection, memory: this.shortMemory(tex, s) };
  }

  /** DefaultTEXDecode and RemappedTEXDecode. */
  private shortMemory(texcb: number, s: boolean): Memory {
    const { r } = this;
    const half = (policy: number): number => [4, 0xf, 0xa, 0xe][policy]!;
    const normal = (inner: number, outer: number, share: Memory['share']): Memory =>
      settled({ type: 'normal', inner: half(inner), outer: half(outer), share });
    const ordered = (type: 'strongly-ordered' | 'device'): Memory => ({
      type,
      inner: type === 'device' ? 4 : 0,
      outer: 0,
      share: 'outer',
    });
    if (bit(r.SCTLR, 28)) {
      const n = texcb & 7;
      const type = bits(r.PRRR, 2 * n + 1, 2 * n);
      if (type === 0) return ordered('strongly-ordered');
      if (type === 1) return ordered('device');
      const shared = bit(r.PRRR, s ? 19 : 18);
      const share = shared ? (bit(r.PRRR, 24 + n) ? 'inner' : 'outer') : 'none';
      return normal(bits(r.NMRR, 2 * n + 1, 2 * n), bits(r.NMRR, 2 * n + 17, 2 * n + 16), share);
    }
    const share = s ? 'outer' : 'none';
    if (texcb >= 16) return normal(texcb & 3, (texcb >> 2) & 3, share);
    switch (texcb) {
      case 0:
        return ordered('strongly-ordered');
      case 1:
      case 8:
        return ordered('device');
      case 2:
        return normal(2, 2, share);
      case 3:
        return normal(3, 3, share);
      case 7:
        return normal(1, 1, share);
      default: // 4, and what is reserved
        return normal(0, 0, share);
    }
  }
}

function caught(body: () => Output): Output | Fault {
  try {
    return body();
  } catch (error) {
    if (error instanceof Thrown) return error.fault;
    throw error;
  }
}

function flat(address: number, cached: boolean): Output {
  const memory: Memory = cached
    ? { type: 'normal', inner: 15, outer: 15, share: 'none' }
    : { type: 'strongly-ordered', inner: 0, outer: 0, share: 'outer' };
  return { address: BigInt((address & ~0xfff) >>> 0), global: true, supersection: false, memory };
}

const SHARES = ['none', 'none', 'outer', 'inner'] as const;

/** Not cached anywhere is shared by all. */
function settled(memory: Memory): Memory {
  const uncached = memory.inner === FIELD_NONE && memory.outer === FIELD_NONE;
  return memory.type !== 'normal' || uncached ? { ...memory, share: 'outer' } : memory;
}

function fieldMemory(field: number, share: number): Memory {
  if (field >> 4 === 0)
    return { type: field & 4 ? 'device' : 'strongly-ordered', inner: field & 15, outer: 0, share: 'outer' };
  return settled({ type: 'normal', inner: field & 15, outer: field >> 4, share: SHARES[share]! });
}

/** The policies of a second stage are 1: none, 2: write-through, 3: write-back. */
function secondMemory(attributes: number, share: number): Memory {
  const outer = attributes >> 2;
  if (outer === 0)
    return { type: attributes === 0 ? 'strongly-ordered' : 'device', inner: 0, outer: 0, share: 'outer' };
  return { type: 'normal', inner: attributes & 3, outer, share: SHARES[share]! };
}

/** CombineS1S2Desc. */
function combine(first: Memory, second: Memory): Memory {
  const types = [first.type, second.type];
  const ordered = (['strongly-ordered', 'device'] as const).find((type) => types.includes(type));
  if (ordered) return { type: ordered, inner: ordered === 'device' ? 4 : 0, outer: 0, share: 'outer' };
  const half = (one: number, policy: number): number => {
    if (one === 4 || policy === 1) return 4;
    const firstWritesThrough = (one & 4) === 0;
    if (firstWritesThrough || policy === 3) return one;
    return 8 | (one & 3);
  };
  const shares = [first.share, second.share];
  const share = (['outer', 'inner'] as const).find((one) => shares.includes(one)) ?? 'none';
  return settled({
    type: 'normal',
    inner: half(first.inner, second.inner),
    outer: half(first.outer, second.outer),
    share,
  });
}

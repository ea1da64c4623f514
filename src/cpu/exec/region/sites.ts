// Where indirect jumps go: compiled code notes the target of a jump that leaves its region, and a region whose jumps leave often is compiled
// again with these targets in it (ENGINE.md 2: "indirect jumps through a profiled compare chain").
import { SITE, SITE_SIZE, SITES, SITES_END } from '../layout.ts';

/** What is asked for when a region is compiled. */
export interface CompileRequest {
  /** Code that is hot. */
  readonly pc: number;
  /** Where it was entered. */
  readonly root: number;
  /** The smallest loop: what is around it is compiled already, and comes back too late to it when it is left in its middle. */
  readonly innermost: boolean;
  /** Compiled code goes on here: only what is not compiled yet is wanted. */
  readonly onwards: boolean;
}

interface JumpSite {
  readonly address: number;
  request: CompileRequest;
  /** Targets when the region was last compiled. */
  known: number;
  attempts: number;
}

/** Jumps that leave before the region is compiled again. */
const OFTEN = 4096;
/** A jump whose targets keep changing is left alone. */
const MOST_ATTEMPTS = 3;

export class JumpSites {
  private readonly i32: Int32Array;
  private readonly byPc = new Map<number, JumpSite>();
  private readonly list: JumpSite[] = [];
  private turn = 0;

  constructor(buffer: ArrayBufferLike) {
    this.i32 = new Int32Array(buffer);
  }

  /** Address of the words of the jump at `pc`, in the region asked for by `request`; null when there is no room. */
  addressOf(pc: number, request: CompileRequest): number | null {
    const known = this.byPc.get(pc);
    if (known) {
      known.request = request;
      return known.address;
    }
    const address = SITES + this.list.length * SITE_SIZE;
    if (address === SITES_END) return null;
    const site = { address, request, known: 0, attempts: 0 };
    this.byPc.set(pc, site);
    this.list.push(site);
    return address;
  }

  /** Targets seen of the jump at `pc`. */
  readonly seen = (pc: number): readonly number[] => {
    const site = this.byPc.get(pc);
    return site ? this.targets(site) : [];
  };

  /** Look at one jump; the region to compile again when its jumps leave often to places not known before. */
  check(): CompileRequest | undefined {
    const site = this.list[this.turn++ % this.list.length];
    if (!site || this.i32[(site.address + SITE.COUNT) >>> 2]! < OFTEN) return undefined;
    this.i32[(site.address + SITE.COUNT) >>> 2] = 0;
    const { length } = this.targets(site);
    if (length <= site.known || site.attempts === MOST_ATTEMPTS) return undefined;
    site.known = length;
    site.attempts++;
    return site.request;
  }

  private targets({ address }: JumpSite): number[] {
    const words = this.i32.subarray((address + SITE.TARGETS) >>> 2, (address + SITE.COUNT) >>> 2);
    return [...words].filter((word) => word !== 0).map((word) => word >>> 0);
  }
}

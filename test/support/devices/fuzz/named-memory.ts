// What the driver's tables have named so far: all that a device may write to, by byte of the arena.
import type { GuestMemory } from '../../../../src/memory/guest-memory.ts';
import { named, type Piece, type QueueFacts, type Setting } from './rules.ts';
import { ARENA } from './watched.ts';

export class NamedMemory {
  private readonly memory: GuestMemory;
  private readonly byQueue = new Map<number, Map<string, Piece>>();
  private structures: Piece[] = [];
  private readonly permits = new Uint8Array(ARENA);

  constructor(memory: GuestMemory) {
    this.memory = memory;
  }

  /** Note what the tables of these queues name now; what they named before stays named until the driver takes the queue back. */
  look(queues: Iterable<readonly [number, QueueFacts]>, setting: Setting): void {
    this.structures = [];
    for (const [index, queue] of queues) {
      const found = named(setting, queue);
      this.structures.push(...found.structures);
      let known = this.byQueue.get(index);
      if (!known) {
        known = new Map();
        this.byQueue.set(index, known);
      }
      for (const piece of found.writable) {
        const key = `${piece.gpa} ${piece.length}`;
        if (known.has(key)) continue;
        known.set(key, piece);
        this.permit(piece);
      }
    }
  }

  /** The driver took a queue back: nothing that only it named may be written from now on. */
  forget(queue: number): void {
    if (this.byQueue.delete(queue)) this.slotsChanged();
  }

  /** The same addresses may lie elsewhere now. */
  slotsChanged(): void {
    this.permits.fill(0);
    for (const pieces of this.byQueue.values()) for (const piece of pieces.values()) this.permit(piece);
  }

  /** May all these bytes of the arena be written? */
  has(offset: number, length: number): boolean {
    for (let at = offset; at < offset + length; at++) if (this.permits[at] === 0) return false;
    return true;
  }

  /** Are some of these bytes of the arena what a device finds its way by? */
  isStructure(offset: number, length: number): boolean {
    return this.structures.some((piece) =>
      this.memory.getRanges().some((range) => {
        const at = range.gpa + offset - range.offset;
        const inside = offset + length > range.offset && offset < range.offset + range.size;
        return inside && at < piece.gpa + piece.length && piece.gpa < at + length;
      }),
    );
  }

  private permit({ gpa, length }: Piece): void {
    for (const range of this.memory.getRanges()) {
      const from = Math.max(gpa, range.gpa);
      const to = Math.min(gpa + length, range.gpa + range.size);
      if (from < to) this.permits.fill(1, range.offset + from - range.gpa, range.offset + to - range.gpa);
    }
  }
}

// The structure of a region as WebAssembly: loops and blocks one in another, the way from any place to any block of them, and a dispatch where a level
// has several entries (structure.ts says what is in what).
import type { FunctionWriter, Label } from '../../wasm/writer.ts';
import type { Block, Flow } from './graph.ts';
import type { Item, Level } from './structure.ts';

/** Entries of a level, less one, that are told apart by comparisons. */
const MOST_COMPARED = 3;

/** A level of the structure while its code is being written. */
interface Frame {
  readonly level: Level;
  /** Of the loop that this level is the body of; null at the top. */
  readonly loop: { readonly label: Label; readonly headers: ReadonlySet<Block> } | null;
  readonly position: ReadonlyMap<Block, number>;
  readonly labels: (Label | undefined)[];
}

export class Structure {
  private readonly w: FunctionWriter;
  private readonly flow: Flow;
  private readonly state: number;
  private readonly write: (block: Block) => void;
  private readonly frames: Frame[] = [];
  /** Blocks that a dispatch may be asked for. */
  private readonly dispatched = new Set<Block>();

  /** Local `state` has the number of the block to go to where there is a dispatch; `write` emits the code of a block. */
  constructor(w: FunctionWriter, flow: Flow, state: number, write: (block: Block) => void) {
    this.w = w;
    this.flow = flow;
    this.state = state;
    this.write = write;
  }

  emit(top: Level): void {
    this.plan(top);
    this.level(top, null);
  }

  /** Go to a block of the region. */
  goTo(block: Block): void {
    const { w } = this;
    if (this.dispatched.has(block)) w.i32(block.number).set(this.state);
    w.br(this.labelOf(block));
  }

  /** Which blocks are dispatched to. */
  private plan(level: Level): void {
    if (level.entries.size > 1) for (const block of level.entries) this.dispatched.add(block);
    for (const item of level.items) if (item.kind === 'loop') this.plan(item.body);
  }

  private level(level: Level, loop: Frame['loop']): void {
    const { w } = this;
    const { items, entries } = level;
    const position = new Map<Block, number>();
    items.forEach((item, i) => {
      for (const block of item.members) position.set(block, i);
    });
    const frame: Frame = { level, loop, position, labels: [] };
    const dispatches = entries.size > 1;
    this.frames.push(frame);
    const first = dispatches ? 0 : 1;
    for (let i = items.length - 1; i >= first; i--) frame.labels[i] = w.block(`item ${i}`);
    if (dispatches) this.dispatch(frame);
    items.forEach((item, i) => {
      if (i >= first) w.end();
      this.item(item);
    });
    this.frames.pop();
  }

  /** Go to the entry that the state says: by comparisons where they are few, which hosts predict better than a jump table. */
  private dispatch({ level, position, labels }: Frame): void {
    const { w, state } = this;
    const target = (block: Block): Label => labels[position.get(block)!]!;
    const [first, ...others] = [...level.entries];
    const otherwise = target(first!);
    if (others.length <= MOST_COMPARED) {
      for (const block of others) w.get(state).i32(block.number).op('i32.eq').brIf(target(block));
      w.br(otherwise);
      return;
    }
    const targets = this.flow.blocks.map((block) => (level.entries.has(block) ? target(block) : otherwise));
    w.get(state).brTable(targets, otherwise);
  }

  private item(item: Item): void {
    if (item.kind === 'block') {
      this.write(item.block);
      return;
    }
    const { w } = this;
    const label = w.loop('loop');
    this.level(item.body, { label, headers: item.headers });
    w.op('unreachable');
    w.end();
  }

  private labelOf(block: Block): Label {
    for (let i = this.frames.length - 1; i >= 0; i--) {
      const { loop, position, labels } = this.frames[i]!;
      if (loop?.headers.has(block)) return loop.label;
      const at = position.get(block);
      if (at !== undefined) return labels[at]!;
    }
    throw new Error(`no way to block ${block.number}`);
  }
}

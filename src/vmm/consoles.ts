// The consoles of a machine. The guest's side: input on its way to each of them, which moves on at exits of the guest (console-feed.ts). The host's side:
// what each has put out, handed over between slices to whoever listens. Of the machine's own console that is what goes to standard output, too; what
// another one says is nobody else's: not the panic watch's, not the state hash's.
import { ConsoleFeed, type PullSource } from './console-feed.ts';
import type { Machine } from './machine.ts';
import { OutputQueue } from './output-queue.ts';

type OutputListener = (bytes: Uint8Array) => void;

/** Somebody listens to a console. */
interface Heard {
  /** Since the last slice. */
  readonly output: OutputQueue;
  readonly listeners: Set<OutputListener>;
}

export class Consoles {
  private readonly machine: Pick<Machine, 'console' | 'consoles'>;
  private readonly main: string;
  private readonly onHighWater: () => void;
  private readonly feeds: Map<string, ConsoleFeed>;
  private readonly heard = new Map<string, Heard>();

  /** `pull`: of the machine's own console. `onHighWater`: so much output waits that the slice should end. */
  constructor(
    machine: Pick<Machine, 'console' | 'consoles' | 'onOtherOutput'>,
    pull: PullSource | null,
    onHighWater: () => void,
  ) {
    const [main] = machine.consoles.keys();
    this.machine = machine;
    this.main = main!;
    this.onHighWater = onHighWater;
    this.feeds = new Map([[this.main, new ConsoleFeed(machine.console, pull)]]);
    machine.onOtherOutput((console, bytes) => this.heard.get(console)?.output.write(bytes));
  }

  /** Bytes offered to a console, the machine's own when left out, and not taken by the guest. */
  queued(console = this.main): number {
    return this.feeds.get(console)?.queued ?? 0;
  }

  offer(bytes: Uint8Array, console?: string): void {
    this.feed(console).offer(bytes);
  }

  /** A break on the line, behind what was offered before. */
  offerBreak(console?: string): void {
    this.feed(console).offerBreak();
  }

  resize(columns: number, rows: number, console = this.main): void {
    this.machine.consoles.get(console)!.resize(columns, rows);
  }

  /** Hand over what the guest has room for. Called after everything that may have made room. */
  pump(): void {
    for (const feed of this.feeds.values()) feed.pump();
  }

  /** Hear what a console puts out from now on; the bytes may be kept. Returns how to stop. */
  subscribe(listener: OutputListener, console = this.main): () => void {
    const heard = this.heard.get(console) ?? { output: new OutputQueue(), listeners: new Set() };
    heard.output.setHighWaterListener(this.onHighWater);
    this.heard.set(console, heard);
    // The same function may listen twice.
    const own: OutputListener = (bytes) => listener(bytes);
    heard.listeners.add(own);
    return () => {
      heard.listeners.delete(own);
      if (heard.listeners.size === 0 && this.heard.get(console) === heard) this.heard.delete(console);
    };
  }

  /** Tell who listens what was put out since the last time; `mainOutput` by the machine's own console. */
  handOver(mainOutput: Uint8Array): void {
    for (const [console, { output, listeners }] of [...this.heard]) {
      const bytes = console === this.main ? mainOutput : output.take();
      if (bytes.length > 0) for (const listener of [...listeners]) listener(bytes);
    }
  }

  /** Made when it is used first. */
  private feed(console = this.main): ConsoleFeed {
    const feed = this.feeds.get(console) ?? new ConsoleFeed(this.machine.consoles.get(console)!, null);
    this.feeds.set(console, feed);
    return feed;
  }
}

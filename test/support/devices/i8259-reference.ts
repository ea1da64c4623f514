// The pair of 8259As told as the data sheet tells it: sets of lines, and rules about them, one after the other. The device computes with
// masks; this looks at every line.

interface Line {
  level: boolean;
  /** It rose and was not acknowledged. */
  rose: boolean;
  masked: boolean;
  inService: boolean;
  levelTriggered: boolean;
}

class ReferenceChip {
  readonly lines: Line[];
  /** Highest priority first. */
  private order = [0, 1, 2, 3, 4, 5, 6, 7];
  private words: ('ICW2' | 'ICW3' | 'ICW4')[] = [];
  private single = false;
  private special = false;
  private nested = false;
  private autoEoi = false;
  private rotateAuto = false;
  private showService = false;
  base = 0;
  icw3 = 0;
  poll = false;

  constructor() {
    this.lines = this.order.map(() => ({
      ...{ level: false, rose: false, masked: false },
      ...{ inService: false, levelTriggered: false },
    }));
    this.words = [];
  }

  bits(which: (line: Line) => boolean): number {
    return this.lines.reduce((bits, line, i) => bits | (which(line) ? 1 << i : 0), 0);
  }

  requests(line: Line): boolean {
    return line.levelTriggered ? line.level : line.rose;
  }

  slaveAt(n: number): boolean {
    return !this.single && ((this.icw3 >> n) & 1) === 1;
  }

  candidate(): number | undefined {
    for (const n of this.order) {
      const line = this.lines[n]!;
      const asks = this.requests(line) && !line.masked;
      const blocks = line.inService && !(this.special && line.masked);
      if (blocks) return asks && this.nested && this.slaveAt(n) ? n : undefined;
      if (asks) return n;
    }
    return undefined;
  }

  take(): number {
    const n = this.candidate();
    if (n === undefined) return 7;
    this.lines[n]!.rose = false;
    if (!this.autoEoi) this.lines[n]!.inService = true;
    else if (this.rotateAuto) this.putLast(n);
    return n;
  }

  read(port: number): number {
    if (this.poll) {
      this.poll = false;
      if (this.candidate() === undefined) return 0;
      return 0x80 | this.take();
    }
    if (port === 1) return this.bits((line) => line.masked);
    return this.bits(this.showService ? (line) => line.inService : (line) => this.requests(line));
  }

  write(port: number, value: number): void {
    if (port === 1) this.data(value);
    else if (value & 0x10) this.icw1(value);
    else if (value & 0x08) {
      if (value & 0x40) this.special = (value & 0x20) > 0;
      if (value & 0x02) this.showService = (value & 0x01) > 0;
      this.poll = (value & 0x04) > 0;
    } else this.ocw2(value);
  }

  private icw1(value: number): void {
    for (const line of this.lines) Object.assign(line, { rose: false, masked: false, inService: false });
    this.order = [0, 1, 2, 3, 4, 5, 6, 7];
    this.single = (value & 2) > 0;
    this.words = ['ICW2', ...(this.single ? [] : (['ICW3'] as const)), ...(value & 1 ? (['ICW4'] as const) : [])];
    if (!(value & 1)) this.icw4(0);
    this.icw3 = 7;
    this.special = this.rotateAuto = this.showService = this.poll = false;
  }

  private icw4(value: number): void {
    this.nested = (value & 0x10) > 0;
    this.autoEoi = (value & 0x02) > 0;
  }

  private data(value: number): void {
    const word = this.words.shift();
    if (word === 'ICW2') this.base = value - (value % 8);
    else if (word === 'ICW3') this.icw3 = value;
    else if (word === 'ICW4') this.icw4(value);
    else
      this.lines.forEach((line, i) => {
        line.masked = ((value >> i) & 1) === 1;
      });
  }

  private ocw2(value: number): void {
    const [rotate, specific, eoi] = [0x80, 0x40, 0x20].map((bit) => (value & bit) > 0);
    if (!specific && !eoi) this.rotateAuto = rotate!;
    const named = specific
      ? value & 7
      : this.order.find((n) => this.lines[n]!.inService && !(this.special && this.lines[n]!.masked));
    if (named === undefined || (!specific && !eoi)) return;
    if (eoi) this.lines[named]!.inService = false;
    if (rotate) this.putLast(named);
  }

  private putLast(n: number): void {
    while (this.order.at(-1) !== n) this.order.push(this.order.shift()!);
  }
}

export class ReferencePics {
  private readonly chips = [new ReferenceChip(), new ReferenceChip()] as const;

  get int(): boolean {
    return this.chips[0].candidate() !== undefined;
  }

  line(irq: number, level: boolean): void {
    if (irq !== 2) this.set(this.chips[irq >> 3]!, irq & 7, level, false);
    this.cascade();
  }

  read(window: number, offset: number): number {
    if (window === 2) return this.chips[offset]!.bits((line) => line.levelTriggered);
    const chip = this.chips[window]!;
    const polled = chip.poll;
    const value = chip.read(offset);
    if (polled && window === 1) this.slaveWasAsked();
    this.cascade();
    return value;
  }

  write(window: number, offset: number, value: number): void {
    if (window < 2) this.chips[window]!.write(offset, value);
    else
      this.chips[offset]!.lines.forEach((line, i) => {
        const fixed = offset === 0 ? i < 3 : i === 0 || i === 5;
        line.levelTriggered = !fixed && ((value >> i) & 1) === 1;
      });
    this.cascade();
  }

  acknowledge(): number {
    const [master, slave] = this.chips;
    const n = master.take();
    let vector = master.base + n;
    if (master.slaveAt(n)) {
      vector = 0xff;
      if (n === 2 && (slave.icw3 & 7) === 2) {
        vector = slave.base + slave.take();
        this.slaveWasAsked();
      }
    }
    this.cascade();
    return vector;
  }

  private slaveWasAsked(): void {
    Object.assign(this.chips[0].lines[2]!, { level: false, rose: false });
  }

  private cascade(): void {
    this.set(this.chips[0], 2, this.chips[1].candidate() !== undefined, true);
  }

  private set(chip: ReferenceChip, n: number, level: boolean, held: boolean): void {
    const line = chip.lines[n]!;
    if (level && !line.level) line.rose = true;
    if (!level && !held) line.rose = false;
    line.level = level;
  }
}

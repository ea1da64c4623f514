// One console, two who write on it: the kernel's lines are told from what programs print, also where printk has cut a line of theirs in two.
//
// A kernel line begins with printk's time stamp (Linux kernel/printk/printk.c, print_prefix: `[%5lu.%06lu]` and, with CONFIG_PRINTK_CALLER,
// `[%*s]` with T or C and a number), wherever that stands, and reaches to its line end: printk puts a record out in one piece. What
// programs print around it belongs together. A kernel without time stamps cannot be told from programs.

/** Longer than any time stamp. */
const LONGEST_STAMP = 48;

/** What a time stamp can still become. */
const STAMP_BEGUN = /^\[ *(?:\d+(?:\.(?:\d{0,5}|\d{6}(?:\](?:\[ *(?:[CT]\d*\]?)?)?)?)?)?)?$/;
const STAMP = /^\[ *\d+\.\d{6}\](?:\[ *[CT]\d+\])? $/;

export interface StreamListener {
  /**
   * Some more that programs have printed, or the kernel: its lines begin with the time stamp and end with `\n`. CRs before a kernel line
   * are nobody's: half of a line end of a program, or of no meaning any more.
   */
  piece(from: 'program' | 'kernel' | 'nobody', text: string): void;
}

export class ConsoleStreams {
  private readonly listener: StreamListener;
  private readonly decoder = new TextDecoder();
  /** CRs whose LF may yet come. */
  private returns = '';
  private inKernelLine = false;
  /** What may be the beginning of a time stamp, and CRs before it. */
  private stamp = '';

  constructor(listener: StreamListener) {
    this.listener = listener;
  }

  /** The text of `bytes` with `\n` for line ends, as far as it is complete; the listener is told of its pieces. */
  write(bytes: Uint8Array): string {
    const raw = this.returns + this.decoder.decode(bytes, { stream: true });
    const cut = raw.length - (/\r+$/.exec(raw)?.[0].length ?? 0);
    this.returns = raw.slice(cut);
    const text = raw.slice(0, cut).replaceAll(/\r+\n/g, '\n');
    this.separate(text);
    return text;
  }

  private separate(text: string): void {
    let at = 0;
    while (at < text.length) {
      if (this.inKernelLine) at = this.kernelLine(text, at);
      else if (this.stamp !== '') at = this.stampGoesOn(text, at);
      else at = this.programText(text, at);
    }
  }

  private kernelLine(text: string, from: number): number {
    const end = text.indexOf('\n', from);
    const to = end < 0 ? text.length : end + 1;
    this.inKernelLine = end < 0;
    this.listener.piece('kernel', text.slice(from, to));
    return to;
  }

  private programText(text: string, from: number): number {
    const bracket = text.indexOf('[', from);
    const before = text.slice(from, bracket < 0 ? text.length : bracket);
    const returns = bracket < 0 ? '' : /\r*$/.exec(before)![0];
    const sure = before.slice(0, before.length - returns.length);
    if (sure !== '') this.listener.piece('program', sure);
    if (bracket < 0) return text.length;
    this.stamp = `${returns}[`;
    return bracket + 1;
  }

  private stampGoesOn(text: string, at: number): number {
    const bracket = this.stamp.indexOf('[');
    const longer = this.stamp.slice(bracket) + text[at]!;
    if (STAMP.test(longer)) {
      if (bracket > 0) this.listener.piece('nobody', this.stamp.slice(0, bracket));
      this.stamp = '';
      this.inKernelLine = true;
      this.listener.piece('kernel', longer);
    } else if (longer.length <= LONGEST_STAMP && STAMP_BEGUN.test(longer)) this.stamp += text[at]!;
    else {
      // The character that fits no stamp may begin one.
      const none = this.stamp;
      this.stamp = '';
      this.listener.piece('program', none);
      return at;
    }
    return at + 1;
  }
}

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
  private readonly decoders = { program: new Utf8(), kernel: new Utf8() };
  /** CRs whose LF may yet come. */
  private returns = '';
  private inKernelLine = false;
  /** What may be the beginning of a time stamp, and CRs before it. */
  private stamp = '';
  /** What pieces were told of in this write(), and how much of it an earlier one has returned. */
  private told = '';
  private returned = 0;

  constructor(listener: StreamListener) {
    this.listener = listener;
  }

  /**
   * The text of `bytes` with `\n` for line ends, as far as it is complete; the listener is told of its pieces. A program's character
   * that printk has cut in two comes behind what cuts it.
   */
  write(bytes: Uint8Array): string {
    const raw = this.returns + octets(bytes);
    const cut = raw.length - (/\r+$/.exec(raw)?.[0].length ?? 0);
    this.returns = raw.slice(cut);
    this.told = '';
    this.separate(raw.slice(0, cut).replaceAll(/\r+\n/g, '\n'));
    const undecided = this.decoders.program.waits ? '' : this.stamp;
    const fresh = (this.told + undecided).slice(this.returned);
    this.returned = undecided.length;
    return fresh;
  }

  private tell(from: 'program' | 'kernel' | 'nobody', raw: string): void {
    const text = from === 'nobody' ? raw : this.decoders[from].decode(raw);
    this.told += text;
    if (text !== '') this.listener.piece(from, text);
  }

  /** `text`: an octet a character, for printk knows nothing of the characters of programs. */
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
    this.tell('kernel', text.slice(from, to));
    return to;
  }

  private programText(text: string, from: number): number {
    const bracket = text.indexOf('[', from);
    const before = text.slice(from, bracket < 0 ? text.length : bracket);
    const returns = bracket < 0 ? '' : /\r*$/.exec(before)![0];
    const sure = before.slice(0, before.length - returns.length);
    this.tell('program', sure);
    if (bracket < 0) return text.length;
    this.stamp = `${returns}[`;
    return bracket + 1;
  }

  private stampGoesOn(text: string, at: number): number {
    const bracket = this.stamp.indexOf('[');
    const longer = this.stamp.slice(bracket) + text[at]!;
    if (STAMP.test(longer)) {
      this.tell('nobody', this.stamp.slice(0, bracket));
      this.stamp = '';
      this.inKernelLine = true;
      this.tell('kernel', longer);
    } else if (longer.length <= LONGEST_STAMP && STAMP_BEGUN.test(longer)) this.stamp += text[at]!;
    else {
      // The character that fits no stamp may begin one.
      const none = this.stamp;
      this.stamp = '';
      this.tell('program', none);
      return at;
    }
    return at + 1;
  }
}

/** Bytes as characters of the same numbers. */
function octets(bytes: Uint8Array): string {
  const most = 0x2000; // arguments of one call
  let text = '';
  for (let at = 0; at < bytes.length; at += most) text += String.fromCharCode(...bytes.subarray(at, at + most));
  return text;
}

/** What a UTF-8 character of several octets can begin with, at the end. */
const INCOMPLETE = /(?:[\xc2-\xdf]|[\xe0-\xef][\x80-\xbf]?|[\xf0-\xf4][\x80-\xbf]{0,2})$/;

/** UTF-8 in pieces: of octets as characters. What is none becomes U+FFFD. */
class Utf8 {
  private readonly decoder = new TextDecoder('utf-8', { ignoreBOM: true });
  private begun = '';

  /** Has a character begun that is not complete? */
  get waits(): boolean {
    return this.begun !== '';
  }

  decode(raw: string): string {
    const all = this.begun + raw;
    this.begun = INCOMPLETE.exec(all)?.[0] ?? '';
    const complete = all.slice(0, all.length - this.begun.length);
    if (!/[\x80-\xff]/.test(complete)) return complete;
    return this.decoder.decode(Uint8Array.from(complete, (character) => character.charCodeAt(0)));
  }
}

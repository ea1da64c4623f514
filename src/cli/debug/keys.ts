// What a terminal sends, as keys: UTF-8 text, control characters, the escape sequences of ECMA-48 and xterm, bracketed paste. Bytes may come cut
// anywhere. What is not known is left out.

export type Key =
  /** Whole characters without controls. */
  | { readonly kind: 'text'; readonly text: string }
  /** `left`, `ctrl-a`, `alt-b`, `enter`, `tab`, ... */
  | { readonly kind: 'key'; readonly name: string }
  /** Pasted at once; may have several lines. */
  | { readonly kind: 'paste'; readonly text: string };

const ESC = 0x1b;
const DEL = 0x7f;
/** Bytes of a sequence, and of a paste: the rest of it is lost. */
const MAX_SEQUENCE = 32;
const MAX_PASTE = 65_536;
const PASTE_END = '\x1b[201~';

const CONTROLS: Readonly<Record<number, string>> = {
  8: 'backspace',
  9: 'tab',
  10: 'enter',
  13: 'enter',
  [DEL]: 'backspace',
};

/** By the last byte of a sequence, and before `~` by its number. */
const FINALS: Readonly<Record<string, string>> = {
  A: 'up',
  B: 'down',
  C: 'right',
  D: 'left',
  H: 'home',
  F: 'end',
  '1~': 'home',
  '3~': 'delete',
  '4~': 'end',
  '7~': 'home',
  '8~': 'end',
};

/** xterm's modifier, one more than its bits: shift 1, alt 2, ctrl 4. */
const ALT_OR_CTRL = 6;

export class KeyDecoder {
  private mode: 'ground' | 'escape' | 'sequence' | 'single' | 'paste' = 'ground';
  private sequence = '';
  private pasted: number[] = [];
  private utf8 = new TextDecoder();
  private keys: Key[] = [];
  private text = '';

  decode(bytes: Uint8Array): Key[] {
    this.keys = [];
    for (const byte of bytes) this.take(byte);
    this.endText();
    return this.keys;
  }

  private take(byte: number): void {
    if (this.mode === 'paste') this.paste(byte);
    else if (this.mode === 'sequence') this.inSequence(byte);
    else if (this.mode === 'single') this.finish(String.fromCharCode(byte));
    else if (this.mode === 'escape') this.afterEscape(byte);
    else if (byte === ESC) {
      this.endText();
      this.mode = 'escape';
    } else if (byte < 0x20 || byte === DEL) {
      this.endText();
      this.press(CONTROLS[byte] ?? `ctrl-${String.fromCharCode(byte + 0x60).toLowerCase()}`);
    } else this.text += this.utf8.decode(Uint8Array.of(byte), { stream: true });
  }

  private afterEscape(byte: number): void {
    this.mode = 'ground';
    if (byte === 0x5b) this.begin('sequence');
    else if (byte === 0x4f) this.begin('single');
    else if (byte === ESC) this.mode = 'escape';
    else if (byte === DEL || byte === 8) this.press('alt-backspace');
    // Escape and a control key: the key alone, so that Escape before Enter is harmless.
    else if (byte < 0x20) this.take(byte);
    else if (byte < DEL) this.press(`alt-${String.fromCharCode(byte)}`);
  }

  private begin(mode: 'sequence' | 'single'): void {
    this.mode = mode;
    this.sequence = '';
  }

  private inSequence(byte: number): void {
    // A control in a sequence breaks it off.
    if (byte < 0x20) {
      this.mode = 'ground';
      this.take(byte);
      return;
    }
    if (this.sequence.length < MAX_SEQUENCE) this.sequence += String.fromCharCode(byte);
    if (byte >= 0x40 && byte <= 0x7e) this.finish(this.sequence);
  }

  private finish(sequence: string): void {
    this.mode = 'ground';
    if (sequence === '200~') {
      this.mode = 'paste';
      this.pasted = [];
      return;
    }
    const [, first, modifier, final] = /^(\d*)(?:;(\d+))?([A-Za-z~])$/.exec(sequence) ?? [];
    if (final === undefined) return;
    const name = FINALS[final === '~' ? `${first}~` : final];
    if (name === undefined) return;
    const bits = modifier === undefined ? 0 : Number(modifier) - 1;
    this.press((bits & ALT_OR_CTRL) !== 0 ? `alt-${name}` : name);
  }

  private paste(byte: number): void {
    this.pasted.push(byte);
    const { length } = this.pasted;
    const tail = this.pasted.slice(length - PASTE_END.length);
    if (String.fromCharCode(...tail) === PASTE_END) {
      this.mode = 'ground';
      const bytes = Uint8Array.from(this.pasted.slice(0, length - PASTE_END.length));
      this.keys.push({ kind: 'paste', text: new TextDecoder().decode(bytes) });
      this.pasted = [];
    } else if (length > MAX_PASTE) this.pasted.splice(MAX_PASTE - PASTE_END.length, 1);
  }

  private press(name: string): void {
    this.keys.push({ kind: 'key', name });
  }

  /** Characters so far are a key. A character that is cut in the middle waits for its rest, unless another key comes. */
  private endText(): void {
    if (this.text === '') return;
    const text = this.text.replace(UNWANTED, '');
    if (text !== '') this.keys.push({ kind: 'text', text });
    this.text = '';
  }
}

/** Controls of Unicode, and what stands for bytes that are no UTF-8. */
const UNWANTED = /[\p{Cc}\p{Cs}\p{Zl}\p{Zp}\p{Bidi_Control}\ufffd]/gu;

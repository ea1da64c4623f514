// The escape key of the console, as a pure state machine over bytes (kvmtool term.c has Ctrl-a x and Ctrl-a Ctrl-a).
// Ctrl-a x quits, Ctrl-a h helps, Ctrl-a c is the debug shell's, Ctrl-a Ctrl-a is a literal Ctrl-a; after any other
// key the key alone reaches the guest, as in kvmtool.

export type EscapeAction = 'quit' | 'help' | 'debug';

export interface Escaped {
  /** Bytes for the guest. */
  readonly bytes: Uint8Array;
  /** In order of the keys; nothing after `quit`. */
  readonly actions: readonly EscapeAction[];
}

const CTRL_A = 0x01;
const ACTIONS: ReadonlyMap<number, EscapeAction> = new Map([
  [0x78, 'quit'], // x
  [0x68, 'help'], // h
  [0x63, 'debug'], // c
]);

export class EscapeKeys {
  private escaped = false;

  /** Take what was typed; a pending Ctrl-a is remembered for the next call. */
  feed(typed: Uint8Array): Escaped {
    const bytes: number[] = [];
    const actions: EscapeAction[] = [];
    for (const byte of typed) {
      if (!this.escaped) {
        if (byte === CTRL_A) this.escaped = true;
        else bytes.push(byte);
        continue;
      }
      this.escaped = false;
      const action = ACTIONS.get(byte);
      if (action) actions.push(action);
      else bytes.push(byte);
      if (action === 'quit') break;
    }
    return { bytes: Uint8Array.from(bytes), actions };
  }
}

// The escape key of an attached terminal, as a pure state machine over bytes: Ctrl-a d detaches, Ctrl-a c opens the debug shell, Ctrl-a h helps,
// Ctrl-a Ctrl-a is a literal Ctrl-a; after any other key the key alone reaches the guest, as on the run's own terminal (src/host/escape.ts). Ctrl-a x
// ends no run here.

export type AttachAction = 'detach' | 'help' | 'debug' | 'quit';

const CTRL_A = 0x01;
const ACTIONS: ReadonlyMap<number, AttachAction> = new Map([
  [0x64, 'detach'], // d
  [0x68, 'help'], // h
  [0x63, 'debug'], // c
  [0x78, 'quit'], // x
]);

export class AttachKeys {
  private escaped = false;

  /** Bytes for the guest and actions in the order in which they were typed; nothing after `detach`. A pending Ctrl-a is remembered. */
  feed(typed: Uint8Array): (Uint8Array | AttachAction)[] {
    const parts: (Uint8Array | AttachAction)[] = [];
    let bytes: number[] = [];
    const flush = (): void => {
      if (bytes.length > 0) parts.push(Uint8Array.from(bytes));
      bytes = [];
    };
    for (const byte of typed) {
      if (!this.escaped && byte === CTRL_A) {
        this.escaped = true;
        continue;
      }
      const action = this.escaped ? ACTIONS.get(byte) : undefined;
      this.escaped = false;
      if (action === undefined) {
        bytes.push(byte);
        continue;
      }
      flush();
      parts.push(action);
      if (action === 'detach') return parts;
    }
    flush();
    return parts;
  }
}

/** Ctrl-a h. */
export const ATTACH_HELP = [
  '# Ctrl-a d       detach: leave the VM running',
  '# Ctrl-a c       debug shell',
  '# Ctrl-a h       this help',
  '# Ctrl-a Ctrl-a  send a Ctrl-a to the guest; every other key goes to the guest, Ctrl-C too',
].join('\n');

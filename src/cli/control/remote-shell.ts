// The debug shell of a running VM, at the other end of its control socket.
import { type ControlClient, NoAnswer } from '../../api/control/client.ts';
import type { ShellSession } from '../../api/control/controlled-vm.ts';
import type { Fields } from '../../api/control/protocol.ts';
import type { ShellCompletion, ShellReply } from '../../debug/shell/port.ts';

export class RemoteShell implements ShellSession {
  private readonly client: ControlClient;
  private shown: string;

  private constructor(client: ControlClient, prompt: string) {
    this.client = client;
    this.shown = prompt;
  }

  /** Files that commands name are relative to `folder`. @throws NoAnswer; TsvmError when the VM has no shell to give */
  static async open(client: ControlClient, folder: string): Promise<RemoteShell> {
    return new RemoteShell(client, text(await client.ask({ request: 'shell', folder }), 'prompt'));
  }

  async prompt(): Promise<string> {
    return this.shown;
  }

  async execute(line: string): Promise<ShellReply> {
    try {
      const reply = await this.client.ask({ request: 'execute', line }, null);
      this.shown = text(reply, 'prompt');
      return { output: text(reply, 'output'), ok: reply.failed === false, quit: reply.quit === true };
    } catch (error) {
      const { message } = error as Error;
      // There is nobody to ask any more.
      if (error instanceof NoAnswer) return { output: `${this.client.name}: ${message}\n`, ok: false, quit: true };
      return { output: `${message}\n`, ok: false };
    }
  }

  async complete(line: string, cursor: number): Promise<ShellCompletion> {
    try {
      const { from, candidates } = await this.client.ask({ request: 'complete', line, cursor });
      const words = Array.isArray(candidates) ? candidates.filter((word) => typeof word === 'string') : [];
      return { from: typeof from === 'number' ? from : cursor, candidates: words };
    } catch {
      return { from: cursor, candidates: [] };
    }
  }

  interrupt(): void {
    this.client.tell({ request: 'interrupt' });
  }

  onNotice(listener: (text: string) => void): () => void {
    this.client.onNotice = listener;
    return () => {
      this.client.onNotice = () => {};
    };
  }

  async close(): Promise<void> {
    // A VM that has ended has no shell that could be left.
    await this.client.ask({ request: 'leave' }).catch(() => {});
  }
}

function text(reply: Fields, key: string): string {
  const value = reply[key];
  return typeof value === 'string' ? value : '';
}

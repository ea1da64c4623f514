// KTAP on a guest's console, read while the guest runs: its lines put together, whoever of kernel and programs writes it, and whatever printk
// has cut in two.
import type { ScriptedVm } from '../api/index.ts';
import { KtapParser } from './ktap.ts';
import type { KtapReport } from './ktap-report.ts';

export class LiveKtap {
  private readonly console: ScriptedVm['console'];
  private readonly parser = new KtapParser();
  private read = 0;

  constructor(console: ScriptedVm['console']) {
    this.console = console;
  }

  /** Has everything come that the outermost plan says? */
  get complete(): boolean {
    this.readOn();
    return this.parser.complete;
  }

  /** What it comes to; nothing more is read. */
  end(): KtapReport {
    this.readOn();
    for (const from of ['program', 'kernel'] as const) this.parser.line(this.console.partial(from));
    return this.parser.end();
  }

  private readOn(): void {
    const { lines } = this.console;
    while (this.read < lines.length) this.parser.line(lines[this.read++]!.text);
  }
}

// The file of --trace, written while the run goes on: KVM's trace events as the kernel's trace output has them, or, when its name ends in .json, as Chrome's
// trace events. Like the journal's file: opened before the run, so that a bad path is an error at once, and a write that fails later does not end
// the run, but its command fails when it is over. What is kept in memory is one buffer.
import { closeSync, fstatSync, ftruncateSync, openSync, writeSync } from 'node:fs';
import type { TraceEvent, TracePlace, TraceSink } from '../../kvm/trace.ts';
import { TRACE_HEADER, traceLine } from '../../kvm/trace-text.ts';
import { hex } from '../../util/bits.ts';
import { TsvmError } from '../../util/errors.ts';
import { ChromeTrace } from './chrome-trace.ts';

/** Characters that are written at once. */
const CHUNK = 1 << 16;

/** An instruction that was executed, where it was. */
export interface TracedInstruction {
  readonly place: TracePlace;
  readonly pc: number;
  /** `lw $v0, 16($a0)`. */
  readonly text: string;
  /** `name+0x10`, or null. */
  readonly symbol: string | null;
  /** Registers that it changed, and their new values. */
  readonly changed: readonly { readonly name: string; readonly value: string }[];
}

/** One of the two forms. */
export interface TraceForm extends TraceSink {
  instruction(instruction: TracedInstruction): void;
  end(): void;
}

export class TraceFile implements TraceSink {
  /** The first write that failed. */
  error: TsvmError | null = null;
  private readonly path: string;
  private readonly fd: number;
  private readonly form: TraceForm;
  private pieces: string[] = [];
  private characters = 0;
  private begun = false;
  private open = true;

  /** @throws TsvmError io when it cannot be opened for writing. What it holds stays until something is written. */
  constructor(path: string) {
    this.path = path;
    try {
      this.fd = openSync(path, 'a');
    } catch (error) {
      throw new TsvmError('io', `--trace ${path}: cannot be written (${reasonOf(error)})`, {
        next: 'give a file in a folder that exists and is yours',
      });
    }
    const write = (text: string): void => this.write(text);
    this.form = path.toLowerCase().endsWith('.json') ? new ChromeTrace(write) : new TraceText(write);
  }

  trace(place: TracePlace, event: TraceEvent): void {
    if (!this.error) this.form.trace(place, event);
  }

  instruction(instruction: TracedInstruction): void {
    if (!this.error) this.form.instruction(instruction);
  }

  /** Write what is left. Does nothing the second time; never throws: see `error`. */
  close(): void {
    if (!this.open) return;
    this.open = false;
    if (!this.error) this.form.end();
    this.flush();
    try {
      closeSync(this.fd);
    } catch (error) {
      this.failed(error);
    }
  }

  private write(text: string): void {
    this.pieces.push(text);
    this.characters += text.length;
    if (this.characters >= CHUNK) this.flush();
  }

  private flush(): void {
    const text = this.pieces.join('');
    this.pieces = [];
    this.characters = 0;
    if (this.error) return;
    try {
      if (!this.begun) this.empty();
      const bytes = Buffer.from(text);
      for (let done = 0; done < bytes.length; ) done += writeSync(this.fd, bytes, done);
    } catch (error) {
      this.failed(error);
    }
  }

  private empty(): void {
    this.begun = true;
    // A pipe or a device cannot be emptied, and need not be.
    if (fstatSync(this.fd).isFile()) ftruncateSync(this.fd);
  }

  private failed(error: unknown): void {
    this.error ??= new TsvmError('io', `--trace ${this.path}: a write failed (${reasonOf(error)})`, {
      cause: 'the trace ends there; the run itself was not disturbed',
      next: 'make room on the disk, or trace less of the run, and run again',
    });
  }
}

/** The kernel's form; instructions as lines between the events. */
class TraceText implements TraceForm {
  private readonly write: (text: string) => void;

  constructor(write: (text: string) => void) {
    this.write = write;
    write(`${TRACE_HEADER}\n`);
  }

  trace(place: TracePlace, event: TraceEvent): void {
    this.write(`${traceLine(place, event)}\n`);
  }

  instruction(instruction: TracedInstruction): void {
    this.write(`${instructionLine(instruction)}\n`);
  }

  end(): void {}
}

/** `@1234  cpu0  0x80101234  lw $v0, 16($a0)  <name+0x10>  v0=0x00000001`: as the last instructions of a failed test. */
function instructionLine({ place, pc, text, symbol, changed }: TracedInstruction): string {
  const named = symbol === null ? '' : `  <${symbol}>`;
  const set = changed.map(({ name, value }) => `${name}=${value}`);
  return [`@${place.instructions}`, `cpu${place.vcpu}`, hex(pc), `${text}${named}`, ...set].join('  ');
}

function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

// What a verb of the command line is, and what it is given. The registry is commands/index.ts.
import type { Writable } from 'node:stream';
import type { Command } from 'commander';
import type {
  DisassembleOptions,
  MachineDescription,
  RunningVm,
  RunsDifference,
  StartVmOptions,
} from '../api/index.ts';
import type { ParsedOptions } from './options.ts';
import type { StderrLines } from './stderr.ts';
import type { Env, TerminalFacts } from './style.ts';

/** The part of src/api that the command line uses; loaded only by the verbs that need a machine. */
export interface Api {
  startVm(options: StartVmOptions): Promise<RunningVm>;
  describeMachines(): readonly MachineDescription[];
  disassemble(options: DisassembleOptions): Promise<string>;
  diffRuns(a: string, b: string, progress?: (instructions: number) => void): Promise<RunsDifference>;
}

/** The surroundings of a command: everything it may touch, so that tests can stand in for all of it. */
export interface Cli {
  readonly stdout: Writable & TerminalFacts;
  readonly stderr: Writable & TerminalFacts;
  /** tsvm's lines on `stderr`. */
  readonly said: StderrLines;
  readonly env: Env;
  /** Are stdout and stderr the same terminal? */
  readonly sameTerminal: boolean;
  /** The file that standard input was redirected from, where it is a file and the host can tell. */
  readonly stdinFile: string | null;
  readonly version: string;
  loadApi(): Promise<Api>;
  /** The help text of a verb, or of tsvm. Throws TsvmError 'usage' for a verb that does not exist. */
  help(verb?: string): string;
}

export interface CommandSpec {
  readonly name: string;
  /** Arguments as commander writes them, such as `[kernel]`. */
  readonly args: string;
  readonly summary: string;
  /** Text after the options in the verb's help. */
  readonly epilogue?: string;
  addOptions?(command: Command): void;
  /** Do it; resolves to the exit code, rejects with what went wrong. */
  run(cli: Cli, args: readonly (string | undefined)[], options: ParsedOptions): Promise<number>;
}

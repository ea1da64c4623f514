// The registry of verbs, in the order of the help.
import type { CommandSpec } from '../command.ts';
import { diffCommand } from './diff.ts';
import { disasmCommand } from './disasm.ts';
import { helpCommand } from './help.ts';
import { machinesCommand } from './machines.ts';
import { replayCommand } from './replay.ts';
import { runCommand } from './run.ts';
import { testCommand } from './test.ts';
import { versionCommand } from './version.ts';

export const COMMANDS: readonly CommandSpec[] = [
  runCommand,
  testCommand,
  replayCommand,
  diffCommand,
  machinesCommand,
  disasmCommand,
  helpCommand,
  versionCommand,
];

// The registry of verbs, in the order of the help.
import type { CommandSpec } from '../command.ts';
import { disasmCommand } from './disasm.ts';
import { helpCommand } from './help.ts';
import { machinesCommand } from './machines.ts';
import { runCommand } from './run.ts';
import { testCommand } from './test.ts';
import { versionCommand } from './version.ts';

export const COMMANDS: readonly CommandSpec[] = [
  runCommand,
  testCommand,
  machinesCommand,
  disasmCommand,
  helpCommand,
  versionCommand,
];

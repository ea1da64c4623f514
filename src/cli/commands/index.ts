// The registry of verbs, in the order of the help.
import type { CommandSpec } from '../command.ts';
import { attachCommand } from './attach.ts';
import { debugCommand } from './debug.ts';
import { diffCommand } from './diff.ts';
import { disasmCommand } from './disasm.ts';
import { helpCommand } from './help.ts';
import { inputCommand } from './input.ts';
import { listCommand } from './list.ts';
import { machinesCommand } from './machines.ts';
import { pauseCommand } from './pause.ts';
import { replayCommand } from './replay.ts';
import { resumeCommand } from './resume.ts';
import { runCommand } from './run.ts';
import { statCommand } from './stat.ts';
import { stopCommand } from './stop.ts';
import { testCommand } from './test.ts';
import { versionCommand } from './version.ts';

export const COMMANDS: readonly CommandSpec[] = [
  runCommand,
  testCommand,
  replayCommand,
  diffCommand,
  debugCommand,
  listCommand,
  attachCommand,
  inputCommand,
  statCommand,
  pauseCommand,
  resumeCommand,
  stopCommand,
  machinesCommand,
  disasmCommand,
  helpCommand,
  versionCommand,
];

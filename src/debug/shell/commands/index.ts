// The commands of the debug shell, in the order in which `help` shows them within their family.
import type { ShellCommand } from '../command.ts';
import { breakpointCommands } from './breakpoints.ts';
import { dumpCommand } from './dump.ts';
import { linuxCommands } from './linux.ts';
import { lookingCommands } from './looking.ts';
import { machineCommands } from './machine.ts';
import { memoryCommands } from './memory.ts';
import { registerCommands } from './registers.ts';
import { runningCommands } from './running.ts';
import { shellCommands } from './shell.ts';
import { steppingCommands } from './stepping.ts';
import { traceCommand } from './trace.ts';
import { translationCommands } from './translation.ts';
import { virtqueuesCommand } from './virtqueues.ts';
import { whyCommand } from './why.ts';

export const COMMANDS: readonly ShellCommand[] = [
  ...runningCommands,
  ...steppingCommands,
  ...breakpointCommands,
  ...registerCommands,
  ...lookingCommands,
  ...translationCommands,
  whyCommand,
  ...memoryCommands,
  dumpCommand,
  ...linuxCommands,
  ...machineCommands,
  virtqueuesCommand,
  traceCommand,
  ...shellCommands,
];

// Commands that execute a few instructions: step, next, finish.
import type { TakenException } from '../../../cpu/isa/debug-view.ts';
import { TsvmError } from '../../../util/errors.ts';
import type { BreakpointSpec, Stop } from '../../target.ts';
import type { ShellCommand } from '../command.ts';
import type { ShellSession } from '../session.ts';
import { letRun, reported, runTo, standsAt } from '../stops.ts';
import { moment } from '../text.ts';

const MOST_STEPS = 1_000_000_000;
/** Bytes: a stack pointer farther away is another task's. */
const LARGEST_STACK = 1 << 20;

const latest = (session: ShellSession, cpu: number): TakenException | undefined =>
  session.target.cpu(cpu).exceptions()[0];

/** Says which exception the vCPU has taken since `before` was its last. */
function taken(session: ShellSession, cpu: number, before: TakenException | undefined): string[] {
  const now = latest(session, cpu);
  if (!now || (before && before.now === now.now && before.pc === now.pc && before.trap === now.trap)) return [];
  return [
    `cpu${cpu} took an exception: ${session.target.view.exceptionName(now)} at ${session.named(session.addressOf(now.pc))}`,
  ];
}

const stepCommand: ShellCommand = {
  name: 'step',
  aliases: ['s', 'si', 'stepi'],
  family: 'running',
  usage: 'step [N]',
  summary: 'execute one instruction of the selected vCPU, or N',
  help: [
    'A branch and its delay slot are one step, and so is an exception. Other vCPUs run meanwhile as they always do: for long, when this one waits.',
  ],
  examples: ['step', 'step 100'],
  needs: 'standing',
  async run(session, args) {
    const count = args.count('a number of steps', 1, MOST_STEPS);
    args.done();
    const cpu = session.selected;
    const before = latest(session, cpu);
    const stop = await letRun(session, { kind: 'step', cpu, count });
    session.repeat = 'step';
    return [...(stop.kind === 'ended' ? [] : taken(session, cpu, before)), ...(await reported(session, stop))];
  },
};

/** Stops when the vCPU comes back to `pc` with its stack no deeper than now: not in a deeper call of the same code. */
function comingBack(session: ShellSession, pc: number): BreakpointSpec {
  const { target, cpu, selected } = session;
  const { view } = target;
  const stack = view.stackPointer(cpu);
  return {
    kind: 'execution',
    address: session.addressOf(pc),
    space: 'virtual',
    cpu: selected,
    condition: () => {
      const above = view.stackPointer(target.cpu(selected)) - stack;
      return above >= 0 && above < LARGEST_STACK;
    },
  };
}

/** One step that goes over a call: what was said of it, and null when it did what was wanted. */
async function stepOver(session: ShellSession): Promise<{ notes: string[]; stop: Stop | null }> {
  const { target, pc, selected: cpu } = session;
  const word = session.instructions(pc, 1)[0]?.word;
  const flow = word === undefined ? undefined : target.view.flow(word, pc);
  if (flow?.kind === 'call') {
    const { stop, reached } = await runTo(session, comingBack(session, flow.next));
    return { notes: [], stop: reached ? null : stop };
  }
  const before = latest(session, cpu);
  const stop = await letRun(session, { kind: 'step', cpu });
  const notes = stop.kind === 'ended' ? [] : taken(session, cpu, before);
  return { notes, stop: stop.kind === 'step' ? null : stop };
}

const nextCommand: ShellCommand = {
  name: 'next',
  aliases: ['n', 'ni', 'nexti'],
  family: 'running',
  usage: 'next [N]',
  summary: 'as step, but a call is carried out whole',
  examples: ['next', 'next 10'],
  needs: 'standing',
  async run(session, args) {
    const count = args.count('a number of steps', 1, MOST_STEPS);
    args.done();
    session.repeat = 'next';
    let notes: string[] = [];
    for (let i = 0; i < count; i++) {
      const done = await stepOver(session);
      ({ notes } = done);
      if (done.stop) return [...notes, ...(await reported(session, done.stop))];
    }
    return [...notes, ...standsAt(session)];
  },
};

/** Where the function that was called at `caller` comes back to; behind an exception frame, the interrupted instruction itself. */
function returnTo({ target, selected }: ShellSession, caller: number): number {
  const pc = caller + (target.view.pc(target.cpu(selected)) & 1);
  const [call] = target.disassemble(selected, pc, 1);
  const flow = call && target.view.flow(call.word, pc);
  return flow?.kind === 'call' ? flow.next : caller;
}

const finishCommand: ShellCommand = {
  name: 'finish',
  aliases: ['fin', 'out'],
  family: 'running',
  usage: 'finish',
  summary: 'run until the current function returns to its caller',
  help: ['The caller is the second line of `bt`.'],
  examples: ['finish'],
  needs: 'standing',
  async run(session, args) {
    args.done();
    const caller = session.target.backtrace(session.selected).addresses[1];
    if (caller === undefined)
      throw new TsvmError('usage', 'finish: no caller is known here', {
        next: 'bt says why; until PLACE goes anywhere',
      });
    const { stop, reached } = await runTo(session, comingBack(session, returnTo(session, caller)));
    if (!reached) return reported(session, stop);
    return [`returned, ${moment(session.target, session.selected)}`, ...standsAt(session)];
  },
};

export const steppingCommands: readonly ShellCommand[] = [stepCommand, nextCommand, finishCommand];

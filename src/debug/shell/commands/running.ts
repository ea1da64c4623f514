// Commands by which the guest runs and stands: continue, pause, until, goto, kill.
import { TsvmError } from '../../../util/errors.ts';
import { grouped } from '../../../util/format.ts';
import type { ShellCommand } from '../command.ts';
import { completePlace } from '../completion.ts';
import { letRun, nextStop, reported, runTo, standsAt } from '../stops.ts';
import { moment } from '../text.ts';

const continueCommand: ShellCommand = {
  name: 'continue',
  aliases: ['c', 'cont', 'run', 'r'],
  family: 'running',
  usage: 'continue [&]',
  summary: 'let the guest run until something stops it',
  help: [
    'Ctrl-C, or `pause` from elsewhere, stops it. With & the prompt comes back at once. When it runs already, continue waits for its next stop.',
  ],
  examples: ['continue', 'continue &'],
  needs: 'any',
  async run(session, args) {
    const behind = args.takeIf('&') !== undefined;
    args.done();
    if (session.target.stopped === null) {
      if (behind) return ['it runs already'];
      const stop = await nextStop(session);
      return ['it ran already: waited for its next stop', ...(await reported(session, stop))];
    }
    if (!behind) return reported(session, await letRun(session, { kind: 'continue' }));
    if (session.target.stopped?.kind === 'ended')
      throw new TsvmError('usage', 'the guest has ended: it can only be looked at');
    void session.letGo();
    return ['running'];
  },
};

const pauseCommand: ShellCommand = {
  name: 'pause',
  aliases: ['interrupt', 'halt'],
  family: 'running',
  usage: 'pause',
  summary: 'stop the guest between two instructions',
  help: ['The guest does not notice: its time stands too.'],
  examples: ['pause'],
  needs: 'any',
  async run(session, args) {
    args.done();
    const { target } = session;
    if (target.stopped) return [`it stands already, ${moment(target, session.selected)}`, ...standsAt(session)];
    session.waits = true;
    try {
      return await reported(session, await target.pause());
    } finally {
      session.waits = false;
    }
  },
};

const untilCommand: ShellCommand = {
  name: 'until',
  aliases: ['advance', 'u'],
  family: 'running',
  usage: 'until PLACE',
  summary: 'run until a vCPU comes to PLACE',
  examples: ['until start_kernel', 'until phys:0x400', 'until $ra'],
  needs: 'standing',
  complete: (session, before, word) => (before.length === 0 ? completePlace(session, word) : []),
  async run(session, args) {
    const text = args.need('a place');
    args.done();
    const { address, space } = session.codePlace(text);
    const { stop, reached } = await runTo(session, { kind: 'execution', address: session.addressOf(address), space });
    return reached
      ? [`reached, ${moment(session.target, session.selected)}`, ...standsAt(session)]
      : reported(session, stop);
  },
};

const gotoCommand: ShellCommand = {
  name: 'goto',
  family: 'running',
  usage: 'goto @N | +N',
  summary: 'run until so many instructions were executed, all vCPUs together',
  help: ['Forward only. What was at an earlier instant is seen in a second run of the same command: it does the same.'],
  examples: ['goto @96,331,870', 'goto +1000'],
  needs: 'standing',
  async run(session, args) {
    const word = args.need('an instruction count');
    args.done();
    const now = session.target.clock.instructions;
    const most = Number.MAX_SAFE_INTEGER;
    const count = args.number(word.replace(/^[@+]/, ''), 'an instruction count', 0, most);
    const at = word.startsWith('+') ? now + count : count;
    if (at < now)
      throw new TsvmError(
        'usage',
        `goto: the guest is at @${grouped(now)} already, and cannot go back to @${grouped(at)}`,
        {
          next: `run it again with the command of its first line, and goto @${grouped(at)} there: it does the same`,
        },
      );
    if (at === now) return [`there already, ${moment(session.target, session.selected)}`, ...standsAt(session)];
    return reported(session, await letRun(session, { kind: 'instructions', at }));
  },
};

const killCommand: ShellCommand = {
  name: 'kill',
  family: 'running',
  usage: 'kill',
  summary: 'end the run, as interrupted',
  help: ['Registers and memory can still be looked at. `quit` only leaves the shell.'],
  examples: ['kill'],
  needs: 'any',
  run(session, args) {
    args.done();
    session.target.kill('ended by the debug shell');
    return ['killed'];
  },
};

export const runningCommands: readonly ShellCommand[] = [
  continueCommand,
  pauseCommand,
  untilCommand,
  gotoCommand,
  killCommand,
];

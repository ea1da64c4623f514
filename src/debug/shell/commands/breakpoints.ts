// Commands that say where the guest stops: break, tbreak, watch, delete, breakpoints.
import { TsvmError } from '../../../util/errors.ts';
import type { BreakpointSpec, Stop } from '../../target.ts';
import type { Arguments, ShellCommand } from '../command.ts';
import { completePlace } from '../completion.ts';
import { type Place, parseExpression } from '../expression.ts';
import type { OwnBreakpoint, ShellSession } from '../session.ts';
import { breakpointText, watchedValue } from '../stops.ts';
import { table } from '../text.ts';

interface Conditions {
  readonly condition: string | null;
  readonly cpu: number | undefined;
  readonly once: boolean;
}

/** `[if EXPR] [cpu N] [once]`, in this order or with the condition last. */
function takeConditions(session: ShellSession, args: Arguments): Conditions {
  let condition: string | null = null;
  let cpu: number | undefined;
  let once = false;
  const takeCpu = (word: string): number => {
    const last = session.target.cpus - 1;
    return args.number(word, 'a cpu', 0, last);
  };
  while (args.next !== undefined && condition === null) {
    if (args.takeIf('once')) once = true;
    else if (args.takeIf('cpu')) cpu = takeCpu(args.need('a cpu'));
    else if (args.takeIf('if')) condition = args.rest();
    else args.done();
  }
  for (let found = true; found && condition !== null; ) {
    const tail = /\s+(?:once|cpu\s+(\S+))$/.exec(condition);
    found = tail !== null;
    if (!tail) break;
    if (tail[1] === undefined) once = true;
    else cpu = takeCpu(tail[1]);
    condition = condition.slice(0, tail.index);
  }
  return { condition, cpu, once };
}

type Judge = (session: ShellSession, stop: Stop) => boolean;

/** Add a breakpoint of this session. A condition that cannot be computed stops the guest, and is told there. */
function add(session: ShellSession, spec: BreakpointSpec, text: string, judge: Judge | null): string[] {
  const own: OwnBreakpoint = { condition: text, failure: null };
  const condition = (stop: Stop): boolean => {
    own.failure = null;
    try {
      return judge!(session, stop);
    } catch (error) {
      if (!(error instanceof TsvmError)) throw error;
      own.failure = error.message.split('\n', 1)[0]!;
      return true;
    }
  };
  const { target } = session;
  const added = target.addBreakpoint(judge === null ? spec : { ...spec, condition });
  session.own.set(added.id, own);
  const unmapped =
    spec.space === 'virtual' && target.stopped && target.physical(session.selected, spec.address, 'read') === null;
  const note = unmapped ? ', where nothing is mapped now' : '';
  return [
    `${spec.kind === 'execution' ? 'breakpoint' : 'watchpoint'} ${added.id} at ${breakpointText(session, added)}${note}`,
  ];
}

function addExecution(session: ShellSession, args: Arguments, alwaysOnce: boolean): string[] {
  const startsWithWord = ['if', 'cpu', 'once'].includes(args.next ?? 'if');
  const place: Place = startsWithWord
    ? { address: session.pc, space: 'virtual' }
    : session.codePlace(args.need('a place'));
  const { condition, cpu, once } = takeConditions(session, args);
  const spec: BreakpointSpec = {
    kind: 'execution',
    address: session.addressOf(place.address),
    space: place.space,
    ...(once || alwaysOnce ? { once: true } : {}),
    ...(cpu === undefined ? {} : { cpu }),
  };
  if (condition === null) return add(session, spec, '', null);
  const parsed = parseExpression(condition);
  parsed.check(session.names());
  const judge: Judge = (asked, stop) =>
    parsed.evaluate(asked.names('cpu' in stop ? stop.cpu : asked.selected)).address !== 0;
  return add(session, spec, `if ${parsed.text}`, judge);
}

const breakCommand: ShellCommand = {
  name: 'break',
  aliases: ['b', 'br', 'hbreak'],
  family: 'breakpoints',
  usage: 'break [PLACE] [if EXPR] [cpu N] [once]',
  summary: 'stop before the instruction at PLACE (where the vCPU stands)',
  help: [
    'A virtual place is meant in every address space, before and after the MMU is on; phys:PLACE is one of memory, whoever maps it.',
    'EXPR is asked each time a vCPU comes there; the guest goes on when it is 0. cpu N: only that vCPU. once: it goes when it has stopped the guest.',
    "Nothing is written into the guest, and it cannot tell. A * before PLACE is gdb's, and means nothing.",
  ],
  examples: [
    'break start_kernel',
    'break do_sys_open if *($sp+16) == 2',
    'break phys:0x400 once',
    'break schedule cpu 1',
  ],
  complete: (session, before, word) =>
    before.length === 0 ? completePlace(session, word) : [...completePlace(session, word), 'if', 'cpu', 'once'],
  run: (session, args) => addExecution(session, args, false),
};

const tbreakCommand: ShellCommand = {
  name: 'tbreak',
  aliases: ['tb', 'thbreak'],
  family: 'breakpoints',
  usage: 'tbreak [PLACE] [if EXPR] [cpu N]',
  summary: 'break ... once',
  examples: ['tbreak panic'],
  complete: (session, before, word) => (before.length === 0 ? completePlace(session, word) : ['if', 'cpu']),
  run: (session, args) => addExecution(session, args, true),
};

const ACCESSES = ['read', 'write', 'access'] as const;
const MOST_WATCHED = 0x1000_0000;

const watchCommand: ShellCommand = {
  name: 'watch',
  aliases: ['w'],
  family: 'breakpoints',
  usage: 'watch PLACE [LENGTH] [read|write|access] [== VALUE] [if EXPR] [cpu N] [once]',
  summary: 'stop when memory is written, or read',
  help: [
    'LENGTH is in bytes (4). `write` is meant when nothing is said. The access is carried out before the stop is told, with the value before and after.',
    '== VALUE: only when the place, up to 4 bytes, has that value, or gets it by this write. Devices that write to memory and table walks are not seen.',
  ],
  examples: [
    'watch jiffies',
    'watch phys:0x1000 16 access',
    'watch $sp-4 4 write == 0',
    'watch current_task read cpu 0',
  ],
  complete: (session, before, word) =>
    before.length === 0 ? completePlace(session, word) : [...ACCESSES, '==', 'if', 'cpu', 'once'],
  run(session, args) {
    const place = session.evaluate(args.need('a place'));
    const length = /^\d/.test(args.next ?? '') ? args.count('a length in bytes', 4, MOST_WATCHED) : 4;
    const access = args.takeIf(...ACCESSES) ?? 'write';
    let wanted: number | null = null;
    if (args.takeIf('==')) {
      if (length > 4) throw args.refuse('only up to 4 bytes can be compared');
      wanted = session.evaluate(args.need('a value')).address;
    }
    const { condition, cpu, once } = takeConditions(session, args);
    const spec: BreakpointSpec = {
      kind: 'data',
      address: place.address,
      space: place.space,
      length,
      access,
      ...(once ? { once } : {}),
      ...(cpu === undefined ? {} : { cpu }),
    };
    const parsed = condition === null ? null : parseExpression(condition);
    parsed?.check(session.names());
    const judge: Judge = (asked, stop) => {
      if (stop.kind !== 'watchpoint') return true;
      if (wanted !== null && watchedValue(asked, spec, stop) !== wanted) return false;
      return parsed === null || parsed.evaluate(asked.names(stop.cpu)).address !== 0;
    };
    const texts = [
      wanted === null ? '' : `== 0x${wanted.toString(16)}`,
      parsed === null ? '' : `if ${parsed.text}`,
    ].filter((text) => text !== '');
    return add(session, spec, texts.join(' '), texts.length === 0 ? null : judge);
  },
};

const deleteCommand: ShellCommand = {
  name: 'delete',
  aliases: ['d', 'del', 'clear'],
  family: 'breakpoints',
  usage: 'delete [ID... | all]',
  summary: 'remove breakpoints and watchpoints; without ID those of this session',
  examples: ['delete 2', 'delete all'],
  needs: 'any',
  complete: (session) => ['all', ...session.target.breakpoints().map(({ id }) => String(id))],
  run(session, args) {
    const { target, own } = session;
    const there = target.breakpoints().map(({ id }) => id);
    let ids: number[] = [];
    if (args.takeIf('all')) ids = [...there];
    else if (args.next === undefined) ids = there.filter((id) => own.has(id));
    else while (args.next !== undefined) ids.push(args.count('a breakpoint', 0, Number.MAX_SAFE_INTEGER));
    args.done();
    const missing = ids.find((id) => !there.includes(id));
    if (missing !== undefined)
      throw new TsvmError('usage', `there is no breakpoint ${missing}`, { next: 'breakpoints lists them' });
    for (const id of ids) {
      target.removeBreakpoint(id);
      own.delete(id);
    }
    return ids.length === 0 ? ['there is nothing to delete'] : [`deleted ${ids.join(' ')}`];
  },
};

const breakpointsCommand: ShellCommand = {
  name: 'breakpoints',
  aliases: ['bl'],
  family: 'breakpoints',
  usage: 'breakpoints',
  summary: 'list breakpoints and watchpoints, of other debuggers too',
  examples: ['breakpoints'],
  needs: 'any',
  run(session, args) {
    args.done();
    const all = session.target.breakpoints();
    if (all.length === 0) return ['no breakpoints'];
    return table(
      all.map((breakpoint) => [
        String(breakpoint.id),
        breakpoint.spec.kind === 'execution' ? 'break' : 'watch',
        breakpointText(session, breakpoint),
        `${breakpoint.hits} hit${breakpoint.hits === 1 ? '' : 's'}`,
      ]),
      [0],
    );
  },
};

export const breakpointCommands: readonly ShellCommand[] = [
  breakCommand,
  tbreakCommand,
  watchCommand,
  deleteCommand,
  breakpointsCommand,
];

// `why`: what the last exception was that something went wrong by, and what is likely behind it. UX.md shows how it looks.
import type { TakenException } from '../../../cpu/isa/debug-view.ts';
import { grouped, printable } from '../../../util/format.ts';
import type { ShellCommand } from '../command.ts';
import type { ShellSession } from '../session.ts';
import { seconds, table } from '../text.ts';

/** `isLatest`: the registers that say why are those of this exception. */
function explained(
  session: ShellSession,
  exceptions: readonly TakenException[],
  which: number,
  isLatest = which === 0,
): string[] {
  const { target, cpu } = session;
  const exception = exceptions[which]!;
  const { title, lines } = target.view.explain(cpu, exception, isLatest, session.explainContext());
  const slot = exception.inSlot ? ', in a delay slot' : '';
  const at = session.named(session.addressOf(exception.pc));
  return [
    `cpu${cpu.id} ${seconds(exception.now)}  ${printable(title)}, pc ${at}${slot}`,
    ...lines.map((line) => `  ${printable(line)}`),
  ];
}

/** What a vCPU took, the newest first. */
function listed(session: ShellSession, exceptions: readonly TakenException[]): string[] {
  const { view } = session.target;
  const symbol = (exception: TakenException): string => session.named(session.addressOf(exception.pc));
  return table(
    exceptions.map((exception, i) => [
      String(i),
      seconds(exception.now),
      `${view.isFault(exception) ? '!' : ' '} ${view.exceptionName(exception)}`,
      `pc ${symbol(exception)}${exception.inSlot ? ' (delay slot)' : ''}`,
    ]),
    [0, 1],
  );
}

function noFault(session: ShellSession, taken: number): string[] {
  const { target, selected } = session;
  const others = Array.from({ length: target.cpus }, (_, id) => id).filter(
    (id) => id !== selected && target.cpu(id).exceptions().some(target.view.isFault),
  );
  if (taken === 0 && others.length === 0) return [`cpu${selected} took no exception yet`];
  const where = others.length === 0 ? '' : `; cpu ${others.join(', cpu ')} did`;
  return [`cpu${selected} took no fault among its last ${grouped(taken)} exceptions${where}`];
}

export const whyCommand: ShellCommand = {
  name: 'why',
  family: 'looking',
  usage: 'why [N | list]',
  summary: 'explain the last fault of the selected vCPU, or exception N of the list',
  help: [
    'A fault is an exception that something went wrong by: no interrupt and no system call. `why list` shows what the vCPU took last, faults with a !.',
    'A fault need not be an error: an operating system maps pages by them. After an oops of a Linux kernel it is the one that led to the oops.',
  ],
  examples: ['why', 'why list', 'why 2'],
  complete: () => ['list'],
  run(session, args) {
    const atOops = session.cpu.exceptionsAtOops?.() ?? null;
    const exceptions = atOops ?? session.cpu.exceptions();
    if (args.takeIf('list')) {
      args.done();
      return exceptions.length === 0 ? [`cpu${session.selected} took no exception yet`] : listed(session, exceptions);
    }
    const word = args.take();
    args.done();
    if (word === undefined) {
      const fault = exceptions.findIndex((exception) => session.target.view.isFault(exception));
      if (fault < 0) return noFault(session, exceptions.length);
      if (atOops === null) return explained(session, exceptions, fault);
      const isLatest = session.cpu.exceptions()[0]?.now === exceptions[fault]!.now;
      return [...explained(session, exceptions, fault, isLatest), '  that is what the kernel calls an oops'];
    }
    if (exceptions.length === 0) throw args.refuse('this cpu took no exception yet');
    return explained(session, exceptions, args.number(word, 'an exception', 0, exceptions.length - 1));
  },
};

// How gdb lets threads go on: the actions of `vCont` (appendix E.2). All vCPUs run by the VM's schedule, so that debugging changes nothing: an action says
// which one is watched, and no action keeps the others from running.
import type { Resume } from '../target.ts';
import { addressOf, halves } from './numbers.ts';
import { threadOf } from './threads.ts';

type Action =
  | { readonly kind: 'continue' | 'step' | 'stop' }
  | { readonly kind: 'range'; readonly start: number; readonly end: number };

/** Signals (C and S) mean nothing to a machine. */
function actionOf(text: string): Action | null {
  if (/^(c|C[0-9a-fA-F]{2})$/.test(text)) return { kind: 'continue' };
  if (/^(s|S[0-9a-fA-F]{2})$/.test(text)) return { kind: 'step' };
  if (text === 't') return { kind: 'stop' };
  const range = text.startsWith('r') ? halves(text.slice(1), ',') : null;
  if (!range) return null;
  const start = addressOf(range[0]);
  const end = addressOf(range[1]);
  return start === null || end === null ? null : { kind: 'range', start, end };
}

/**
 * What `vCont` and its actions, `;`-separated and each perhaps with a thread, ask for. An action that steps says more than one that lets go on.
 * `cpu`: the vCPU of an action for all threads. Null: it is no such text, or names a thread that is none.
 */
export function resumeOf(actions: string, cpu: number, cpus: number): Resume | 'stop' | null {
  let asked: Resume | 'stop' | null = null;
  for (const item of actions.split(';')) {
    const [text, thread] = halves(item, ':') ?? [item, '-1'];
    const action = actionOf(text);
    const which = threadOf(thread, cpus);
    if (!action || which === null) return null;
    const on = which === 'all' || which === 'some' ? cpu : which;
    if (action.kind === 'continue') asked = asked === null || asked === 'stop' ? { kind: 'continue' } : asked;
    else if (action.kind === 'stop') asked ??= 'stop';
    else if (asked === null || asked === 'stop' || asked.kind === 'continue') asked = steps(action, on);
  }
  return asked;
}

/** A range that is empty is one step. */
function steps(action: Action, cpu: number): Resume {
  if (action.kind === 'range' && action.start < action.end)
    return { kind: 'range', cpu, start: action.start, end: action.end };
  return { kind: 'step', cpu };
}

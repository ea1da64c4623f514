// vCPUs as threads: number N of the VM is thread N + 1, for 0 stands for whichever (appendix E.2, thread-id).
import { numberOf } from './numbers.ts';

/** The vCPU that a thread id names, `some` (0), `all` (-1), or null: there is none. */
export function threadOf(text: string, cpus: number): number | 'some' | 'all' | null {
  if (text === '-1') return 'all';
  const id = numberOf(text);
  if (id === null || id > cpus) return null;
  return id === 0 ? 'some' : id - 1;
}

export function threadId(cpu: number): string {
  return (cpu + 1).toString(16);
}

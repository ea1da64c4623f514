// Instructions as the debug shell lists them: where, the word, the text; `=>` where the selected vCPU stands, `*` where a breakpoint is.
import { hex } from '../../util/bits.ts';
import { printable } from '../../util/format.ts';
import type { ShellSession } from './session.ts';
import { digits, table } from './text.ts';

/** Fewer than `count` lines where memory ends. `from`: with T in bit 0. */
export function listing(session: ShellSession, from: number, count: number): string[] {
  const { target } = session;
  const standsAt = session.addressOf(session.pc);
  const stops = new Set(
    target.breakpoints().flatMap(({ spec }) => (spec.kind === 'execution' ? [`${spec.space} ${spec.address}`] : [])),
  );
  const hasPhysical = [...stops].some((stop) => stop.startsWith('physical'));
  const isStop = (address: number): boolean =>
    stops.has(`virtual ${address}`) ||
    (hasPhysical && stops.has(`physical ${target.physical(session.selected, address, 'fetch')}`));
  const rows = session.instructions(from, count).map(({ address, size, word, text }) => {
    const mark = `${isStop(address) ? '*' : ' '}${address === standsAt ? '=>' : '  '}`;
    const symbol = session.symbolize(address);
    const where = `${mark} ${hex(address)}${symbol === null ? '' : ` ${symbol}`}`;
    return [where, digits(word, 8 * size), instructionText(session, address | (from & 1), word, text)];
  });
  return table(rows);
}

/** An instruction's text; the place that it may go to gets its symbol. */
function instructionText(session: ShellSession, pc: number, word: number, text: string): string {
  const [target] = /0x[0-9a-f]{8}$/.exec(text) ?? [];
  if (target === undefined || session.target.view.flow(word, pc >>> 0).kind === 'plain') return printable(text);
  const symbol = session.symbolize(Number(target));
  return `${printable(text)}${symbol === null ? '' : ` <${symbol}>`}`;
}

// The steps of a test file: a table of one entry each, what it reads and what it does with the VM under test (src/regress/define.ts).
import { hex } from '../../util/bits.ts';
import type { TestVm } from '../define.ts';
import { type Action, actInTurn, checkKtap, expectationsSoFar, KTAP_COUNTS, type TestRun } from './checks.ts';
import { checkMemory, memory } from './memory.ts';
import { exactlyOne, integer, oneOf, type Reader, record, shortOr, text } from './reader.ts';
import { command, runCommand } from './sh.ts';
import { address, duration, lookedFor, pattern, textOrPattern, word } from './values.ts';
import { must } from './words.ts';

function step<T>(reader: Reader<T>, act: (m: TestVm, value: T, run: TestRun) => unknown): Reader<Action> {
  return (node, name) => {
    const value = reader(node, name);
    return (run) => act(run.m, value, run);
  };
}

const MAX_CPU = 255;

const waited = exactlyOne(record({}, { text: lookedFor, pattern, within: duration }), ['text', 'pattern']);

/** In the order of the manual (README). A string alone is waitFor. */
export const STEPS = {
  waitFor: step(shortOr(textOrPattern, waited), (m, value) => {
    if (typeof value === 'string' || value instanceof RegExp) return m.waitFor(value);
    return m.waitFor(value.text ?? value.pattern ?? '', { within: value.within });
  }),
  send: step(text, (m, value) => m.send(value)),
  sendLine: step(text, (m, value) => m.send(`${value}\n`)),
  sh: step(shortOr(text, command), (m, value) => runCommand(m, typeof value === 'string' ? { run: value } : value)),
  runFor: step(duration, (m, value) => m.runFor(value)),
  runTo: step(integer(0, Number.MAX_SAFE_INTEGER), (m, value) => m.runTo(value)),
  until: step(shortOr(address, record({ at: address }, { within: duration })), (m, value) =>
    typeof value === 'object' ? m.until(value.at, { within: value.within }) : m.until(value),
  ),
  end: step(oneOf(['true']), (_m, _true, run) => run.end()),
  expect: step(expectationsSoFar, (_m, checks, run) => actInTurn(checks, run)),
  ktap: step(shortOr(oneOf(['ok']), record({}, KTAP_COUNTS)), (m, value) => checkKtap(m, value)),
  waitForKtap: step(shortOr(oneOf(['ok']), record({}, { within: duration, ...KTAP_COUNTS })), async (m, value) => {
    const { within, ...counts } = value === 'ok' ? {} : value;
    await m.waitForKtap({ within });
    checkKtap(m, counts);
  }),
  read: step(memory, checkMemory),
  write: step(memory, (m, { where, content }) =>
    typeof content === 'number' ? m.writeWord(where, content) : m.write(where, content),
  ),
  register: step(record({ name: text, is: word }, { cpu: integer(0, MAX_CPU) }), (m, { name, is, cpu = 0 }) => {
    const value = m.register(name, cpu);
    must(value === is, () => [`${name} of cpu${cpu} is ${hex(value)}, not ${hex(is)}`]);
  }),
  setRegister: step(record({ name: text, to: word }, { cpu: integer(0, MAX_CPU) }), (m, { name, to, cpu = 0 }) =>
    m.setRegister(name, to, cpu),
  ),
} satisfies Readonly<Record<string, Reader<Action>>>;

// What a line of a control socket is taken for.
import { describe, expect, test } from 'vitest';
import { idOf, parseLine, parseRequest } from '../../../../src/api/control/protocol.ts';

const parse = (line: string) => parseRequest(parseLine(line));

describe('a request', () => {
  test.each([
    ['{"request":"info"}', { request: 'info' }],
    ['{"request":"stop"}', { request: 'stop', reason: '' }],
    ['{"request":"stop","reason":"enough"}', { request: 'stop', reason: 'enough' }],
    ['{"request":"input","data":"bHMN"}', { request: 'input', bytes: Uint8Array.from([0x6c, 0x73, 0x0d]) }],
    ['{"request":"input","text":"ls"}', { request: 'input', bytes: Uint8Array.from([0x6c, 0x73]) }],
    ['{"request":"resize","columns":80,"rows":24}', { request: 'resize', columns: 80, rows: 24 }],
    ['{"request":"attach"}', { request: 'attach', recent: 0 }],
    ['{"request":"attach","console":"uart1"}', { request: 'attach', recent: 0, console: 'uart1' }],
    [
      '{"request":"input","text":"l","console":"uart1"}',
      { request: 'input', bytes: Uint8Array.of(0x6c), console: 'uart1' },
    ],
    ['{"request":"complete","line":"reg"}', { request: 'complete', line: 'reg', cursor: 3 }],
    ['{"request":"sysrq","key":"t"}', { request: 'sysrq', key: 't' }],
    ['{"request":"shell","unknown":[1]}', { request: 'shell', folder: '.' }],
  ])('%s', (line, request) => {
    expect(parse(line)).toEqual(request);
  });

  test.each([
    ['', 'no JSON'],
    ['{"request":', 'no JSON'],
    ['[]', 'no object'],
    ['null', 'no object'],
    ['"info"', 'no object'],
    ['{}', '"request" must be a string'],
    ['{"request":7}', '"request" must be a string'],
    ['{"request":"constructor"}', 'no request "constructor"'],
    ['{"request":"__proto__"}', 'no request "__proto__"'],
    ['{"request":"input"}', '"data" must be a string'],
    ['{"request":"input","text":3}', '"text" must be a string'],
    ['{"request":"resize","columns":80}', '"rows" must be a whole number'],
    ['{"request":"resize","columns":-1,"rows":2}', '"columns" must be a whole number'],
    ['{"request":"resize","columns":1e9,"rows":2}', '"columns" must be a whole number'],
    ['{"request":"attach","recent":1e99}', '"recent" must be a whole number'],
    ['{"request":"complete","line":"reg","cursor":4}', '"cursor" must be a whole number up to 3'],
    ['{"request":"sysrq","key":"tt"}', 'sysrq tt: not a key'],
    ['{"request":"sysrq","key":"\\n"}', 'not a key'],
    ['{"request":"attach","console":1}', '"console" must be a string'],
    ['{"request":"resize","columns":1,"rows":1,"console":null}', '"console" must be a string'],
    ['{"request":"execute","line":["regs"]}', '"line" must be a string'],
  ])('%s is none: %s', (line, message) => {
    expect(() => parse(line)).toThrow(message);
  });

  test('is known by a string, a number, or nothing', () => {
    expect(idOf({ id: 'a' })).toBe('a');
    expect(idOf({ id: 7 })).toBe(7);
    expect(idOf({})).toBe(null);
    expect(idOf({ id: { deep: [] } })).toBe(null);
    expect(idOf({ id: 'x'.repeat(100_000) })).toHaveLength(64);
  });

  test('of a long reason is shortened', () => {
    expect(parse(`{"request":"stop","reason":"${'x'.repeat(1000)}"}`)).toMatchObject({ reason: 'x'.repeat(200) });
  });
});

import { describe, expect, it } from 'vitest';
import { type Journal, JournalReplay } from '../../../src/vmm/journal.ts';
import { formatJournal, parseJournal } from '../../../src/vmm/journal-text.ts';

const journal: Journal = {
  input: 'live',
  entries: [
    { instructions: 0, at: 0, event: { type: 'resize', columns: 80, rows: 25 } },
    { instructions: 5, at: 70, event: { type: 'console', bytes: Uint8Array.of(0, 255, 10) } },
    { instructions: 5, at: 90, event: { type: 'end-of-input' } },
    { instructions: 5, at: 91, event: { type: 'console', bytes: Uint8Array.of(65), console: 'uart1' } },
    { instructions: 5, at: 92, event: { type: 'break' } },
    { instructions: 5, at: 93, event: { type: 'break', console: 'uart1' } },
    { instructions: 5, at: 94, event: { type: 'resize', columns: 1, rows: 2, console: 'uart1' } },
    { instructions: 6, at: 100, event: { type: 'stop', cause: 'interrupted', reason: 'SIGTERM' } },
  ],
};

describe('the journal', () => {
  it('reads back what it wrote, one JSON object per line', () => {
    const text = formatJournal(journal);
    expect(
      text
        .trimEnd()
        .split('\n')
        .map((line) => typeof JSON.parse(line)),
    ).toEqual(Array(9).fill('object'));
    expect(parseJournal(text).journal).toEqual(journal);
  });

  it('hands entries out when their instant has come, in order', () => {
    const replay = new JournalReplay(journal.entries);
    expect(replay.nextAt).toBe(0);
    expect(replay.takeDue(0)).toBe(journal.entries[0]);
    expect(replay.takeDue(69)).toBeUndefined();
    expect(replay.takeDue(1000)).toBe(journal.entries[1]);
    for (const entry of journal.entries.slice(2)) expect(replay.takeDue(1000)).toBe(entry);
    expect(replay.nextAt).toBe(Number.POSITIVE_INFINITY);
    expect(replay.takeDue(1e12)).toBeUndefined();
  });

  it("says nothing of the console in an event for the machine's own, as journals of older versions", () => {
    const entries = [
      { instructions: 5, at: 70, event: { type: 'console', bytes: Uint8Array.of(104, 105) } },
      { instructions: 5, at: 90, event: { type: 'break' } },
      { instructions: 5, at: 90, event: { type: 'resize', columns: 80, rows: 25 } },
    ] as const;
    const text = [
      '{"journal":1,"input":"live"}',
      '{"instructions":5,"at":70,"type":"console","bytes":"aGk="}',
      '{"instructions":5,"at":90,"type":"break"}',
      '{"instructions":5,"at":90,"type":"resize","columns":80,"rows":25}',
      '',
    ].join('\n');
    expect(formatJournal({ input: 'live', entries })).toBe(text);
    const [first] = parseJournal(text).journal.entries;
    expect(Object.keys(first!.event)).toEqual(['type', 'bytes']);
  });

  const header = '{"journal":1,"input":"live"}';
  it.each([
    ['nothing', '', 1],
    ['another version', '{"journal":2,"input":"live"}', 1],
    ['no JSON', `${header}\nhello`, 2],
    ['a list', `${header}\n[]`, 2],
    ['an unknown type', `${header}\n{"instructions":1,"at":1,"type":"magic"}`, 2],
    ['a negative instant', `${header}\n{"instructions":1,"at":-1,"type":"end-of-input"}`, 2],
    ['a fraction', `${header}\n{"instructions":1.5,"at":1,"type":"end-of-input"}`, 2],
    ['bytes that are no base64', `${header}\n{"instructions":1,"at":1,"type":"console","bytes":"%%"}`, 2],
    ['a terminal of 70000 columns', `${header}\n{"instructions":1,"at":1,"type":"resize","columns":70000,"rows":1}`, 2],
    ['a console without a name', `${header}\n{"instructions":1,"at":1,"type":"break","console":{}}`, 2],
    ['an unknown stop', `${header}\n{"instructions":1,"at":1,"type":"stop","cause":"x","reason":""}`, 2],
    [
      'time going back',
      `${header}\n{"instructions":2,"at":2,"type":"end-of-input"}\n{"instructions":1,"at":1,"type":"end-of-input"}`,
      3,
    ],
  ])('refuses %s with the line', (_what, text, line) => {
    expect(() => parseJournal(text)).toThrow(
      expect.objectContaining({
        code: 'usage',
        message: expect.stringMatching(`^journal line ${line} (is|has|goes) `),
      }),
    );
  });
});

// YAML as the test runner reads it: text with places, and nothing that a file can do harm with.
import { describe, expect, it } from 'vitest';
import { PlacedError, parseYaml, type YamlNode } from '../../../../src/regress/declarative/yaml.ts';

/** Without places; maps as lists of pairs. */
function plain(node: YamlNode): unknown {
  if (node.kind === 'nothing') return null;
  if (node.kind === 'text') return node.text;
  if (node.kind === 'list') return node.items.map(plain);
  return Object.fromEntries([...node.entries].map(([key, { value }]) => [key, plain(value)]));
}

const read = async (source: string): Promise<unknown> => plain(await parseYaml(source));

async function refused(source: string): Promise<PlacedError> {
  const error = await parseYaml(source).then(
    () => null,
    (thrown: unknown) => thrown,
  );
  expect(error).toBeInstanceOf(PlacedError);
  return error as PlacedError;
}

describe('values', () => {
  it('are text as it stands, whatever another schema makes of it', async () => {
    expect(await read('[true, no, 0x10, 1.10, 010, 2024-01-01, "~", \'null\', 1_000]')).toEqual([
      'true',
      'no',
      '0x10',
      '1.10',
      '010',
      '2024-01-01',
      '~',
      'null',
      '1_000',
    ]);
    expect(await read('%YAML 1.1\n---\nyes: on\n')).toEqual({ yes: 'on' });
  });

  it('are nothing where nobody gave one', async () => {
    expect(await read('{a: , b: ~, c: null, d}')).toEqual({ a: null, b: null, c: null, d: null });
    expect(await read('# only a comment')).toBeNull();
  });

  it('know their places', async () => {
    const root = await parseYaml('a:\r\n  - x\r\n  - k: |\r\n      text\r\n');
    if (root.kind !== 'map') throw new Error('not a map');
    const list = root.entries.get('a')?.value;
    if (list?.kind !== 'list') throw new Error('not a list');
    expect(list.items.map(({ place }) => place)).toEqual([
      { line: 2, column: 5 },
      { line: 3, column: 5 },
    ]);
  });
});

describe('anchors', () => {
  it('stand for what they name, and << merges', async () => {
    expect(await read('a: &a {x: 1, y: 2}\nb: *a\nc: {y: 3, <<: *a}\n')).toEqual({
      a: { x: '1', y: '2' },
      b: { x: '1', y: '2' },
      c: { x: '1', y: '3' },
    });
    expect(await read('a: &a {x: 1}\nb: &b {x: 2, z: 2}\nc:\n  <<: [*a, *b]\n')).toMatchObject({
      c: { x: '1', z: '2' },
    });
  });

  it.each([
    ['an unknown one', 'a: *x', 'no &x before it', 1, 4],
    ['one that holds itself', 'a: &x [1, *x]', '*x is a part of &x', 1, 11],
    ['a merge of text', 'a: {<<: x}', '<< takes a map', 1, 9],
  ])('refuse %s', async (_what, source, message, line, column) => {
    const error = await refused(source);
    expect(error.message).toContain(message);
    expect(error.place).toEqual({ line, column });
  });

  it('refuse more than memory holds, at once', async () => {
    const levels = Array.from({ length: 30 }, (_, n) => `l${n}: &l${n} [${n === 0 ? 'x' : `*l${n - 1},*l${n - 1}`}]`);
    const { message, place } = await refused(levels.join('\n'));
    expect(message).toContain('more than 100000 values');
    expect(place.line).toBeGreaterThan(10);
  });
});

describe('a file that is refused', () => {
  it.each([
    ['a key twice', 'a: 1\nb: 2\na: 3', '"a" is there twice', 3, 1],
    ['a tag', 'a: !!int 5', 'tags have no meaning here', 1, 10],
    ['a tag of its own', 'a: !run {x: 1}', 'tags have no meaning here', 1, 9],
    ['a key that is a list', '? [a]\n: b', 'not YAML: With stringKeys', 1, 3],
    ['two documents', 'a: 1\n---\nb: 2', 'a second document', 2, 1],
    ['an open bracket', 'a: [1,\nb: 2', 'not YAML', 2, 1],
    ['a tab for indentation', 'a:\n\tb: 1', 'not YAML', 2, 1],
    ['a prompt without quotes', 'a: / # \n', 'ends before the #', 1, 4],
    ['a prompt at home without quotes', 'a: ~ #\n', 'ends before the #', 1, 4],
    ['deep nesting', '['.repeat(100_000), 'nested more than 64 levels', 1, 65],
    ['deep nesting of dashes', '- '.repeat(100_000), 'nested more than 64 levels', 1, 128],
    ['too many values', `- a\n${'- a\n'.repeat(100_000)}`, 'more than 100000 values', 100_000, 3],
    ['a large file', '#'.repeat((1 << 20) + 1), 'larger than 1024 KiB', 1, 1],
  ])('has %s', async (_what, source, message, line, column) => {
    const error = await refused(source);
    expect(error.message).toContain(message);
    expect(error.place).toEqual({ line, column });
  });

  it('but a comment with words is one', async () => {
    expect(await read('a: make # the lot')).toEqual({ a: 'make' });
    expect(await read("a: '/ # '")).toEqual({ a: '/ # ' });
  });
});

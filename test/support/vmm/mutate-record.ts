// Records that somebody has tampered with: one to three changes to the JSON, the lines or the bytes of a good one, by a seed.

/** Xorshift32. */
function dice(seed: number): (sides: number) => number {
  let state = Math.imul(seed + 1, 0x9e3779b1) >>> 0 || 1;
  return (sides) => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) % sides;
  };
}

const VALUES: readonly unknown[] = [
  null,
  true,
  0,
  -1,
  0.5,
  1,
  300,
  2 ** 32,
  2 ** 53,
  1e300,
  '',
  'x',
  '0',
  '\0',
  '..',
  '/etc/passwd',
  'x'.repeat(5000),
  '%%%',
  'AAAA',
  'now',
  'console',
  'stop',
  'live',
  'pulled',
  [],
  [null],
  {},
  { path: '/dev/null', mode: 'cow', overlay: null },
];
const KEYS = [
  'onConsole',
  'log',
  'trace',
  'driven',
  'input',
  'replay',
  '__proto__',
  'constructor',
  'at',
  'type',
  'disks',
];

type Json = Record<string, unknown>;

/** An object somewhere in a line. */
function someObject(line: Json, roll: (sides: number) => number): Json {
  let at = line;
  for (;;) {
    const inner = Object.values(at).filter((value): value is Json => typeof value === 'object' && value !== null);
    const choice = roll(inner.length + 1);
    if (choice === inner.length) return at;
    at = inner[choice]!;
  }
}

function changeJson(text: string, roll: (sides: number) => number): string {
  let line: Json;
  try {
    line = JSON.parse(text) as Json;
  } catch {
    return text;
  }
  if (typeof line !== 'object' || line === null) return text;
  const target = someObject(line, roll);
  const keys = Object.keys(target);
  const key = roll(4) === 0 || keys.length === 0 ? KEYS[roll(KEYS.length)]! : keys[roll(keys.length)]!;
  if (roll(4) === 0) delete target[key];
  else
    Object.defineProperty(target, key, {
      value: VALUES[roll(VALUES.length)],
      enumerable: true,
      writable: true,
      configurable: true,
    });
  return JSON.stringify(line);
}

/** The same seed gives the same record. */
export function mutateRecord(text: string, seed: number): string {
  const roll = dice(seed);
  let lines = text.split('\n');
  for (let changes = 1 + roll(3); changes > 0; changes--) {
    const n = roll(lines.length);
    const line = lines[n] ?? '';
    const at = roll(line.length + 1);
    const kind = roll(12);
    if (kind < 7) lines[n] = changeJson(line, roll);
    else if (kind === 7) lines.splice(n, 1);
    else if (kind === 8) lines.splice(n, 0, lines[roll(lines.length)] ?? '');
    else if (kind === 9) lines[n] = line.slice(0, at) + String.fromCharCode(roll(256)) + line.slice(at + 1);
    else if (kind === 10) lines[n] = line.slice(0, at);
    else
      lines = lines
        .join('\n')
        .slice(0, 1 + roll(text.length))
        .split('\n');
    if (lines.length === 0) lines = [''];
  }
  return lines.join('\n');
}

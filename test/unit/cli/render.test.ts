// The lines of stderr about a run (the manual's Looks).
import { describe, expect, test } from 'vitest';
import { renderInferred, renderVerdict, wallTime } from '../../../src/cli/render.ts';
import { plainStyle } from '../../../src/cli/style.ts';
import { grouped, guestSeconds, instant } from '../../../src/util/format.ts';
import { HANG, OK, PANIC } from './fakes.ts';

test('guest time comes first, with every instruction counted', () => {
  expect(instant(OK)).toBe('3.412s @ 412,885,103');
  expect(grouped(0)).toBe('0');
  expect(grouped(999)).toBe('999');
  expect(grouped(1234567890)).toBe('1,234,567,890');
  expect(guestSeconds(12_345_678_901)).toBe('12.346s');
});

test('a guest that lives for microseconds is not shown as 0.000s', () => {
  expect(guestSeconds(123_000)).toBe('0.000123s');
  expect(guestSeconds(100_000_000)).toBe('0.100s');
  expect(guestSeconds(0)).toBe('0.000000s');
});

test('wall time never divides by nothing', () => {
  expect(wallTime({ wallMs: 2900, instructions: 412_885_103 })).toBe('wall 2.9 s, 142 MIPS');
  expect(wallTime({ wallMs: 45, instructions: 90_000 })).toBe('wall 45 ms, 2.0 MIPS');
  expect(wallTime({ wallMs: 0, instructions: 90_000 })).toBe('wall 0 ms');
});

describe('what was inferred', () => {
  const facts = {
    compression: null,
    format: 'elf',
    elfClass: 32,
    endianness: 'little',
    architecture: 'MIPS32r2',
    entry: 0x4059_1a70,
    guestKind: 'trap-and-emulate guest',
    machine: 'malta',
    virtioTransport: null,
    symbols: null,
  } as const;
  const line = '# ELF32 MIPS32r2 little-endian, entry 0x40591a70, trap-and-emulate guest -> malta';

  test('is one line', () => expect(renderInferred(facts, false, 0)).toBe(line));

  test('says what is no ELF', () => {
    const shown = (format: 'zImage' | 'flat'): string => renderInferred({ ...facts, format, elfClass: null }, false, 0);
    expect(shown('zImage')).toBe(line.replace('ELF32', 'zImage'));
    expect(shown('flat')).toBe(line.replace('ELF32', 'flat file'));
  });

  test('says that the kernel was unpacked', () =>
    expect(renderInferred({ ...facts, compression: 'xz' }, false, 0)).toBe(
      line.replace('ELF32', 'xz-compressed ELF32'),
    ));

  test('announces the escapes at the right edge of a terminal that can send them', () => {
    const shown = renderInferred(facts, true, 105);
    expect(shown).toBe(`${line.padEnd(105 - 'Ctrl-a h help'.length)}Ctrl-a h help`);
    expect(renderInferred(facts, true, 20)).toBe(`${line}   Ctrl-a h help`);
  });
});

describe('the verdict', () => {
  test('of a guest that ended well is one line', () => {
    expect(renderVerdict(OK, plainStyle)).toBe(
      '# ok: guest powered off   3.412s @ 412,885,103  (wall 2.9 s, 142 MIPS)   run 7f3a19c2 state 9b0e44d1',
    );
  });

  test("of a guest with its own code ends with that code, and does not call it tsvm's failure", () => {
    const verdict = { ...OK, kind: 'guest-exit', exitCode: 42, summary: 'guest exited with code 42' } as const;
    const lines = renderVerdict(verdict, plainStyle).split('\n');
    expect(lines[0]).toMatch(/^# guest exited with code 42 {3}3\.412s @ /);
    expect(lines.at(-1)).toBe('# exit 42');
    expect(renderVerdict({ ...verdict, exitCode: 0 }, plainStyle)).toMatch(/^# ok: /);
  });

  test('of a hang says that it is proven, where every cpu waits, and what to compare', () => {
    const lines = renderVerdict(HANG, plainStyle, () => 'idle+0x8').split('\n');
    expect(lines).toEqual([
      '# HANG, proven at 0.311s @ 24,902,117: all 2 cpus in WAIT, no timer armed, no device request pending',
      '#   cpu0 in WAIT, pc 0x40001234 idle+0x8',
      '#   cpu1 in WAIT, pc 0x40001234 idle+0x8',
      '#   (wall 300 ms, 83 MIPS)   run 7f3a19c2 state 9b0e44d1',
      '# exit 103',
    ]);
  });

  test.each([
    ['panic', 100, '# PANIC at 3.412s @ 412,885,103: '],
    ['oops', 100, '# OOPS at 3.412s @ 412,885,103: '],
    ['reset', 101, '# RESET at '],
    ['reboot', 102, '# REBOOT at '],
    ['guest-time-limit', 104, '# LIMIT of guest time, at '],
    ['wall-time-limit', 105, '# TIMEOUT at '],
    ['tsvm-failed', 125, '# TSVM FAILED at '],
    ['engines-differ', 125, '# ENGINES DIFFER at '],
    ['interrupted', 130, '# INTERRUPTED at '],
  ] as const)('of %s', (kind, exitCode, opening) => {
    const lines = renderVerdict({ ...OK, kind, exitCode, summary: 'why', details: ['more'] }, plainStyle).split('\n');
    expect(lines[0]!.startsWith(opening)).toBe(true);
    expect(lines[0]!.endsWith(': why')).toBe(true);
    expect(lines[1]).toBe('#   more');
    expect(lines.at(-1)).toBe(`# exit ${exitCode}`);
  });

  test("of a panic says when, where, who called it and why; the instant is the panic's", () => {
    const lines = renderVerdict(PANIC, plainStyle, (address) => (address === 0x4000_1234 ? 'idle+0x8' : null)).split(
      '\n',
    );
    expect(lines).toEqual([
      '# PANIC at 1.204s @ 96,331,870 on cpu0: "VFS: Unable to mount root fs on unknown-block(0,0)"',
      '#   panic <- mount_block_root <- idle <- 0x40005678',
      '#   likely: no --initrd and no --disk were given, and the command line has no root=',
      '#   (wall 800 ms, 121 MIPS)   run 7f3a19c2 state 9b0e44d1',
      '# exit 100',
    ]);
  });

  test('of a panic after an oops tells both, and what came then', () => {
    const [panic] = PANIC.faults;
    const oops = { ...panic!, kind: 'oops', message: 'Oops', likely: null, guestTimeNs: 1e9, cpu: 1 } as const;
    const verdict = { ...PANIC, faults: [oops, panic!], details: ['then: guest asked for a reboot'] };
    const lines = renderVerdict(verdict, plainStyle).split('\n');
    expect(lines[0]).toMatch(/^# PANIC at 1\.204s .* on cpu0: "VFS/);
    expect(lines[3]).toMatch(/^# oops at 1\.000s @ 96,331,870 on cpu1: "Oops"$/);
    expect(lines[4]).toMatch(/^# {3}panic <- mount_block_root/);
    expect(lines[5]).toBe('#   then: guest asked for a reboot');
  });

  test('of a run that was stopped tells the oops beside it', () => {
    const oops = { ...PANIC.faults[0]!, kind: 'oops', message: 'Oops\x1b[31m' } as const;
    const text = renderVerdict(
      { ...OK, kind: 'interrupted', exitCode: 130, summary: 'why', faults: [oops] },
      plainStyle,
    );
    expect(text).toMatch(/^# INTERRUPTED at 3\.412s @ 412,885,103: why\n# oops at 1\.204s/);
    expect(text).not.toContain('\x1b');
  });

  test('of a deep stack keeps its line readable', () => {
    const backtrace = Array.from({ length: 40 }, (_, n) => ({ address: n, name: `f${n}`, offset: 0 }));
    const lines = renderVerdict({ ...PANIC, faults: [{ ...PANIC.faults[0]!, backtrace }] }, plainStyle).split('\n');
    expect(lines[1]).toMatch(/^# {3}f0 <- .* <- f11 <- 28 more$/);
  });

  test('carries text of the guest without its control characters', () => {
    const verdict = { ...OK, kind: 'panic', exitCode: 100, summary: 'a\x1b[31m\nb', details: ['x\r\ny'] } as const;
    const text = renderVerdict(verdict, plainStyle);
    expect(text).not.toContain('\x1b');
    expect(text.split('\n').every((line) => line.startsWith('#'))).toBe(true);
  });
});

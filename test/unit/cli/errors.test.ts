// Errors as the user reads them.
import { expect, test } from 'vitest';
import { renderError, reportError } from '../../../src/cli/errors.ts';
import { plainStyle } from '../../../src/cli/style.ts';
import { KvmError } from '../../../src/kvm/errors.ts';
import { type ErrorCode, TsvmError } from '../../../src/util/errors.ts';

test.each<[ErrorCode, number]>([
  ['usage', 2],
  ['not-found', 127],
  ['not-runnable', 126],
  ['image-truncated', 126],
  ['image-bad-header', 126],
  ['image-wrong-machine', 126],
  ['image-overlap', 126],
  ['image-outside-ram', 126],
  ['image-too-large', 126],
  ['symbols-bad', 125],
  ['io', 125],
  ['internal', 125],
])('%s ends with exit code %i', (code, exitCode) => {
  expect(reportError(new TsvmError(code, 'x')).exitCode).toBe(exitCode);
});

test('a refused KVM call is tsvm failing', () => {
  expect(reportError(new KvmError('EINVAL', 'KVM_CREATE_VCPU', 'id out of range'))).toMatchObject({
    code: 'kvm',
    exitCode: 125,
  });
});

test('what happened, the cause, what to type, and the exit code', () => {
  const report = reportError(
    new TsvmError('not-runnable', 'bzImage.arm64: not runnable here (AArch64 Linux Image)', {
      cause: 'tsvm runs: MIPS32 ELF',
      next: 'try the vmlinux next to it',
    }),
  );
  expect(renderError(report, plainStyle, 0, false).split('\n')).toEqual([
    'tsvm: bzImage.arm64: not runnable here (AArch64 Linux Image)',
    '  tsvm runs: MIPS32 ELF',
    '  try the vmlinux next to it   exit 126',
  ]);
  const last = renderError(report, plainStyle, 80, false).split('\n').at(-1)!;
  expect(last).toHaveLength(80);
  expect(last.endsWith(' exit 126')).toBe(true);
});

test('an error without advice still ends with its exit code', () => {
  expect(renderError(reportError(new TsvmError('io', 'disk failed')), plainStyle, 0, false)).toBe(
    'tsvm: disk failed\nexit 125',
  );
});

test('anything unexpected is called a bug of tsvm, with a stack only on demand', () => {
  for (const thrown of [new TypeError('x is undefined'), new TsvmError('internal', 'x is undefined')]) {
    const report = reportError(thrown);
    expect(report).toMatchObject({ code: 'internal', exitCode: 125 });
    const text = renderError(report, plainStyle, 0, false);
    expect(text).toContain('x is undefined');
    expect(text).toContain('bug in tsvm');
    expect(text).toContain('--debug');
    expect(text).not.toContain('errors.test.ts');
    expect(renderError(report, plainStyle, 0, true)).toContain('errors.test.ts');
  }
  expect(reportError('just a string').message).toContain('just a string');
});

test('names of files cannot steer the terminal', () => {
  const text = renderError(reportError(new TsvmError('not-found', 'evil\x1b[2J: not found')), plainStyle, 0, false);
  expect(text).not.toContain('\x1b');
});

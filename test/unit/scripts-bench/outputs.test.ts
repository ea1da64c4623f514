import { describe, expect, it } from 'vitest';
import { accountOf, peakOf, signatureOf, timesOf } from '../../../scripts/bench/outputs.ts';

const bench = (us: number, verdict = 'OK', end = 'PASS'): string =>
  [
    'GUEST-READY mips 1',
    `BENCH tlb ops=300000 us=${us} rate=1 sum=0badf00d ${verdict}`,
    `BENCH fault ops=1024 us=${us} rate=2 sum=00005eed UNCHECKED`,
    `BENCH-DONE us=${us} ${end}`,
    '',
  ].join('\r\n');

describe("a guest's work", () => {
  it('is the same work whatever its clock says', () => {
    expect(signatureOf('bench', bench(17))).toBe('tlb ops=300000 sum=0badf00d; fault ops=1024 sum=00005eed');
    expect(signatureOf('bench', bench(17))).toBe(signatureOf('bench', bench(9_000)));
  });

  it.each([
    ['with a bad checksum', bench(17, 'BAD')],
    ['that failed', bench(17, 'OK', 'FAIL')],
    ['cut off', bench(17).split('BENCH-DONE')[0]!],
    ['of a kernel that panicked', 'Kernel panic - not syncing: no init'],
  ])('is refused %s, with the last lines of the console', (_, console) => {
    expect(() => signatureOf('bench', console)).toThrow(console.trimEnd().split('\r\n').at(-1));
  });

  it('is told by a job, a loop or a boot as well', () => {
    expect(signatureOf('job', 'GUEST-READY job pages:3\r\nJOB pages:3 sum=41 OK\r\n')).toBe('JOB pages:3 sum=41 OK');
    expect(() => signatureOf('job', 'GUEST-READY job pages:3\r\nJOB pages:3 sum=255 BAD\r\n')).toThrow('did not do');
    expect(signatureOf('loop', 'int: checksum 0x12ab, 99 ticks')).toBe('checksum 0x12ab');
    expect(signatureOf('ready', 'GUEST-READY mips 1\r\n')).toBe('GUEST-READY mips 1');
  });
});

describe('the account of a run', () => {
  it('adds user and system time', () => {
    expect(timesOf('some noise\n@time 1.250 1.000 0.125\n')).toEqual({ wallSeconds: 1.25, cpuSeconds: 1.125 });
    expect(() => timesOf('Killed')).toThrow('Killed');
  });

  it('reads the peak of a process that is there', () => {
    expect(peakOf('VmPeak:\t  900 kB\nVmHWM:\t  100 kB\nVmRSS:\t   90 kB\n')).toBe(102_400);
    expect(peakOf('Name:\tzombie\n')).toBeNull();
  });

  it('takes what the verdict counts, and leaves blank what it does not', () => {
    const start = '{"event":"start"}\n';
    const verdict = (compiled: object | null): string =>
      `${start}${JSON.stringify({ event: 'verdict', instructions: 42, compiled })}\n`;
    expect(accountOf(verdict(null))).toEqual({ instructions: 42, modules: null, regions: null });
    expect(accountOf(verdict({ modules: 3, compiled: 20, regions: 19 }))).toEqual({
      instructions: 42,
      modules: 3,
      regions: 20,
    });
    expect(() => accountOf(start)).toThrow('no verdict');
  });
});

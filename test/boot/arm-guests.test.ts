// Our own guests for board arm-virt by the built command line: entered in Hyp and in SVC mode, one result in both engines.
import { beforeAll, describe, expect, it } from 'vitest';
import { buildPackage, guest, runPiped } from './cli-support.ts';

const GUESTS = [
  ['hello-arm', 'hyp', 1, 'Hello from an ARMv7 guest entered in HYP mode\r?\n.*\n$'],
  ['hello-arm', 'svc', 1, 'Hello from an ARMv7 guest entered in SVC mode\r?\n.*\n$'],
  ['smp-arm', 'hyp', 8, 'HYP mode: 8 vCPUs, 1000000 reads under the lock, 0 times a counter went back\r?\nOK\r?\n$'],
  ['smp-arm', 'svc', 8, 'SVC mode: 8 vCPUs, 1000000 reads under the lock, 0 times a counter went back\r?\nOK\r?\n$'],
  ['smp-arm', 'hyp', 3, 'HYP mode: 3 vCPUs, 1000000 reads under the lock, 0 times a counter went back\r?\nOK\r?\n$'],
] as const;

describe('ARM guests', () => {
  let folder: string;
  beforeAll(() => {
    folder = buildPackage();
  }, 120_000);

  it.each(GUESTS)('%s --boot %s, %i vCPUs', async (name, mode, cpus, output) => {
    const endings = [];
    for (const engine of ['regions', 'interpreter']) {
      const options = ['--boot', mode, '--cpus', String(cpus), '--engine', engine];
      const { exitCode, stdout, stderr } = await runPiped(folder, ['run', ...options, guest(name)]);
      expect(stdout).toMatch(new RegExp(output));
      expect(exitCode).toBe(0);
      endings.push(/ state ([0-9a-f]{8})$/m.exec(stderr)?.[1]);
    }
    expect(endings[0]).toBeDefined();
    expect(endings[1]).toBe(endings[0]);
  });
});

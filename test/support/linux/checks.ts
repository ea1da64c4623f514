// What a real Linux must do on board malta, checked from outside. For test/linux, which runs the checks at the size that CI can bear, and
// for scripts/check-linux.ts, which writes evidence.
import type { Boot } from './boot.ts';
import { type Check, EXIT_REBOOT, type Guest, judge, needsOf, readyLine, seconds, simple, start } from './check.ts';
import { benchmarks, ext4, installer, login, panic, shell } from './common-checks.ts';

const shipped: Guest = {
  name: '',
  kernel: 'te-kernel',
  initrd: ['guest-initrd'],
  machine: 'mips',
  release: '5\\.10\\.\\S+',
};
const te: Guest = { ...shipped, initrd: ['tools-initrd'] };
const debian: Guest = {
  ...shipped,
  name: "Debian's 4kc-malta kernel",
  kernel: '4kc-kernel',
  initrd: ['tools-initrd', '4kc-modules'],
  release: '6\\.1\\.\\S+-4kc-malta',
};

const processes = (starts: number, storm: number): Check =>
  simple(
    te,
    `${starts} program starts; storms of ${storm} children, ${storm} pipelines of six programs, a pipeline of ${storm} programs`,
    {
      params: `do=starts:${starts},storm:${storm}`,
      shows: [new RegExp(`^STARTS ${starts} sum=`, 'm'), /^JOB starts OK\r?$/m, /^JOB storm OK\r?$/m],
    },
  );

const sameBoots = (times: number): Check => ({
  name: `${times} boots: the same console bytes, instructions and state hash`,
  needs: needsOf(te),
  async run(place) {
    const results = new Map<string, number>();
    const problems: string[] = [];
    let last: Boot | undefined;
    for (let n = 0; n < times; n++) {
      last = await start(place, te, { params: 'do=starts:20,storm:10' });
      problems.push(...judge(last, 0, [readyLine(te), /^JOB storm OK\r?$/m]));
      const { consoleSha256, stateHash, instructions } = last;
      const result = `console ${consoleSha256.slice(0, 16)}, ${instructions} instructions, state ${stateHash}`;
      results.set(result, (results.get(result) ?? 0) + 1);
    }
    if (results.size !== 1) problems.push(...[...results].map(([result, count]) => `${count} of ${times}: ${result}`));
    return { problems, note: `${[...results.keys()][0]}; each ${last ? seconds(last) : ''}` };
  },
});

/** Every check; sizes for CI or for evidence. */
export function checks(sizes: { mebibytes: number; boots: number }): readonly Check[] {
  return [
    simple(shipped, 'GUEST-READY and power-off: exit 0', { shows: [/Power down|INIT done, poweroff/] }),
    simple(shipped, 'after=reboot: exit 102', { params: 'after=reboot', exitCode: EXIT_REBOOT }),
    panic(te),
    benchmarks(shipped),
    ext4(te, 'busybox', sizes.mebibytes, 'pci'),
    ext4(te, 'busybox', 8, 'mmio'),
    processes(300, 40),
    sameBoots(sizes.boots),
    login(te, 'ttyS0'),
    login(te, 'hvc0'),
    login(te, 'hvc0', 'mmio'),
    shell(debian),
    ext4(debian, 'busybox', 20, 'pci'),
    installer('installer-kernel', 'installer-initrd'),
  ];
}

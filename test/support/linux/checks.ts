// What a real Linux must do on board malta, checked from outside. For test/linux, which runs the checks at the size that CI can bear, and
// for scripts/check-linux.ts, which writes evidence.
import { type Check, EXIT_REBOOT, type Guest, simple } from './check.ts';
import { benchmarks, ext4, installer, login, panic, sameBoots, shell } from './common-checks.ts';

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
    sameBoots(te, sizes.boots),
    login(te, 'ttyS0'),
    login(te, 'hvc0'),
    login(te, 'hvc0', 'mmio'),
    shell(debian),
    ext4(debian, 'busybox', 20, 'pci'),
    installer('installer-kernel', 'installer-initrd'),
  ];
}

// What a real Linux must do on board arm-virt, checked from outside: our own kernel with long descriptors (scripts/linux-lpae-armhf.sh), and
// Debian's two, with short and with long ones (scripts/linux-armmp.sh, linux-armmp-lpae.sh). For test/linux and scripts/check-linux.ts.
import { type Check, EXIT_REBOOT, type Guest, simple } from './check.ts';
import { benchmarks, ext4, ext4Root, installer, login, panic, sameBoots, shell } from './common-checks.ts';

const lpae: Guest = {
  name: 'LPAE 5.10',
  kernel: 'lpae-vmlinux',
  initrd: ['armhf-tools-initrd'],
  machine: 'armv7l',
  release: '5\\.10\\.\\S+',
};
const zImage: Guest = { ...lpae, name: 'LPAE 5.10, zImage', kernel: 'lpae-zimage' };
const armmp: Guest = {
  ...lpae,
  name: "Debian's armmp",
  kernel: 'armmp-kernel',
  initrd: ['armhf-tools-initrd', 'armmp-modules'],
  release: '6\\.1\\.\\S+-armmp',
};
const armmpLpae: Guest = {
  ...lpae,
  name: "Debian's armmp-lpae",
  kernel: 'armmp-lpae-kernel',
  initrd: ['armhf-tools-initrd', 'armmp-lpae-modules'],
  release: '6\\.1\\.\\S+-armmp-lpae',
};
const BUSYBOX = 'armhf-busybox';

/** With so many CPUs. */
const on = (guest: Guest, cpus: number): Guest => ({
  ...guest,
  name: `${guest.name}, ${cpus} CPU${cpus === 1 ? '' : 's'}`,
  cpus,
});
const shipped = (guest: Guest): Guest => ({ ...guest, initrd: ['armhf-guest-initrd'] });
const started = (mode: 'HYP' | 'SVC'): RegExp => new RegExp(`CPU: All CPU\\(s\\) started in ${mode} mode`);

const entered = (guest: Guest, mode: 'hyp' | 'svc'): Check =>
  simple(guest, `entered in ${mode.toUpperCase()} mode${mode === 'hyp' ? ', by default' : ' (--boot svc)'}`, {
    ...(mode === 'hyp' ? {} : { options: ['--boot', mode] }),
    shows: [started(mode === 'hyp' ? 'HYP' : 'SVC')],
  });

const hotplug = (guest: Guest): Check =>
  simple(guest, 'CPUs off and on again', {
    params: 'do=hotplug:3',
    shows: [new RegExp(`^HOTPLUG 3 times ${guest.cpus} CPUs\\r?$`, 'm'), /^JOB hotplug OK\r?$/m],
  });

/** Each class of stress-ng so many seconds of guest time. */
const stress = (guest: Guest, duration: number): Check => {
  const loaded: Guest = { ...guest, initrd: [...guest.initrd, 'armhf-stress'] };
  return simple(loaded, `stress-ng cpu, vm and fork, ${duration} s each, verified`, {
    params: `do=stress:${duration}`,
    options: ['--mem', '512M'],
    shows: [/^JOB stress OK\r?$/m],
  });
};

const KERNELS = [lpae, armmp, armmpLpae];

/** Every check; sizes for CI or for evidence. */
export function armChecks(sizes: { mebibytes: number; boots: number; stress: number }): readonly Check[] {
  return [
    entered(lpae, 'hyp'),
    entered(lpae, 'svc'),
    entered(zImage, 'hyp'),
    ...[1, 2, 8].map((cpus) => shell(on(lpae, cpus))),
    simple(lpae, 'after=reboot: exit 102', { params: 'after=reboot', exitCode: EXIT_REBOOT }),
    panic(lpae),
    ...KERNELS.map((guest) => benchmarks(shipped(on(guest, 2)))),
    sameBoots(on(lpae, 4), sizes.boots),
    hotplug(on(lpae, 8)),
    ...(['ttyS0', 'ttyAMA0', 'hvc0'] as const).map((tty) => login(lpae, tty)),
    login(lpae, 'hvc0', 'mmio'),
    ext4(on(lpae, 2), BUSYBOX, sizes.mebibytes, 'pci'),
    ext4(lpae, BUSYBOX, 8, 'mmio'),
    ext4Root({ ...lpae, initrd: [] }, BUSYBOX, 'mmio', ''),
    ext4Root({ ...lpae, initrd: [] }, BUSYBOX, 'pci', ''),
    ...[armmp, armmpLpae].flatMap((guest) => [
      ...[1, 2, 8].map((cpus) => shell(on(guest, cpus))),
      entered(on(guest, 2), 'svc'),
      hotplug(on(guest, 4)),
      ext4(on(guest, 2), BUSYBOX, 20, 'pci'),
      ext4Root(guest, BUSYBOX, 'mmio', 'switch=/dev/vda'),
      simple(guest, 'after=reboot: exit 102', { params: 'after=reboot', exitCode: EXIT_REBOOT }),
    ]),
    stress(on(lpae, 2), sizes.stress),
    installer('armhf-installer-kernel', 'armhf-installer-initrd'),
  ];
}

import { execFileSync } from 'node:child_process';
import { describe, expect, it } from 'vitest';
import { quoteWord, reproducingCommand } from '../../../src/api/command-line.ts';
import { parseVmConfig } from '../../../src/vmm/config.ts';

describe('the reproducing command', () => {
  it('spells out what decides the result', () => {
    expect(reproducingCommand(parseVmConfig({ kernel: 'vmlinux' }), 'mips-paravirt')).toBe(
      'tsvm run --machine mips-paravirt --mem 128M --cpus 1 --seed 1 vmlinux',
    );
  });

  it('names the engine only where that can end the run', () => {
    const command = (engine: string): string =>
      reproducingCommand(parseVmConfig({ kernel: 'vmlinux', engine }), 'malta');
    expect(command('interpreter')).not.toContain('engine');
    expect(command('lockstep')).toContain('--engine lockstep vmlinux');
  });

  it('says how an ARM kernel was booted when that was asked for', () => {
    const command = (boot?: string): string =>
      reproducingCommand(parseVmConfig({ kernel: 'zImage', boot }), 'arm-virt');
    expect(command('svc')).toContain('--boot svc zImage');
    expect(command()).not.toContain('boot');
  });

  it('carries every option that was given', () => {
    const config = parseVmConfig({
      kernel: '-vmlinux',
      initrd: 'my rootfs.cpio',
      memory: '65600K',
      cpus: 2,
      seed: 7,
      params: "panic=1 init='/bin/sh'",
      console: 'virtio',
      virtio: 'legacy',
      rtc: '2030-01-01',
      limit: '1500ms',
      timeout: '2m',
      symbols: 'System.map',
      onOops: 'stop',
      nsPerInstruction: 5,
      disk: 'root.img',
      disks: ['data 1.img:ro', 'b.img:cow', 'c.img:cow=over.cow', 'd,ro'],
    });
    expect(reproducingCommand(config, 'mips-paravirt')).toBe(
      'tsvm run --machine mips-paravirt --mem 65600K --cpus 2 --seed 7 --ns-per-instruction 5 --console virtio ' +
        '--virtio legacy --rtc 2030-01-01T00:00:00Z --limit 1500ms --timeout 120s --on-oops stop ' +
        `--initrd 'my rootfs.cpio' --disk root.img --disk 'data 1.img:ro' --disk b.img:cow --disk c.img:cow=over.cow ` +
        `--disk d:ro --symbols System.map --params 'panic=1 init='\\''/bin/sh'\\''' ./-vmlinux`,
    );
  });

  it.each(['plain', 'two words', "it's", '$HOME `id` "x" \\', 'é', '\x1b[31mred\n', "\x1b'\\", '*', ''])(
    'quotes %j so that a shell reads the same word and a terminal is not steered',
    (word) => {
      const quoted = quoteWord(word);
      expect(/\p{Cc}/u.test(quoted)).toBe(false);
      expect(execFileSync('bash', ['-c', `printf %s ${quoted}`], { encoding: 'utf8' })).toBe(word);
    },
  );
});

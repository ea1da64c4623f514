import { describe, expect, it } from 'vitest';
import { type LaunchFacts, likelyCause } from '../../../src/vmm/panic-causes.ts';

const FACTS: LaunchFacts = {
  initrd: false,
  disks: 0,
  params: '',
  memory: 64 << 20,
  programs: 'little-endian MIPS32r2',
  imageBytes: 1 << 22,
};

const cause = (message: string, facts: Partial<LaunchFacts> = {}, recent: readonly string[] = []): string | null =>
  likelyCause(message, { ...FACTS, ...facts }, recent);

describe('no root file system', () => {
  const message = 'VFS: Unable to mount root fs on unknown-block(0,0)';

  it('because none was given', () => {
    expect(cause(message)).toBe('no --initrd and no --disk were given, and the command line has no root=');
    expect(cause(message, { params: 'quiet root=/dev/vda' })).toBe('root=/dev/vda was given, but no --disk');
  });

  it('because of what was given', () => {
    expect(cause(message, { initrd: true })).toMatch(/the initrd .* no \/init/);
    expect(cause(message, { initrd: true }, ['Initramfs unpacking failed: junk in compressed archive'])).toMatch(
      /could not unpack the initrd/,
    );
    expect(cause(message, { initrd: true, params: 'rdinit=/x' })).toMatch(/^rdinit=\/x is not in the initrd/);
    expect(cause(message, { disks: 1 })).toMatch(/found \/dev\/vda but no file system/);
    const recent = ['VFS: Cannot open root device "sda1" or unknown-block(0,0): error -6'];
    expect(cause(message, { disks: 1, params: 'root=/dev/sda1' }, recent)).toMatch(/has no \/dev\/sda1/);
  });
});

describe('the first program', () => {
  it.each([
    ['Attempted to kill init! exitcode=0x00000300', /exited with code 3;/],
    ['Attempted to kill init! exitcode=0x00007f00', /code 127 \(a shell says so when it finds no program\)/],
    ['Attempted to kill init! exitcode=0x0000000b', /killed by signal SIGSEGV/],
    ['Attempted to kill init! exitcode=0x00000004', /SIGILL/],
    ['Requested init /bin/foo failed (error -2).', /init=\/bin\/foo does not exist/],
    ['Requested init /bin/foo failed (error -8).', /no program for little-endian MIPS32r2/],
    ['No working init found.  Try passing init= option to kernel.', /-p init=PATH/],
  ])('%s', (message, words) => {
    expect(cause(message)).toMatch(words);
  });
});

describe('others', () => {
  it.each([
    ['System is deadlocked on memory', /64M of RAM/],
    ['Out of memory: compulsory panic_on_oom', /-m/],
    ['sysrq triggered crash', /sysrq-trigger/],
    ['Fatal exception in interrupt', /in an interrupt/],
    ['Fatal exception', /oops=panic/],
    [
      'Oops: CPU 0 Unable to handle kernel paging request at virtual address 00000010, epc == 401b2d4c, ra == 401b2d00',
      /a pointer that is NULL was followed at 0x401b2d4c/,
    ],
    [
      'Oops: CPU 0 Unable to handle kernel paging request at virtual address 00000000, epc == 00000000, ra == 401b2d00',
      /a function pointer that is NULL/,
    ],
    ['Kernel bug detected: kernel BUG at mm/slab.c:123!', /at mm\/slab.c:123/],
  ])('%s', (message, words) => {
    expect(cause(message)).toMatch(words);
  });

  it('says when it was the command line that took the memory', () => {
    expect(cause('System is deadlocked on memory', { params: 'quiet mem=4M' })).toMatch(/mem=4M/);
  });

  it('says nothing about what it does not know', () => {
    expect(cause('the cat sat on the keyboard')).toBeNull();
  });
});

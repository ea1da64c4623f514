import { describe, expect, it } from 'vitest';
import { TsvmError } from '../../../src/util/errors.ts';
import {
  formatDisk,
  formatDuration,
  formatSize,
  parseSize,
  parseVmConfig,
  rtcSeconds,
} from '../../../src/vmm/config.ts';

const kernel = 'vmlinux';

function refusal(input: object): TsvmError {
  try {
    parseVmConfig({ kernel, ...input });
  } catch (error) {
    if (error instanceof TsvmError) return error;
    throw error;
  }
  throw new Error(`accepted ${JSON.stringify(input)}`);
}

describe('VmConfig', () => {
  it('is plain JSON data with every default in it', () => {
    const config = parseVmConfig({ kernel });
    expect(JSON.parse(JSON.stringify(config))).toEqual(config);
    expect(config).toMatchObject({ memory: 128 << 20, cpus: 1, seed: 1, nsPerInstruction: 10, virtio: null });
    expect(config).toMatchObject({
      boot: null,
      machine: null,
      limit: null,
      timeout: null,
      rtc: '2024-01-01T00:00:00Z',
    });
  });

  it('takes the modes that ARM kernels boot in', () => {
    expect(parseVmConfig({ kernel, boot: 'svc' }).boot).toBe('svc');
    expect(refusal({ boot: 'usr' })).toMatchObject({ code: 'usage', message: '--boot usr: unknown' });
  });

  it("reads sizes as kvmtool's -m does: no unit is MiB", () => {
    expect(parseVmConfig({ kernel, memory: '64' }).memory).toBe(64 << 20);
    expect(parseVmConfig({ kernel, memory: '64M' }).memory).toBe(64 << 20);
    expect(parseVmConfig({ kernel, memory: '1g' }).memory).toBe(2 ** 30);
    expect(parseVmConfig({ kernel, memory: '65536K' }).memory).toBe(64 << 20);
    expect(parseVmConfig({ kernel, memory: '134217728B' }).memory).toBe(128 << 20);
    expect(parseSize('mem', '2T')).toBe(2 ** 41);
  });

  it.each(['', '0', '-1', '12Q', '1.5G', '64MM', '0x10', '1B', '100K', '9999999999999P', 'NaN'])(
    'refuses --mem %j as a usage error that names it',
    (memory) => {
      expect(refusal({ memory })).toMatchObject({ code: 'usage', message: expect.stringContaining('--mem') });
    },
  );

  it.each([
    { cpus: '0' },
    { cpus: '9' },
    { cpus: '1.5' },
    { cpus: 'two' },
    { cpus: '' },
    { seed: '-1' },
    { seed: 2 ** 32 },
    { seed: '1e3' },
    { nsPerInstruction: 0 },
    { limit: '10 parsecs' },
    { limit: '0' },
    { limit: '-1s' },
    { limit: '1e300s' },
    { timeout: '10us' },
    { rtc: 'yesterday' },
    { rtc: '2024-13-01' },
    { rtc: '2024-01-01T25:00:00Z' },
    { console: 'vga' },
    { virtio: 'newer' },
    { loglevel: 'loud' },
    { name: '../../etc' },
    { name: '' },
    { params: 'a\nb' },
    { params: 'a\0b' },
    { initrd: '' },
    { initrd: 'a\0b' },
    { kernel: '' },
    { disk: '' },
    { disk: ':cow' },
    { disk: ':rw' },
    { disk: 'a:cow=' },
    { disk: 'a\0b' },
    { disk: 'a:cow=b\0' },
    { disks: [...'abcdefghi'] },
    { disks: 'a.img' },
    { disks: [7] },
    { disk: 7 },
  ])('refuses %j', (input) => {
    expect(refusal(input).code).toBe('usage');
  });

  it.each([
    ['ext4.img', { path: 'ext4.img', mode: 'rw', overlay: null }],
    ['ext4.img:ro', { path: 'ext4.img', mode: 'ro', overlay: null }],
    ['ext4.img,ro', { path: 'ext4.img', mode: 'ro', overlay: null }],
    ['ext4.img:cow', { path: 'ext4.img', mode: 'cow', overlay: null }],
    ['ext4.img:cow=over', { path: 'ext4.img', mode: 'cow', overlay: 'over' }],
    ['ext4.img:cow=over:ro', { path: 'ext4.img', mode: 'cow', overlay: 'over:ro' }],
    ['a:b,c.img', { path: 'a:b,c.img', mode: 'rw', overlay: null }],
    ['ro', { path: 'ro', mode: 'rw', overlay: null }],
    ['ext4.img:rw', { path: 'ext4.img', mode: 'rw', overlay: null }],
    ['img:ro:rw', { path: 'img:ro', mode: 'rw', overlay: null }],
    ['img,ro:rw', { path: 'img,ro', mode: 'rw', overlay: null }],
    ['img:cow:rw', { path: 'img:cow', mode: 'rw', overlay: null }],
    ['img:rw:rw', { path: 'img:rw', mode: 'rw', overlay: null }],
    ['img:ro:ro', { path: 'img:ro', mode: 'ro', overlay: null }],
    ['img:ro:cow', { path: 'img:ro', mode: 'cow', overlay: null }],
    ['img:cow:cow=over:rw', { path: 'img:cow', mode: 'cow', overlay: 'over:rw' }],
  ] as const)('reads the disk %s', (text, disk) => {
    expect(parseVmConfig({ kernel, disk: text }).disks).toEqual([disk]);
    expect(parseVmConfig({ kernel, disk: formatDisk(disk) }).disks).toEqual([disk]);
  });

  it('takes disk before disks, and none when nothing is said', () => {
    const paths = parseVmConfig({ kernel, disk: 'a', disks: ['b', 'c:ro'] }).disks.map(({ path }) => path);
    expect(paths).toEqual(['a', 'b', 'c']);
    expect(parseVmConfig({ kernel }).disks).toEqual([]);
  });

  it('reads durations; a bare number is seconds', () => {
    expect(parseVmConfig({ kernel, limit: '10' }).limit).toBe(10e9);
    expect(parseVmConfig({ kernel, limit: '500ms' }).limit).toBe(500e6);
    expect(parseVmConfig({ kernel, limit: 1.5 }).limit).toBe(1.5e9);
    expect(parseVmConfig({ kernel, timeout: '2m' }).timeout).toBe(120_000);
  });

  it('accepts hexadecimal numbers, dates without a time, and now', () => {
    expect(parseVmConfig({ kernel, seed: '0xff' }).seed).toBe(255);
    expect(parseVmConfig({ kernel, rtc: '2030-06-01' }).rtc).toBe('2030-06-01T00:00:00Z');
    expect(parseVmConfig({ kernel, rtc: 'now' }).rtc).toBe('now');
  });

  it('prints sizes and durations in a form that reads back the same', () => {
    for (const bytes of [1, 1023, 65536, 128 << 20, 2 ** 30, 3 * 2 ** 29])
      expect(parseSize('mem', formatSize(bytes))).toBe(bytes);
    for (const ns of [1, 1500, 2e6, 10e9, 12.5e9])
      expect(parseVmConfig({ kernel, limit: formatDuration(ns) }).limit).toBe(ns);
  });
});

describe('the date of the real-time clock', () => {
  it.each([
    '1970-01-01T00:00:00Z',
    '1999-12-31T23:59:59Z',
    '2000-02-29T12:00:00Z',
    '2024-03-01T00:00:01Z',
    '2100-02-28T00:00:00Z',
    '9999-12-31T23:59:59Z',
  ])('%s in seconds', (date) => {
    expect(rtcSeconds(date)).toBe(Date.parse(date) / 1000);
  });
});

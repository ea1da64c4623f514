// Command lines that do not get as far as a machine, and the small verbs.
import { describe, expect, test } from 'vitest';
import { COMMANDS } from '../../../src/cli/commands/index.ts';
import { RUN_OPTIONS } from '../../../src/cli/options.ts';
import { DEFAULT_MEMORY, DEFAULT_NS_PER_INSTRUCTION, DEFAULT_RTC } from '../../../src/vmm/config.ts';
import { tsvm } from './fakes.ts';

describe('what goes wrong', () => {
  test.each<[string[], string, string]>([
    [['run'], 'no kernel was given', 'tsvm run KERNEL'],
    [['run', 'a', 'b'], 'one argument too many: b', '--params'],
    [['run', '-k', 'a', 'b'], 'two kernels', '--params'],
    [['run', '--mme', '64M', 'x'], 'unknown option --mme', 'did you mean --mem?'],
    [['run', '--nonsense=1', 'x'], 'unknown option --nonsense', 'tsvm help run'],
    [['run', 'x', '--mem'], '--mem <size>: the value is missing', 'tsvm help run'],
    [['run', 'x', '--mem', 'lots'], '--mem lots', '128M'],
    [['run', 'x', '--cpus', '0'], '--cpus 0', 'from 1 to'],
    [['run', 'x', '--seed', '1.5'], '--seed 1.5', 'whole number'],
    [['run', 'x', '--rtc', 'yesterday'], '--rtc yesterday', 'now'],
    [['run', 'x', '--limit', 'soon'], '--limit soon', '10s'],
    [['run', 'x', '--on-oops', 'cry'], '--on-oops cry', 'note, stop'],
    [['run', 'x', '--loglevel', 'loud'], '--loglevel loud', 'warning'],
    [['run', 'x', '-d', ':ro'], '--disk :ro: a file name is missing', 'FILE:cow=OVERLAY'],
    [['run', 'x', '-d', 'a:cow='], '--disk a:cow=: a file name is missing', 'FILE:cow=OVERLAY'],
    [['run', 'x', '-d', ''], '--disk : a file name is missing', 'FILE'],
    [['run', 'x', ...[...'abcdefghi'].flatMap((disk) => ['-d', disk])], '9 disks', 'at most 8'],
    [['run', 'x', '-d', 'a', '-d', 'a'], '--disk a: the same file twice, both of them written', 'a:cow or a:ro'],
    [['run', 'x', '-d', 'a', '-d', 'a:ro'], '--disk a: the same file twice, one of them written', 'a:cow or a:ro'],
    [['run', 'x', '-d', 'a:cow', '-d', './a'], '--disk ./a: the same file twice, one of them', './a:cow or ./a:ro'],
    [['run', 'x', '-d', 'a:ro:rw', '-d', 'a:ro:ro'], '--disk a:ro: the same file twice, one', 'a:ro:cow or a:ro:ro'],
    [['run', 'x', '-d', 'a:cow=c', '-d', 'b:cow=c'], 'the overlay c: the same file twice, both', 'file of its own'],
    [['run', 'x', '-d', 'x'], '--disk x: that is the kernel too', 'x:cow or x:ro'],
    [['run', 'x', '-d', 'a:ro', '--json', 'a'], '--json a: that is a --disk too', 'file of its own'],
    [['run', 'x', '-d', 'a:cow=b', '-d', 'b:ro'], 'the overlay b: that is a --disk too', 'file of its own'],
    [['run', 'x', '--engine', 'jit'], '--engine jit', 'regions, interpreter'],
    [['run', 'x', '--json', '-'], '--json -', 'events.jsonl'],
    [['rum', 'x'], 'rum: there is no such command', 'tsvm run'],
    [['package.json'], 'not a command, but a file', 'tsvm run package.json'],
    [['--nonsense'], 'unknown option --nonsense', 'tsvm help'],
    [['help', 'rum'], 'rum: there is no such command', 'tsvm run'],
    [['machines', 'x'], 'one argument too many: x', 'tsvm help machines'],
  ])('%j is bad usage', async (argv, what, next) => {
    const run = await tsvm(argv);
    expect(run.exitCode).toBe(2);
    expect(run.stdout).toBe('');
    expect(run.lines[0]).toMatch(/^tsvm: /);
    expect(run.stderr).toContain(what);
    expect(run.stderr).toContain(next);
    expect(run.lines.at(-1)).toMatch(/exit 2$/);
  });

  test('a bug shows no stack unless asked, and is an internal error', async () => {
    const failStart = new TypeError('cannot read x');
    const quiet = await tsvm(['run', 'x'], { failStart });
    expect(quiet.exitCode).toBe(125);
    expect(quiet.stderr).toContain('bug in tsvm');
    expect(quiet.stderr).not.toContain('.test.ts');
    expect((await tsvm(['run', 'x', '--debug'], { failStart })).stderr).toContain('.test.ts');
  });
});

describe('the other verbs', () => {
  test('version, both ways', async () => {
    for (const argv of [['version'], ['--version'], ['-V']]) {
      const { exitCode, stdout, stderr } = await tsvm(argv);
      expect({ exitCode, stdout, stderr }).toEqual({ exitCode: 0, stdout: '1.2.3\n', stderr: '' });
    }
  });

  test('help names every verb, every option and every exit code', async () => {
    const all = await tsvm(['help']);
    expect(all.exitCode).toBe(0);
    for (const spec of COMMANDS) expect(all.stdout).toContain(`\n  ${spec.name} `);
    for (const code of [0, 1, 2, 100, 101, 102, 103, 104, 105, 125, 126, 127, 130]) {
      expect(all.stdout).toMatch(new RegExp(`\\b${code} `));
    }
    const run = await tsvm(['help', 'run']);
    for (const row of RUN_OPTIONS) expect(run.stdout).toContain(row.flags);
    for (const suffix of [':rw', ':ro', ':cow', ':cow=OVERLAY']) expect(run.stdout).toContain(`FILE${suffix}`);
    expect((await tsvm(['run', '--help'])).stdout).toBe(run.stdout);
    expect((await tsvm(['--help'])).stdout).toBe(all.stdout);
  });

  test('the defaults that help states are the defaults', () => {
    const help = RUN_OPTIONS.map((row) => row.help).join('\n');
    expect(help).toContain(`(default: ${DEFAULT_MEMORY})`);
    expect(help).toContain(`(default: ${DEFAULT_RTC})`);
    expect(help).toContain(`(default: ${DEFAULT_NS_PER_INSTRUCTION})`);
  });

  test('nothing at all is answered with the help, as bad usage', async () => {
    const { exitCode, stdout, stderr } = await tsvm([]);
    expect(exitCode).toBe(2);
    expect(stdout).toBe('');
    expect(stderr).toContain('Usage: tsvm');
  });

  test('machines lists the boards with their memory maps', async () => {
    const { exitCode, stdout } = await tsvm(['machines']);
    expect(exitCode).toBe(0);
    expect(stdout).toBe(
      'mips-paravirt: paravirtual MIPS\n' +
        '  MIPS32r2 (24Kf, 74Kf), 1 to 8 cpus, up to 256 MiB, console virtio\n' +
        '  virtio-console  0x12000000-0x120001ff  irq kvm 4\n' +
        '  virtio-mmio1    0x12000200-0x120003ff  irq kvm 5  with a --disk\n' +
        '  virtio-mmio2    0x12000400-0x120005ff  irq kvm 6  with 2 --disk\n',
    );
  });
});

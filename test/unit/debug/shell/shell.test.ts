// The debug shell itself: how it finds commands, helps, completes, runs scripts, traces, and survives what is typed.
import { describe, expect, it } from 'vitest';
import { COMMANDS } from '../../../../src/debug/shell/commands/index.ts';
import { AShell } from './a-shell.ts';

const complete = async (guest: AShell, line: string): Promise<string[]> => [
  ...(await guest.shell.complete(line, line.length)).candidates,
];

describe('commands', () => {
  it('have names and aliases that mean one command each', () => {
    const words = COMMANDS.flatMap(({ name, aliases = [] }) => [name, ...aliases]);
    expect(words.filter((word, i) => words.indexOf(word) !== i)).toEqual([]);
  });

  it.each(COMMANDS.map(({ name }) => name))(
    'help %s: usage and examples that begin with a name of it',
    async (name) => {
      const lines = await new AShell().does(`help ${name}`);
      const command = COMMANDS.find((one) => one.name === name)!;
      expect(lines[0]).toBe(`${name}: ${command.summary}`);
      expect(lines[1]).toBe(`usage: ${command.usage}`);
      expect(command.usage).toMatch(new RegExp(`^${name}\\b`));
      expect(command.examples.length).toBeGreaterThan(0);
      for (const example of command.examples) expect(example).toMatch(new RegExp(`^${name}\\b`));
      for (const line of lines) expect(line.length).toBeLessThanOrEqual(160);
    },
  );

  it('all of them are in the overview', async () => {
    const lines = await new AShell().does('help');
    for (const { name } of COMMANDS) expect(lines.some((line) => line.startsWith(`  ${name} `))).toBe(true);
  });

  it('may be shortened while only one is meant, and slips are noticed', async () => {
    const guest = new AShell();
    expect(await guest.does('prin 3')).toEqual(['0x00000003 (3)']);
    expect(await guest.refuses('de 1')).toEqual(['error: de may mean delete, devices, detach']);
    expect(await guest.refuses('breka start')).toEqual(['error: there is no command breka', '  did you mean break?']);
    expect(await guest.refuses('frobnicate')).toEqual(['error: there is no command frobnicate', '  help lists them']);
    expect(await guest.refuses('0x10')).toEqual([
      'error: 0x10 is no command',
      '  help lists them; print EXPR computes',
    ]);
  });

  it('of others are like its own', async () => {
    const greet = {
      name: 'greet',
      family: 'linux',
      usage: 'greet NAME',
      summary: 'greets',
      examples: ['greet you'],
      run: (_session: unknown, args: { need(what: string): string }) => [`hello ${args.need('a name')}`],
    } as const;
    const guest = new AShell({}, [greet]);
    expect(await guest.does('greet you')).toEqual(['hello you']);
    expect(await guest.refuses('greet')).toEqual(['error: greet: a name is missing', '  usage: greet NAME']);
    expect(await guest.does('help')).toContain('  greet  greets');
  });

  it('a bug in one is told, and takes nothing with it', async () => {
    const broken = {
      name: 'broken',
      family: 'shell',
      usage: 'broken',
      summary: 'fails',
      examples: ['broken'],
      run: () => {
        throw new RangeError('no \x1b such');
      },
    } as const;
    const guest = new AShell({}, [broken]);
    expect(await guest.refuses('broken')).toEqual(['error: tsvm failed: RangeError: no \\x1b such']);
    expect(await guest.does('print 1')).toEqual(['0x00000001 (1)']);
  });

  it('nothing and comments are nothing', async () => {
    const guest = new AShell();
    expect(await guest.does('')).toEqual([]);
    expect(await guest.does('   ')).toEqual([]);
    expect(await guest.does('# regs')).toEqual([]);
    await guest.does('mem read jiffies');
    await guest.does('print 1');
    expect(await guest.does('')).toEqual([]);
  });
});

describe('completion', () => {
  it('offers commands, symbols, registers and what a command takes', async () => {
    const guest = new AShell();
    expect(await complete(guest, 'br')).toEqual(['break', 'breakpoints']);
    expect(await complete(guest, '  dis')).toEqual(['disassemble']);
    expect(await complete(guest, 'help trac')).toEqual(['trace']);
    expect(await complete(guest, 'info dev')).toEqual(['devices']);
    expect(await complete(guest, 'break do_')).toEqual(['do_timer']);
    expect(await complete(guest, 'print jiffies + st')).toEqual(['start']);
    expect(await complete(guest, 'print *(ji')).toEqual(['*(jiffies']);
    expect(await complete(guest, 'break phys:st')).toEqual(['phys:start']);
    expect(await complete(guest, 'print $r3')).toEqual(['$r3', '$r30', '$r31']);
    expect(await complete(guest, 'regs ')).toContain('cp0');
    expect(await complete(guest, 'regs st')).toEqual(['status']);
    expect(await complete(guest, 'mem s')).toEqual(['search']);
    expect(await complete(guest, 'mem read buf')).toEqual(['buffer']);
    expect(await complete(guest, 'walk start f')).toEqual(['fetch']);
    expect(await complete(guest, 'trace on mm')).toEqual(['mmio']);
    expect(await complete(guest, 'x/4wx ji')).toEqual(['jiffies']);
  });

  it('offers no names that steer the terminal', async () => {
    const guest = new AShell({ symbols: { 'do_\x1b[2J': 1, 'do_\u202e': 2, 'do it': 3, do_it: 4 } });
    expect(await complete(guest, 'break do')).toEqual(['do_it']);
  });

  it('says where the word begins, and looks only at what is before the cursor', async () => {
    const guest = new AShell();
    expect(await guest.shell.complete('break do_ if 1', 9)).toEqual({ from: 6, candidates: ['do_timer'] });
    expect(await guest.shell.complete('break ', 6)).toEqual({ from: 6, candidates: [] });
    expect(await guest.shell.complete('nonsense x', 10)).toEqual({ from: 10, candidates: [] });
    expect((await guest.shell.complete('', 0)).candidates).toHaveLength(COMMANDS.length);
  });

  it('works while the guest runs, as far as it can', async () => {
    const guest = new AShell();
    await guest.does('continue &');
    expect(await complete(guest, 'break do_')).toEqual(['do_timer']);
    expect(await complete(guest, 'print $r3')).toEqual([]);
    expect(await complete(guest, 'devices s')).toEqual([]);
  });
});

describe('source', () => {
  const script = (guest: AShell, name: string, text: string): void => {
    guest.files.set(name, new TextEncoder().encode(text));
  };

  it('runs the lines of a file', async () => {
    const guest = new AShell();
    script(guest, 'a', '# a comment\n\necho one\n  print 2\n-bogus\necho three\n');
    expect(await guest.does('source a')).toEqual([
      'one',
      '0x00000002 (2)',
      'error: there is no command bogus',
      '  help lists them',
      'three',
    ]);
  });

  it('ends at a line that fails, and says which', async () => {
    const guest = new AShell();
    script(guest, 'a', 'echo one\nprint nope\necho three\n');
    expect(await guest.refuses('source a')).toEqual([
      'error: a:2: print nope',
      '  one',
      '  error: no symbol nope',
      '    nope',
      '    ^',
    ]);
  });

  it('can leave, is stopped by Ctrl-C, and does not go round for ever', async () => {
    const guest = new AShell();
    script(guest, 'round', 'source round\n');
    expect((await guest.refuses('source round')).join('\n')).toContain('files that source files, 8 deep');
    script(guest, 'steps', 'continue\necho after\n');
    const lines = guest.refuses('source steps');
    await guest.settled();
    guest.shell.interrupt();
    const shown = await lines;
    expect(shown[0]).toBe('error: steps:1: continue');
    expect(shown[1]).toContain('paused, cpu0');
    expect(shown).not.toContain('  after');
    script(guest, 'leave', 'quit\necho after\n');
    expect(await guest.shell.execute('source leave')).toEqual({ output: '', ok: true, quit: true });
  });
});

describe('trace', () => {
  const place = (vcpu: number, instructions: number) => ({ vcpu, instructions, now: instructions * 10 });

  it('keeps the last events that pass the filter', async () => {
    const guest = new AShell({ cpus: 2 });
    expect(await guest.does('trace')).toEqual(['trace is off; 0 events']);
    expect(await guest.does('trace on exit kvm_mmio cpu 1 pc start..jiffies last 2')).toEqual([
      'trace is on: kvm_exit kvm_mmio cpu 1 pc 0x80000400..0x80001000; 0 events',
    ]);
    const { trace } = guest.target.observed;
    for (let i = 0; i < 5; i++) trace!.trace(place(1, i), { event: 'kvm_exit', pc: 0x8000_0500 + i, reason: 8 });
    trace!.trace(place(0, 9), { event: 'kvm_exit', pc: 0x8000_0500, reason: 8 });
    trace!.trace(place(1, 9), { event: 'kvm_exit', pc: 0x8000_1000, reason: 8 });
    trace!.trace(place(1, 9), { event: 'kvm_enter', pc: 0x8000_0500 });
    expect(await guest.does('trace')).toEqual([
      'trace is on: kvm_exit kvm_mmio cpu 1 pc 0x80000400..0x80001000; 5 events',
    ]);
    const shown = await guest.does('trace show');
    expect(shown).toHaveLength(2);
    expect(shown[0]).toMatch(/kvm_exit: .*80000503.*@3 {2}do_timer\+0x3$/);
    expect(shown[1]).toMatch(/@4 {2}do_timer\+0x4$/);
    expect((await guest.does('trace show 1'))[0]).toMatch(/@4 /);
    await guest.does('trace off');
    expect(guest.target.observed).toEqual({ stats: false, trace: null });
    expect(await guest.does('trace show')).toHaveLength(2);
    await guest.does('trace clear');
    expect(await guest.does('trace show')).toEqual(['trace is off; 0 events']);
  });

  it('ends with the session', async () => {
    const guest = new AShell();
    await guest.does('trace on');
    await guest.shell.close();
    expect(guest.target.observed).toEqual({ stats: false, trace: null });
  });

  it('refuses what is no event', async () => {
    expect((await new AShell().refuses('trace on exits'))[0]).toContain('exits is no event: enter reenter out exit');
    expect((await new AShell().refuses('trace on pc start'))[0]).toContain('a range is FROM..TO');
  });
});

describe('whatever is typed', () => {
  /** A small generator of our own: the same lines in each run. */
  const random = (seed: number) => {
    let state = seed;
    return (below: number): number => {
      state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
      return Math.floor((state / 2 ** 32) * below);
    };
  };
  const PIECES = [
    // Without those that wait for a guest.
    ...COMMANDS.filter(({ name, needs }) => needs !== 'standing' && name !== 'continue').map(({ name }) => name),
    ...[
      'start',
      'jiffies',
      '$a0',
      '$status.ie',
      '*',
      'phys:',
      '(',
      ')',
      '"',
      "'",
      '\\',
      '-',
      '+',
      '==',
      '=',
      '&&',
      '0x',
      '0',
      '1',
    ],
    ...[
      '4294967295',
      '99999999999999999999',
      'if',
      'cpu',
      'once',
      'all',
      'list',
      'read',
      'write',
      'search',
      'on',
      'pc',
      '..',
      '/4wx',
      '@1',
    ],
    ...['\x00', '\x1b[2J', '\u202e', '😀', 'b', 'h', 'w', '#', '&', '!', '~', '<<', ',', '$', 'state', ' ', '\t'],
  ];

  it('is answered, and cannot steer the terminal', { timeout: 60_000 }, async () => {
    const next = random(7);
    const guest = new AShell({ cpus: 2 });
    guest.target.hardware = [{ name: 'dev', registers: () => [], state: () => ({}) }];
    for (let i = 0; i < 20_000; i++) {
      const words = Array.from({ length: 1 + next(6) }, () => PIECES[next(PIECES.length)]!);
      const line = words.join(next(4) === 0 ? '' : ' ');
      if (/^\s*(q|quit|exit|bye|detach|kill|source)/.test(line)) continue;
      const { output, quit } = await guest.shell.execute(line);
      if (quit) throw new Error(`${JSON.stringify(line)} left the shell`);
      const bad = /[^\n\P{Cc}]|[\p{Bidi_Control}]/u.exec(output);
      if (bad) throw new Error(`${JSON.stringify(line)} wrote ${JSON.stringify(bad[0])}`);
      await guest.shell.complete(line, next(line.length + 1));
    }
    expect(await guest.does('print 1')).toEqual(['0x00000001 (1)']);
  });

  it('may be too long', async () => {
    expect((await new AShell().refuses(`echo ${'x'.repeat(20_000)}`))[0]).toBe(
      'error: a line has at most 16384 characters',
    );
  });
});

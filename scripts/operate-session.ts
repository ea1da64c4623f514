// Usage: npx tsx scripts/operate-session.ts [--no-linux] [--evidence FILE]
// Three VMs at once, operated from terminals: windows of tmux in which `tsvm run`, `list`, `pause`, `resume`, `stat`, `attach`, `debug`, `input` and `stop` are
// typed, Ctrl-a c opens the debug shell, and what the windows show is printed, or written to FILE (docs/evidence/operate.md). The guests are Linux on MIPS
// and on two ARM vCPUs and a big-endian guest of this repository; with --no-linux, or where the kernels are not here, all are of this repository. Exit code 1
// when a window does not show what it should (with what it shows), 2 without tmux. Needs `npm run build`.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { fileOf, whyMissing } from '../test/support/linux/guests.ts';
import { AT_PROMPT, Operation } from '../test/support/tmux/operation.ts';
import { type Pane, tmuxMissing } from '../test/support/tmux/tmux.ts';
import { circumstances, copyPackage, requirePackage, sourcesNow } from './common.ts';

/** A guest in a window. */
interface Role {
  readonly name: string;
  /** Options and kernel of `tsvm run`. */
  readonly run: string;
  /** What it shows when something can be typed. */
  readonly ready: RegExp;
  /** Something to type, and what is shown then. */
  readonly typed: readonly [line: string, shown: RegExp];
}

interface Cast {
  readonly what: string;
  readonly files: Readonly<Record<string, string>>;
  readonly first: Role;
  readonly second: Role;
  readonly third: Role;
  /** Where the first guest is stopped by what is typed at it. */
  readonly breakpoint: string;
  readonly tabbed: readonly [typed: string, completed: RegExp];
}

const DEBUG_PROMPT = /\(tsvm( cpu\d)?\)$/;
const ECHO_READY = /exit N"$/;
const GUEST_PROMPT = /\/ #$/;
const root = resolve(import.meta.dirname, '..');
const guest = (name: string): string => join(root, 'guests/bin', `${name}.elf`);

const echo = (name: string, file: string): Role => ({
  name,
  run: `${file} --name ${name}`,
  ready: ECHO_READY,
  typed: ['hello', /^hello$/m],
});

const linuxCast = (): Cast => ({
  what: 'Linux 5.10 on MIPS (trap-and-emulate), Linux 5.10 on two ARM vCPUs (LPAE), and guests/echo, big-endian',
  files: {
    vmlinux: fileOf('te-kernel'),
    'mips.cpio.gz': fileOf('guest-initrd'),
    zImage: fileOf('lpae-zimage'),
    'arm.cpio.gz': fileOf('armhf-guest-initrd'),
    'echo.elf': guest('echo-te-eb'),
  },
  first: {
    name: 'mips',
    run: 'vmlinux -i mips.cpio.gz -p sh=1 --name mips',
    ready: GUEST_PROMPT,
    typed: ['uname -rm', /^5\.10\.\S+ mips$/m],
  },
  second: {
    name: 'arm',
    run: 'zImage -i arm.cpio.gz -p sh=1 -c 2 --name arm',
    ready: GUEST_PROMPT,
    typed: ['uname -m', /^armv7l$/m],
  },
  third: echo('echo', 'echo.elf'),
  breakpoint: 'break sys_newuname',
  tabbed: ['break sys_newun', /break sys_newuname$/],
});

const ownCast = (): Cast => ({
  what: 'guests/echo, little-endian twice and big-endian',
  files: { 'el.elf': guest('echo-te-el'), 'eb.elf': guest('echo-te-eb') },
  first: echo('one', 'el.elf'),
  second: echo('two', 'el.elf'),
  third: echo('three', 'eb.elf'),
  // Behind the WAIT at which it idles.
  breakpoint: 'break $pc+4',
  tabbed: ['disa', /disassemble$/],
});

/** What the evidence is made of: a heading, what is done, and what a window shows of it. */
interface Scene {
  readonly title: string;
  readonly window: string;
  readonly shown: string;
}

class Session {
  readonly scenes: Scene[] = [];
  private readonly operation: Operation;
  private readonly cast: Cast;
  private readonly panes = new Map<string, Pane>();

  constructor(operation: Operation, cast: Cast) {
    this.operation = operation;
    this.cast = cast;
  }

  async play(): Promise<void> {
    const { first, second, third } = this.cast;
    for (const name of [first.name, second.name, third.name, 'host', 'attached']) {
      const pane = await this.operation.tmux.open(name);
      await pane.waitFor(AT_PROMPT);
      this.panes.set(name, pane);
    }
    await Promise.all(
      [first, second, third].map(({ name, run, ready }) => this.pane(name).line(`tsvm run ${run}`, ready)),
    );
    for (const { name } of [first, second, third])
      this.show(`${name} starts`, name, ends(await this.pane(name).shown(), 4, 6));
    await this.verb('All of them', 'tsvm list');
    await this.pauseOne();
    await this.verb('What one exits for', `tsvm stat ${first.name} --for 2s`);
    await this.attach();
    await this.debugHere();
    await this.verb('A question from outside', `tsvm debug ${second.name} -e cpus -e 'bt'`);
    await this.pane(first.name).acting(
      () => this.verb('Typed from outside', `tsvm input -n ${first.name} '${first.typed[0]}'`),
      first.typed[1],
    );
    await this.endAll();
  }

  private async pauseOne(): Promise<void> {
    const { first, second } = this.cast;
    await this.verb('One stands, the others go on', `tsvm pause ${second.name}`);
    await this.pane(second.name).line(second.typed[0]);
    this.show('The others answer', first.name, await this.pane(first.name).line(...first.typed));
    await this.verb('Who runs', 'tsvm list');
    const resumed = this.verb('It goes on', `tsvm resume ${second.name}`);
    const typed = await this.pane(second.name).acting(() => resumed, second.typed[1]);
    this.show('What was typed meanwhile is its', second.name, typed);
  }

  private async attach(): Promise<void> {
    const { first } = this.cast;
    const attached = this.pane('attached');
    const from = await attached.line(`tsvm attach ${first.name}`, first.typed[1]);
    const typed = await this.pane(first.name).acting(() => attached.line(...first.typed), first.typed[1]);
    await attached.press(['C-a', 'd'], AT_PROMPT);
    const all = await attached.shown();
    this.show(
      'A second terminal, which types and detaches (Ctrl-a d)',
      'attached',
      `${ends(from, 1, 3)}\n...\n${ends(all, 0, 4)}`,
    );
    this.show('The first sees what the second has typed', first.name, typed);
  }

  /** Ctrl-a c on the first guest's terminal. */
  private async debugHere(): Promise<void> {
    const { first, breakpoint, tabbed } = this.cast;
    const pane = this.pane(first.name);
    const [typed, shown] = first.typed;
    const whole = await pane.acting(async () => {
      await pane.press(['C-a', 'c'], DEBUG_PROMPT);
      await pane.line(breakpoint, DEBUG_PROMPT);
      await pane.line('continue');
      await pane.line(typed, DEBUG_PROMPT);
      await pane.line('bt', DEBUG_PROMPT);
      await pane.line('delete', DEBUG_PROMPT);
      await pane.type(tabbed[0]);
      await pane.press(['Tab'], tabbed[1]);
      await pane.press(['C-u'], DEBUG_PROMPT);
      await pane.press(['Up', 'Up'], /bt$/);
      await pane.press(['C-u'], DEBUG_PROMPT);
      await pane.line('continue', shown);
      await pane.press(['C-c'], DEBUG_PROMPT);
      await pane.press(['C-d']);
      await pane.line(typed, shown);
    }, shown);
    this.show('Ctrl-a c, a breakpoint, Tab, Up, Ctrl-C, and Ctrl-d leaves', first.name, whole);
  }

  private async endAll(): Promise<void> {
    const { first, second, third } = this.cast;
    const listed = await this.operation.list();
    await this.verb('All end', 'tsvm stop -a');
    for (const { name } of [first, second, third])
      this.show(`${name} has ended`, name, ends(await this.pane(name).waitFor(AT_PROMPT), 0, 5));
    for (const { pid } of listed) await this.operation.gone(pid);
    await this.verb(
      'Nothing is left',
      'tsvm list; ls -A $TSVM_RUNTIME_DIR; stty -a | grep -ow -- "-*icanon\\|-*isig\\|-*echo"',
    );
  }

  private async verb(title: string, command: string): Promise<void> {
    this.show(title, 'host', await this.pane('host').line(command, AT_PROMPT));
  }

  private pane(name: string): Pane {
    return this.panes.get(name)!;
  }

  private show(title: string, window: string, shown: string): void {
    this.scenes.push({ title, window, shown: shown.replace(/\n?host\$$/, '') });
  }
}

/** The first and last lines of a long text. */
function ends(text: string, first: number, last: number): string {
  const lines = text.split('\n');
  if (lines.length <= first + last) return text;
  return [...lines.slice(0, first), ...(first > 0 ? ['...'] : []), ...lines.slice(-last)].join('\n');
}

function rendered(scenes: readonly Scene[]): string {
  return scenes
    .map(({ title, window, shown }) => `${title} (window ${window}):\n\n\`\`\`\n${shown}\n\`\`\`\n`)
    .join('\n');
}

const { values } = parseArgs({ options: { 'no-linux': { type: 'boolean' }, evidence: { type: 'string' } } });
const missing = await tmuxMissing();
if (missing !== null) {
  console.error(missing);
  process.exit(2);
}
requirePackage(root);
const why = values['no-linux']
  ? '--no-linux'
  : whyMissing(['te-kernel', 'guest-initrd', 'lpae-zimage', 'armhf-guest-initrd']);
if (why !== null) console.error(`without Linux: ${why}`);
const cast = why === null ? linuxCast() : ownCast();
const sources = sourcesNow();
const copy = mkdtempSync(join(tmpdir(), 'tsvm-operate-'));
const operation = new Operation(copyPackage(root, copy), cast.files);
const session = new Session(operation, cast);
try {
  await session.play();
} catch (error) {
  console.error(rendered(session.scenes));
  console.error((error as Error).message);
  process.exitCode = 1;
} finally {
  await operation.close();
  rmSync(copy, { recursive: true });
}
if (process.exitCode === undefined) {
  const { scenes } = session;
  if (values.evidence === undefined) console.log(rendered(scenes));
  else {
    const command = `npx tsx scripts/operate-session.ts --evidence ${values.evidence}`;
    const summary = `${scenes.length} scenes, each showed what it should`;
    const head = `# Three VMs, operated from terminals

Typed into windows of tmux by \`scripts/operate-session.ts\`, which waits for what has to be shown; here is what the windows showed, with what is long shortened.
The guests: ${cast.what}. The checks of the same kind are \`test/linux/operate.test.ts\`.

${circumstances(command, sources, summary)}
`;
    writeFileSync(values.evidence, `${head}\n${rendered(scenes)}`);
    console.log(summary);
  }
}

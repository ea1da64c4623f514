// Usage: npx tsx scripts/readme-transcripts.ts [--check] [--no-gdb]
// The transcripts of README's debugging chapter: runs the commands below, as they stand there, with the built package on the guests in this repository, and
// puts what they print between README's marks (`<!-- transcript NAME -->` and the fence behind it). --check compares instead, and leaves out what differs
// from run to run (wall time, process ids); exit code 1 when README says something else. --no-gdb leaves out those that need gdb-multiarch.
import { spawnSync } from 'node:child_process';
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

interface Transcript {
  readonly name: string;
  /** Shown behind a `$`, and run by bash. */
  readonly command: string;
  /** Run before it, and not shown; `$DIR` is a folder of its own. */
  readonly before?: string;
  readonly after?: string;
  readonly needsGdb?: true;
}

const ZOO = 'guests/bin/fault-zoo-te-el.elf';
const ARM_ZOO = 'guests/bin/fault-zoo-arm.elf';

const TRANSCRIPTS: readonly Transcript[] = [
  {
    name: 'stat',
    command: `tsvm run ${ZOO} -p fault=3 --stat < /dev/null 2>&1 | grep '^#' | head -n 12`,
  },
  {
    name: 'debug',
    command: `tsvm debug ${ZOO} -p fault=3 -e 'break main' -e continue -e bt -e 'x/2i $pc' -e continue -e why`,
  },
  {
    name: 'walk',
    command: `tsvm debug ${ARM_ZOO} --boot svc -p fault=7 -e continue -e why -e 'regs dfsr dfar' -e 'walk $dfar write'`,
  },
  {
    name: 'watch',
    command: `tsvm debug ${ZOO} -p fault=3 -e 'goto @118,014' -e 'watch $sp-64 64 write once' -e continue -e 'goto @118,100' -e cpus`,
  },
  {
    name: 'gdb',
    needsGdb: true,
    before: `tsvm run ${ZOO} -p fault=3 --gdb $DIR/gdb --wait --name zoo > $DIR/run 2>&1 < /dev/null & sleep 2`,
    command: `gdb-multiarch -q -batch -ex 'target remote '$DIR/gdb -ex 'break null_load_in_slot' -ex continue -ex 'x/3i $pc' -ex stepi -ex 'info registers status badvaddr' -ex 'monitor why list' -ex detach`,
  },
  {
    name: 'control',
    before: `(sleep 60 | tsvm run guests/bin/echo-te-el.elf --name one --limit 30s > /dev/null 2>&1 &); (sleep 60 | tsvm run guests/bin/echo-te-eb.elf --name two --limit 30s > /dev/null 2>&1 &); sleep 3; tsvm pause -a > /dev/null`,
    command: 'tsvm list; tsvm resume two; tsvm debug one -e cpus; tsvm stop -a',
  },
];

const { values } = parseArgs({ options: { check: { type: 'boolean' }, 'no-gdb': { type: 'boolean' } } });
const root = resolve(fileURLToPath(new URL('..', import.meta.url)));
const scratch = mkdtempSync(join(tmpdir(), 'tsvm-readme-'));

function run({ command, before, after }: Transcript): string {
  const bin = join(scratch, 'tsvm');
  writeFileSync(bin, `#!/bin/sh\nexec ${process.execPath} ${join(root, 'bin/tsvm.js')} "$@"\n`);
  chmodSync(bin, 0o755);
  const script = [before ?? '', `{ ${command}\n} 2>&1 < /dev/null`, 'wait', after ?? ''].join('\n');
  const env = {
    ...process.env,
    PATH: `${scratch}:${process.env.PATH}`,
    DIR: scratch,
    TSVM_RUNTIME_DIR: scratch,
    TSVM_RUNS: '',
    NO_COLOR: '1',
  };
  const { stdout } = spawnSync('bash', ['-c', script], { cwd: root, env, encoding: 'utf8', timeout: 120_000 });
  return stdout.replaceAll(scratch, '/run/user/1000/tsvm').replace(/[ \t]+$/gm, '');
}

/** Without what differs from run to run. */
function lasting(text: string): string {
  return text
    .replace(/\(wall [^)]*\)/g, '(wall)')
    .replace(/^(one|two) .*$/gm, '$1')
    .replace(/^NAME .*$/gm, 'NAME')
    .replace(/[\d.]+s @ [\d,]+/g, 'time')
    .replace(/@[\d,]+ [\d.]+s/g, 'time');
}

let readme = readFileSync(join(root, 'README.md'), 'utf8');
let differences = 0;
for (const transcript of TRANSCRIPTS) {
  const { name, command, needsGdb } = transcript;
  if (needsGdb && values['no-gdb']) {
    console.log(`${name}: left out, as asked for (--no-gdb)`);
    continue;
  }
  const block = new RegExp(`(<!-- transcript ${name} -->\n\`\`\`console\n)([\\s\\S]*?)(\`\`\`)`);
  const found = block.exec(readme);
  if (!found) throw new Error(`README.md has no transcript ${name}`);
  const shown = `$ ${command.replace("'target remote '$DIR/gdb", "'target remote /run/user/1000/tsvm/gdb'")}\n${run(transcript).trimEnd()}\n`;
  const same = lasting(shown) === lasting(found[2]!);
  console.log(`${name}: ${same ? 'as README has it' : 'differs'}`);
  if (!same) {
    differences++;
    if (values.check) console.log(shown);
  }
  if (!values.check && !same)
    readme = readme.replace(block, (_, head: string, _text: string, tail: string) => head + shown + tail);
}
rmSync(scratch, { recursive: true, force: true });
if (!values.check) writeFileSync(join(root, 'README.md'), readme);
process.exitCode = values.check && differences > 0 ? 1 : 0;

// Commands for the machine around the vCPUs: irq, devices, stats.
import { STAT_NAMES, type StatName, statSpec, type VcpuStats } from '../../../kvm/stats.ts';
import { hex } from '../../../util/bits.ts';
import { TsvmError } from '../../../util/errors.ts';
import { grouped, printable } from '../../../util/format.ts';
import { nearest } from '../../../util/words.ts';
import type { DebugDevice } from '../../target.ts';
import type { ShellCommand } from '../command.ts';
import type { ShellSession } from '../session.ts';
import { table } from '../text.ts';

const irqCommand: ShellCommand = {
  name: 'irq',
  aliases: ['irqs', 'interrupts'],
  family: 'machine',
  usage: 'irq',
  summary: 'interrupts as each vCPU has them: pending, masked, enabled',
  help: ["An interrupt controller's own registers are shown by `devices`."],
  examples: ['irq'],
  run(session, args) {
    args.done();
    const { target } = session;
    return Array.from({ length: target.cpus }, (_, id) => id).flatMap((id) => [
      `cpu${id}`,
      ...target.view.interrupts(target.cpu(id)).map((line) => `  ${printable(line)}`),
    ]);
  },
};

/** @throws TsvmError usage */
export function deviceNamed(session: ShellSession, name: string): DebugDevice {
  const devices = session.target.devices();
  const exact = devices.find((device) => device.name === name);
  const alike = devices.filter((device) => device.name.startsWith(name));
  const found = exact ?? (alike.length === 1 ? alike[0] : undefined);
  if (found) return found;
  const names = devices.map((device) => device.name);
  const like = nearest(name, names);
  throw new TsvmError('usage', `there is no device ${printable(name)}`, {
    next: like === undefined ? 'devices lists them' : `did you mean ${printable(like)}?`,
  });
}

/** Lines of a device's state: a screenful of screens. */
const MOST_STATE_LINES = 2000;

const devicesCommand: ShellCommand = {
  name: 'devices',
  aliases: ['device', 'qtree'],
  family: 'machine',
  usage: 'devices [NAME [REGISTER | state]]',
  summary: 'devices, and their registers by name',
  help: [
    'Looking changes nothing: no register is read as the guest would. `state` is all that save and restore know of a device.',
  ],
  examples: ['devices', 'devices serial0', 'devices serial0 LSR', 'devices gic state'],
  complete: (session, before) => {
    if (!session.target.stopped) return [];
    if (before.length === 0) return session.target.devices().map(({ name }) => name);
    const registers = deviceNamed(session, before[0]!).registers();
    return ['state', ...registers.map(({ name }) => name)];
  },
  run(session, args) {
    const name = args.take();
    const wanted = args.take();
    args.done();
    if (name === undefined)
      return table(
        session.target.devices().map((device) => [printable(device.name), registerCount(device.registers().length)]),
      );
    const device = deviceNamed(session, name);
    const registers = device.registers();
    if (wanted === 'state') {
      const lines = (JSON.stringify(device.state(), null, 2) ?? 'null').split('\n').map(printable);
      const more =
        lines.length > MOST_STATE_LINES ? [`and ${grouped(lines.length - MOST_STATE_LINES)} lines more`] : [];
      return [...lines.slice(0, MOST_STATE_LINES), ...more];
    }
    const shown = registers.filter((register) => wanted === undefined || lower(register.name) === lower(wanted));
    if (wanted !== undefined && shown.length === 0)
      throw new TsvmError('usage', `${printable(device.name)} has no register ${printable(wanted)}`, {
        next: `devices ${printable(device.name)}`,
      });
    if (shown.length === 0) return [`${printable(device.name)} has no registers`];
    return table(shown.map((register) => [hex(register.offset, 3), printable(register.name), hex(register.value)]));
  },
};

const registerCount = (count: number): string => `${count} register${count === 1 ? '' : 's'}`;
const lower = (text: string): string => text.toLowerCase();

const statsCommand: ShellCommand = {
  name: 'stats',
  aliases: ['stat'],
  family: 'machine',
  usage: 'stats [all | on | off]',
  summary: 'exit counters of each vCPU',
  help: [
    'Those that count something; `all` shows every one, and those that depend on the host: they differ between two equal runs. Counters of what',
    'happens in the midst of code are kept only between `stats on` and `stats off`, or with `run --stat`: the guest is slower then, and does the same.',
  ],
  examples: ['stats', 'stats on', 'stats all'],
  complete: () => ['all', 'on', 'off'],
  run(session, args) {
    const what = args.takeIf('all', 'on', 'off');
    args.done();
    if (what === 'on' || what === 'off') {
      session.counting = what === 'on';
      session.observe();
      return [what === 'on' ? 'all counters are kept from now on' : 'counters in the midst of code are no longer kept'];
    }
    return statLines(session.target.stats(), what === 'all');
  },
};

function statLines(all: readonly VcpuStats[], everything: boolean): string[] {
  const isUncounted = (name: StatName): boolean => all.every((stats) => stats[name] === null);
  const shown = STAT_NAMES.filter(
    (name) => everything || (!statSpec(name).host && !isUncounted(name) && all.some((stats) => stats[name] !== 0)),
  );
  const uncounted = everything ? [] : STAT_NAMES.filter(isUncounted);
  const head = ['', ...all.map((_, i) => `cpu${i}`), ''];
  const rows = shown.map((name) => [
    name,
    ...all.map((stats) => (stats[name] === null ? '-' : grouped(stats[name]))),
    statSpec(name).means,
  ]);
  const right = all.map((_, i) => i + 1);
  return [
    ...(shown.length === 0 ? ['nothing was counted'] : table([head, ...rows], right)),
    ...(uncounted.length === 0 ? [] : [`not counted, until stats on: ${uncounted.join(' ')}`]),
  ];
}

export const machineCommands: readonly ShellCommand[] = [irqCommand, devicesCommand, statsCommand];

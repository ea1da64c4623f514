// What tsvm says about a run, as text: the first two lines, the verdict, and the terminal's help. Guest time comes first
// (virtual seconds @ instructions), wall time in parentheses.
import type {
  CpuProgress,
  ExitTable,
  InferredFacts,
  KernelFault,
  ProgressNote,
  StatTable,
  Verdict,
} from '../api/index.ts';
import { hex } from '../util/bits.ts';
import { grouped, guestSeconds, hostTime, instant, printable } from '../util/format.ts';
import { alignRight } from './errors.ts';
import type { Style } from './style.ts';

/** `wall 2.9 s, 142 MIPS`: the speed is left out when there was no time to measure it in. */
export function wallTime(verdict: Pick<Verdict, 'wallMs' | 'instructions'>): string {
  const { wallMs } = verdict;
  const wall = hostTime(wallMs);
  if (wallMs < 1) return `wall ${wall}`;
  const mips = verdict.instructions / wallMs / 1000;
  return `wall ${wall}, ${mips.toFixed(mips < 10 ? 1 : 0)} MIPS`;
}

/** The second line: what the image said. */
export function renderInferred(facts: InferredFacts, interactive: boolean, columns: number): string {
  const symbols = facts.symbols === null ? '' : `, symbols ${printable(facts.symbols)}`;
  const transport =
    facts.virtioTransport === null ? '' : `, virtio on ${facts.virtioTransport === 'pci' ? 'PCI' : 'MMIO'}`;
  const what =
    `# ${facts.compression === null ? '' : `${facts.compression}-compressed `}${formatOf(facts)} ${facts.architecture} ${facts.endianness}-endian, entry ${hex(facts.entry)}` +
    `${symbols}, ${facts.guestKind} -> ${facts.machine}${transport}`;
  return interactive ? alignRight(what, 'Ctrl-a h help', columns) : what;
}

function formatOf({ format, elfClass }: InferredFacts): string {
  if (format === 'elf') return `ELF${elfClass}`;
  return format === 'flat' ? 'flat file' : format;
}

/** Words that open the verdict of a run that did not simply end well; `%` is the instant. */
const OPENINGS: Readonly<Record<Exclude<Verdict['kind'], 'power-off' | 'guest-exit'>, string>> = {
  panic: 'PANIC at %',
  oops: 'OOPS at %',
  reset: 'RESET at %',
  reboot: 'REBOOT at %',
  hang: 'HANG, proven at %',
  'guest-time-limit': 'LIMIT of guest time, at %',
  'wall-time-limit': 'TIMEOUT at %',
  'tsvm-failed': 'TSVM FAILED at %',
  'engines-differ': 'ENGINES DIFFER at %',
  interrupted: 'INTERRUPTED at %',
};

/** Kinds whose end does not say by itself where the guest was. */
const SHOW_PLACES = new Set<Verdict['kind']>(['hang', 'guest-time-limit', 'wall-time-limit', 'interrupted', 'reset']);

/**
 * The verdict: one line when the guest ended well, else what, where, and the exit code on a line of its own (`withExit`: not
 * when tsvm will end with another).
 */
export function renderVerdict(
  verdict: Verdict,
  style: Style,
  symbolize: (address: number) => string | null = () => null,
  withExit = true,
): string {
  // After a failure of tsvm's own there is no state to hash.
  const hashes = `run ${verdict.runId}${verdict.stateHash === '' ? '' : ` state ${verdict.stateHash}`}`;
  const summary = printable(verdict.summary);
  const facts = `${instant(verdict)}  (${wallTime(verdict)})   ${hashes}`;
  const details = verdict.details.flatMap((text) => text.split('\n')).map((line) => `#   ${printable(line)}`);
  if (verdict.kind === 'power-off' || verdict.kind === 'guest-exit') {
    const good = verdict.exitCode === 0;
    const head = good ? style.good(`# ok: ${summary}`) : style.warn(`# ${summary}`);
    const exit = good || !withExit ? [] : [style.warn(`# exit ${verdict.exitCode}`)];
    return [...details, `${head}   ${facts}`, ...exit].join('\n');
  }
  // What a panic's verdict is about; of any other an oops is something beside it.
  const fault = verdict.faults.findLast(({ kind }) => kind === verdict.kind);
  const opening = OPENINGS[verdict.kind].replace('%', instant(fault ?? verdict));
  const others = verdict.faults.filter((other) => other !== fault);
  return [
    style.bad(fault ? `# ${opening} on cpu${fault.cpu}: "${summary}"` : `# ${opening}: ${summary}`),
    ...(fault ? renderFault(fault, symbolize) : []),
    ...others.flatMap((other) => [`# ${faultLine(other)}`, ...renderFault(other, symbolize)]),
    ...details,
    ...(verdict.progress ? renderProgress(verdict.progress, verdict, symbolize) : []),
    ...(SHOW_PLACES.has(verdict.kind) ? verdict.vcpus.map((place) => renderPlace(place, symbolize)) : []),
    `#   (${wallTime(verdict)})   ${hashes}`,
    ...(withExit ? [style.bad(`# exit ${verdict.exitCode}`)] : []),
  ].join('\n');
}

/** A verdict on one line, for many. */
export function renderSummary(verdict: Verdict): string {
  const { kind, exitCode, summary, stateHash, runId } = verdict;
  const how = exitCode === 0 ? 'ok' : `${kind}, exit ${exitCode}`;
  return `${how}: ${printable(summary)}   ${instant(verdict)} (${wallTime(verdict)})   run ${runId} state ${stateHash}`;
}

/** `oops at 1.204s @ 96,331,870 on cpu0: "Oops"` */
export function faultLine(fault: KernelFault): string {
  return `${fault.kind} at ${instant(fault)} on cpu${fault.cpu}: "${printable(fault.message)}"`;
}

/** Frames that fit on a line; who wants all reads the events. */
const MAX_FRAMES = 12;

/** The backtrace on one line, and the likely cause. */
function renderFault(fault: KernelFault, symbolize: (address: number) => string | null): string[] {
  const frames = fault.backtrace.map(
    ({ address, name }) => name ?? symbolize(address)?.replace(/\+0x.*/, '') ?? hex(address),
  );
  const more = frames.length > MAX_FRAMES ? ` <- ${frames.length - MAX_FRAMES} more` : '';
  return [
    ...(frames.length === 0 ? [] : [`#   ${frames.slice(0, MAX_FRAMES).map(printable).join(' <- ')}${more}`]),
    ...(fault.likely === null ? [] : [`#   likely: ${printable(fault.likely)}`]),
  ];
}

/** Functions of which a vCPU's last instructions are told. */
const MAX_FUNCTIONS = 3;

/** Why a guest came to no end: when it spoke last, and what it did then. */
function renderProgress(
  { lastOutputNs, idleNs, cpus }: ProgressNote,
  { guestTimeNs }: Verdict,
  symbolize: (address: number) => string | null,
): string[] {
  const spoke = lastOutputNs === null ? 'nothing was printed' : `the last output came at ${guestSeconds(lastOutputNs)}`;
  const idle = guestTimeNs === 0 ? 0 : Math.floor((100 * idleNs) / guestTimeNs);
  const resting = cpus.length === 0 ? '; at last no cpu ran' : '';
  return [
    `#   ${spoke}${idle === 0 ? '' : `; idle for ${idle} % of the time`}${resting}`,
    ...cpus.map((progress) => `#   cpu${progress.cpu} ${renderLast(progress, symbolize)}`),
  ];
}

function renderLast(
  { loops, places, from, to, instructions, most }: CpuProgress,
  symbolize: (address: number) => string | null,
): string {
  const functions = new Map<string, number>();
  for (const [pc, times] of most) {
    const name = symbolize(pc)?.replace(/\+0x.*/, '');
    if (name !== undefined) functions.set(name, (functions.get(name) ?? 0) + times);
  }
  const named = [...functions]
    .sort(([, often], [, oftener]) => oftener - often)
    .slice(0, MAX_FUNCTIONS)
    .map(([name, times]) => `${printable(name)} ${Math.round((100 * times) / instructions)} %`);
  const where = named.length === 0 ? '' : ` (${named.join(', ')})`;
  const range = from === to ? `pc ${hex(from)}` : `pc ${hex(from)} to ${hex(to)}`;
  if (loops) return `loops in ${places} step${places === 1 ? '' : 's'}, ${range}${where}`;
  return `was at ${places} places in its last ${grouped(instructions)} steps, ${range}${where}`;
}

function renderPlace(place: Verdict['vcpus'][number], symbolize: (address: number) => string | null): string {
  const symbol = symbolize(place.pc);
  const state = { running: 'running', wait: 'in WAIT', spin: 'branching to itself' }[place.state];
  return `#   cpu${place.cpu} ${state}, pc ${hex(place.pc)}${symbol === null ? '' : ` ${printable(symbol)}`}`;
}

/** Reasons that are shown; who wants all reads the JSON. */
const MAX_EXITS = 24;

/** What `tsvm stat` and --stat show: exits by reason, where somebody looked, and the counters. */
export function renderStatTable(table: StatTable): string[] {
  const exits = table.exits === null ? [] : renderExits(table.exits);
  return [...exits, ...renderCounters(table, table.exits !== null)];
}

/** Exits by reason, the most frequent first. */
function renderExits({ exits, guestTimeNs, rows }: ExitTable): string[] {
  if (exits === 0) return [`no exits in ${guestSeconds(guestTimeNs)} of guest time`];
  const shown = rows.slice(0, MAX_EXITS);
  const lines = shown.map(({ reason, detail, count, percent, guestTimeNs: ns, sites: [site] }) => ({
    name: `  ${printable(reason)}${detail === '' ? '' : ` ${printable(detail)}`}`,
    cells: [grouped(count), percent.toFixed(1), taken(ns)],
    site: site === undefined ? '' : printable(site.symbol ?? hex(site.pc)),
  }));
  const rest = rows.slice(MAX_EXITS);
  if (rest.length > 0) {
    const sum = (of: (row: ExitTable['rows'][number]) => number): number => rest.reduce((all, row) => all + of(row), 0);
    const cells = [grouped(sum(({ count }) => count)), sum(({ percent }) => percent).toFixed(1)];
    lines.push({
      name: `  ${rest.length} other reasons`,
      cells: [...cells, taken(sum(({ guestTimeNs: ns }) => ns))],
      site: '',
    });
  }
  const head = {
    name: `exits ${grouped(exits)} in ${guestSeconds(guestTimeNs)} guest`,
    cells: ['count', '%', 'guest time'],
    site: 'top site',
  };
  return columns([head, ...lines]);
}

/** Guest time of visits; what KVM does within an instruction takes none. */
const taken = (ns: number): string => (ns === 0 ? '-' : guestSeconds(ns));

function columns(rows: readonly { name: string; cells: readonly string[]; site: string }[]): string[] {
  const width = Math.max(...rows.map(({ name }) => name.length));
  const widths = [0, 1, 2].map((n) => Math.max(...rows.map(({ cells }) => cells[n]!.length)));
  return rows.map(({ name, cells, site }) => {
    const numbers = cells.map((cell, n) => cell.padStart(widths[n]!));
    return [name.padEnd(width), ...numbers, site].join('  ').trimEnd();
  });
}

/** The counters that are not 0; `counted`: those that cost something are among them. */
function renderCounters({ lines, ...at }: StatTable, counted: boolean): string[] {
  const happened = lines.filter(({ count }) => count !== 0 && count !== null);
  const width = Math.max(...happened.map(({ name }) => name.length), 0);
  const shown = happened.map(
    ({ name, count, means }) => `  ${name.padEnd(width)}  ${grouped(count!).padStart(14)}  ${means}`,
  );
  const left = lines.some(({ count, name }) => count === null && name !== 'signal');
  const note = counted ? 'the others are counted from the start with run --stat' : 'run --stat counts more';
  return [`counters at ${instant(at)}${left ? ` (${note})` : ''}`, ...shown];
}

/** Ctrl-a h. */
export const TERMINAL_HELP = [
  '# Ctrl-a x       quit: end the run as interrupted (exit 130)',
  '# Ctrl-a c       debug shell: look into the guest and steer it',
  '# Ctrl-a h       this help',
  '# Ctrl-a Ctrl-a  send a Ctrl-a to the guest; every other key goes to the guest, Ctrl-C too',
].join('\n');

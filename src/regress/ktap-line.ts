// One console line read as KTAP: Linux Documentation/dev-tools/ktap.rst (version 1), and what TAP 13 and 14 say more.
// A line is TAP as a whole or not at all: text that looks like TAP behind something else is somebody's message.

/** `todo`: known to be broken (TODO, XFAIL), and no failure whatever it says. */
export type KtapOutcome = 'pass' | 'fail' | 'skip' | 'todo';

export interface KtapResultLine {
  readonly kind: 'result';
  /** null where the line has none. */
  readonly number: number | null;
  /** Empty where the line has none. */
  readonly name: string;
  readonly outcome: KtapOutcome;
  /** What stands behind the `#`; empty when there is none. */
  readonly reason: string;
}

export interface KtapPlanLine {
  readonly kind: 'plan';
  readonly count: number;
  /** Why nothing will run (`1..0 # SKIP reason`, the reason may be empty); null where it does not say so. */
  readonly skipped: string | null;
}

export interface KtapVersionLine {
  readonly kind: 'version';
  readonly protocol: 'KTAP' | 'TAP';
  readonly version: number;
}

interface KtapTextLine {
  readonly kind: 'subtest' | 'diagnostic' | 'bail-out';
  readonly text: string;
}

/** `indent`: columns before the text, behind what printk puts in front. */
export type KtapLine = { readonly indent: number } & (KtapResultLine | KtapPlanLine | KtapVersionLine | KtapTextLine);

/** printk itself does not make longer lines; what a longer one has behind that is not looked at. */
const MAX_LINE = 1024;
const TAB = 4;

/** The syslog level, the time and the caller that printk puts in front of a line (kernel/printk/printk.c). */
const PRINTK_PREFIX = /^(?:<\d{1,3}>)?(?:\[ *\d{1,10}\.\d{6}\](?:\[ *[TC]\d{1,10}\])? |\[ *[TC]\d{1,10}\] )?/;
const VERSION = /^(K?TAP) version (\d+)$/;
const PLAN = /^1\.\.(\d+)(?:\s*#\s*(.*))?$/;
const RESULT = /^(not )?ok(?: +(\d+))?(?: +(.*))?$/;
const SUBTEST = /^# Subtest(?:: *(.*))?$/;
const BAIL_OUT = /^Bail out!\s*(.*)$/i;
/** Skip and todo in small letters too, as TAP has them. */
const DIRECTIVE = /(?:^|\s)#\s*([Ss][Kk][Ii][Pp]|[Tt][Oo][Dd][Oo]|XFAIL|TIMEOUT|ERROR)(?:[Pp][Ee][Dd])?(?=[\s:]|$):?/;
const DIAGNOSTIC_DATA = /(?:^|\s)#(?=\s|$)/;

/** What a line of a console, without its line end, says in KTAP; null when it is not KTAP. */
export function readKtapLine(text: string): KtapLine | null {
  const line = (text.length > MAX_LINE ? copyOf(text.slice(0, MAX_LINE)) : text).replace(PRINTK_PREFIX, '').trimEnd();
  const body = line.trimStart();
  const content = readBody(body);
  return content && { indent: columns(line.slice(0, line.length - body.length)), ...content };
}

function readBody(body: string): KtapResultLine | KtapPlanLine | KtapVersionLine | KtapTextLine | null {
  if (body.startsWith('#')) {
    const subtest = SUBTEST.exec(body);
    if (subtest) return { kind: 'subtest', text: unescaped(subtest[1] ?? '') };
    return { kind: 'diagnostic', text: body.replace(/^# ?/, '') };
  }
  const version = VERSION.exec(body);
  if (version)
    return { kind: 'version', protocol: version[1] === 'KTAP' ? 'KTAP' : 'TAP', version: toNumber(version[2]!) };
  const plan = PLAN.exec(body);
  if (plan) {
    const skip = /^skip\S*\s*(.*)$/i.exec(plan[2] ?? '');
    return { kind: 'plan', count: toNumber(plan[1]!), skipped: skip ? skip[1]! : null };
  }
  const bail = BAIL_OUT.exec(body);
  if (bail) return { kind: 'bail-out', text: bail[1]! };
  return readResult(body);
}

function readResult(body: string): KtapResultLine | null {
  const match = RESULT.exec(body);
  if (!match) return null;
  const [, not, digits, rest = ''] = match;
  // Without a number only what TAP itself writes: "ok, done" and "ok then" are no results.
  if (digits === undefined && rest !== '' && !/^[-#]/.test(rest)) return null;
  const number = digits === undefined ? null : toNumber(digits);
  const said = not ? 'fail' : 'pass';
  const directive = DIRECTIVE.exec(rest);
  if (!directive) {
    const data = DIAGNOSTIC_DATA.exec(rest);
    const name = nameOf(data ? rest.slice(0, data.index) : rest);
    return { kind: 'result', number, name, outcome: said, reason: data ? after(rest, data) : '' };
  }
  const keyword = directive[1]!.toUpperCase();
  const data = after(rest, directive);
  const name = nameOf(rest.slice(0, directive.index));
  if (keyword === 'SKIP') return { kind: 'result', number, name, outcome: 'skip', reason: data };
  if (keyword === 'TODO') return { kind: 'result', number, name, outcome: 'todo', reason: data };
  const reason = `${keyword} ${data}`.trimEnd();
  return { kind: 'result', number, name, outcome: keyword === 'XFAIL' ? 'todo' : 'fail', reason };
}

function after(text: string, match: RegExpExecArray): string {
  return text.slice(match.index + match[0].length).trim();
}

function nameOf(text: string): string {
  return unescaped(text.replace(/^-(?: |$)/, '').trim());
}

/** TAP 14: `\#` and `\\` in a description. */
function unescaped(text: string): string {
  return text.replace(/\\([#\\])/g, '$1');
}

function columns(blanks: string): number {
  let count = 0;
  for (const blank of blanks) count += blank === '\t' ? TAB : 1;
  return count;
}

/** Digits of any length. */
function toNumber(digits: string): number {
  return Math.min(Number(digits), Number.MAX_SAFE_INTEGER);
}

/** A slice would keep the whole of a line of megabytes. */
function copyOf(text: string): string {
  return [...text].join('');
}

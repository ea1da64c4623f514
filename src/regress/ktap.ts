// KTAP from a guest's console, read as it comes: Linux Documentation/dev-tools/ktap.rst (version 1), TAP 13 and 14, and what KUnit has written
// since Linux 5.5. Leaf tests and errors are counted as tools/testing/kunit/kunit_parser.py of Linux 6.1 counts them.
import {
  type KtapOutcome,
  type KtapPlanLine,
  type KtapResultLine,
  type KtapVersionLine,
  readKtapLine,
} from './ktap-line.ts';
import {
  type KtapCounts,
  type KtapLevel,
  type KtapReport,
  type KtapTest,
  newLevel,
  takeDiagnostics,
} from './ktap-report.ts';

/** Tests, diagnostics (of one test, of all) and errors that are kept; what comes after them is counted. */
const MAX_TESTS = 50_000;
const MAX_TEST_DIAGNOSTICS = 100;
const MAX_DIAGNOSTICS = 10_000;
const MAX_ERRORS = 100;
/** Columns, so it bounds how deep tests nest as well: 64 levels of KTAP's two spaces. */
const MAX_INDENT = 128;

const are = (count: number, what: string): string => `${count} ${what} ${count === 1 ? 'is' : 'are'}`;
const SAYS = { pass: 'ok', fail: 'not ok', skip: 'SKIP', todo: 'TODO' } as const;

export class KtapParser {
  /** Outermost first; empty while there is no TAP. */
  private levels: KtapLevel[] = [];
  private acceptsBare: boolean;
  /** TAP may leave the numbers out, KTAP may not. */
  private acceptsUnnumbered = true;
  private readonly totals = { passed: 0, failed: 0, skipped: 0, todo: 0, missing: 0, errors: 0 };
  private readonly tests: KtapTest[] = [];
  private readonly errors: string[] = [];
  private readonly diagnostics: string[] = [];
  private kept = 0;
  private keptDiagnostics = 0;
  private omitted = 0;
  /** Tests and suites with the outcome fail. */
  private failures = 0;
  private seen = false;
  private planned = true;
  private bailOut: string | null = null;
  private skipped: string | null = null;
  private report: KtapReport | null = null;
  /** The last plan that belonged to nothing. */
  private orphan: { readonly indent: number; readonly count: number } | null = null;

  /** `version` false: TAP may begin with its plan or its first result; otherwise everything before a version line is ignored. */
  constructor(options: { readonly version?: boolean } = {}) {
    this.acceptsBare = options.version === false;
  }

  /** One line of a console without its line end; a CR at the end and what printk puts in front do not matter. */
  line(text: string): void {
    const line = this.report ? null : readKtapLine(text);
    if (!line) return;
    if (line.kind === 'diagnostic') {
      const level = this.levels.findLast(({ indent }) => indent <= line.indent) ?? this.levels[0];
      if (level) this.keepDiagnostic(level, line.text);
      return;
    }
    if (line.kind === 'result' && line.number === null && !this.acceptsUnnumbered) return;
    if (line.kind !== 'version' && this.levels.length === 0) {
      const begins =
        line.kind === 'plan' || line.kind === 'subtest' || (line.kind === 'result' && line.number !== null);
      if (!this.acceptsBare || !begins) {
        if (line.kind === 'plan') this.orphan = { indent: line.indent, count: line.count };
        return;
      }
    }
    if (line.indent > MAX_INDENT) this.error(null, `a line is nested deeper than ${MAX_INDENT} columns`);
    else if (line.kind === 'version') this.version(line.indent, line);
    else {
      if (this.levels.length === 0) this.begin(line.kind === 'subtest' ? 0 : line.indent);
      if (line.kind === 'plan') this.plan(line.indent, line);
      else if (line.kind === 'result') this.result(line.indent, line);
      else if (line.kind === 'subtest') this.subtest(line.indent, line.text);
      else this.bail(line.text);
    }
  }

  /** Has everything come that the outermost plan says, or has the guest bailed out? Tests of other plans may follow. */
  get complete(): boolean {
    const [root, ...inner] = this.levels;
    return this.bailOut !== null || (root?.plan != null && inner.length === 0 && root.position >= root.plan);
  }

  /** What is counted so far; what a plan still lacks is not missing before its level ends. */
  get counts(): KtapCounts {
    return { ...this.totals };
  }

  /** There is no more: what has not come is missing. Lines after that are ignored; asked again, the answer is the same. */
  end(): KtapReport {
    if (this.report) return this.report;
    this.endStream();
    if (!this.seen) this.error(null, 'no KTAP came');
    this.report = {
      ok: this.failures === 0 && this.totals.errors === 0 && this.bailOut === null && this.planned,
      planned: this.planned,
      tests: this.tests,
      counts: this.counts,
      errors: this.errors,
      bailOut: this.bailOut,
      skipped: this.skipped,
      diagnostics: this.diagnostics,
      omitted: this.omitted,
    };
    return this.report;
  }

  private begin(indent: number): void {
    this.seen = true;
    this.orphan = null;
    this.levels = [newLevel(indent)];
  }

  /** A plan, and then a suite further in: the version line before the plan was lost. */
  private beginAtPlan({ indent, count }: { readonly indent: number; readonly count: number }): void {
    this.begin(indent);
    this.levels[0]!.plan = count;
    this.error(null, `no version line came before the plan 1..${count}`);
  }

  private version(indent: number, { protocol, version }: KtapVersionLine): void {
    if (this.levels.length === 0 && this.orphan && this.orphan.indent < indent) this.beginAtPlan(this.orphan);
    const root = this.levels[0];
    if (!root || indent < root.indent) this.restart(indent);
    else {
      const level = this.levelAt(indent);
      const empty = level.position === 0 && level.plan === null && !level.awaiting;
      if (indent > level.indent) this.open(level, indent);
      else if (!empty && level === root) this.restart(indent);
      else if (!empty) this.openBeside(level);
    }
    if (this.levels.length === 1) this.acceptsUnnumbered = protocol === 'TAP';
    if (protocol === 'KTAP' ? version !== 1 : version !== 13 && version !== 14)
      this.error(this.levels.at(-1)!, `${protocol} version ${version} is not known`);
  }

  private restart(indent: number): void {
    this.endStream();
    this.begin(indent);
  }

  private subtest(indent: number, name: string): void {
    const level = this.levelAt(indent);
    const fresh = level !== this.levels[0] && level.position === 0 && level.plan === null && !level.awaiting;
    if (indent > level.indent && level.announced === null) this.open(level, indent, name);
    else if (indent > level.indent) this.open(level, indent).announced = name;
    else if (fresh && level.name === '') level.name = name;
    else if (!fresh || level.name !== name) level.announced = name;
  }

  private plan(indent: number, line: KtapPlanLine): void {
    let level = this.enter(indent);
    if (level.plan !== null) level = this.openIfAnnounced(level);
    this.settle(level);
    if (level.plan !== null) {
      this.error(level, `a second plan, 1..${line.count}`);
      return;
    }
    level.plan = line.count;
    if (line.count === 0) level.planSkipped = line.skipped;
    if (level.position > line.count) this.error(level, `planned ${line.count} tests after ${level.position} had come`);
  }

  private result(indent: number, line: KtapResultLine): void {
    let level = this.enter(indent);
    if (line.number === 1 && level.position > 0) level = this.openIfAnnounced(level);
    level.announced = null;
    const inner = level.awaiting;
    const same = inner && (inner.name === '' || line.name === '' || inner.name === line.name);
    if (inner && (same || line.number === level.position + 1)) {
      // printk may have broken one of the two names; the number says that they belong together.
      if (!same) this.error(level, `${inner.name} has the result line of ${line.name}`);
      this.finish(level, inner, line);
      return;
    }
    this.settle(level);
    this.place(level, line);
    this.count(level, line.outcome);
    const { number, name, outcome, reason } = line;
    const diagnostics = takeDiagnostics(level);
    this.keep(level, { number, name, outcome, reason, diagnostics, plan: null, missing: 0, children: [] });
  }

  /** Nothing more of this stream counts. */
  private bail(reason: string): void {
    this.bailOut ??= reason;
    this.endStream();
    this.acceptsBare = false;
  }

  /** The level at `indent` or the next one outside of it; those inside of it have ended. */
  private levelAt(indent: number): KtapLevel {
    // A stream that began inside of another: the beginning was not seen.
    if (indent < this.levels[0]!.indent) this.levels.unshift(newLevel(indent));
    let level = this.levels.at(-1)!;
    while (level.indent > indent) {
      const inner = this.levels.pop()!;
      level = this.levels.at(-1)!;
      level.awaiting = inner;
    }
    return level;
  }

  private enter(indent: number): KtapLevel {
    const level = this.levelAt(indent);
    return indent > level.indent ? this.open(level, indent) : level;
  }

  private open(outer: KtapLevel, indent: number, name = outer.announced ?? ''): KtapLevel {
    this.settle(outer);
    outer.announced = null;
    const level = newLevel(indent, name);
    this.levels.push(level);
    return level;
  }

  /** The next suite at the same depth, though the result line of `level` has not come. */
  private openBeside(level: KtapLevel, name = level.announced ?? ''): KtapLevel {
    this.levels.pop();
    const outer = this.levels.at(-1)!;
    outer.awaiting = level;
    return this.open(outer, level.indent, name);
  }

  /** What a `# Subtest` at this depth belongs to is known from the line after it: KUnit indents it with its tests, TAP 14 does not. */
  private openIfAnnounced(level: KtapLevel): KtapLevel {
    return level.announced !== null && level !== this.levels[0] ? this.openBeside(level) : level;
  }

  /** The test whose level has ended got no result line. */
  private settle(level: KtapLevel): void {
    if (level.awaiting) this.finish(level, level.awaiting, null);
  }

  /** `inner` was all of one test of `outer`. */
  private finish(outer: KtapLevel, inner: KtapLevel, line: KtapResultLine | null): void {
    outer.awaiting = null;
    this.settle(inner);
    if (inner.name === '') inner.name = line?.name ?? '';
    const missing = this.endPlan(outer, inner);
    this.place(outer, line);
    const [outcome, reason] = this.judge(outer, inner, missing, line);
    outer.counted += inner.counted;
    const { name, plan, children } = inner;
    const diagnostics = [...takeDiagnostics(inner), ...takeDiagnostics(outer)];
    this.keep(outer, { number: line?.number ?? null, name, outcome, reason, diagnostics, plan, missing, children });
  }

  /** The outcome and the reason of a test that had a level of its own. */
  private judge(
    outer: KtapLevel,
    inner: KtapLevel,
    missing: number,
    line: KtapResultLine | null,
  ): [KtapOutcome, string] {
    const troubles = [];
    if (inner.failed > 0) troubles.push(`${inner.failed} of its ${inner.position} tests failed`);
    if (missing > 0) troubles.push(`${are(missing, `of its ${inner.plan} planned tests`)} missing`);
    const trouble = troubles.join(' and ');
    const ranNothing = inner.position === 0 && missing === 0;
    if (!line) {
      if (inner.name !== '' || !ranNothing) this.error(outer, `${inner.name || 'a suite'} has no result line`);
      if (ranNothing) this.error(outer, `${inner.name || 'a suite'} ran no tests`);
      // As the kernel's parser does: a suite that was cut off before anything countable ran below it is itself what is missing.
      else if (inner.counted === 0) this.countMissing(inner, 1);
      return ['fail', `has no result line${trouble && `, and ${trouble}`}`];
    }
    const planSkipped = ranNothing && line.outcome === 'pass' ? inner.planSkipped : null;
    const says = planSkipped === null ? line.outcome : 'skip';
    if (ranNothing && says === 'pass') {
      this.error(outer, `${inner.name || 'a suite'} ran no tests`);
      return ['skip', 'ran no tests'];
    }
    // As the kernel's parser does: with nothing countable below, the suite counts as a test.
    if (inner.counted === 0) this.count(inner, says);
    if (trouble && says !== 'fail') return ['fail', `says ${SAYS[says]}, but ${trouble}`];
    return [says, line.reason || planSkipped || trouble];
  }

  /** How many tests of its plan `level` lacks. */
  private endPlan(outer: KtapLevel | null, level: KtapLevel): number {
    const missing = Math.max(0, (level.plan ?? 0) - level.position);
    if (missing === 0) return 0;
    this.error(
      outer,
      `${level.name || 'the plan'}: ${are(missing, `of ${level.plan} planned tests`)} missing`,
      missing,
    );
    this.countMissing(level, missing);
    return missing;
  }

  private countMissing(level: KtapLevel, count: number): void {
    this.totals.missing += count;
    level.counted += count;
  }

  /** The next test of `level`, in the order of its plan. */
  private place(level: KtapLevel, line: KtapResultLine | null): void {
    level.position++;
    const number = line?.number ?? level.position;
    if (number !== level.position)
      this.error(level, `${line?.name || 'a test'} has number ${number} where ${level.position} was due`);
    if (level.plan !== null && level.position > level.plan)
      this.error(level, `${line?.name || 'a test'} is test ${level.position} of a plan of ${level.plan}`);
  }

  private count(level: KtapLevel, outcome: KtapOutcome): void {
    const key = ({ pass: 'passed', fail: 'failed', skip: 'skipped', todo: 'todo' } as const)[outcome];
    this.totals[key]++;
    level.counted++;
  }

  private keep(level: KtapLevel, test: KtapTest): void {
    if (test.outcome === 'fail') {
      level.failed++;
      this.failures++;
    }
    if (this.kept === MAX_TESTS) this.omitted++;
    else {
      this.kept++;
      level.children.push(test);
    }
  }

  private keepDiagnostic(level: KtapLevel, text: string): void {
    if (this.keptDiagnostics === MAX_DIAGNOSTICS || level.diagnostics.length === MAX_TEST_DIAGNOSTICS)
      level.droppedDiagnostics++;
    else {
      this.keptDiagnostics++;
      level.diagnostics.push(text);
    }
  }

  /** `level`: where it is noticed; null when that is no suite. */
  private error(level: KtapLevel | null, message: string, times = 1): void {
    this.totals.errors += times;
    if (this.errors.length === MAX_ERRORS) return;
    const at = level ? this.levels.indexOf(level) : -1;
    const names = this.levels.slice(0, at + 1).map(({ name }) => name);
    this.errors.push([...names.filter((name) => name !== ''), message].join(': '));
  }

  private endStream(): void {
    if (this.levels.length === 0) return;
    const root = this.levelAt(this.levels[0]!.indent);
    this.settle(root);
    const missing = this.endPlan(null, root);
    if (root.plan === null) this.planned = false;
    if (root.position > 0 && root.counted === 0) this.countMissing(root, 1);
    if (root.position === 0 && missing === 0) {
      if (root.planSkipped === null) this.error(null, 'no tests ran');
      this.skipped ??= root.planSkipped;
    }
    for (const test of root.children) this.tests.push(test);
    for (const text of takeDiagnostics(root))
      if (this.diagnostics.length < MAX_TEST_DIAGNOSTICS) this.diagnostics.push(text);
    this.levels = [];
  }
}

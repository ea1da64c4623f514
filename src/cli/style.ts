// Colour for stderr: only on a terminal that has columns, never with NO_COLOR (no-color.org) or in CI. chalk is loaded
// only then, so that pipes can neither wait for it nor be coloured by it.

export interface Style {
  dim(text: string): string;
  good(text: string): string;
  bad(text: string): string;
  warn(text: string): string;
}

const same = (text: string): string => text;
export const plainStyle: Style = { dim: same, good: same, bad: same, warn: same };

/** What of a stream decides about colour and progress. A terminal of 0 columns (some CI ptys) counts as none. */
export interface TerminalFacts {
  readonly isTTY?: boolean | undefined;
  readonly columns?: number | undefined;
  readonly rows?: number | undefined;
}

export type Env = Readonly<Record<string, string | undefined>>;

const isSet = (value: string | undefined): boolean => value !== undefined && value !== '';

/** Is this a terminal with columns, outside CI? Then a spinner may turn on it. */
export function isInteractive(stream: TerminalFacts, env: Env): boolean {
  const inCi = isSet(env.CI) && env.CI !== 'false' && env.CI !== '0';
  return stream.isTTY === true && (stream.columns ?? 0) > 0 && env.TERM !== 'dumb' && !inCi;
}

export function wantsColour(stream: TerminalFacts, env: Env): boolean {
  return isInteractive(stream, env) && !isSet(env.NO_COLOR);
}

/** The style for a stream. */
export async function styleFor(stream: TerminalFacts, env: Env): Promise<Style> {
  if (!wantsColour(stream, env)) return plainStyle;
  const { Chalk } = await import('chalk');
  // A fixed level: chalk's own guess looks at stdout and at argv, neither of which is about stderr.
  const chalk = new Chalk({ level: 1 });
  return { dim: chalk.dim, good: chalk.green, bad: chalk.red, warn: chalk.yellow };
}

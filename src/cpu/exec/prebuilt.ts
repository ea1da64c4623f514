// Generated programs, ready, by name. Empty in the sources; the bundle of the command line has this file's list
// filled by scripts/bundle.mjs, which saves it the generation at every start.

export interface Prebuilt {
  /** The WebAssembly. */
  readonly base64: string;
  /** See farFlags. */
  readonly far: string;
}

export const PREBUILT: Readonly<Record<string, () => Promise<Prebuilt>>> = {};

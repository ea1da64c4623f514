// Generated programs, ready: WebAssembly in base64 by program name. Empty in the sources; the bundle of the command line has this file's list
// filled by scripts/bundle.mjs, which saves it the generation at every start.

export const PREBUILT: Readonly<Record<string, () => Promise<string>>> = {};

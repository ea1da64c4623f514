// How V8 compiles in the command line's own process. The library leaves its host's V8 alone.
import { setFlagsFromString } from 'node:v8';

/**
 * A run is short, and most of its JavaScript runs seldom: V8's optimiser would cost more CPU time than it saves (docs/performance.md).
 * Ten times V8's own budget.
 */
export function optimiseJavaScriptLater(): void {
  setFlagsFromString('--interrupt-budget=700000');
}

/**
 * The interpreter is hot from the start and is optimised at V8's own budget. Regions, instantiated later, are worth it only when they run much
 * longer: V8 counts a whole function at each call, and baseline code is three times as fast as interpreting.
 */
export function optimiseRegionsLater(): void {
  setFlagsFromString('--wasm-tiering-budget=100000000');
  // A VM's WebAssembly nests to a bound of its own (MOST_NESTED), and a run ends by itself: the checks only cost.
  setFlagsFromString('--no-wasm-stack-checks');
}

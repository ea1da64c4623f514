// The package's second door, `tsvm/test`: for test files.
export { type TestOptions, type TestVm, test } from './define.ts';
export type { KtapCounts, KtapReport, KtapTest } from './ktap-report.ts';

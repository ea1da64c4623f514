// `npm run test:linux`: real kernels by the built command line. Apart from `npm test`, because they must be fetched or built first.
import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/linux/**/*.test.ts'],
    // Several emulated machines at a time would only wait for each other.
    fileParallelism: false,
    env: { TSVM_RUNS: '', TSVM_RUNTIME_DIR: '' },
    testTimeout: 900_000,
    hookTimeout: 1_800_000,
  },
});

import { configDefaults, defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    // Real kernels have a configuration of their own: npm run test:linux.
    exclude: [...configDefaults.exclude, 'test/linux/**'],
    testTimeout: 30_000,
    // All cores: by itself vitest leaves one free, which is half of a small machine.
    maxWorkers: '100%',
    // No records of runs and no sockets in the user's own folders.
    env: { TSVM_RUNS: '', TSVM_RUNTIME_DIR: '' },
    // `npm run coverage`: the rooms that everything else stands on.
    coverage: {
      provider: 'v8',
      include: ['src/kvm/**', 'src/devices/**', 'src/memory/**', 'src/vmm/**'],
      reporter: ['text'],
      thresholds: { lines: 90 },
    },
  },
});

import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    testTimeout: 30_000,
    // `npm run coverage`: the rooms that everything else stands on.
    coverage: {
      provider: 'v8',
      include: ['src/kvm/**', 'src/devices/**', 'src/memory/**', 'src/vmm/**'],
      reporter: ['text'],
      thresholds: { lines: 90 },
    },
  },
});

import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    testTimeout: 20_000,
    hookTimeout: 30_000,
    // Half of the suites wait for servers and clients in other processes: three workers keep two cores busy.
    maxWorkers: 3,
  },
});

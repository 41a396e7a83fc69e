import { defineConfig } from 'vitest/config';

/** Files without a server, a socket or a process: they share threads and their modules. */
const unit = ['test/unit/**/*.test.ts', 'test/*.test.ts'];

export default defineConfig({
  test: {
    projects: [
      {
        extends: true,
        test: { name: 'unit', include: unit, pool: 'threads', isolate: false, maxWorkers: 2 },
      },
      {
        extends: true,
        // They wait for servers and clients in other processes: three workers keep two cores busy.
        test: { name: 'process', include: ['test/process/**/*.test.ts'], maxWorkers: 3 },
      },
      {
        extends: true,
        test: { name: 'load', include: ['test/load/**/*.test.ts'], maxWorkers: 3 },
      },
    ],
    testTimeout: 20_000,
    hookTimeout: 30_000,
  },
});

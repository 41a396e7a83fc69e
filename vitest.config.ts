import { defineConfig } from 'vitest/config';
import { ProjectTimes } from './test/support/project-times.ts';

/** Files without a server, a socket or a process: they share threads and their modules. */
const unit = ['test/unit/**/*.test.ts', 'test/*.test.ts'];
/** The other projects run dist/; it is made before them, and only for them. */
const globalSetup = ['test/support/fresh-build.ts'];
/** A result for programs, beside the words for people: .ci/run counts the tests in it. */
const { TEST_RESULT_FILE: outputFile } = process.env;
const resultForPrograms = outputFile === undefined ? [] : ['json'];

export default defineConfig({
  test: {
    // One after another (groupOrder), so that the time of each is its own.
    projects: [
      {
        extends: true,
        test: {
          name: 'unit',
          include: unit,
          pool: 'threads',
          isolate: false,
          maxWorkers: 2,
          sequence: { groupOrder: 0 },
        },
      },
      {
        extends: true,
        // They wait for servers and clients in other processes: three workers keep two cores busy.
        test: {
          name: 'process',
          include: ['test/process/**/*.test.ts'],
          globalSetup,
          maxWorkers: 3,
          sequence: { groupOrder: 1 },
        },
      },
      {
        extends: true,
        test: {
          name: 'load',
          include: ['test/load/**/*.test.ts'],
          globalSetup,
          maxWorkers: 3,
          sequence: { groupOrder: 2 },
        },
      },
    ],
    reporters: ['default', new ProjectTimes(), ...resultForPrograms],
    ...(outputFile !== undefined && { outputFile }),
    testTimeout: 20_000,
    hookTimeout: 30_000,
  },
});

import { defineConfig } from 'vitest/config';
import { ProjectTimes } from './test/support/project-times.ts';

/** Files without a server, a socket or a process: they share threads and their modules. */
const unit = ['test/unit/**/*.test.ts', 'test/*.test.ts'];
const servedByWorkers = [
  'test/process/acceptance.test.ts',
  'test/process/contract/{collect,interrupt}.test.ts',
  'test/process/rpc/{single-flight,slots}.test.ts',
];
/** The other projects run dist/; it is made before them, and only for them. */
const globalSetup = ['test/support/fresh-build.ts'];
const setupFiles = ['test/support/end-of-file.setup.ts'];
/** Servers that run in tests get the packages that production gets, without the development build of XState. */
const productionModules = { resolve: { conditions: ['module', 'node'] } };
/** A result for programs, beside the words for people: .ci/run counts the tests in it. */
const { TEST_RESULT_FILE: outputFile } = process.env;
/** CI gives a test whose processes came late one more try, and tells which needed it; elsewhere there is none. */
const retry = process.env.TEST_RETRIES === '1' ? { count: 1, delay: 1_000 } : 0;
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
        ssr: productionModules,
        // They wait for servers and clients in other processes: three workers keep two cores busy. Modules are shared by the files of
        // a worker; loading the server anew for each file would take longer than most of them.
        test: {
          name: 'process',
          include: ['test/process/**/*.test.ts'],
          globalSetup,
          setupFiles,
          isolate: false,
          maxWorkers: 3,
          sequence: { groupOrder: 1 },
        },
      },
      {
        extends: true,
        ssr: productionModules,
        // What is one truth is one with workers, too: the same tests, against servers that have two.
        test: {
          name: 'workers',
          include: servedByWorkers,
          env: { TEST_WORKERS: '2' },
          globalSetup,
          setupFiles,
          isolate: false,
          maxWorkers: 2,
          sequence: { groupOrder: 4 },
        },
      },
      {
        extends: true,
        ssr: productionModules,
        // A server, a Chromium and its tabs a file: two of those are all that two cores can carry.
        test: {
          name: 'browser',
          include: ['test/browser/**/*.test.ts'],
          globalSetup: [...globalSetup, 'test/support/browser/browser.global.ts'],
          setupFiles: [...setupFiles, 'test/support/browser/browser.setup.ts'],
          isolate: false,
          maxWorkers: 2,
          // A page waits seconds before it tries a lost server again, and a busy machine makes them more.
          expect: { poll: { timeout: 20_000, interval: 50 } },
          sequence: { groupOrder: 2 },
        },
      },
      {
        extends: true,
        ssr: productionModules,
        test: {
          name: 'load',
          include: ['test/load/**/*.test.ts'],
          globalSetup,
          setupFiles,
          maxWorkers: 3,
          sequence: { groupOrder: 3 },
        },
      },
    ],
    reporters: ['default', new ProjectTimes(), ...resultForPrograms],
    ...(outputFile !== undefined && { outputFile }),
    // A file of the server is compiled once for all runs, by its content: a single test file takes a second less.
    experimental: { fsModuleCache: true },
    // Far beyond what any test takes: a busy machine is no fault of the code.
    testTimeout: 60_000,
    retry,
    hookTimeout: 60_000,
  },
});

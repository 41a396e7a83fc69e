/**
 * The house rules as a test (STYLE): who imports what, the one place of ids and of gRPC statuses, no state outside of
 * sessions, sizes. Every rule is shown to fail on a bad snippet: a check that can't fail is worth nothing.
 */
import { describe, expect, test } from 'vitest';
import { idFaults, importFaults, importsOf, staleDeviations, statusFaults } from './support/tidy/import-rules.ts';
import { computedImports, deviations, importTable } from './support/tidy/import-table.ts';
import { machineCallFaults } from './support/tidy/machine-rules.ts';
import { sizeExemptions, sizeFaults, staleSizeExemptions } from './support/tidy/size-rules.ts';
import { parseSource, sourceFiles } from './support/tidy/source-file.ts';
import { readonlyTypesOf, staleStateExemptions, stateExemptions, stateFaults } from './support/tidy/state-rules.ts';
import { isUnitTest, testFiles, unitTestFaults } from './support/tidy/unit-test-rules.ts';

const files = sourceFiles();
const readonlyTypes = readonlyTypesOf(files);

describe('the sources', () => {
  test('are all seen', () => {
    expect(files.length).toBeGreaterThan(60);
    expect(files.map(({ path }) => path)).toEqual(
      expect.arrayContaining([
        'errors.ts',
        'machines/session/session.machine.ts',
        'actors/outbox/outbox.ts',
        'rpc/server.ts',
        'cli.ts',
      ]),
    );
  });

  test('import only what the table allows', () => {
    expect(files.flatMap((file) => importFaults(file))).toEqual([]);
  });

  test('make ids in rpc/identity.ts alone', () => {
    expect(files.flatMap(idFaults)).toEqual([]);
  });

  test('make gRPC statuses in rpc/status.ts alone', () => {
    expect(files.flatMap(statusFaults)).toEqual([]);
  });

  test('keep no state at module level in machines, actors, text, rpc and engines', () => {
    expect(files.flatMap((file) => stateFaults(file, readonlyTypes))).toEqual([]);
  });

  test('name every spawned child and every delayed send of a machine', () => {
    expect(files.flatMap(machineCallFaults)).toEqual([]);
  });

  test('have files of at most 400 lines and functions of at most 70', () => {
    expect(files.flatMap((file) => sizeFaults(file))).toEqual([]);
  });

  test('need every exemption that is written down, and each has a reason', () => {
    expect([
      ...staleDeviations(files),
      ...staleStateExemptions(files, readonlyTypes),
      ...staleSizeExemptions(files),
    ]).toEqual([]);
    for (const { reason } of [...deviations, ...computedImports, ...stateExemptions, ...sizeExemptions]) {
      expect(reason.length).toBeGreaterThan(20);
    }
  });
});

describe('the import table', () => {
  test.each([
    ['machines/x.machine.ts', `import { readFileSync } from 'node:fs';`, 'machines/ may not import node:fs'],
    [
      'machines/x.machine.ts',
      `import { createOutbox } from '../actors/outbox/outbox.ts';`,
      'machines/ may not import actors/outbox/outbox.ts',
    ],
    ['text/x.ts', `import type { Config } from '../config.ts';`, 'text/ may not import types of config.ts'],
    [
      'actors/x.actor.ts',
      `import { sessionMachine } from '../machines/session/session.machine.ts';`,
      'actors/ may not import machines/session/session.machine.ts',
    ],
    [
      'actors/x.actor.ts',
      `export { sessionMachine } from '../machines/session/session.machine.ts';`,
      'actors/ may not import machines/session/session.machine.ts',
    ],
    ['actors/x.actor.ts', `export * from '../rpc/server.ts';`, 'actors/ may not import rpc/server.ts'],
    [
      'rpc/x.ts',
      `import type { Outbox } from '../actors/outbox/outbox.ts';`,
      'rpc/ may not import types of actors/outbox/outbox.ts',
    ],
    [
      'rpc/x.ts',
      `import type { AnswerEngine } from '../engines/answer-engine.ts';`,
      'rpc/ may not import types of engines/answer-engine.ts',
    ],
    ['engines/x.ts', `import { Server } from '@grpc/grpc-js';`, 'engines/ may not import @grpc/grpc-js'],
    ['engines/x.ts', `const fs = await import('node:fs');`, 'engines/ may not import node:fs'],
    ['engines/x.ts', `const fs = require('node:fs');`, 'engines/ may not import node:fs'],
    ['text/x.ts', `let state: import('xstate').AnyStateMachine;`, 'text/ may not import types of xstate'],
    ['server/x.ts', `import { replay } from '../replay/replayer.ts';`, 'server/ may not import replay/replayer.ts'],
    [
      'server/x.ts',
      `import { x } from '../analysis/log-difference.ts';`,
      'server/ may not import analysis/log-difference.ts',
    ],
    [
      'replay/x.ts',
      `import { x } from '../analysis/log-difference.ts';`,
      'replay/ may not import analysis/log-difference.ts',
    ],
    ['record/x.ts', `import { x } from '../replay/replayer.ts';`, 'record/ may not import replay/replayer.ts'],
    [
      'cli/usage/x.ts',
      `import { startSystem } from '../../server/system.ts';`,
      'cli/usage/ may not import server/system.ts',
    ],
    ['cli/ask/x.ts', `import { readLog } from '../../log/log-reader.ts';`, 'cli/ask/ may not import log/log-reader.ts'],
    ['errors.ts', `import { assert } from './assert.ts';`, 'errors.ts may not import assert.ts'],
    [
      'engines/x.ts',
      `import zod from 'zod/v3'; import x from '@grpc/grpc-js/build/src/x';`,
      'engines/ may not import @grpc/grpc-js',
    ],
  ])('refuses in %s: %s', (path, text, fault) => {
    expect(importFaults(parseSource(path, text))).toEqual([`${path}:1: ${fault}`]);
  });

  test('refuses a value where types are allowed, also when a type stands beside it', () => {
    const mixed = parseSource(
      'rpc/x.ts',
      `import { type SessionContext, sessionSetup } from '../machines/session/session.setup.ts';`,
    );
    expect(importFaults(mixed)).toEqual(['rpc/x.ts:1: rpc/ may not import machines/session/session.setup.ts']);
    const typesOnly = parseSource(
      'rpc/x.ts',
      `import { type SessionContext } from '../machines/session/session.setup.ts';`,
    );
    expect(importFaults(typesOnly)).toEqual([]);
  });

  test('refuses a target that is computed, and a file that no row is about', () => {
    expect(importFaults(parseSource('rpc/x.ts', 'await import(name);'))).toEqual([
      'rpc/x.ts:1: an import whose target is computed',
    ]);
    expect(importFaults(parseSource('fleet/x.ts', ''))).toEqual([
      'fleet/x.ts: no row of the import table is about this file',
    ]);
  });

  test('does not take words in comments and strings for imports', () => {
    const text = `// import fs from 'node:fs'\nconst text = "import fs from 'node:fs'";`;
    expect(importsOf(parseSource('text/x.ts', text))).toEqual([]);
  });

  test('allows a deviation to its own file only, and reports one that nobody needs', () => {
    const allowed = [{ from: 'text/x.ts', to: 'node:fs', reason: 'because' }];
    const [x, y] = ['text/x.ts', 'text/y.ts'].map((path) => parseSource(path, `import 'node:fs';`));
    expect(x && importFaults(x, importTable, allowed)).toEqual([]);
    expect(y && importFaults(y, importTable, allowed)).toEqual(['text/y.ts:1: text/ may not import node:fs']);
    expect(staleDeviations(files, [{ from: 'text/commands.ts', to: 'node:fs', reason: 'because' }])).toContain(
      'text/commands.ts → node:fs',
    );
  });
});

describe('the rule about ids', () => {
  test.each([
    `import { randomUUID } from 'node:crypto';`,
    `import crypto from 'crypto';`,
    'const id = crypto.randomUUID();',
    'const id = globalThis.crypto.randomUUID();',
    'const id = Math.random().toString(36);',
  ])('refuses outside of its place: %s', (text) => {
    expect(idFaults(parseSource('rpc/streaming-rpcs.ts', text))).toHaveLength(1);
    expect(idFaults(parseSource('rpc/identity.ts', text))).toEqual([]);
  });
});

describe('the rule about gRPC statuses', () => {
  test.each([
    `import { status } from '@grpc/grpc-js';`,
    `import { status as grpcStatus } from '@grpc/grpc-js';`,
    `import * as grpc from '@grpc/grpc-js';`,
    `export { status } from '@grpc/grpc-js';`,
    `const grpc = await import('@grpc/grpc-js');`,
  ])('refuses outside of its place: %s', (text) => {
    expect(statusFaults(parseSource('rpc/server.ts', text))).toHaveLength(1);
    expect(statusFaults(parseSource('rpc/status.ts', text))).toEqual([]);
  });

  test('lets other names of grpc-js be', () => {
    expect(statusFaults(parseSource('rpc/server.ts', `import { Server } from '@grpc/grpc-js';`))).toEqual([]);
  });
});

describe('the rule about module-level state', () => {
  const faultsOf = (text: string, path = 'actors/x.ts') => {
    const file = parseSource(path, text);
    return stateFaults(file, readonlyTypesOf([file]), []);
  };

  test.each([
    'let count = 0;',
    'var count = 0;',
    'export let count = 0;',
    'const sessions = new Map<string, string>(); sessions.set("a", "b");',
    'export const sessions = new Map<string, string>();',
    'const seen = new WeakMap(); export const see = (key: object) => seen.set(key, 1);',
    'const seen = new Set<string>(); export const all = () => seen;',
    'const queue: string[] = []; export const push = (text: string) => queue.push(text);',
    'const last = { id: "" }; export const keep = (id: string) => { last.id = id; };',
    'const last = { id: "" }; export const forget = () => { delete last.id; };',
    'const counts = [0]; export const count = () => { counts[0]++; };',
    'export const defaults = { a: 1 };',
    'const defaults = { a: 1 }; export { defaults };',
    'interface State { id: string } export const state: State = { id: "" };',
    'const word = /a/g; export const has = (text: string) => word.test(text);',
    'class Counter { static count = 0; }',
    'export class Counter { static sessions = new Map(); }',
  ])('refuses: %s', (text) => {
    expect(faultsOf(text)).toHaveLength(1);
  });

  test.each([
    'const limit = 4096; const name = "x"; const pattern = /a/;',
    'export const table = { a: 1 } as const;',
    'export const table = Object.freeze({ a: 1 });',
    'export const table = { a: 1 } as const satisfies Record<string, number>;',
    'export const table: Readonly<Record<string, number>> = { a: 1 };',
    'export const names: readonly string[] = ["a"];',
    'export const names: ReadonlySet<string> = new Set(["a"]);',
    'interface Limits { readonly a: number } export const limits: Limits = { a: 1 };',
    'const units = ["a", "b"]; export const unit = (i: number) => units[i];',
    'const known = new Set(["a"]); export const isKnown = (x: string) => known.has(x);',
    'const word = /a/g; export const without = (text: string) => text.replaceAll(word, "");',
    'export function make() { let count = 0; const all = new Map(); return () => all.set(count++, 1); }',
    'export class Box { static readonly size = 1; #items = new Map(); }',
  ])('lets be: %s', (text) => {
    expect(faultsOf(text)).toEqual([]);
  });

  test('leaves other folders alone', () => {
    expect(faultsOf('let count = 0;', 'cli/x.ts')).toEqual([]);
  });
});

describe('the rule about ids in machines', () => {
  test.each([
    'enqueue.spawnChild("answer");',
    'enqueue.spawnChild("answer", { input: 1 });',
    'const x = assign({ child: ({ spawn }) => spawn("answer") });',
    'enqueue.raise({ type: "x" }, { delay: 10 });',
    'const x = sendTo("answer", { type: "x" }, { delay: "soon" });',
  ])('refuses: %s', (text) => {
    expect(machineCallFaults(parseSource('machines/x.machine.ts', text))).toHaveLength(1);
  });

  test.each([
    'enqueue.spawnChild("answer", { id: "answer" });',
    'enqueue.raise({ type: "x" });',
    'enqueue.raise({ type: "x" }, { delay: 10, id: "soon" });',
  ])('lets be: %s', (text) => {
    expect(machineCallFaults(parseSource('machines/x.machine.ts', text))).toEqual([]);
  });
});

describe('the rule about sizes', () => {
  const lines = (count: number) => Array.from({ length: count }, () => '  work();').join('\n');

  test('refuses a file of 401 lines and lets one of 400 be', () => {
    expect(sizeFaults(parseSource('text/x.ts', lines(401)))).toEqual(['text/x.ts text/x.ts: 401 lines, at most 400']);
    expect(sizeFaults(parseSource('text/x.ts', lines(400)))).toEqual([]);
  });

  test.each([
    `function long() {\n${lines(69)}\n}`,
    `const long = () => {\n${lines(69)}\n};`,
    `class X {\n  long() {\n${lines(69)}\n  }\n}`,
    `const x = {\n  long: async () => {\n${lines(69)}\n  },\n};`,
  ])('refuses a function of 71 lines, whatever its form', (text) => {
    const faults = sizeFaults(parseSource('text/x.ts', text));
    expect(faults).toEqual([expect.stringMatching(/text\/x\.ts long: 71 lines, at most 70$/)]);
  });

  test('lets a function of 70 lines be', () => {
    expect(sizeFaults(parseSource('text/x.ts', `function long() {\n${lines(68)}\n}`))).toEqual([]);
  });
});

describe('the rule about unit tests', () => {
  test('holds for all of them', () => {
    const all = testFiles();
    const units = [...all.keys()].filter(isUnitTest);
    expect(units.length).toBeGreaterThan(60);
    expect(units).toEqual(expect.arrayContaining(['test/tidy.test.ts', 'test/unit/actors/outbox.test.ts']));
    expect(units.flatMap((path) => unitTestFaults(path, all))).toEqual([]);
  });

  const path = 'test/unit/x.test.ts';
  const faultsOf = (text: string, support: Readonly<Record<string, string>> = {}) => {
    const texts = { [path]: text, ...support };
    const all = new Map(Object.entries(texts).map(([place, content]) => [place, parseSource(place, content)]));
    return unitTestFaults(path, all);
  };

  test.each([
    [`import { spawn } from 'node:child_process';`, 'imports node:child_process'],
    [`import { Worker } from 'worker_threads';`, 'imports worker_threads'],
    [`import { createServer } from 'node:http';`, 'imports node:http'],
    [`const { connect } = await import('node:net');`, 'imports node:net'],
    [`import { startSystem } from '../../src/server/system.ts';`, 'imports src/server/system.ts'],
    [`vi.mock('../../src/errors.ts');`, 'vi.mock'],
    [`vi.stubEnv('PATH', '');`, 'vi.stubEnv'],
    [`vi.useFakeTimers();`, 'vi.useFakeTimers without vi.useRealTimers'],
    [`process.chdir('/');`, 'process.chdir'],
    [`process.env.PATH = '';`, 'changes process.env'],
    [`process.env['PATH'] = '';`, 'changes process.env'],
    [`delete process.env.PATH;`, 'changes process.env'],
    [`Object.assign(process.env, { PATH: '' });`, 'changes process.env'],
  ])('refuses: %s', (text, fault) => {
    expect(faultsOf(text)).toEqual([`${path}:1: ${fault}: it belongs in test/process`]);
  });

  test('refuses it behind files of test/ too, and says which test reached it', () => {
    const support = {
      'test/support/a.ts': `export { b } from './b.ts';`,
      'test/support/b.ts': `import './a.ts'; import { fork } from 'node:child_process';`,
    };
    expect(faultsOf(`import { b } from '../support/a.ts';`, support)).toEqual([
      `test/support/b.ts:1: imports node:child_process (imported by ${path}): it belongs in test/process`,
    ]);
  });

  test.each([
    `import type { Server } from 'node:http'; import { readFileSync } from 'node:fs';`,
    `import type { System } from '../../src/server/system.ts';`,
    `const { PATH } = process.env; const env = { ...process.env, PATH: '' }; env.PATH = 'x';`,
    `vi.useFakeTimers(); vi.useRealTimers(); vi.fn();`,
  ])('lets be: %s', (text) => {
    expect(faultsOf(text)).toEqual([]);
  });
});

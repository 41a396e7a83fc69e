/** `recital chart --format xstate-js`: the modules run as they are written, and make the same charts. */
import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import type { AnyStateMachine } from 'xstate';
import { transitionsOf } from '../../../src/analysis/chart/transition-words.ts';
import { bootstrapMachine } from '../../../src/machines/bootstrap.machine.ts';
import { collectMachine } from '../../../src/machines/collect.machine.ts';
import { sessionMachine } from '../../../src/machines/session/session.machine.ts';
import { supervisorMachine } from '../../../src/machines/supervisor/supervisor.machine.ts';
import { welcomeMachine } from '../../../src/machines/welcome/welcome.machine.ts';
import { makeFolder } from '../../support/end-of-file.ts';
import { runCli } from '../../support/run-cli.ts';

const machines: readonly AnyStateMachine[] = [
  sessionMachine,
  welcomeMachine,
  supervisorMachine,
  collectMachine,
  bootstrapMachine,
];

/** Tells of each module in the folder what its machine has, and that an actor of it starts. */
const reader = `
import { createActor } from 'xstate';
const told = {};
for (const file of process.argv.slice(2)) {
  const [machine] = Object.values(await import(file));
  const actor = createActor(machine).start();
  const nodes = (node) => [node, ...Object.values(node.states).flatMap(nodes)];
  const ways = (node) => [...[...node.transitions.values()].flat(), ...(node.always ?? [])];
  const pathOf = (node) => [machine.id, ...node.path].join('.');
  told[machine.id] = {
    status: actor.getSnapshot().status,
    transitions: nodes(machine.root).flatMap(ways).map(({ source, eventType, target }) => [pathOf(source), eventType, (target ?? []).map(pathOf)]),
  };
  actor.stop();
}
console.log(JSON.stringify(told));
`;

test('each module makes a machine with the same transitions in the same order, and an actor of it starts', async () => {
  const folder = makeFolder('recital-chart-modules-');
  const { exitCode, stdout } = await runCli(['chart', '--format', 'xstate-js', '--out', folder]);
  expect(exitCode).toBe(0);
  const files = stdout.trim().split('\n');
  expect(readdirSync(folder)).toHaveLength(machines.length);
  for (const file of files) expect(readFileSync(file, 'utf8')).toContain("from 'xstate';");
  symlinkSync(join(import.meta.dirname, '../../../node_modules'), join(folder, 'node_modules'));
  writeFileSync(join(folder, 'package.json'), '{"type":"module"}');
  writeFileSync(join(folder, 'reader.mjs'), reader);
  const run = spawnSync(process.execPath, [join(folder, 'reader.mjs'), ...files], { encoding: 'utf8' });
  expect({ stderr: run.stderr, status: run.status }).toEqual({ stderr: '', status: 0 });
  const pathOf = ({ machine, path }: AnyStateMachine['root']) => [machine.id, ...path].join('.');
  const expected = machines.map((machine) => [
    machine.id,
    {
      status: 'active',
      transitions: transitionsOf(machine).map(({ source, eventType, target = [] }) => [
        pathOf(source),
        eventType,
        target.map(pathOf),
      ]),
    },
  ]);
  expect(JSON.parse(run.stdout)).toEqual(Object.fromEntries(expected));
});

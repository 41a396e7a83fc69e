/** `recital chart`: what is written where, and what is said when it can't be. */
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { drawChart } from '../../../src/analysis/chart/chart-drawing.ts';
import { xstateJson } from '../../../src/analysis/chart/xstate-export.ts';
import { collectMachine } from '../../../src/machines/collect.machine.ts';
import { sessionMachine } from '../../../src/machines/session/session.machine.ts';
import { runCli } from '../../support/run-cli.ts';

let dir: string;
beforeAll(() => {
  dir = mkdtempSync(join(tmpdir(), 'recital-chart-'));
});
afterAll(() => rmSync(dir, { recursive: true }));

test.each([
  ['svg', /^<svg xmlns="http:\/\/www\.w3\.org\/2000\/svg" [\s\S]*<\/svg>\n$/],
  ['mermaid', /^stateDiagram-v2\n {4}\[\*\] --> empty_\n/],
  ['xstate-json', /^\{\n {2}"id": "collect",\n/],
  ['xstate-js', /export const collectMachine = setup\(/],
])('a chart as %s goes to standard output alone', async (format, text) => {
  const { exitCode, stdout, stderr } = await runCli(['chart', 'collect', '--format', format]);
  expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' });
  expect(stdout).toMatch(text);
});

test('without a format it is an SVG of every transition; --level map has the states alone', async () => {
  expect((await runCli(['chart', 'session'])).stdout).toBe(drawChart(sessionMachine, 'full'));
  expect((await runCli(['chart', 'session', '--level', 'map'])).stdout).toBe(drawChart(sessionMachine, 'map'));
});

test('a terminal is given the same lines, however narrow it is', async () => {
  const { stdout } = await runCli(['chart', 'collect', '--format', 'xstate-json'], { columns: 80 });
  expect(stdout).toBe(xstateJson(collectMachine));
});

test('--out writes a file, names it, and replaces what was there', async () => {
  const out = join(dir, 'collect.json');
  writeFileSync(out, 'before');
  const result = await runCli(['chart', 'collect', '--format', 'xstate-json', '--out', out]);
  expect(result).toMatchObject({ exitCode: 0, stderr: '', stdout: `${out}\n` });
  expect(readFileSync(out, 'utf8')).toBe(xstateJson(collectMachine));
});

test('without a name all go into a folder, which is made', async () => {
  const out = join(dir, 'all', 'charts');
  const { exitCode, stdout } = await runCli(['chart', '--format', 'mermaid', '--out', out]);
  const files = ['bootstrap.mmd', 'collect.mmd', 'session.mmd', 'supervisor.mmd', 'welcome.mmd'];
  expect(exitCode).toBe(0);
  expect(readdirSync(out).sort()).toEqual(files);
  expect(stdout.trim().split('\n').sort()).toEqual(files.map((file) => join(out, file)));
});

describe('what is refused, with words and exit code 2', () => {
  test.each([
    [['chart', 'sessions'], "argument 'name'"],
    [['chart', 'sessions'], 'session, welcome, supervisor, collect, bootstrap'],
    [['chart', 'session', '--format', 'png'], 'svg, mermaid, xstate-json, xstate-js'],
    [['chart', 'session', '--level', 'half'], 'full, map'],
    [['chart', 'session', 'welcome'], 'too many arguments'],
    [['chart', 'session', '--out', '/nowhere/x.svg'], "--out /nowhere/x.svg can't be written: ENOENT"],
    [['chart', 'session', '--out', '/'], "--out / can't be written: EISDIR"],
    [['chart', '--out', '/dev/null'], "--out /dev/null can't be written: EEXIST"],
  ])('%j', async (args, words) => {
    const { exitCode, stdout, stderr } = await runCli(args);
    expect({ exitCode, stdout }).toEqual({ exitCode: 2, stdout: '' });
    expect(stderr).toContain(words);
  });
});

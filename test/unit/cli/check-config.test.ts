/** `recital check-config`: every fault, or what is in effect, in a form that can be given back. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { settingNames, settingsTable } from '../../../src/config/settings-table.ts';
import { type CliResult, runCli } from '../../support/run-cli.ts';

let dir: string;
beforeAll(() => {
  dir = mkdtempSync(join(tmpdir(), 'recital-check-config-'));
});
afterAll(() => rmSync(dir, { recursive: true }));

const check = (env: Readonly<Record<string, string>> = {}, ...args: readonly string[]): Promise<CliResult> =>
  runCli(['check-config', ...args], { env });

function file(name: string, text: string): string {
  const path = join(dir, name);
  writeFileSync(path, text);
  return path;
}

describe('without --print', () => {
  test('a good configuration is said to be one, with where it came from', async () => {
    const CONFIG_FILE = file('good.yaml', 'GRPC_PORT: 6000\nCOMMANDS: [open_app]\n');
    expect(await check({ CONFIG_FILE, LOG_LEVEL: 'debug' })).toMatchObject({
      exitCode: 0,
      stderr: '',
      stdout: `The configuration is good: 4 settings are given by the environment and ${CONFIG_FILE}; --print shows what is in effect.\n`,
    });
  });

  test('a file that is broken all over has a bounded number of faults', async () => {
    const CONFIG_FILE = file('brackets.yaml', '['.repeat(3_000));
    const { exitCode, stderr } = await check({ CONFIG_FILE });
    expect(exitCode).toBe(2);
    const lines = stderr.trim().split('\n');
    expect(lines).toHaveLength(12);
    expect(lines.at(-1)).toMatch(/is not valid YAML in \d+ further places$/);
  });

  test.each([[[]], [['--print']]])(
    '%j: every fault is told at once, exit code 2 and nothing on stdout',
    async (args) => {
      const CONFIG_FILE = file('bad.yaml', 'GRPC_PORT: 99999\nCOLOUR: red\nANSWER_ENGINE: scripted\n');
      const { exitCode, stdout, stderr } = await check({ CONFIG_FILE, LOG_LEVEL: 'loud' }, ...args);
      expect({ exitCode, stdout }).toEqual({ exitCode: 2, stdout: '' });
      for (const fault of [
        'The configuration has 4 faults:',
        `GRPC_PORT "99999" (${CONFIG_FILE} line 1) must be a whole number from 0 to 65535`,
        `"COLOUR" (${CONFIG_FILE} line 2) is not a setting`,
        'needs SCENARIO_FILE, which is not set',
        'LOG_LEVEL "loud" (environment) must be one of',
      ]) {
        expect(stderr).toContain(fault);
      }
    },
  );

  test('files that settings name are looked at too', async () => {
    const SCENARIO_FILE = file('scenario.json', '{"answers": 7}');
    const { exitCode, stderr } = await check({ SCENARIO_FILE });
    expect(exitCode).toBe(2);
    expect(stderr).toContain('answers');
  });
});

test('what is no fault and has no effect is noted on stderr, and the exit code is 0', async () => {
  const { exitCode, stderr } = await check({ SPEECH_VOICE: 'x', LOG_LEVLE: 'info' });
  expect([exitCode, stderr]).toEqual([
    0,
    'note: SPEECH_VOICE (environment) has no effect: SPEECH_ENGINE is embedded\n' +
      'note: LOG_LEVLE (environment) is not a setting; did you mean LOG_LEVEL?\n',
  ]);
});

describe('--print', () => {
  const valuesOf = (stdout: string): Record<string, string> =>
    Object.fromEntries(
      stdout
        .split('\n')
        .filter((line) => line !== '' && !line.startsWith('#'))
        .map((line) => [
          line.slice(0, line.indexOf(':')),
          line
            .slice(line.indexOf(':') + 1)
            .replace(/ +# .*$/, '')
            .trim(),
        ]),
    );

  test('has every setting of the table once, in its order, with where its value came from', async () => {
    const CONFIG_FILE = file('print.yaml', '# ours\nSPEECH_LOOKAHEAD: 3\n');
    const { exitCode, stdout, stderr } = await check({ CONFIG_FILE, GRPC_PORT: '6000' }, '--print');
    expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' });
    const names = [...stdout.matchAll(/^(?:# )?([A-Z_]+):/gm)].map(([, name]) => name);
    expect(names).toEqual(settingNames);
    expect(stdout).toMatch(/^GRPC_PORT: 6000 +# environment$/m);
    expect(stdout).toContain(`# ${CONFIG_FILE} line 2\n`);
    expect(stdout).toMatch(/^HTTP_PORT: 8080 +# default$/m);
    expect(stdout).toMatch(/^# ANSWER_MODEL: +# not set$/m);
    expect(stdout).toMatch(/^EVENT_LOG_DIR: \.\/data\/event-logs +# default$/m);
  });

  test('hides what is secret, wherever it stands', async () => {
    const env = {
      ANSWER_API_KEY: 'sk-very-secret-1',
      SPEECH_API_KEY: 'sk-very-secret-2',
      INSPECTOR_TOKEN: 'a-very-secret-token',
      ANSWER_BASE_URL: 'https://example.com/v1',
    };
    const { stdout, stderr } = await check(env, '--print');
    expect(stdout + stderr).not.toContain('very-secret');
    expect(stdout).toMatch(/^# ANSWER_API_KEY: \(hidden\) +# environment$/m);
    const secrets = settingNames.filter((name) => settingsTable[name].type === 'secret');
    expect(secrets.length).toBeGreaterThan(1);
    for (const name of secrets) expect(stdout).toMatch(new RegExp(`^# ${name}: \\(hidden\\)`, 'm'));
  });

  test.each([
    ["say --api-key very-secret-3 '{text}'", "say --api-key … '{text}'"],
    ['say --token=very-secret-3 {text}', 'say --token=… {text}'],
    ['env TTS_SECRET=very-secret-3 say', 'env TTS_SECRET=… say'],
    [
      'curl -H "Authorization: Bearer very-secret-3" https://v/{text}',
      'curl -H "Authorization: Bearer …" https://v/{text}',
    ],
    ['curl -H "xi-api-key: very-secret-3" https://me:very-secret-4@v', 'curl -H "xi-api-key: …" https://…@v'],
  ])('hides a secret in a command line, which then can not be given back: %s', async (SPEECH_COMMAND, shown) => {
    const { stdout, stderr } = await check({ SPEECH_ENGINE: 'command', SPEECH_COMMAND }, '--print');
    expect(stdout + stderr).not.toContain('very-secret');
    const line = stdout.split('\n').find((text) => text.startsWith('# SPEECH_COMMAND: '));
    expect(line).toContain('(hidden in part)');
    for (const word of shown.replaceAll(/["']/g, '').split(' ')) expect(line).toContain(word);
  });

  test.each([
    'say --key {text}',
    'monkey business --keyboard qwerty',
    'say --voice token --pitch high',
    'piper --model keys.onnx',
  ])('shows a command line without a secret whole: %s', async (SPEECH_COMMAND) => {
    const { stdout } = await check({ SPEECH_ENGINE: 'command', SPEECH_COMMAND }, '--print');
    expect(stdout).toMatch(new RegExp(`^SPEECH_COMMAND: "?${SPEECH_COMMAND}"? +# environment$`, 'm'));
  });

  test.each<[string, string]>([
    ['nothing given', ''],
    ['an empty list', 'COMMANDS: []\n'],
    ['a list', 'COMMANDS: [open_app, close_app]\nKILL_SWITCHES: disable_forward_assistant_actions\n'],
    ['names that YAML would take for something else', 'DATA_DIR: "true"\nEVENT_LOG_DIR: "007"\nSPEECH_VOICE: "null"\n'],
    ['signs that mean something in YAML', "DATA_DIR: './a: b #c'\nSPEECH_COMMAND: 'say \"{text}\" --x ''y'''\n"],
    ['fractions and switches', 'COLLECT_TTL: 0.25\nMEMORY: no\nANSWER_TEMPERATURE: 0.7\n'],
  ])('can be given back as CONFIG_FILE and means the same: %s', async (_, yaml) => {
    const first = await check({ CONFIG_FILE: file('first.yaml', yaml) }, '--print');
    expect(first).toMatchObject({ exitCode: 0, stderr: '' });
    const second = await check({ CONFIG_FILE: file('second.yaml', first.stdout) }, '--print');
    expect(second).toMatchObject({ exitCode: 0, stderr: '' });
    expect(valuesOf(second.stdout)).toEqual(valuesOf(first.stdout));
  });
});

/** What is given and has no effect is said, with the reason; what has one is not. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { settingNames } from '../../../src/config/settings-table.ts';
import { loadConfig } from '../../../src/config.ts';

function notesOf(env: Readonly<Record<string, string>>, file = ''): readonly string[] {
  const config = loadConfig({ env, readFile: () => file });
  return config.notes.map(({ name, note }) => `${name} ${note}`);
}

const azure = { SPEECH_ENGINE: 'azure', SPEECH_BASE_URL: 'https://x.example', SPEECH_API_KEY: 'k-1' };

test.each([
  [{ ANSWER_MODEL: 'm', ANSWER_API_KEY: 'sk-secret' }, ['ANSWER_MODEL', 'ANSWER_API_KEY'], 'ANSWER_ENGINE is embedded'],
  [{ SPEECH_API_KEY: 'sk-secret', SPEECH_VOICE: 'v' }, ['SPEECH_API_KEY', 'SPEECH_VOICE'], 'SPEECH_ENGINE is embedded'],
  [{ ...azure, SPEECH_COMMAND: 'piper' }, ['SPEECH_COMMAND'], 'SPEECH_ENGINE is azure'],
  [
    { SPEECH_ENGINE: 'command', SPEECH_COMMAND: 'piper', SPEECH_MODEL: 'tts-1' },
    ['SPEECH_MODEL'],
    'SPEECH_ENGINE is command',
  ],
  [{ MEMORY: 'no', MEMORY_TTL: '60' }, ['MEMORY_TTL'], 'MEMORY is off'],
  [{ EVENT_LOG: '0', EVENT_LOG_DIR: '/x' }, ['EVENT_LOG_DIR'], 'EVENT_LOG is off'],
  [{ EVENT_LOG: '0', INSPECTOR_EXPORT: 'ws://127.0.0.1:1' }, ['INSPECTOR_EXPORT'], 'EVENT_LOG is off'],
  [{ INSPECTOR_TRY: 'on' }, ['INSPECTOR_TRY'], 'INSPECTOR is off'],
] as const)('%j: %j', (env, names, reason) => {
  expect(notesOf(env)).toEqual(names.map((name) => `${name} (environment) has no effect: ${reason}`));
});

test('a scenario that nobody plays is said, one that either engine plays is not', () => {
  const scenario = '{"answers":[]}';
  const unused = 'has no effect: neither ANSWER_ENGINE nor SPEECH_ENGINE is scripted';
  expect(notesOf({ SCENARIO_FILE: 's' }, scenario)).toEqual([`SCENARIO_FILE (environment) ${unused}`]);
  expect(notesOf({ SCENARIO_FILE: 's', SPEECH_ENGINE: 'scripted' }, scenario)).toEqual([]);
});

test('what is given as its default anyway is not said', () => {
  expect(notesOf({ SPEECH_RETRIES: '1', ANSWER_RETRIES: '1', MEMORY: 'off', MEMORY_TTL: '2592000' })).toEqual([]);
});

test('what has an effect is not said, nor what was not given', () => {
  expect(notesOf({})).toEqual([]);
  expect(notesOf({ ANSWER_ENGINE: 'openai', ANSWER_MODEL: 'm', ANSWER_RETRIES: '2' })).toEqual([]);
  expect(notesOf({ ...azure, SPEECH_RETRIES: '2' })).toEqual([]);
  expect(notesOf({ MEMORY: 'TRUE', MEMORY_TTL: '60' })).toEqual([]);
});

test('a setting of the file is told with its line', () => {
  expect(notesOf({ CONFIG_FILE: 'r.yaml' }, 'LOG_LEVEL: info\nANSWER_MODEL: m\n')).toEqual([
    'ANSWER_MODEL (r.yaml line 2) has no effect: ANSWER_ENGINE is embedded',
  ]);
});

test.each([
  ['GRPC_PROT', 'GRPC_PORT'],
  ['BACKPRESURE_MAX_STREAMS', 'BACKPRESSURE_MAX_STREAMS'],
  ['answer_api_key', 'ANSWER_API_KEY'],
  ['SPEECH_API_KEYFILE', 'SPEECH_API_KEY_FILE'],
  ['LOGLEVEL', 'LOG_LEVEL'],
])('%s in the environment is taken for a slip of %s', (name, meant) => {
  expect(notesOf({ [name]: 'x' })).toEqual([`${name} (environment) is not a setting; did you mean ${meant}?`]);
});

test('names of others in the environment are nobody’s business', () => {
  const others = [
    'PATH',
    'HTTP_PROXY',
    'HTTPS_PROXY',
    'OPENAI_API_KEY',
    'NODE_OPTIONS',
    'DATABASE_URL',
    'HOSTNAME',
    'GRPC_TRACE',
  ];
  expect(notesOf(Object.fromEntries(others.map((name) => [name, 'x'])))).toEqual([]);
});

/** Every file of the sources but the table itself. */
function sources(folder: string): string[] {
  return readdirSync(folder, { withFileTypes: true, recursive: true })
    .filter((entry) => entry.isFile() && entry.name.endsWith('.ts'))
    .map((entry) => join(entry.parentPath, entry.name))
    .filter((path) => !/(settings-table|provider-settings|setting-notes)\.ts$/.test(path))
    .map((path) => readFileSync(path, 'utf8'));
}

test('every setting of the table is read by somebody', () => {
  const code = sources(new URL('../../../src', import.meta.url).pathname);
  // As `values.integer('NAME')`, `readGivenFile('NAME', …)`, `environment.get('NAME')`: a name in a message reads nothing.
  const isRead = (name: string): boolean =>
    code.some((text) => new RegExp(`(?:values\\.\\w+|readGivenFile|environment\\.get)\\(\\s*'${name}'`).test(text));
  expect(settingNames.filter((name) => !isRead(name))).toEqual([]);
});

/** Read already, and not yet obeyed. */
const toCome: readonly string[] = [];

test('every part of the configuration is used by somebody outside of it', () => {
  const code = sources(new URL('../../../src', import.meta.url).pathname).filter(
    (text) => !text.includes('function compile('),
  );
  const config = loadConfig({ env: {}, readFile: () => '' });
  const leaves = Object.entries(config).flatMap(([part, value]) =>
    part === 'notes' || typeof value !== 'object' ? [part] : Object.keys(value),
  );
  expect(leaves.length).toBeGreaterThan(40);
  const unused = leaves.filter((leaf) => !code.some((text) => new RegExp(`\\b${leaf}\\b`).test(text)));
  expect(unused.filter((leaf) => !toCome.includes(leaf))).toEqual([]);
});

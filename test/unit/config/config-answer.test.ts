/**
 * The configuration of language models: the settings, the key files, the list of providers; every fault at once, and never a key in one.
 */
import { inspect } from 'node:util';
import { describe, expect, test } from 'vitest';
import { type Config, ConfigFault, loadConfig } from '../../../src/config.ts';

type Environment = Readonly<Record<string, string>>;
type Files = Readonly<Record<string, string>>;

function load(env: Environment, files: Files = {}): Config {
  return loadConfig({
    env,
    readFile: (path) => {
      const text = Object.hasOwn(files, path) ? files[path] : undefined;
      if (text === undefined) throw new Error(`ENOENT: no such file or directory, open '${path}'`);
      return text;
    },
  });
}

function faultsOf(env: Environment, files: Files = {}): readonly string[] {
  try {
    load(env, files);
  } catch (error) {
    if (error instanceof ConfigFault) return error.faults;
    throw error;
  }
  throw new Error('the configuration loaded, but should have been refused');
}

const openai = { ANSWER_ENGINE: 'openai', ANSWER_MODEL: 'gpt-5-mini' };

/** The providers with their keys revealed: what is compared must be seen. */
function providersOf({ answer }: Config) {
  return answer.providers.map((provider) => ({ ...provider, apiKey: provider.apiKey?.reveal() ?? null }));
}

describe('the settings', () => {
  test('make one provider of a model alone, at OpenAI', () => {
    const config = load(openai);
    expect(providersOf(config)).toEqual([
      {
        name: 'main',
        baseUrl: 'https://api.openai.com/v1',
        model: 'gpt-5-mini',
        apiKey: null,
        temperature: null,
        maxTokens: 0,
        thoughts: 'auto',
      },
    ]);
    expect(config.answer).toMatchObject({ retries: 1, attemptTimeoutMs: 10_000, systemPrompt: null });
  });

  test('are all taken, the key and the system prompt from files without what surrounds them', () => {
    const config = load(
      {
        ...openai,
        ANSWER_BASE_URL: 'http://localhost:11434/v1',
        ANSWER_API_KEY_FILE: 'key',
        ANSWER_TEMPERATURE: '0.4',
        ANSWER_MAX_TOKENS: '300',
        ANSWER_THOUGHTS: 'closing-tag',
        ANSWER_SYSTEM_PROMPT_FILE: 'prompt',
        ANSWER_RETRIES: '0',
        ANSWER_ATTEMPT_TIMEOUT: '2.5',
      },
      { key: '\uFEFF  the-key \r\n', prompt: '\nYou are Max.\n{{commands}}\n' },
    );
    expect(providersOf(config)).toEqual([
      {
        name: 'main',
        baseUrl: 'http://localhost:11434/v1',
        model: 'gpt-5-mini',
        apiKey: 'the-key',
        temperature: 0.4,
        maxTokens: 300,
        thoughts: 'closing-tag',
      },
    ]);
    expect(config.answer).toMatchObject({
      retries: 0,
      attemptTimeoutMs: 2500,
      systemPrompt: 'You are Max.\n{{commands}}',
    });
  });

  test('of answers are frozen, each provider too', () => {
    const { answer } = load(openai);
    expect([answer, answer.providers, ...answer.providers].every(Object.isFrozen)).toBe(true);
  });

  test.each([
    ['ANSWER_BASE_URL', 'ftp://models/v1'],
    ['ANSWER_BASE_URL', 'localhost:11434/v1'],
    ['ANSWER_BASE_URL', 'not an address'],
    ['ANSWER_BASE_URL', 'http://models/v1#here'],
    ['ANSWER_MODEL', 'm'.repeat(513)],
    ['ANSWER_TEMPERATURE', '2.1'],
    ['ANSWER_MAX_TOKENS', '-1'],
    ['ANSWER_RETRIES', '11'],
    ['ANSWER_ATTEMPT_TIMEOUT', '-1'],
  ])('%s=%s is a fault that names setting, value and bounds', (name, value) => {
    const faults = faultsOf({ ...openai, [name]: value });
    expect(faults).toHaveLength(1);
    expect(faults[0]).toMatch(new RegExp(`^${name} "[^"]+" \\(environment\\) must be (a|an) `));
  });

  test('openai without a model is a fault, and a model without openai is none', () => {
    expect(faultsOf({ ANSWER_ENGINE: 'openai' })).toEqual([
      'ANSWER_ENGINE "openai" (environment) needs ANSWER_MODEL, which is not set',
    ]);
    expect(load({ ANSWER_MODEL: 'x' }).engines.answer).toBe('embedded');
    expect(load({}).answer.providers).toEqual([]);
  });

  test('a key and a key file are one too many', () => {
    expect(faultsOf({ ...openai, ANSWER_API_KEY: 'a-key', ANSWER_API_KEY_FILE: 'f' }, { f: 'b-key' })).toEqual([
      'ANSWER_API_KEY and ANSWER_API_KEY_FILE are both given, but only one of them may be',
    ]);
  });

  test.each(['', ' \n', 'two\nlines', 'schlüssel', 'x'.repeat(4097)])(
    'a key file with %j is a fault without it',
    (text) => {
      expect(faultsOf({ ...openai, ANSWER_API_KEY_FILE: 'f' }, { f: text })).toEqual([
        'ANSWER_API_KEY_FILE "f" (environment) must hold one line of printable ASCII characters, the key',
      ]);
    },
  );

  test('a system prompt that is empty or monstrous, and a file that is not there, are faults', () => {
    const env = { ...openai, ANSWER_SYSTEM_PROMPT_FILE: 'p', ANSWER_API_KEY_FILE: 'gone' };
    const gone = `ANSWER_API_KEY_FILE "gone" (environment) can't be read: ENOENT: no such file or directory, open 'gone'`;
    const place = 'ANSWER_SYSTEM_PROMPT_FILE "p" (environment)';
    expect(faultsOf(env, { p: ' ' })).toEqual([gone, `${place} has 0 characters, but must have 1 to 65536`]);
    expect(faultsOf(env, { p: 'x'.repeat(65_537) })).toEqual([
      gone,
      `${place} has 65537 characters, but must have 1 to 65536`,
    ]);
  });
});

describe('the list of providers', () => {
  const list = (text: string, more: Files = {}) =>
    load({ ...openai, ANSWER_PROVIDERS_FILE: 'p.yaml' }, { 'p.yaml': text, ...more });
  const listFaults = (text: string, more: Files = {}) =>
    faultsOf({ ...openai, ANSWER_PROVIDERS_FILE: 'p.yaml' }, { 'p.yaml': text, ...more });
  const place = 'ANSWER_PROVIDERS_FILE "p.yaml" (environment)';

  test('comes behind the one of the settings, in its order', () => {
    const text = `
- name: backup
  base_url: https://models.example.org/v1
  model: large
  api_key_file: key
  temperature: 0
  max_tokens: 100
  thoughts: off
- name: local
  base_url: http://127.0.0.1:8081/v1
  model: small
  api_key: plain-key
`;
    expect(providersOf(list(text, { key: 'of-the-file\n' })).slice(1)).toEqual([
      {
        name: 'backup',
        baseUrl: 'https://models.example.org/v1',
        model: 'large',
        apiKey: 'of-the-file',
        temperature: 0,
        maxTokens: 100,
        thoughts: 'off',
      },
      {
        name: 'local',
        baseUrl: 'http://127.0.0.1:8081/v1',
        model: 'small',
        apiKey: 'plain-key',
        temperature: null,
        maxTokens: 0,
        thoughts: 'auto',
      },
    ]);
  });

  test('tells all of its faults at once, with line and path, and none with a key', () => {
    const text = `- name: main
  base_url: ftp://user:password@models/v1?key=hidden-1
  model: ""
  api_key: "hidden-2\\u0007"
- name: twice
  base_url: http://a/v1
  model: m
- name: twice
  base_url: http://b/v1
  model: m
  api_key: hidden-3
  api_key_file: gone
- base_url: http://c/v1
  colour: hidden-4
  temperature: 3
  max_tokens: 1.5
  thoughts: sometimes
- just a text
`;
    const faults = listFaults(text);
    expect(faults).toEqual([
      `${place} line 1 [0].name "main" must be 1 to 64 letters, digits, dots, dashes or underscores, and not "main"`,
      `${place} line 2 [0].base_url "ftp://…@models/v1?key=…" must be a URL that begins with http:// or https://, without user, password, query and fragment`,
      `${place} line 3 [0].model "" must be a name that the provider knows, one line of at most 512 characters`,
      `${place} line 4 [0].api_key must be one line of printable ASCII characters`,
      `${place} line 8 [2].name "twice" is already that of [1]`,
      `${place} line 8 [2] has api_key and api_key_file, but only one of them may be given`,
      `${place} line 12 [2].api_key_file "gone" can't be read: ENOENT: no such file or directory, open 'gone'`,
      `${place} line 13 [3] needs name`,
      `${place} line 13 [3] needs model`,
      `${place} line 15 [3].temperature "3" must be a number from 0 to 2`,
      `${place} line 16 [3].max_tokens "1.5" must be a whole number from 0 to 1000000`,
      `${place} line 17 [3].thoughts "sometimes" must be one of auto, closing-tag, off`,
      `${place} line 13 [3] has the unknown key "colour"; there are name, base_url, model, api_key, api_key_file, temperature, max_tokens, thoughts`,
      `${place} line 18 [4] must be a map with name, base_url and model`,
    ]);
    expect(faults.join('\n')).not.toMatch(/hidden|password@/);
  });

  test.each([
    ['', 'must be a YAML list of 1 to 16 providers'],
    ['name: backup', 'must be a YAML list of 1 to 16 providers'],
    ['[]', 'must be a YAML list of 1 to 16 providers'],
    [
      Array.from({ length: 17 }, (_, n) => `- {name: n${n}, base_url: "http://a/v1", model: m}`).join('\n'),
      'must be a YAML list of 1 to 16 providers',
    ],
    ['- name: a\n  name: b\n', 'line 2 is not valid YAML: DUPLICATE_KEY'],
    ['- api_key: "hidden', 'line 1 is not valid YAML: MISSING_CHAR'],
  ])('%j is refused as a whole', (text, words) => {
    const faults = listFaults(text);
    expect(faults[0]).toBe(`${place} ${words}`);
    expect(faults.join()).not.toContain('hidden');
  });

  test('of 16 is taken', () => {
    const text = Array.from({ length: 16 }, (_, n) => `- {name: n${n}, base_url: "http://a/v1", model: m}`).join('\n');
    expect(list(text).answer.providers).toHaveLength(17);
  });
});

describe('a key', () => {
  const key = 'sk-very-secret-1234';

  test.each([
    { ANSWER_API_KEY: `${key}\u0007` },
    { ANSWER_API_KEY: `${key}é` },
    { ANSWER_BASE_URL: `https://user:${key}@models/v1` },
    { ANSWER_BASE_URL: `https://models/v1?api_key=${key}` },
  ])('stands in no fault: %j', (env) => {
    const faults = faultsOf({ ...openai, ...env });
    expect(faults).toHaveLength(1);
    expect(faults.join()).not.toContain('very-secret');
  });

  test('is not shown when the configuration is printed, logged or serialised', () => {
    const config = load({ ...openai, ANSWER_API_KEY: key });
    expect(providersOf(config)[0]?.apiKey).toBe(key);
    for (const shown of [inspect(config, { depth: 20, showHidden: true }), JSON.stringify(config)]) {
      expect(shown).not.toContain('very-secret');
    }
  });
});

/** docs/PROVIDERS.md: every recipe loads as a configuration, the list of providers too, and the bounds it tells are those of the code. */
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { type Config, loadConfig } from '../../../src/config.ts';
import { answerMaxChars } from '../../../src/engines/openai-answer/answer-reader.ts';
import { defaultStreamBounds } from '../../../src/engines/openai-answer/chunk-stream.ts';
import { argumentsMaxChars, mostToolCalls } from '../../../src/engines/openai-answer/tool-calls.ts';
import { defaultBreakerOptions } from '../../../src/engines/provider/breaker.ts';
import { errorBodyMaxBytes, saidMaxChars } from '../../../src/engines/provider/error-words.ts';
import { longestRetryWaitMs } from '../../../src/engines/provider/retry.ts';

const text = readFileSync(new URL('../../../docs/PROVIDERS.md', import.meta.url), 'utf8');
const recipes = new Map(
  [...text.matchAll(/^<!-- recipe (\S+) -->\n```yaml\n([\s\S]*?)^```/gm)].map(([, name = '', yaml = '']) => [
    name,
    yaml,
  ]),
);

/** Loads with the recipe as the file; every file of a key is there. */
function load(env: Readonly<Record<string, string>>, files: Readonly<Record<string, string>>): Config {
  return loadConfig({
    env,
    readFile: (path) => {
      const given = path.endsWith('.key') ? 'a-key\n' : Object.hasOwn(files, path) ? files[path] : undefined;
      if (given === undefined) throw new Error(`no such file: ${path}`);
      return given;
    },
  });
}

describe('the recipes for models', () => {
  const models = ['openai', 'gemini', 'anthropic', 'ollama', 'vllm', 'llama.cpp', 'lm-studio', 'thinking'];

  test.each(models)('%s loads as a configuration with one provider', (name) => {
    const config = load({ CONFIG_FILE: 'recital.yaml' }, { 'recital.yaml': recipes.get(name) ?? '' });
    expect(config.engines.answer).toBe('openai');
    expect(config.answer.providers).toHaveLength(1);
    const isRemote = ['openai', 'gemini', 'anthropic'].includes(name);
    expect(config.answer.providers[0]?.apiKey?.reveal() ?? null).toBe(isRemote ? 'a-key' : null);
  });

  test('of further providers loads behind one of the others', () => {
    const env = { ANSWER_ENGINE: 'openai', ANSWER_MODEL: 'm', ANSWER_PROVIDERS_FILE: 'p.yaml' };
    const config = load(env, { 'p.yaml': recipes.get('providers') ?? '' });
    expect(config.answer.providers.map(({ name }) => name)).toEqual(['main', 'backup', 'at-home']);
  });

  test('that is shipped as a file loads, too', () => {
    const path = fileURLToPath(new URL('../../../examples/config/openai.yaml', import.meta.url));
    const config = load({ CONFIG_FILE: path }, { [path]: readFileSync(path, 'utf8') });
    expect(config.answer.providers.map(({ baseUrl, model }) => [baseUrl, model])).toEqual([
      ['http://127.0.0.1:8081/v1', 'demo'],
    ]);
  });
});

test('the figures it names are those of the code', () => {
  const megabytes = (bytes: number) => `${bytes / 1024 / 1024} MiB`;
  expect(text).toContain(
    `blank line to blank line; a line; a JSON document | ${megabytes(defaultStreamBounds.eventMaxBytes)} |`,
  );
  expect(text).toContain(`| one response | ${megabytes(defaultStreamBounds.responseMaxBytes)} |`);
  expect(text).toContain(`${answerMaxChars.toLocaleString('en')} characters`);
  expect(text).toContain(`| ${mostToolCalls}, ${argumentsMaxChars.toLocaleString('en')} characters |`);
  expect(text).toContain(`a wait of up to ${longestRetryWaitMs / 1000} s`);
  expect(text).toContain(`| ${errorBodyMaxBytes / 1024} KiB read, ${saidMaxChars} characters told |`);
  expect(defaultBreakerOptions.failuresToOpen).toBe(5);
  expect(text).toContain(`Five failures in a row`);
  expect(text).toContain(`for ${defaultBreakerOptions.openMs / 1000} s nobody asks it`);
});

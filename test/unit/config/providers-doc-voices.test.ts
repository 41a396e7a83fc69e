/** The recipes for voices in docs/PROVIDERS.md and examples/config load as they stand, and do what they say. */
import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { speechEngineNames } from '../../../src/config/settings-table.ts';
import { loadConfig } from '../../../src/config.ts';
import { readDocument } from '../../support/docs/markdown.ts';

const root = fileURLToPath(new URL('../../..', import.meta.url));
const { text } = readDocument('docs/PROVIDERS.md');
const voices = text.slice(text.indexOf('\n## Voices\n'));
const recipes = [...voices.matchAll(/^```yaml\n([\s\S]*?)^```/gm)].map(([, yaml = '']) => yaml);
const examples = readdirSync(`${root}examples/config`).filter((name) => /^speech-.*\.yaml$/.test(name));

/** Loads a file of settings; a key file holds a key. */
function load(yaml: string) {
  const readFile = (path: string) => (path === 'recipe.yaml' ? yaml : 'sk-of-a-file\n');
  return loadConfig({ env: { CONFIG_FILE: 'recipe.yaml' }, readFile }).engines;
}

describe('the recipes for voices', () => {
  test.each(recipes)('load:\n%s', (yaml) => {
    const { speech, speechProvider } = load(yaml);
    expect(yaml).toContain(`SPEECH_ENGINE: ${speech}\n`);
    expect(speechProvider).toMatchObject({ provider: speech });
    expect(speechProvider?.apiKey?.reveal()).toBe(yaml.includes('API_KEY_FILE') ? 'sk-of-a-file' : undefined);
  });

  test('are there for every provider', () => {
    const named = new Set(recipes.map((yaml) => load(yaml).speech));
    expect([...named].toSorted()).toEqual(
      speechEngineNames.filter((name) => !/embedded|scripted/.test(name)).toSorted(),
    );
  });

  test.each(examples)('examples/config/%s loads, and the document leads to it', (name) => {
    expect(load(readFileSync(`${root}examples/config/${name}`, 'utf8')).speechProvider).not.toBeNull();
    expect(voices).toContain(`(../examples/config/${name})`);
  });
});

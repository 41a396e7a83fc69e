/**
 * The documents name things that exist: links, files, npm scripts, settings, dependencies, the import table. Every check is
 * shown to fail on a bad text.
 */
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { chartOf } from '../src/analysis/chart/chart-content.ts';
import { settingsTable } from '../src/config/settings-table.ts';
import { errorCodes } from '../src/errors.ts';
import { sessionMachine } from '../src/machines/session/session.machine.ts';
import {
  allDocuments,
  anchorsOf,
  codePathsOf,
  type Document,
  linksOf,
  npmScriptsOf,
  readDocument,
  settingNamesOf,
} from './support/docs/markdown.ts';
import { styleFaultsOf } from './support/svg-style.ts';
import { type ImportRow, importTable } from './support/tidy/import-table.ts';

const root = fileURLToPath(new URL('..', import.meta.url));
const documents = allDocuments();
const readme = readDocument('README.md');
const architecture = readDocument('docs/ARCHITECTURE.md');
const manifest: Readonly<Record<string, Readonly<Record<string, string>>>> = JSON.parse(
  readFileSync(join(root, 'package.json'), 'utf8'),
);

/** In CODE_CASE, but of the wire and not of the configuration. */
const wireWords = new Set<string>([
  ...errorCodes,
  'NOT_SERVING',
  'COLLECT_ACCEPTED',
  'REQUEST_PHASE_COLLECT',
  'REQUEST_PHASE_COMMIT',
  'STREAM_LIMIT_EXCEEDED',
]);

function linkFaults(document: Document): string[] {
  return linksOf(document)
    .filter((target) => !/^[a-z]+:/i.test(target))
    .filter((target) => !isReached(document, target))
    .map((target) => `${document.path}: ${target}`);
}

function isReached(document: Document, target: string): boolean {
  const [path = '', anchor] = target.split('#');
  const file = path === '' ? document.path : normalize(join(dirname(document.path), path));
  if (file.startsWith('..') || (path !== '' && !existsSync(join(root, file)))) return false;
  return anchor === undefined || anchorsOf(path === '' ? document : readDocument(file)).includes(anchor);
}

function scriptFaults(document: Document): string[] {
  return npmScriptsOf(document).filter((name) => !Object.hasOwn(manifest.scripts ?? {}, name));
}

function settingFaults(document: Document): string[] {
  return settingNamesOf(document).filter((name) => !Object.hasOwn(settingsTable, name) && !wireWords.has(name));
}

/** A recording in an example: whoever follows it makes it. */
function isExample(path: string): boolean {
  return /^test\/recordings\/.*-v\d+$|^test\/recordings\/.*\.jsonl$/.test(path);
}

function pathFaults(document: Document): string[] {
  return codePathsOf(document).filter((path) => !isExample(path) && !existsSync(join(root, path)));
}

describe('the documents', () => {
  test.each(documents.map((document) => [document.path, document] as const))(
    '%s: every link leads somewhere',
    (_path, document) => {
      expect(linkFaults(document)).toEqual([]);
    },
  );

  test.each(documents.map((document) => [document.path, document] as const))(
    '%s: every npm script exists',
    (_path, document) => {
      expect(scriptFaults(document)).toEqual([]);
    },
  );

  test.each([readme, architecture].map((document) => [document.path, document] as const))(
    '%s: every setting is in the settings table',
    (_path, document) => {
      expect(settingNamesOf(document).length).toBeGreaterThan(3);
      expect(settingFaults(document)).toEqual([]);
    },
  );

  test.each(documents.map((document) => [document.path, document] as const))(
    '%s: every file of ours that it names exists',
    (_path, document) => {
      expect(pathFaults(document)).toEqual([]);
    },
  );
});

describe('docs/ARCHITECTURE.md', () => {
  test('names the test files that show its guarantees', () => {
    const named = codePathsOf(architecture).filter((path) => path.endsWith('.test.ts'));
    expect(new Set(named).size).toBeGreaterThan(20);
  });
});

describe('docs/IMPORTS.md', () => {
  test('is drawn from the import table of the house rules', async () => {
    const head =
      '# Who may import what\n\nDrawn from `test/support/tidy/import-table.ts` by `test/docs.test.ts`; `npx vitest run test/docs.test.ts -u` draws it anew. The first row that fits\na file counts; what it does not name is forbidden. Exceptions for single files stand in the same module, each with its reason.\n';
    const table = [
      '| from | our values | our types | packages | Node |',
      '|---|---|---|---|---|',
      ...importTable.map(rowOf),
    ];
    await expect(`${head}\n${table.join('\n')}\n`).toMatchFileSnapshot('../docs/IMPORTS.md');
  });

  function rowOf({ from, ours, types, packages, node }: ImportRow): string {
    const cells = [ours, types, packages, node].map((names) => names.map((name) => `\`${name}\``).join(', '));
    return `| \`${from}\` | ${cells.map((cell) => (cell === '' ? '—' : cell)).join(' | ')} |`;
  }
});

describe('docs/decisions', () => {
  test('0004 has a line for every dependency and none for others', () => {
    const { text } = readDocument('docs/decisions/0004-dependencies.md');
    const named = [...text.matchAll(/^\| `([^`]+)` \|/gm)].map(([, name]) => name);
    const { dependencies, optionalDependencies, devDependencies } = manifest;
    const used = Object.keys({ ...dependencies, ...optionalDependencies, ...devDependencies });
    expect(named.toSorted()).toEqual(used.toSorted());
  });

  test('are numbered without a gap', () => {
    const numbers = documents.flatMap(({ path }) => /^docs\/decisions\/(\d{4})-/.exec(path)?.[1] ?? []);
    expect(numbers.length).toBeGreaterThan(0);
    expect(numbers.map(Number).sort((a, b) => a - b)).toEqual(numbers.map((_, place) => place + 1));
  });
});

describe('the picture of the session', () => {
  const picture = readFileSync(join(root, 'docs/images/session-chart.svg'), 'utf8');
  const drawn = [...picture.matchAll(/data-state="([^"]+)"/g)].map(([, path = '']) => path);
  const chart = chartOf(sessionMachine);

  test('shows states of the chart only, and all of its outer ones and regions', () => {
    const paths = chart.states.map(({ path }) => path);
    expect(drawn.filter((path) => !paths.includes(path))).toEqual([]);
    const outer = chart.states.filter(({ parent }) => parent === '' || parent === 'streaming').map(({ path }) => path);
    expect(outer.filter((path) => !drawn.includes(path))).toEqual([]);
  });

  test('names each of them as the chart does', () => {
    for (const path of drawn) expect(picture).toContain(`>${path.split('.').at(-1)}</text>`);
  });

  test('has its colours as literals, also where no theme is known', () => {
    expect(styleFaultsOf(picture)).toEqual([]);
  });

  test('is small and loads nothing', () => {
    expect(picture.length).toBeLessThan(60_000);
    expect(picture).not.toMatch(/<script|<image|<foreignObject|@import|@font-face|(?:xlink:)?href=|url\((?!#)/);
  });
});

describe('the checks', () => {
  const bad: Document = {
    path: 'docs/BAD.md',
    text: [
      '# A heading',
      '[here](CONFIG.md) [there](nowhere.md) [up](../../outside.md) [a](#a-heading) [b](#no-heading) [c](https://x.org)',
      '![picture](images/none.svg) <img src="images/gone.svg">',
      'Run `npm run fly` or `npm start`, set `FLY_HIGH=1` and `LOG_LEVEL`, see `src/fly.ts` and `src/server/main.ts`.',
      '```sh',
      'npm run soar && OTHER_SETTING=2 npm test # [not a link](none.md)',
      '```',
    ].join('\n'),
  };

  test('find a link that leads nowhere, out of the repository, or to no heading', () => {
    expect(linkFaults(bad)).toEqual([
      'docs/BAD.md: nowhere.md',
      'docs/BAD.md: ../../outside.md',
      'docs/BAD.md: #no-heading',
      'docs/BAD.md: images/none.svg',
      'docs/BAD.md: images/gone.svg',
    ]);
  });

  test('find an npm script that does not exist', () => {
    expect(scriptFaults(bad)).toEqual(['soar', 'fly']);
  });

  test('find a setting that is not in the table', () => {
    expect(settingFaults(bad)).toEqual(['OTHER_SETTING', 'FLY_HIGH']);
  });

  test('find a file that does not exist', () => {
    expect(pathFaults(bad)).toEqual(['src/fly.ts']);
  });
});

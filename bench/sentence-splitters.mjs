// The splitters that bench:sentences compares, each as a function of a text and its language that gives the parts of the text, set up the
// way that serves it best: line breaks end sentences where it can be told so, abbreviations of the language are on, minimum lengths are off.
import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { emptySentenceCutter, everySentence, finishText, pushText } from '../dist/text/sentence-cutter.js';

const require = createRequire(import.meta.url);
const { sentences: sbdSentences } = require('sbd');
const { sentenize } = require('@diplodoc/sentenizer');
const cldr = require('cldr-segmentation');

const livekitVersion = '1.9.0';

/** Those that the repository has; `livekit` is the folder of an installed @livekit/agents, or null. */
export async function splitters(livekit) {
  const segmenters = new Map();
  const segmenterOf = (language) => {
    if (!segmenters.has(language)) segmenters.set(language, new Intl.Segmenter(language, { granularity: 'sentence' }));
    return segmenters.get(language);
  };
  const list = [
    { name: 'recital', split: recital },
    { name: 'recital, deltas of 4', split: (text) => recitalInDeltas(text, 4) },
    {
      name: 'Intl.Segmenter',
      split: (text, language) => Array.from(segmenterOf(language).segment(text), ({ segment }) => segment),
    },
    { name: 'sbd', split: (text) => sbdSentences(text, { newline_boundaries: true, preserve_whitespace: true }) },
    { name: '@diplodoc/sentenizer', split: (text) => sentenize(text) },
    {
      name: 'cldr-segmentation',
      split: (text, language) => cldr.sentenceSplit(text, cldr.suppressions[language] ?? cldr.suppressions.en),
    },
  ];
  if (livekit !== null) list.push({ name: '@livekit/agents', split: await livekitSplit(livekit) });
  return list;
}

function recital(text) {
  const { cutter, sentences } = pushText(emptySentenceCutter, text, everySentence);
  return [...sentences, ...finishText(cutter, everySentence).sentences];
}

function recitalInDeltas(text, chars) {
  let cutter = emptySentenceCutter;
  const parts = [];
  for (let start = 0; start < text.length; start += chars) {
    const pushed = pushText(cutter, text.slice(start, start + chars), everySentence);
    cutter = pushed.cutter;
    for (const sentence of pushed.sentences) parts.push(sentence);
  }
  return [...parts, ...finishText(cutter, everySentence).sentences];
}

async function livekitSplit(folder) {
  // Its tokenizer alone: the index of the package starts native code.
  const file = join(folder, 'dist', 'tokenize', 'basic', 'index.js');
  const { SentenceTokenizer } = await import(pathToFileURL(file).href);
  const tokenizer = new SentenceTokenizer({ minSentenceLength: 1, retainFormat: true });
  return (text) => tokenizer.tokenize(text);
}

/** The folder of @livekit/agents: the one given, an installed one, with `isFetched` one that npm puts into a temporary folder, or null. */
export function livekitFolder(given, isFetched) {
  if (given !== undefined) return given;
  const installed = join(import.meta.dirname, '..', 'node_modules', '@livekit', 'agents');
  if (existsSync(installed)) return installed;
  if (!isFetched) return null;
  const folder = mkdtempSync(join(tmpdir(), 'recital-livekit-'));
  process.once('exit', () => rmSync(folder, { recursive: true, force: true }));
  const args = ['install', '--prefix', folder, '--ignore-scripts', '--no-audit', '--no-fund', '--omit=dev'];
  execFileSync('npm', [...args, `@livekit/agents@${livekitVersion}`], { stdio: ['ignore', 'inherit', 'inherit'] });
  return join(folder, 'node_modules', '@livekit', 'agents');
}

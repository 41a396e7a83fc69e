// npm run bench:sentences: our sentence cutter beside other splitters, on the same marked texts. Accuracy by language, on the corpus that our rules are tested
// with and on texts written before anybody looked at the rules; speed; and what 1 KB, 100 KB and 1 MB cost. docs/SENTENCES.md explains.
// --fetch gets @livekit/agents into a temporary folder, --livekit DIR takes one that is there, --cases FILE scores other texts, --wrong NAME
// prints what a splitter got wrong.
import { readFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { parseArgs } from 'node:util';
import { median } from './measure.mjs';
import { f1Of, readCase, scoreOf } from './sentence-score.mjs';
import { livekitFolder, splitters } from './sentence-splitters.mjs';

const { values: options } = parseArgs({
  options: {
    fetch: { type: 'boolean', default: false },
    livekit: { type: 'string' },
    cases: { type: 'string' },
    wrong: { type: 'string' },
    'no-speed': { type: 'boolean', default: false },
  },
});

const languages = ['en', 'ru', 'de', 'es', 'zh', 'ja'];
const corpusFiles = ['english', 'russian', 'others', 'misses'];
const measuredMs = 300;
/** A splitter that takes so long for a text is not asked for one ten times as long. */
const hopelessMs = 300;

const livekit = livekitFolder(options.livekit, options.fetch);
const all = await splitters(livekit);
if (livekit === null)
  console.log('@livekit/agents is left out: it is not installed. --fetch gets it into a temporary folder.\n');

const sets = options.cases === undefined ? ownSets() : [{ title: options.cases, cases: readCases(options.cases) }];
for (const { title, cases } of sets) accuracy(title, cases);
if (!options['no-speed']) speed(sets.flatMap(({ cases }) => cases));

function ownSets() {
  const url = (name) => new URL(`../test/unit/text/sentences/${name}.json`, import.meta.url);
  return [
    { title: 'the corpus', cases: corpusFiles.flatMap((name) => readCases(url(name))) },
    { title: 'held-out answers', cases: readCases(url('held-out')) },
  ];
}

/** `{language: [marked]}` or `{language: {topic: [marked]}}`. */
function readCases(file) {
  return Object.entries(JSON.parse(readFileSync(file, 'utf8'))).flatMap(([language, texts]) =>
    Object.values(texts)
      .flat()
      .map((marked) => ({ language, marked })),
  );
}

function accuracy(title, cases) {
  const present = languages.filter((language) => cases.some((each) => each.language === language));
  const columns = [
    ['all', cases],
    ...present.map((language) => [language, cases.filter((each) => each.language === language)]),
  ];
  console.log(`${title}: texts cut exactly right, F1 of the ends of sentences`);
  console.table(
    Object.fromEntries(
      all.map(({ name, split }) => {
        const cells = columns.map(([column, some]) => {
          const score = scoreOf(split, some);
          if (options.wrong === name && column === 'all')
            for (const each of score.wrong) console.log(JSON.stringify(each));
          return [`${column} (${some.length})`, `${percent(score.exact / score.cases)} ${f1Of(score).toFixed(3)}`];
        });
        const whole = scoreOf(split, cases);
        return [
          name,
          { ...Object.fromEntries(cells), missed: whole.missed, 'made up': whole.madeUp, lossy: whole.lossy },
        ];
      }),
    ),
  );
}

function percent(share) {
  return `${(share * 100).toFixed(1)} %`;
}

function speed(cases) {
  console.log(`speed in MB/s of UTF-8, texts of 10 KB; ${cpus()[0].model}, Node ${process.version}`);
  const rows = all.map(({ name, split }) => [
    name,
    Object.fromEntries(languages.map((language) => [language, megabytesPerSecond(split, cases, language)])),
  ]);
  console.table(Object.fromEntries(rows));
  console.log(
    'microseconds for each KB of English and Russian: linear is the same in all columns; - would take too long',
  );
  console.table(Object.fromEntries(all.map(({ name, split }) => [name, Object.fromEntries(growth(split, cases))])));
}

/** Each size is tried only if the one before it, ten times smaller, says that it can be waited for even if the cost is quadratic. */
function growth(split, cases) {
  let isHopeless = false;
  return [1_000, 10_000, 100_000, 1_000_000].map((bytes) => {
    if (isHopeless) return [sizeName(bytes), '-'];
    const text = longText(cases, 'en', bytes / 2) + longText(cases, 'ru', bytes / 2);
    const ms = millisecondsFor(() => split(text, 'en'));
    isHopeless = ms > hopelessMs;
    return [sizeName(bytes), Math.round((ms * 1e6) / Buffer.byteLength(text))];
  });
}

function sizeName(bytes) {
  return bytes >= 1_000_000 ? `${bytes / 1_000_000} MB` : `${bytes / 1_000} KB`;
}

/** The texts of a language, said again and again until there are about so many bytes of UTF-8. */
function longText(cases, language, bytes) {
  const texts = cases.filter((each) => each.language === language).map(({ marked }) => readCase(marked).text);
  const parts = [];
  for (let size = 0, index = 0; size < bytes; index += 1) {
    const text = `${texts[index % texts.length]}\n`;
    parts.push(text);
    size += Buffer.byteLength(text);
  }
  return parts.join('');
}

function megabytesPerSecond(split, cases, language) {
  const text = longText(cases, language, 10_000);
  const ms = millisecondsFor(() => split(text, language));
  return (Buffer.byteLength(text) / 1e3 / ms).toFixed(2);
}

/** The median of as many runs as fit, after one that warms up. */
function millisecondsFor(work) {
  const samples = [];
  let spentMs = 0;
  for (let run = 0; run < 3 || (spentMs < measuredMs && run < 1_000); run += 1) {
    const start = performance.now();
    work();
    const ms = performance.now() - start;
    if (run > 0) samples.push(ms);
    spentMs += ms;
    if (ms > hopelessMs * 10) return ms;
  }
  return median(samples);
}

// Writes the record of bench/results into docs/PERFORMANCE.md, between its two markers. A test says when the two do not agree.
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { recordInMarkdown } from './summary.mjs';
import { variants } from './variants.mjs';

const BEGIN = '<!-- bench: begin -->';
const END = '<!-- bench: end -->';

const recordFile = fileURLToPath(new URL('../results/bench.json', import.meta.url));
const documentFile = fileURLToPath(new URL('../../docs/PERFORMANCE.md', import.meta.url));

/** What must stand between the markers. */
export function recordAsWritten() {
  const record = existsSync(recordFile) ? JSON.parse(readFileSync(recordFile, 'utf8')) : null;
  return recordInMarkdown(record, (id) => variants.find((variant) => variant.id === id)?.title ?? id);
}

/** What stands there. */
export function recordInDocument() {
  const text = readFileSync(documentFile, 'utf8');
  return partsOf(text)[1].trim();
}

export function writeRecordIntoDocument() {
  const [before, , after] = partsOf(readFileSync(documentFile, 'utf8'));
  writeFileSync(documentFile, `${before}\n\n${recordAsWritten()}\n\n${after}`);
}

function partsOf(text) {
  const [begin, end] = [text.indexOf(BEGIN), text.indexOf(END)];
  if (begin < 0 || end < begin) throw new Error(`docs/PERFORMANCE.md must have ${BEGIN} and, behind it, ${END}`);
  return [text.slice(0, begin + BEGIN.length), text.slice(begin + BEGIN.length, end), text.slice(end)];
}

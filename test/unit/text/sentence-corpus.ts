/**
 * What the cutter must do, as data: marked texts by language and topic in sentences/*.json, every one checked by eye. A mark stands where
 * something ends: `‖` a sentence and its piece; `¦` a sentence that is joined with the next one because it is too short for a piece of
 * its own (first piece 2 words or 15 characters, later ones 3 words or 15); `╎` a piece and `┊` nothing, where readers would not agree
 * whether a sentence ends. bench/sentences.mjs reads the same files. `misses` are cut wrong so far, their marks say where sentences end.
 */
import { readFileSync } from 'node:fs';
import { z } from 'zod';

export interface SentenceCase {
  readonly language: string;
  readonly text: string;
  readonly pieces: readonly string[];
  /** The ends of sentences as offsets in `text`, its own end left out. */
  readonly ends: readonly number[];
  /** Offsets where readers would not agree. */
  readonly unsure: readonly number[];
}

const markedTexts = z.array(z.string());
const languages = z.record(z.string(), z.union([markedTexts, z.record(z.string(), markedTexts)]));

const marks = /[‖¦╎┊]/g;

function readCases(file: string): SentenceCase[] {
  const source = readFileSync(new URL(`./sentences/${file}.json`, import.meta.url), 'utf8');
  return Object.entries(languages.parse(JSON.parse(source))).flatMap(([language, topics]) =>
    Object.values(topics)
      .flat()
      .map((marked) => ({ language, ...readMarked(marked) })),
  );
}

/** A marked text without its marks, and what they say. */
function readMarked(marked: string): Omit<SentenceCase, 'language'> {
  const text = marked.replaceAll(marks, '');
  const pieces = marked.split(/[‖╎]/).map((piece) => piece.replaceAll(marks, ''));
  const offsetsOf = (mark: RegExp) =>
    [...marked.matchAll(mark)]
      .map(({ index }) => marked.slice(0, index).replaceAll(marks, '').length)
      .filter((offset) => offset < text.length);
  return { text, pieces, ends: offsetsOf(/[‖¦]/g), unsure: offsetsOf(/[╎┊]/g) };
}

export const sentenceCases: readonly SentenceCase[] = ['english', 'russian', 'others'].flatMap(readCases);

/** Cut wrong; `pieces` means nothing. */
export const sentenceMisses: readonly SentenceCase[] = readCases('misses');

/** Answers that no rule was made for. */
export const heldOutAnswers: readonly SentenceCase[] = readCases('held-out');

/** The texts and their pieces alone. */
export const sentenceCorpus: readonly (readonly [text: string, pieces: readonly string[]])[] = sentenceCases.map(
  ({ text, pieces }) => [text, pieces],
);

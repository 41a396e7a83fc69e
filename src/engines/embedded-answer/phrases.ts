/**
 * Sets of phrases, written as templates and matched word by word. `(a|b)` is a choice, an empty branch makes it optional:
 * `what (time|hour) is it (now|)`. Templates are expanded when the module loads, so a look-up is one comparison a word and
 * what is not in the set is not matched: an assistant that acts must not guess.
 */
import type { Word } from './utterance.ts';

/** What is compared of a word. */
export type Said = Pick<Word, 'plain'>;

/** Phrases by their words; a node's `isEnd` says that a phrase ends here. */
interface Branch {
  readonly next: Map<string, Branch>;
  isEnd: boolean;
}

export interface PhraseSet {
  /** How many words from `from` on are the longest phrase of the set; 0 = none. Looks no further than `to`. */
  matchAt(words: readonly Said[], from: number, to?: number): number;
  /** True if the words from `from` to `to` are a phrase of the set, all of them. */
  isWhole(words: readonly Said[], from: number, to?: number): boolean;
}

/** A set of the phrases that the templates expand to. */
export function phrases(...templates: readonly string[]): PhraseSet {
  const root: Branch = { next: new Map(), isEnd: false };
  for (const template of templates) {
    for (const phrase of expand(template)) insert(root, phrase.split(' ').filter(Boolean));
  }
  return {
    matchAt: (words, from, to = words.length) => longestMatch(root, words, from, to),
    isWhole: (words, from, to = words.length) => to > from && branchOf(root, words, from, to)?.isEnd === true,
  };
}

function insert(root: Branch, words: readonly string[]): void {
  let branch = root;
  for (const word of words) {
    const next = branch.next.get(word) ?? { next: new Map(), isEnd: false };
    branch.next.set(word, next);
    branch = next;
  }
  branch.isEnd = true;
}

function branchOf(root: Branch, words: readonly Said[], from: number, to: number): Branch | undefined {
  let branch: Branch | undefined = root;
  for (let index = from; index < to && branch !== undefined; index += 1) {
    branch = branch.next.get(words[index]?.plain ?? '');
  }
  return branch;
}

function longestMatch(root: Branch, words: readonly Said[], from: number, to: number): number {
  let branch: Branch | undefined = root;
  let longest = 0;
  for (let index = from; index < to; index += 1) {
    branch = branch.next.get(words[index]?.plain ?? '');
    if (branch === undefined) break;
    if (branch.isEnd) longest = index + 1 - from;
  }
  return longest;
}

/** All phrases of a template; branches don't nest. */
function expand(template: string): string[] {
  const choice = /\(([^)]*)\)/.exec(template);
  if (choice === null) return [template];
  const before = template.slice(0, choice.index);
  const after = expand(template.slice(choice.index + choice[0].length));
  return (choice[1] ?? '').split('|').flatMap((branch) => after.map((rest) => before + branch + rest));
}

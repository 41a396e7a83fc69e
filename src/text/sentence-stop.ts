/**
 * What a stop at the end of a word means, and what the text after it makes of it. Pure functions of one word, the word
 * before it and the beginning of the next: `. ! ?` end a sentence in less than half of the places where they stand, so
 * nothing is decided before the next visible character is known. The dense scripts (`。！？`) need none of this.
 */
import {
  beforeNumber,
  calendarWords,
  endingAfterNumber,
  includesWord,
  mayEnd,
  monthAbbreviations,
  neverEnding,
  ordinalLeads,
  ordinalNouns,
  rarelyEnding,
  romanNumerals,
  sentenceStarters,
  unitLeads,
} from './abbreviations.ts';
import {
  type CharacterClass,
  classAt,
  isClosing,
  isContinuing,
  isDash,
  isLetterClass,
  isOpening,
  isSoftStop,
  isStrongStop,
  previousIndex,
} from './characters.ts';

/**
 * `plain`: after an ordinary word. `afterLongWord`: after one too long for an abbreviation that no list has. `strong`: with `!` or `?`.
 * `ellipsis`: `…` or several dots. `number`: after a number (an ordinal, perhaps). The other three are the lists of abbreviations.ts.
 */
type StopKind =
  | 'plain'
  | 'afterLongWord'
  | 'strong'
  | 'ellipsis'
  | 'number'
  | 'mayEnd'
  | 'rarelyEnding'
  | 'beforeNumber';

export interface Stop {
  readonly kind: StopKind;
  /** Quotes, brackets or marks stand between the stop and the white space, or no word before it: `"Stop!" he said`. */
  readonly loose: boolean;
  /** Nothing but silence is needed to make it the end: no number, name, address or abbreviation that could go on. */
  readonly safeWhenQuiet: boolean;
}

/** Where a word stands. */
export interface WordPlace {
  /** The word before it in the same piece, with its marks; empty at the start. */
  readonly previous: string;
  /** No word before it on its line, so that `1.` numbers a list. */
  readonly opensLine: boolean;
}

export type Verdict = 'cut' | 'join' | 'wait';

/** An answer all in small letters is cut after words of this length: no abbreviation outside the lists is that long. */
const longWordMinLetters = 6;

/** Longer than every word of the lists: a word that reached this length is none of them. */
const knownWordMaxChars = 16;

/**
 * The stop at the end of `word` (no white space in it), or null if it has none or one that never ends a sentence.
 * Linear in the length of `word`.
 */
export function stopOf(word: string, place: WordPlace): Stop | null {
  let closingStart = uncitedLength(word);
  while (closingStart > 0) {
    const index = previousIndex(word, closingStart);
    if (!isClosing(word.slice(index, closingStart))) break;
    closingStart = index;
  }
  let stopStart = closingStart;
  let isStrong = false;
  while (stopStart > 0) {
    const character = word.charAt(stopStart - 1);
    if (isStrongStop(character)) isStrong = true;
    else if (!isSoftStop(character)) break;
    stopStart -= 1;
  }
  if (stopStart === closingStart) return null;
  const core = word.slice(firstWordIndex(word, stopStart), stopStart);
  const loose = closingStart < word.length || core === '';
  if (isStrong) return { kind: 'strong', loose, safeWhenQuiet: true };
  const isEllipsis = closingStart - stopStart > 1 || word.charAt(stopStart) === '…' || core === '';
  // `[...]` leaves something out, wherever that is.
  if (isEllipsis && core === '' && closingStart < word.length && isOpening(word.charAt(0))) return null;
  if (isEllipsis) return { kind: 'ellipsis', loose, safeWhenQuiet: core !== '' };
  const kind = kindOfFullStop(core, place);
  if (kind === null) return null;
  return { kind, loose, safeWhenQuiet: isAfterWord(kind) && isOrdinaryWord(core) };
}

/** `fact.[1]`, `fact.【4:0†source】`, `fact.¹`: a citation behind a stop belongs to its sentence. */
const citation = /(?<=[.!?…]["'”’»)*_]{0,4})(?:\[\^?[\p{L}\p{N}:_-]{1,16}\]|【[^【】]{1,40}】|[¹²³⁰⁴-⁹]{1,3})+$/u;

/** The length of `word` without the citations at its end. */
function uncitedLength(word: string): number {
  if (!/[\]】¹²³⁰⁴-⁹]$/u.test(word)) return word.length;
  const found = citation.exec(word);
  return found === null ? word.length : found.index;
}

function firstWordIndex(word: string, end: number): number {
  let index = 0;
  while (index < end && (isOpening(word.charAt(index)) || isDash(word.charAt(index)))) index += 1;
  return index;
}

function isAfterWord(kind: StopKind): boolean {
  return kind === 'plain' || kind === 'afterLongWord';
}

/** No digit at its end and no dot, slash or at sign inside, which could be a number, name or address still growing. */
function isOrdinaryWord(core: string): boolean {
  return !/[./@\\_:]/u.test(core) && classAt(core, previousIndex(core, core.length)) !== 'digit';
}

function kindOfFullStop(whole: string, place: WordPlace): StopKind | null {
  // `l'avv. Neri`, `d'env. 20 euros`: the abbreviation begins behind the apostrophe.
  const core = /^\p{L}{1,5}['’]\p{L}\p{L}/u.test(whole) ? whole.slice(whole.search(/['’]/u) + 1) : whole;
  if (/^\p{Nd}+$/u.test(core)) return kindAfterNumber(core, place);
  // `am 2./3. Tag`, `vom 1.-3. Mai`: the stop inside tells that these are ordinals.
  if (/^\p{Nd}{1,2}\.(?:[/–-]\p{Nd}{1,2}\.?){1,3}$/u.test(core)) return 'rarelyEnding';
  if (isInitialAfterIdeograph(core)) return 'rarelyEnding';
  if (!/^[\p{L}.-]+$/u.test(core)) return 'plain';
  if (isSingleLetter(core) && classAt(core, 0) === 'upper') return kindAfterCapital(core, place);
  const word = core.toLowerCase();
  // Capitals with spaces are initials (`P. M. Smith`), not `p. m.`; `z. Hd.` and `v. Chr.` are no names.
  const chained = core === word || !isSingleLetter(core) ? chainedWord(word, place.previous) : word;
  if (includesWord(neverEnding, chained)) return null;
  if (includesWord(mayEnd, chained)) return 'mayEnd';
  // `Dipl.-Ing. Klein`: what the last part is.
  if (includesWord(neverEnding, word.slice(word.lastIndexOf('.-') + 1).replace(/^-/, ''))) return null;
  if (includesWord(endingAfterNumber, word)) return endsLikeNumber(place.previous) ? 'mayEnd' : null;
  if (includesWord(mayEnd, word)) return 'mayEnd';
  if (includesWord(rarelyEnding, word)) return 'rarelyEnding';
  if (includesWord(beforeNumber, word)) return 'beforeNumber';
  if (place.opensLine && includesWord(romanNumerals, word)) return null;
  // `p.a.`, `f.eks.`, `bl.a.`
  if (/^\p{L}{1,2}(?:\.\p{L}{1,4})+$/u.test(core)) return 'rarelyEnding';
  if (isSingleLetter(core)) return place.opensLine ? null : kindAfterSmallLetter(core, place);
  return core.length >= longWordMinLetters && /^\p{Ll}+$/u.test(core) ? 'afterLongWord' : 'plain';
}

function kindAfterNumber(core: string, place: WordPlace): StopKind | null {
  // A list on one line begins with a digit (`Plan: 1. Open it.`); what has two is an answer (`The answer is: 42.`).
  if (place.opensLine || (place.previous.endsWith(':') && core.length === 1)) return null;
  const lead = place.previous.replace(/^\P{L}+/u, '').toLowerCase();
  return core.length <= 2 && includesWord(ordinalLeads, lead) ? 'rarelyEnding' : 'number';
}

/** An initial, or a name such as `Plan B`; but `I` after a small word is a pronoun. */
function kindAfterCapital(letter: string, place: WordPlace): StopKind | null {
  if (place.opensLine) return null;
  const isPronoun = letter === 'I' && /^\p{Ll}+$/u.test(place.previous);
  return isPronoun ? 'plain' : 'rarelyEnding';
}

/** A unit (`20 g.`), in Latin letters else half of an abbreviation (`s. V a. C.`), in others a word (`Это был я. Мама ушла.`). */
function kindAfterSmallLetter(letter: string, place: WordPlace): StopKind {
  return letter <= '\u007f' && !endsInNumber(place.previous) ? 'rarelyEnding' : 'plain';
}

/** `作者是J. K. 罗琳`: no white space stands before the first initial. */
function isInitialAfterIdeograph(core: string): boolean {
  const last = previousIndex(core, core.length);
  return last > 0 && classAt(core, last) === 'upper' && classAt(core, previousIndex(core, last)) === 'ideograph';
}

function isSingleLetter(core: string): boolean {
  return isLetterClass(classAt(core, 0)) && core.length === ((core.codePointAt(0) ?? 0) > 0xffff ? 2 : 1);
}

/** `д` after `т.` is `т.д`: the same abbreviation written with a space. */
function chainedWord(word: string, previous: string): string {
  return /^\P{L}*\p{L}\.$/u.test(previous) ? `${previous.replace(/^\P{L}+/u, '').toLowerCase()}${word}` : word;
}

function endsInNumber(previous: string): boolean {
  return /\p{Nd}\P{L}*$/u.test(previous);
}

/** A number in digits or Roman numerals, or `кв.` before its unit. */
function endsLikeNumber(previous: string): boolean {
  return (
    endsInNumber(previous) ||
    /^\P{L}*[\p{Lu}-]+$/u.test(previous) ||
    (previous.endsWith('.') && includesWord(unitLeads, previous.slice(0, -1).toLowerCase()))
  );
}

/** How sure it is that a stop with white space behind it ends its sentence, whatever comes. */
export type StopCertainty = 'certain' | 'likely' | 'doubtful';

/**
 * The silence in ms that settles a stop; docs/SENTENCES.md has the share of wrong cuts of each. 20 is more than the pauses inside of a packet,
 * 200 is what nobody notices as a hole in speech.
 */
export const quietWaits: Readonly<Record<StopCertainty, number>> = Object.freeze({
  certain: 20,
  likely: 80,
  doubtful: 200,
});

/** How sure `stop`, at the end of `word`, is. In a dialogue the words that tell who spoke may follow behind a dash: `— Куда? — спросил он`. */
export function certaintyOf(stop: Stop, word: string, isDialogue: boolean): StopCertainty {
  if (!stop.safeWhenQuiet || isDialogue) return 'doubtful';
  if (stop.kind === 'strong') return stop.loose ? 'doubtful' : 'certain';
  if (!isAfterWord(stop.kind)) return 'doubtful';
  if (stop.loose) return 'likely';
  // No abbreviation that no list has is so long and begins small.
  if (/(?:^|\P{L})\p{Ll}{5,}\.$/u.test(word)) return 'certain';
  return /\p{Ll}{3}\.$/u.test(word) ? 'likely' : 'doubtful';
}

/**
 * What the text after a stop makes of it. `next` begins with the first visible character that is neither an opening
 * mark nor a dash; `afterDash` says that a dash stood before it; `complete` that no more of `next` will come.
 */
export function verdictOf(stop: Stop, next: string, place: { afterDash: boolean; complete: boolean }): Verdict {
  const first = classAt(next, 0);
  if (first === 'upper') return verdictBeforeCapital(stop, next, place);
  if (first === 'lower') return verdictBeforeSmallLetter(stop, next, place);
  if (first === 'digit') return isAfterWord(stop.kind) || stop.kind === 'strong' ? 'cut' : 'join';
  if (first === 'other') return verdictBeforeSymbol(stop, next);
  // `Apple Inc. 发布`, `J. K. 罗琳`: scripts without capitals cannot tell, and names go on.
  return first === 'ideograph' && stop.kind === 'rarelyEnding' ? 'join' : 'cut';
}

function verdictBeforeSymbol(stop: Stop, next: string): Verdict {
  const symbol = next.charAt(0);
  if (isContinuing(symbol)) return 'join';
  return isAfterWord(stop.kind) || stop.kind === 'strong' || symbol > '\u007f' ? 'cut' : 'join';
}

function verdictBeforeSmallLetter(stop: Stop, next: string, place: { afterDash: boolean; complete: boolean }): Verdict {
  const isLoose = stop.loose || place.afterDash;
  if (stop.kind === 'strong' || (stop.kind === 'afterLongWord' && !isLoose)) return isLoose ? 'join' : 'cut';
  if (!isAfterWord(stop.kind) && stop.kind !== 'ellipsis' && stop.kind !== 'beforeNumber') return 'join';
  const secondIndex = (next.codePointAt(0) ?? 0) > 0xffff ? 2 : 1;
  if (next.length <= secondIndex) return place.complete ? 'join' : 'wait';
  // iPhone, eBay: a name that begins small can begin a sentence.
  return classAt(next, secondIndex) === 'upper' ? 'cut' : 'join';
}

function verdictBeforeCapital(stop: Stop, next: string, place: { afterDash: boolean; complete: boolean }): Verdict {
  switch (stop.kind) {
    case 'plain':
    case 'afterLongWord':
    case 'ellipsis':
    case 'beforeNumber':
      return 'cut';
    case 'strong':
      return stop.loose && place.afterDash ? 'join' : 'cut';
    case 'number':
    case 'mayEnd':
    case 'rarelyEnding': {
      const word = leadingWord(next, place.complete);
      if (word === null) return 'wait';
      const isAbbreviated = isSoftStop(next.charAt(word.length) || ' ');
      if (stop.kind !== 'rarelyEnding') {
        return goesOnAfterNumber(stop, word.toLowerCase(), isAbbreviated) ? 'join' : 'cut';
      }
      // `J. I. Smith`: the next initial looks like a word that begins sentences.
      const isInitial = isAbbreviated;
      return includesWord(sentenceStarters, word.toLowerCase()) && !isInitial ? 'cut' : 'join';
    }
  }
}

function goesOnAfterNumber(stop: Stop, word: string, isAbbreviated: boolean): boolean {
  if (includesWord(calendarWords, word)) return true;
  if (stop.kind !== 'number') return false;
  return includesWord(ordinalNouns, word) || (isAbbreviated && includesWord(monthAbbreviations, word));
}

/** The letters at the start of `next`, or null while more of them may come. */
function leadingWord(next: string, complete: boolean): string | null {
  let end = 0;
  let characterClass: CharacterClass = 'other';
  while (end < next.length && end < knownWordMaxChars) {
    characterClass = classAt(next, end);
    if (!isLetterClass(characterClass)) return next.slice(0, end);
    end += (next.codePointAt(end) ?? 0) > 0xffff ? 2 : 1;
  }
  return complete || end >= knownWordMaxChars ? next.slice(0, end) : null;
}

/**
 * Keeps back what a model thinks aloud before it answers, where no parser of its server takes it out: nobody wants to hear it. Incremental:
 * what comes out does not depend on how the text was cut. By number (tests cite them):
 *
 * Thoughts 1, where: at the beginning of the answer, behind white space and characters that nobody sees, behind other thoughts, and anew
 * behind a tool call. Anywhere else these are words like any others, and not a character of them is touched.
 * Thoughts 2, what: between an opening and a closing mark whose name ends in a word for thinking, whatever stands before it: `<think>`,
 * `[THINK]`, `<seed:think>`, `◁think▷`, `<|START_THINKING|>` and `<|END_THINKING|>`, `<|begin_of_thought|>`; Gemma's `<|channel>thought`;
 * Open WebUI's `<details type="reasoning">`;
 * the channels of the harmony format but `final`, also where their marks were lost (`analysisWe …assistantfinal`). The mark around the
 * answer behind them (`<answer>`, `<|START_RESPONSE|>`) goes, too.
 * Thoughts 3, the end: a thought that is never closed is one; there is no answer then. A closing mark at the beginning is nothing.
 * Thoughts 4, `closing-tag`: the template has put the opening mark into the prompt, so everything before the first closing mark is a thought.
 * Where none comes, all of it is the answer once that has ended in order: a model that was asked not to think does not. An answer that
 * was cut off before it closed its thoughts has none.
 * Thoughts 5, bounds: linear; holds a mark of at most 64 characters, and in `closing-tag` the text up to the mark.
 */

/** `off`: the text is handed on as it is. */
export type ThoughtsMode = 'auto' | 'closing-tag' | 'off';

/** `<think>`, `[THINK]`, `◁think▷`: what opens a mark, and what closes it. */
const closings: ReadonlyMap<string, string> = new Map([
  ['<', '>'],
  ['[', ']'],
  ['◁', '▷'],
]);
const openers = /[<[◁]/;
const markMaxChars = 64;
/** Letters of names, and what stands around them and in attributes. `｜` and `▁` are DeepSeek's. */
const markUnit = /[\p{L}\p{N}_:.|｜▁/\-\s="']/u;
const secondUnit = /[\p{L}|｜/]/u;
const visible = /[^\s\p{Cf}\p{Cc}]/u;

type Role = 'thoughtBegins' | 'thoughtEnds' | 'emptyThought' | 'answerBegins' | 'answerEnds' | 'harmony' | 'none';

interface Mark {
  readonly raw: string;
  /** What a thought's two marks have in common: the bracket, but for the name of one that has other uses as well. */
  readonly pair: string;
  readonly role: Role;
  /** Lower case, without brackets, bars and attributes. */
  readonly name: string;
}

const thinkingWords = /^(?:think|thinking|thoughts?|reason|reasoning|reflection|scratchpad|monologue)$/;
const answerWords = /^(?:answer|response|solution|output|final)$/;
const beginWords: readonly string[] = ['start', 'begin', 'open', 'prefix', 'of'];
const endWords: readonly string[] = ['end', 'stop', 'close', 'suffix'];
/** `thinking_process`, `thought_block`. */
const kindWords: readonly string[] = ['process', 'block', 'trace', 'steps', 'content', 'section'];
/** Names that say nothing of thinking: MedGemma's and Apertus'. */
const oddNames: Readonly<Record<string, Role>> = Object.freeze({
  unused94: 'thoughtBegins',
  unused95: 'thoughtEnds',
  inner_prefix: 'thoughtBegins',
  inner_suffix: 'thoughtEnds',
});
const harmonyNames: readonly string[] = ['start', 'channel', 'message', 'constrain', 'end', 'return', 'call'];

function markOf(raw: string): Mark {
  const bare = raw.slice(1, -1).replaceAll('｜', '|').replaceAll('▁', '_').trim();
  const bars = bare.replace(/^\|+|\|+$/g, '').trim();
  const isClosing = bars.startsWith('/');
  const words = (bars.replace(/^\/\s*/, '').split(/[\s=]/, 1)[0] ?? '').replace(/\/$/, '');
  const name = words.replaceAll(/(?<=[a-z])(?=[A-Z])/g, '_').toLowerCase();
  const mark = { raw, pair: name === foldedName ? name : raw.charAt(0), name };
  if (bare === '|channel') return { ...mark, role: 'thoughtBegins' };
  if (bare === 'channel|') return { ...mark, role: 'thoughtEnds' };
  if (bare.startsWith('|') && harmonyNames.includes(name)) return { ...mark, role: 'harmony' };
  if (name === foldedName) return { ...mark, role: foldedRole(bars, isClosing) };
  return { ...mark, role: oddNames[name] ?? roleOf(name, isClosing, bars.endsWith('/')) };
}

/** Open WebUI, asked as an endpoint, folds thoughts away: `<details type="reasoning" done="true" duration="3">`. */
const foldedName = 'details';

function foldedRole(bars: string, isClosing: boolean): Role {
  if (isClosing) return 'thoughtEnds';
  return /\stype\s*=\s*["']?reasoning\b/.test(bars) ? 'thoughtBegins' : 'none';
}

/** `think`, `seed:think`, `start_thinking`, `end_of_thought`. */
function roleOf(name: string, isClosing: boolean, isEmpty: boolean): Role {
  const words = name.split(/[_:.-]/);
  const isEnd = isClosing || words.some((word) => endWords.includes(word));
  const isFrame = (word: string) => [beginWords, endWords, kindWords].some((each) => each.includes(word));
  const last = words.findLast((word) => !isFrame(word)) ?? '';
  if (thinkingWords.test(last)) {
    if (isEmpty) return 'emptyThought';
    return isEnd ? 'thoughtEnds' : 'thoughtBegins';
  }
  if (!answerWords.test(last)) return 'none';
  return isEnd ? 'answerEnds' : 'answerBegins';
}

type State =
  /** Nothing to be said came yet but `held`, which nobody sees; `word` may be the beginning of `analysis`. */
  | { readonly kind: 'beginning'; readonly held: string; readonly word: string; readonly isBehindThought: boolean }
  /** `opener` is what its marks have in common: `[/THINK]` does not end a `<think>`. */
  | { readonly kind: 'thinking'; readonly opener: string }
  | { readonly kind: 'awaitingClosing' }
  | { readonly kind: 'answering' }
  /** The answer stands in a mark of its own. */
  | { readonly kind: 'wrapped' }
  /** Harmony: between the messages, and in their headers. */
  | { readonly kind: 'header'; readonly header: string }
  | { readonly kind: 'message'; readonly isSpoken: boolean }
  /** Harmony without its marks; `held` may be the beginning of the final channel. */
  | { readonly kind: 'bareAnalysis'; readonly held: string };

const bareBeginning = 'analysis';
const isBareAnalysis = /^analysis\p{Lu}/u;
const bareEnd = 'assistantfinal';
const behindMessage = ' end ';
const bareRole = 'assistant';
/** A header is a role, a channel and a recipient. */
const headerMaxChars = 256;

const atBeginning = Object.freeze({ kind: 'beginning', held: '', word: '', isBehindThought: false } as const);

export class Thoughts {
  readonly #isOff: boolean;
  #state: State;
  #mark = '';
  #hasSaid = false;
  /** The text of `awaitingClosing`. */
  #awaiting: string[] = [];

  constructor(mode: ThoughtsMode = 'auto') {
    this.#isOff = mode === 'off';
    this.#state = mode === 'auto' ? atBeginning : { kind: this.#isOff ? 'answering' : 'awaitingClosing' };
  }

  /** What of the next delta belongs to the answer. */
  push(text: string): string {
    let said = '';
    let at = 0;
    while (at < text.length) {
      if (this.#state.kind === 'answering') {
        said += text.slice(at);
        break;
      }
      if (this.#mark !== '') {
        const unit = text.charAt(at);
        if (!this.#goesOn(unit)) said += this.#takeText(this.#endMark());
        else {
          at += 1;
          this.#mark += unit;
          if (unit === closings.get(this.#mark.charAt(0))) said += this.#takeMark(markOf(this.#endMark()));
        }
        continue;
      }
      const rest = text.slice(at);
      const next = rest.search(openers);
      if (next === 0) this.#mark = rest.charAt(0);
      else said += this.#takeText(next < 0 ? rest : rest.slice(0, next));
      at += next < 0 ? rest.length : Math.max(next, 1);
    }
    if (said !== '') this.#hasSaid = true;
    return said;
  }

  /** A tool call came: what follows may begin with thoughts again. */
  restart(): void {
    const { kind } = this.#state;
    if (this.#isOff || (kind !== 'answering' && kind !== 'wrapped') || this.#mark !== '') return;
    this.#state = atBeginning;
  }

  /** The rest, at the end of the answer: what only looked like a mark, or was never closed and is no thought. */
  finish({ isCutOff }: { readonly isCutOff: boolean } = { isCutOff: false }): string {
    const mark = this.#endMark();
    let said = mark === '' ? '' : this.#takeText(mark);
    const state = this.#state;
    if (state.kind === 'beginning') said += state.held + state.word;
    if (state.kind === 'awaitingClosing' && !isCutOff) {
      const all = new Thoughts('auto');
      const held = this.#awaiting.join('');
      said = all.push(held) + all.finish();
    }
    this.#awaiting = [];
    this.#state = { kind: 'answering' };
    return said;
  }

  #goesOn(unit: string): boolean {
    if (this.#mark.length >= markMaxChars) return false;
    if (this.#mark.length === 1) return secondUnit.test(unit);
    return unit === closings.get(this.#mark.charAt(0)) || markUnit.test(unit);
  }

  #endMark(): string {
    const mark = this.#mark;
    this.#mark = '';
    return mark;
  }

  #takeText(text: string): string {
    const state = this.#state;
    switch (state.kind) {
      case 'beginning':
        return this.#begin(state, text);
      case 'thinking':
        return '';
      case 'awaitingClosing':
        this.#awaiting.push(text);
        return '';
      case 'answering':
      case 'wrapped':
        return text;
      case 'message':
        return state.isSpoken ? text : '';
      case 'header':
        return this.#readHeader(state.header + text);
      case 'bareAnalysis':
        return this.#thinkBarely(state.held + text);
    }
  }

  #begin(state: Extract<State, { kind: 'beginning' }>, text: string): string {
    const start = state.word === '' ? text.search(visible) : 0;
    const held = state.held + (start < 0 ? text : text.slice(0, start));
    const word = state.word + (start < 0 ? '' : text.slice(start));
    if (word === '' || (!this.#hasSaid && bareBeginning.startsWith(word))) {
      this.#state = { kind: 'beginning', held, word, isBehindThought: state.isBehindThought };
      return '';
    }
    if (!this.#hasSaid && isBareAnalysis.test(word)) return this.#thinkBarely(word.slice(bareBeginning.length));
    this.#state = { kind: 'answering' };
    // What nobody sees in front of a thought went with it; behind one it is nothing either.
    return (state.isBehindThought ? held.replaceAll(/\p{Cf}/gu, '') : held) + word;
  }

  #thinkBarely(text: string): string {
    const end = text.indexOf(bareEnd);
    if (end < 0) {
      this.#state = { kind: 'bareAnalysis', held: text.slice(-bareEnd.length + 1) };
      return '';
    }
    this.#thoughtEnded();
    return this.#takeText(text.slice(end + bareEnd.length));
  }

  /** Behind a message comes the header of the next one; a model may forget it. */
  #readHeader(header: string): string {
    const free = header.startsWith(behindMessage) ? header.slice(behindMessage.length).trimStart() : '';
    if (bareRole.startsWith(free.slice(0, bareRole.length))) {
      this.#state = { kind: 'header', header: header.slice(0, headerMaxChars) };
      return '';
    }
    this.#state = { kind: 'message', isSpoken: true };
    return free;
  }

  #takeMark(mark: Mark): string {
    const state = this.#state;
    switch (state.kind) {
      case 'beginning':
        return this.#beginWith(state, mark);
      case 'thinking':
        if (mark.role === 'thoughtEnds' && mark.pair === state.opener) this.#thoughtEnded();
        return '';
      case 'awaitingClosing':
        if (mark.role !== 'thoughtEnds') this.#awaiting.push(mark.raw);
        else this.#thoughtEnded();
        return '';
      case 'wrapped':
        if (mark.role !== 'answerEnds') return mark.raw;
        this.#state = { kind: 'answering' };
        return '';
      case 'header':
        return this.#headerMark(state.header, mark);
      case 'message':
        if (mark.role !== 'harmony') return state.isSpoken ? mark.raw : '';
        return this.#headerMark('', mark);
      case 'answering':
      case 'bareAnalysis':
        return this.#takeText(mark.raw);
    }
  }

  #beginWith(state: Extract<State, { kind: 'beginning' }>, mark: Mark): string {
    if (state.word !== '') return this.#takeText(mark.raw);
    // Between words this may be the space that parts them.
    const space = this.#hasSaid ? state.held : '';
    switch (mark.role) {
      case 'thoughtBegins':
        this.#state = { kind: 'thinking', opener: mark.pair };
        return space;
      case 'thoughtEnds':
      case 'emptyThought':
        this.#thoughtEnded();
        return space;
      case 'harmony':
        return this.#headerMark('', mark);
      case 'answerBegins':
        if (!state.isBehindThought) return this.#takeText(mark.raw);
        this.#state = { kind: 'wrapped' };
        return '';
      case 'answerEnds':
      case 'none':
        return this.#takeText(mark.raw);
    }
  }

  /** Only the channel `final`, and what a model says before a call without addressing it to a function, is for people. */
  #headerMark(header: string, { role, name, raw }: Mark): string {
    if (role !== 'harmony') return this.#takeText(raw);
    if (name === 'message') {
      this.#state = { kind: 'message', isSpoken: !/\banalysis\b|\bto=/.test(header) };
      return '';
    }
    const isEnd = name === 'end' || name === 'return' || name === 'call';
    const own = header.startsWith(behindMessage) ? header.slice(behindMessage.length) : header;
    const before = name === 'start' ? '' : own;
    this.#state = { kind: 'header', header: isEnd ? behindMessage : `${before} ${name} `.slice(0, headerMaxChars) };
    return '';
  }

  #thoughtEnded(): void {
    this.#awaiting = [];
    this.#state = { ...atBeginning, isBehindThought: true };
  }
}

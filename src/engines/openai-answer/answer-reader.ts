/**
 * Reads what a streaming answer says: its words as they come, without what the model thinks aloud before them, its tool calls when it has
 * ended, why it ended, what it cost. The peer may be anybody; the answer and its calls are bounded. Knows no network and no time.
 *
 * Reader 1, noise: what has neither choices nor usage and is no error is nothing, wherever it comes; so is a field of another type than ours.
 * Reader 2, errors: what an endpoint declares to be one, in whichever of the usual shapes, beside choices and in one of them as well.
 * Reader 3, the end: the worst reason that was given; one that tells of a failure fails at once. `[DONE]`, or a whole message in one piece,
 * is an end without a reason.
 * Reader 4, words come in `delta`, or in `message` where no delta brought any: some say the whole again at the end.
 */
import { type Secrets, shownLine } from '../provider/error-words.ts';
import { ProviderFailure } from '../provider/failure.ts';
import { type Fields, fieldOf, fieldsOf, isFilled, listOf, wordsIn } from './chunk-fields.ts';
import type { StreamItem } from './chunk-stream.ts';
import { failureOfErrorEvent, failureOfErrorText } from './error-event.ts';
import { type Ending, endingOf, worseEnding } from './finish-reason.ts';
import { Thoughts, type ThoughtsMode } from './thoughts.ts';
import { ToolCallDrafts } from './tool-calls.ts';

/** Some 60 hours of speech. */
export const answerMaxChars = 4_194_304;

const tokensMost = 2_147_483_647;

/** What one item brought. */
export interface ReadItem {
  readonly text: string;
  /** True for words, thoughts and pieces of a tool call: the model is at work. */
  readonly isAlive: boolean;
}

export interface AnswerReaderOptions {
  /** Taken out of what an error says. */
  readonly secrets?: Secrets;
  readonly thoughts?: ThoughtsMode;
  /** The names of the tools that the model was told of. */
  readonly tools?: readonly string[];
}

const nothing: ReadItem = Object.freeze({ text: '', isAlive: false });

export class AnswerReader {
  readonly calls: ToolCallDrafts;
  readonly #thoughts: Thoughts;
  readonly #secrets: Secrets;
  /** Of words to speak, and of all words. */
  #spokenChars = 0;
  #chars = 0;
  #choiceIndex: number | null = null;
  #hasDelta = false;
  /** Whole messages; one that came alone is the answer. */
  #messages = 0;
  #isDone = false;
  #reason: Ending | null = null;
  #usage: { readonly inputTokens: number; readonly outputTokens: number } | null = null;

  constructor({ secrets = {}, thoughts = 'auto', tools = [] }: AnswerReaderOptions = {}) {
    this.#secrets = secrets;
    this.#thoughts = new Thoughts(thoughts);
    this.calls = new ToolCallDrafts(tools);
  }

  /** How the answer ended; null = it has not. */
  get ending(): Ending | null {
    return this.#reason ?? (this.#isDone || this.#messages === 1 ? 'inOrder' : null);
  }

  /** True when nothing comes any more. */
  get isDone(): boolean {
    return this.#isDone;
  }

  /** As told last: where it comes with every chunk, it grows. */
  get usage() {
    return this.#usage;
  }

  get hasWords(): boolean {
    return this.#spokenChars > 0;
  }

  /** Takes the next item; throws ProviderFailure for an error that the endpoint tells of, and for what is over a bound. */
  take(item: StreamItem): ReadItem {
    switch (item.kind) {
      case 'done':
        this.#isDone = true;
        return nothing;
      case 'words':
        this.#takeWords(item.words, item.isError);
        return nothing;
      case 'value':
        return this.#takeValue(item.value, item.isError);
    }
  }

  /** What was held back until it was clear that these were words, too; once the answer has ended. */
  rest(): string {
    return this.#said(this.#thoughts.finish({ isCutOff: this.ending !== 'inOrder' && this.ending !== 'whole' }));
  }

  /** Text where JSON was expected: noise, but for what says that it is an error. */
  #takeWords(words: string, isError: boolean): void {
    const failure = failureOfErrorText(words, { isError, secrets: this.#secrets });
    if (failure !== null) throw failure;
  }

  #takeValue(value: unknown, isError: boolean): ReadItem {
    const chunks = Array.isArray(value) ? value : [value];
    let text = '';
    let isAlive = false;
    for (const each of chunks) {
      const chunk = fieldsOf(each);
      if (chunk === null) {
        if (typeof each === 'string') this.#takeWords(each, isError);
        continue;
      }
      this.#takeUsage(chunk);
      const failure = failureOfErrorEvent(chunk, { isError, secrets: this.#secrets });
      if (failure !== null) throw failure;
      const brought = this.#takeChoices(chunk);
      this.#takeReason(chunk);
      text += brought.text;
      isAlive ||= brought.isAlive;
    }
    return { text, isAlive };
  }

  #takeChoices(chunk: Fields): ReadItem {
    const { choices } = chunk;
    // What PHP makes of an empty list is an empty object.
    if (isFilled(choices) && !Array.isArray(choices)) throw noChunk();
    let text = '';
    let isAlive = false;
    for (const choice of listOf(choices).map(fieldsOf)) {
      if (choice === null || !this.#isOurs(choice.index)) continue;
      const brought = this.#takeChoice(choice);
      text += brought.text;
      isAlive ||= brought.isAlive;
      if (isFilled(choice.message) && chunk.object !== 'chat.completion.chunk') this.#messages += 1;
    }
    return { text, isAlive };
  }

  /** One answer was asked for: the one that comes first. */
  #isOurs(given: unknown): boolean {
    const index = Number(given ?? 0);
    if (!Number.isInteger(index)) return true;
    this.#choiceIndex ??= index;
    return index === this.#choiceIndex;
  }

  #takeChoice(choice: Fields): ReadItem {
    const delta = fieldsOf(choice.delta) ?? {};
    const message = fieldsOf(choice.message) ?? {};
    const fresh = textOf(delta);
    if (fresh !== '') this.#hasDelta = true;
    const words = this.#hasDelta ? fresh : textOf(message) || wordsIn(choice.text);
    const text = isMarkedThought(delta) ? '' : this.#say(words);
    const isThinking = Object.entries(delta).some(([name, value]) => thoughtFields.test(name) && isFilled(value));
    const hasCalls = this.#takeCalls(delta) || (this.calls.isEmpty && this.#takeCalls(message));
    this.#takeUsage(choice);
    this.#takeReason(choice);
    return { text, isAlive: words !== '' || isThinking || hasCalls };
  }

  #say(text: string): string {
    this.#chars += text.length;
    if (this.#chars > answerMaxChars) throw tooMuch(`than ${answerMaxChars} characters`);
    return this.#said(this.#thoughts.push(text));
  }

  #said(text: string): string {
    this.#spokenChars += text.length;
    return text;
  }

  #takeCalls(words: Fields): boolean {
    const { tool_calls: calls, function_call: legacy } = words;
    const fragments = [...(Array.isArray(calls) ? calls : [calls]), legacy]
      .map(fieldsOf)
      .filter((each) => each !== null);
    for (const fragment of fragments) {
      if (!this.calls.add(fragment)) throw tooMuch('tool calls than any command needs');
    }
    if (fragments.length > 0) this.#thoughts.restart();
    return fragments.length > 0;
  }

  /** Where it stands: in the chunk, in its choice (Moonshot), in an extension (Groq). */
  #takeUsage(holder: Fields): void {
    for (const given of [holder.usage, fieldOf(holder.x_groq, 'usage')].map(fieldsOf)) {
      if (given === null) continue;
      const inputTokens = tokenCount(given.prompt_tokens ?? given.input_tokens);
      const outputTokens = tokenCount(given.completion_tokens ?? given.output_tokens ?? 0);
      if (inputTokens === null || outputTokens === null) continue;
      // Some fill the field with zeros until they know.
      if (inputTokens + outputTokens > 0 || this.#usage === null) this.#usage = { inputTokens, outputTokens };
    }
  }

  #takeReason({ finish_reason, finishReason, finish_details }: Fields): void {
    const told = finish_reason ?? finishReason ?? finish_details;
    const given = fieldOf(told, 'type') ?? fieldOf(told, 'reason') ?? told;
    if (typeof given !== 'string') return;
    const ending = endingOf(given);
    if (ending === 'failed') throw endedWith(shownLine(given, this.#secrets));
    this.#reason = worseEnding(this.#reason, ending);
  }
}

function textOf(words: Fields): string {
  return contentText(words.content) + wordsIn(words.refusal);
}

/** Text; a number that some gateway made of it; or parts, as Mistral's reasoning models send them, whose thoughts are no words to speak. */
function contentText(content: unknown): string {
  if (Array.isArray(content)) return content.map(contentText).join('');
  const part = fieldsOf(content);
  if (part === null) return wordsIn(content);
  if (part.thought === true || !/^(?:|text|output_text)$/.test(wordsIn(part.type))) return '';
  return wordsIn(fieldOf(part.text, 'value') ?? part.text);
}

/** `reasoning_content`, `reasoning`, `thinking`, `thinking_blocks`, `thought`, … */
const thoughtFields = /reason|think|thought/i;

/** Gemini says beside its text that it is a thought. */
function isMarkedThought(delta: Fields): boolean {
  return fieldOf(fieldOf(delta.extra_content, 'google'), 'thought') === true || delta.thought === true;
}

/** A count of tokens; null = it is none. */
function tokenCount(value: unknown): number | null {
  const count = typeof value === 'string' && value.trim() !== '' ? Number(value) : value;
  return typeof count === 'number' && Number.isInteger(count) && count >= 0 && count <= tokensMost ? count : null;
}

function noChunk(): ProviderFailure {
  const words = 'sent a chunk that is none of a chat completion';
  return new ProviderFailure({ code: 'UNAVAILABLE', words, next: 'again' });
}

function endedWith(reason: string): ProviderFailure {
  const words = `broke its answer off with the reason "${[...reason].slice(0, 64).join('')}"`;
  return new ProviderFailure({ code: 'UNAVAILABLE', words, next: 'again' });
}

function tooMuch(than: string): ProviderFailure {
  return new ProviderFailure({ code: 'UNAVAILABLE', words: `answered more ${than}`, next: 'nobody' });
}

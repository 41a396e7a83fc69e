/**
 * Reads the chunks of a streaming answer: its words as they come, without what the model thinks aloud before them, its tool calls when it
 * has ended, why it ended, what it cost. Chunks are checked, as the peer may be anybody; the answer and its calls are bounded. Knows no
 * network and no time.
 */
import { z } from 'zod';
import type { Secrets } from '../provider/error-words.ts';
import { ProviderFailure } from '../provider/failure.ts';
import { failureOfErrorEvent } from './error-event.ts';

/** Some 60 hours of speech. */
export const answerMaxChars = 4_194_304;

const tokenCount = z.int().min(0).max(2_147_483_647);

const usageShape = z.object({ prompt_tokens: tokenCount, completion_tokens: tokenCount.optional() });

/** Text, or a list of parts as Mistral's reasoning models send it; its thoughts are no words to speak. */
const contentShape = z.union([
  z.string(),
  z.array(z.object({ type: z.string().optional(), text: z.string().optional() })),
]);

/** One fragment of a tool call, as it came. */
const toolCallShape = z.object({
  index: z.int().nullish(),
  id: z.string().nullish(),
  function: z.object({ name: z.string().nullish(), arguments: z.unknown().optional() }).nullish(),
});

export type ToolCallFragment = z.infer<typeof toolCallShape>;

const deltaShape = z.object({
  content: contentShape.nullish(),
  refusal: z.string().nullish(),
  // Thoughts, under either name; never said.
  reasoning_content: z.unknown().optional(),
  reasoning: z.unknown().optional(),
  tool_calls: z.array(toolCallShape).nullish(),
});

const chunkShape = z.object({
  choices: z
    .array(
      z.object({
        index: z.int().nullish(),
        delta: deltaShape.nullish(),
        finish_reason: z.string().nullish(),
      }),
    )
    .optional(),
  usage: z.unknown().optional(),
});

type Content = z.infer<typeof contentShape> | null | undefined;

/** What one chunk brought. */
export interface ReadChunk {
  readonly text: string;
  /** True for words, thoughts and pieces of a tool call: the model is at work. */
  readonly isAlive: boolean;
}

export class AnswerReader {
  readonly calls = new ToolCallDrafts();
  readonly #thoughts = new LeadingThoughts();
  readonly #secrets: Secrets;
  /** Of words to speak, and of all words. */
  #answerChars = 0;
  #chars = 0;
  #finishReason: string | null = null;
  #usage: { readonly inputTokens: number; readonly outputTokens: number } | null = null;

  /** `secrets` are taken out of what an error among the chunks says. */
  constructor(secrets: Secrets = {}) {
    this.#secrets = secrets;
  }

  /** Why the answer ended; null = it has not. */
  get finishReason(): string | null {
    return this.#finishReason;
  }

  /** As told last: where it comes with every chunk, it grows. */
  get usage() {
    return this.#usage;
  }

  /** True once words or a piece of a call came. */
  get hasAnswer(): boolean {
    return this.#answerChars > 0 || !this.calls.isEmpty;
  }

  /** Takes the next chunk; throws ProviderFailure for what is no chunk, and for what is over a bound. */
  take(chunk: unknown): ReadChunk {
    const parsed = chunkShape.safeParse(chunk);
    if (!parsed.success) throw malformed(chunk, this.#secrets);
    const { choices, usage } = parsed.data;
    const isCounted = usage !== undefined && usage !== null && this.#takeUsage(usage);
    if (choices === undefined && !isCounted) throw malformed(chunk, this.#secrets);
    let text = '';
    let isAlive = false;
    for (const { index, delta, finish_reason } of choices ?? []) {
      // One answer was asked for.
      if ((index ?? 0) !== 0) continue;
      text += textOf(delta?.content) + (delta?.refusal ?? '');
      isAlive ||= isThought(delta?.reasoning_content) || isThought(delta?.reasoning);
      for (const fragment of delta?.tool_calls ?? []) {
        isAlive = true;
        if (!this.calls.add(fragment)) throw tooMuch('tool calls than any command needs');
      }
      if (finish_reason !== undefined && finish_reason !== null && finish_reason !== '') {
        this.#finishReason = finish_reason;
      }
    }
    this.#chars += text.length;
    if (this.#chars > answerMaxChars) throw tooMuch(`than ${answerMaxChars} characters`);
    return { text: this.#said(this.#thoughts.push(text)), isAlive: isAlive || text !== '' };
  }

  /** What was held back until it was clear that these were words, too; once the answer has ended. */
  rest(): string {
    return this.#said(this.#thoughts.finish());
  }

  #said(text: string): string {
    this.#answerChars += text.length;
    return text;
  }

  /** False = these are no counts of tokens. */
  #takeUsage(usage: unknown): boolean {
    const parsed = usageShape.safeParse(usage);
    if (!parsed.success) return false;
    const { prompt_tokens, completion_tokens = 0 } = parsed.data;
    this.#usage = { inputTokens: prompt_tokens, outputTokens: completion_tokens };
    return true;
  }
}

function isThought(value: unknown): boolean {
  return typeof value === 'string' && value !== '';
}

function textOf(content: Content): string {
  if (typeof content === 'string') return content;
  return (content ?? []).map(({ type, text }) => (type === undefined || type === 'text' ? (text ?? '') : '')).join('');
}

function malformed(chunk: unknown, secrets: Secrets): ProviderFailure {
  const told = failureOfErrorEvent(chunk, secrets);
  if (told !== null) return told;
  return new ProviderFailure({
    code: 'UNAVAILABLE',
    words: 'sent a chunk that is none of a chat completion',
    next: 'again',
  });
}

function tooMuch(than: string): ProviderFailure {
  return new ProviderFailure({ code: 'UNAVAILABLE', words: `answered more ${than}`, next: 'nobody' });
}

/** Two texts of 8,000 characters with every one of them escaped fit. */
export const argumentsMaxChars = 131_072;

/** A session has one command; a model that gives many has lost its way. */
export const mostToolCalls = 16;

interface Draft {
  readonly index: number;
  readonly id: string;
  name: string;
  args: string;
}

export interface FinishedCall {
  readonly name: string;
  /** undefined = they are no JSON. */
  readonly args: unknown;
}

/**
 * Tool calls as they grow: a name, and arguments in fragments that mean nothing before the last one. They become commands only when the
 * model has ended its answer in order; arguments that are no JSON object then are of a call that was cut off, and it is dropped.
 */
export class ToolCallDrafts {
  readonly #drafts: Draft[] = [];

  get isEmpty(): boolean {
    return this.#drafts.length === 0;
  }

  /** Adds a fragment; false if that is more than a bound allows. */
  add({ index, id, function: call }: ToolCallFragment): boolean {
    const name = call?.name ?? '';
    const place = index ?? 0;
    const current = this.#drafts.findLast((draft) => draft.index === place);
    // Gemini and others give every call of an answer the same index: a new name under a new id is a new call.
    const isNew = current === undefined || (name !== '' && current.name !== '' && (id ?? '') !== current.id);
    const draft = isNew ? { index: place, id: id ?? '', name: '', args: '' } : current;
    if (isNew) this.#drafts.push(draft);
    if (draft.name === '') draft.name = name;
    const args = call?.arguments ?? '';
    // Some local servers send arguments as an object.
    draft.args += typeof args === 'string' ? args : JSON.stringify(args);
    return this.#drafts.length <= mostToolCalls && draft.args.length <= argumentsMaxChars;
  }

  /** The calls in their order; only to be asked after the answer has ended in order. */
  finish(): readonly FinishedCall[] {
    return this.#drafts
      .filter(({ name }) => name.trim() !== '')
      .map(({ name, args }) => ({ name, args: args.trim() === '' ? {} : parsedJson(args) }));
  }
}

function parsedJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** As open models are trained to write them. */
const tagNames = ['think', 'thinking', 'thought', 'reasoning'] as const;
const openings: readonly string[] = tagNames.map((name) => `<${name}>`);
const longestOpening = Math.max(...openings.map((opening) => opening.length));

type ThoughtsState =
  /** Only white space, and perhaps a part of a tag, came so far. */
  | { readonly kind: 'beginning'; readonly held: string }
  /** `held` may be the beginning of the closing tag. */
  | { readonly kind: 'thinking'; readonly closing: string; readonly held: string }
  | { readonly kind: 'answering' };

/**
 * Keeps back what a model thinks aloud before it answers: `<think>…</think>` at the very beginning, as reasoning models write it into their
 * text where no parser of their server takes it out. Nobody wants to hear it. Anywhere else these are words like any others, and not a
 * character of them is touched. Linear; holds at most a tag's length of text.
 */
export class LeadingThoughts {
  #state: ThoughtsState = { kind: 'beginning', held: '' };

  /** What of the next delta belongs to the answer. */
  push(text: string): string {
    if (this.#state.kind === 'answering') return text;
    return this.#state.kind === 'thinking' ? this.#think(text, this.#state) : this.#begin(this.#state.held + text);
  }

  /** The rest, at the end of the answer: what only looked like a tag. Thoughts without an end stay thoughts. */
  finish(): string {
    const held = this.#state.kind === 'beginning' ? this.#state.held : '';
    this.#state = { kind: 'answering' };
    return held;
  }

  #begin(text: string): string {
    const start = text.search(/\S/);
    const begun = start < 0 ? '' : text.slice(start, start + longestOpening).toLowerCase();
    const opening = openings.find((tag) => begun.startsWith(tag));
    if (opening !== undefined) {
      const thinking = { kind: 'thinking', closing: `</${opening.slice(1)}`, held: '' } as const;
      this.#state = thinking;
      return this.#think(text.slice(start + opening.length), thinking);
    }
    // White space alone is held, too: it is cut from the beginning of an answer anyway.
    if (begun === '' || openings.some((tag) => tag.startsWith(begun))) {
      this.#state = { kind: 'beginning', held: begun === '' ? '' : text.slice(start) };
      return '';
    }
    this.#state = { kind: 'answering' };
    return text;
  }

  #think(text: string, { closing, held }: Extract<ThoughtsState, { kind: 'thinking' }>): string {
    const all = held + text;
    const end = all.toLowerCase().indexOf(closing);
    if (end < 0) {
      this.#state = { kind: 'thinking', closing, held: all.slice(Math.max(0, all.length - closing.length + 1)) };
      return '';
    }
    // Some think more than once.
    this.#state = { kind: 'beginning', held: '' };
    return this.#begin(all.slice(end + closing.length));
  }
}

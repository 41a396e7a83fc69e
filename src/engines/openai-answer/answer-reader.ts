/**
 * Reads the chunks of a streaming answer: its words as they come, its tool calls when it has ended, why it ended, what it cost. Chunks are
 * checked, as the peer may be anybody; the answer and its calls are bounded. Knows no network and no time.
 */
import { z } from 'zod';
import { ProviderFault } from './provider-fault.ts';
import { shortened, wordsOfBody } from './provider-refusal.ts';
import { ToolCallDrafts } from './tool-call-drafts.ts';

/** Some 60 hours of speech. */
export const answerMaxChars = 4_194_304;

const tokenCount = z.int().min(0).max(2_147_483_647);

const usageShape = z.object({ prompt_tokens: tokenCount, completion_tokens: tokenCount.optional() });

/** Text, or a list of parts as Mistral's reasoning models send it; its thoughts are no words to speak. */
const contentShape = z.union([
  z.string(),
  z.array(z.object({ type: z.string().optional(), text: z.string().optional() })),
]);

const deltaShape = z.object({
  content: contentShape.nullish(),
  refusal: z.string().nullish(),
  // Thoughts, under either name; never said.
  reasoning_content: z.unknown().optional(),
  reasoning: z.unknown().optional(),
  tool_calls: z
    .array(
      z.object({
        index: z.int().nullish(),
        id: z.string().nullish(),
        function: z.object({ name: z.string().nullish(), arguments: z.unknown().optional() }).nullish(),
      }),
    )
    .nullish(),
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
  #chars = 0;
  #finishReason: string | null = null;
  #usage: { readonly inputTokens: number; readonly outputTokens: number } | null = null;

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
    return this.#chars > 0 || !this.calls.isEmpty;
  }

  /** Takes the next chunk; throws ProviderFault for what is no chunk, and for what is over a bound. */
  take(chunk: unknown): ReadChunk {
    const parsed = chunkShape.safeParse(chunk);
    if (!parsed.success) throw malformed(chunk);
    const { choices, usage } = parsed.data;
    const isCounted = usage !== undefined && usage !== null && this.#takeUsage(usage);
    if (choices === undefined && !isCounted) throw malformed(chunk);
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
    return { text, isAlive: isAlive || text !== '' };
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

function malformed(chunk: unknown): ProviderFault {
  const { detail } = wordsOfBody(JSON.stringify(chunk) ?? '');
  return new ProviderFault({
    errorCode: 'UNAVAILABLE',
    what: detail === '' ? 'sent a chunk that is none of a chat completion' : 'broke its answer off with an error',
    detail: shortened(detail),
    next: 'sameAgain',
  });
}

function tooMuch(than: string): ProviderFault {
  return new ProviderFault({ errorCode: 'UNAVAILABLE', what: `answered more ${than}`, next: 'nobody' });
}

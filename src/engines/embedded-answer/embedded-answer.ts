/**
 * The embedded answerer: fixed rules in English and Russian, so that Recital answers with no network, no key and no model.
 * It says plainly what it is. It acts (opens an app, sends a message) only on an utterance that is such a wish from end to
 * end. What was said before it takes from the history of the request; where there is none, from the last words of each device, which
 * it then keeps in memory.
 */

import { isOneDevice } from '../../call/call.ts';
import type { AnswerEngine, AnswerPart, AnswerRequest } from '../answer-engine.ts';
import { type PacedItems, Pause, playPaced } from '../paced-stream.ts';
import { createPromptMemory, type PromptMemory } from './prompt-memory.ts';
import { replyTo } from './rules.ts';
import { type SpokenTime, spokenTime } from './spoken-time.ts';
import type { Reply } from './texts.ts';

export interface EmbeddedAnswerOptions {
  /** The clock; default: the system's. */
  readonly now?: () => Date;
  /** IANA name of the zone whose time is told; default: the system's. An unknown one throws RangeError. */
  readonly timeZone?: string;
  /** The pause between two words in milliseconds, so that one sees the answer come; default 8, 0 = none. */
  readonly msPerWord?: number;
}

interface Answerer {
  readonly now: () => Date;
  readonly msPerWord: number;
  readonly spokenTime: SpokenTime;
  readonly memory: PromptMemory;
}

/** Under this name its use is counted. It has no tokens: a word of the prompt is one of input, a word said one of output. */
const MODEL_NAME = 'recital-embedded';
const defaultMsPerWord = 8;
/** A long text (an echo of a long prompt) is said at once from here on: nobody watches it word by word. */
const maxPacedWords = 200;

/** The answer engine of the demo and of the emergency profile. */
export function createEmbeddedAnswerEngine(options: EmbeddedAnswerOptions = {}): AnswerEngine {
  const answerer: Answerer = {
    now: options.now ?? (() => new Date()),
    msPerWord: options.msPerWord ?? defaultMsPerWord,
    spokenTime: spokenTime(options.timeZone),
    memory: createPromptMemory(),
  };
  return {
    name: 'embedded',
    async start() {},
    answer: (request, signal) => playPaced(partsOf(answerer, request), signal),
    async stop() {},
  };
}

function* partsOf(answerer: Answerer, request: AnswerRequest): PacedItems<AnswerPart> {
  const { text, command } = reply(answerer, request);
  const pause = answerer.msPerWord > 0 ? new Pause(answerer.msPerWord) : undefined;
  let wordCount = 0;
  try {
    // Each delta is a word with the white space around it, so that all of them joined are the text.
    for (const [delta] of text.matchAll(/\s*\S+\s*/g)) {
      if (pause !== undefined && wordCount > 0 && wordCount < maxPacedWords) yield pause;
      wordCount += 1;
      yield { kind: 'text', text: delta };
    }
    if (command !== undefined) yield { kind: 'command', name: command.name, args: command.args };
  } finally {
    // Also where the answer is broken off: these words were said.
    request.noteUsage?.({ inputTokens: wordCountOf(request.prompt), outputTokens: wordCount, model: MODEL_NAME });
  }
}

function wordCountOf(text: string): number {
  let count = 0;
  for (const _word of text.matchAll(/\S+/g)) count += 1;
  return count;
}

function reply({ now, spokenTime, memory }: Answerer, request: AnswerRequest): Reply {
  const { prompt, hardwareId, screenshot, history } = request;
  const told = history?.map((exchange) => exchange.prompt).reverse();
  const earlierPrompts = isOneDevice(hardwareId) ? (told ?? memory.recall(hardwareId)) : undefined;
  const { isRecall, ...answer } = replyTo(prompt, { now: now(), spokenTime, earlierPrompts, screenshot });
  // One memory: what a device wants forgotten must not live on here.
  if (!isRecall && history === undefined) memory.remember(hardwareId, prompt);
  return answer;
}

/**
 * The engines of a server: makes and starts the one that is asked for, of either kind by itself, and holds those that are in use. One that
 * did not come up, or came up when another was wanted already, is stopped; why it did not is told without what is secret.
 */

import { withoutCredentials } from '../config/secret.ts';
import type { AnswerEngineName, Config, SpeechEngineName } from '../config.ts';
import type { AnswerEngine } from '../engines/answer-engine.ts';
import { createEmbeddedAnswerEngine } from '../engines/embedded-answer/embedded-answer.ts';
import { createEmbeddedSpeechEngine } from '../engines/embedded-speech/embedded-speech.ts';
import type { Scenario } from '../engines/scripted/scenario.ts';
import { createScriptedAnswerEngine, createScriptedSpeechEngine } from '../engines/scripted/scripted-engines.ts';
import type { SpeechEngine } from '../engines/speech-engine.ts';
import { createProviderSpeechEngine } from '../engines/speech-providers/provider-speech.ts';
import { isSpeechProvider, makeProvider, type SpeechProviderName } from '../engines/speech-providers/provider-table.ts';
import { UnknownVoices } from '../engines/unknown-voices.ts';
import { wordsOf } from '../errors.ts';
import type { EngineOrder, EnginePart } from '../machines/bootstrap.machine.ts';
import type { Logger } from '../observe/logger.ts';
import { beginningOf } from '../store/memory-entry.ts';
import { commandTools } from '../text/commands.ts';

/** The embedded voice's own bound, and a sensible one for the others. */
const MAX_QUEUED_SENTENCES = 10_000;

export interface EngineSet {
  readonly answer: AnswerEngine;
  readonly speech: SpeechEngine;
}

/** A reason goes on the ready line and to probes: a sentence or two. */
const MAX_REASON_CHARS = 300;

export class EnginesInUse {
  readonly #config: Config;
  readonly #log: Logger;
  readonly #answer: EnginePlace<AnswerEngine>;
  readonly #speech: EnginePlace<SpeechEngine>;

  constructor(config: Config, log: Logger) {
    this.#config = config;
    this.#log = log;
    this.#answer = new EnginePlace();
    this.#speech = new EnginePlace();
  }

  /** Makes and starts one engine; rejects with a reason that may be shown, and with nothing left running, if it does not come up. */
  async start({ part, profile }: EngineOrder): Promise<void> {
    try {
      await this.#start(part, profile === 'embedded');
    } catch (error) {
      throw new Error(shownReason(wordsOf(error), secretsOf(this.#config)), { cause: error });
    }
  }

  /** The engines in use; throws before they are up, which the bootstrap chart rules out for admitted calls. */
  inUse(): EngineSet {
    const engines = this.peek();
    if (engines === null) throw new Error('the engines are not up');
    return engines;
  }

  /** The engines in use, or null. */
  peek(): EngineSet | null {
    const [answer, speech] = [this.#answer.inUse, this.#speech.inUse];
    return answer === null || speech === null ? null : { answer, speech };
  }

  /** Stops the engines in use, and those that are still starting as soon as they are up. */
  async stop(): Promise<void> {
    await Promise.all([this.#answer.stop(), this.#speech.stop()]);
  }

  #start(part: EnginePart, isEmbedded: boolean): Promise<void> {
    const { engines } = this.#config;
    if (part === 'answer') {
      const make = answerEngines[isEmbedded ? 'embedded' : engines.answer];
      return this.#answer.start(() => make(this.#config, this.#log));
    }
    const make = speechEngineMaker(isEmbedded ? 'embedded' : engines.speech);
    return this.#speech.start(() => make(this.#config, this.#log));
  }
}

interface Engine {
  start(): Promise<void>;
  stop(): Promise<void>;
}

/** Where one engine stands, or will. */
class EnginePlace<T extends Engine> {
  #inUse: T | null = null;
  /** The request that came last; null = none is wanted any more. */
  #wanted: symbol | null = null;

  get inUse(): T | null {
    return this.#inUse;
  }

  async start(make: () => T | Promise<T>): Promise<void> {
    const wish = Symbol('engine');
    this.#wanted = wish;
    const engine = await make();
    try {
      await engine.start();
      // While it was starting, another may have been asked for, or the end.
      if (this.#wanted !== wish) throw new Error('it came up too late');
    } catch (error) {
      await engine.stop().catch(() => {});
      throw error;
    }
    this.#inUse = engine;
  }

  async stop(): Promise<void> {
    this.#wanted = null;
    await this.#inUse?.stop().catch(() => {});
  }
}

/** Every key that the configuration holds. */
function secretsOf({ answer, engines }: Config): readonly string[] {
  const keys = [...answer.providers.map(({ apiKey }) => apiKey), engines.speechProvider?.apiKey ?? null];
  return keys.flatMap((key) => (key === null ? [] : [key.reveal()]));
}

/** One bounded line, without a key that somebody else's words may repeat. */
export function shownReason(words: string, secrets: readonly string[]): string {
  const hidden = secrets
    .filter((secret) => secret !== '')
    .reduce((text, secret) => text.replaceAll(secret, '[secret]'), withoutCredentials(words));
  return beginningOf(hidden.replace(/[\p{Cc}\s]+/gu, ' ').trim(), MAX_REASON_CHARS);
}

type EngineMaker<T> = (config: Config, log: Logger) => T | Promise<T>;

const answerEngines: Readonly<Record<AnswerEngineName, EngineMaker<AnswerEngine>>> = {
  embedded: ({ commands, killSwitches }) =>
    createEmbeddedAnswerEngine({
      allowedCommands: killSwitches.disableForwardAssistantActions ? [] : commands.allowed,
    }),
  scripted: (config) => createScriptedAnswerEngine(scenarioOf(config)),
  openai: async ({ answer, commands, killSwitches, timeouts }, log) => {
    // Its library takes 80 ms to load, which only those wait for who use it.
    const { createOpenAiAnswerEngine } = await import('../engines/openai-answer/openai-answer.ts');
    return createOpenAiAnswerEngine({
      ...answer,
      endTimeoutMs: timeouts.answerStallTimeoutMs,
      task: {
        systemPrompt: answer.systemPrompt,
        // A model is not told of commands that nobody would carry out.
        tools: killSwitches.disableForwardAssistantActions ? [] : commandTools(commands.allowed),
      },
      log,
    });
  },
};

const speechEngines: Readonly<Record<Exclude<SpeechEngineName, SpeechProviderName>, EngineMaker<SpeechEngine>>> = {
  embedded: ({ backpressure, speech }, log) =>
    createEmbeddedSpeechEngine({
      unknownVoices: unknownVoices(speech, log),
      maxQueuedSentences: openSentences(backpressure.maxStreams, speech.lookaheadSentences),
      onWorkerLost: (reason) => {
        const fields = { scope: 'engine', method: 'synthesise', decision: 'worker_lost', ctx: { reason } };
        log.error(fields, 'a voice worker died and is replaced');
      },
    }),
  scripted: (config, log) => createScriptedSpeechEngine(scenarioOf(config), unknownVoices(config.speech, log)),
};

function unknownVoices({ unknownVoice }: Config['speech'], log: Logger): UnknownVoices {
  return new UnknownVoices({
    policy: unknownVoice,
    onReplaced: ({ voice, spokenBy, isLastTold }) => {
      const ctx = { voice, spoken_by: spokenBy, ...(isLastTold && { further_names: 'not logged' }) };
      const fields = { scope: 'engine', method: 'synthesise', decision: 'voice_replaced', ctx };
      log.warn(fields, 'a voice that a client named does not exist and is replaced (VOICE_UNKNOWN)');
    },
  });
}

function speechEngineMaker(name: SpeechEngineName): EngineMaker<SpeechEngine> {
  return isSpeechProvider(name) ? providerVoice : speechEngines[name];
}

function providerVoice({ engines, backpressure, speech }: Config, log: Logger): SpeechEngine {
  const configured = engines.speechProvider;
  if (configured === null) throw new Error('a provider of voices needs its settings');
  const settings = { ...configured, apiKey: configured.apiKey?.reveal() ?? '' };
  return createProviderSpeechEngine({
    settings,
    provider: makeProvider(settings, process.env),
    unknownVoices: unknownVoices(speech, log),
    maxWaiting: openSentences(backpressure.maxStreams, speech.lookaheadSentences),
    onFailedTry: ({ provider, errorCode, detail, tries, isLast, isOfCaller }) => {
      const decision = isLast ? 'voice_failed' : 'voice_retry';
      const ctx = { provider, error_code: errorCode, detail, tries };
      const fields = { scope: 'engine', method: 'synthesise', decision, ctx };
      log[isOfCaller ? 'debug' : 'warn'](fields, 'a voice could not speak a sentence');
    },
  });
}

/** Every sentence that every stream may have open: a full house is not an overload. */
function openSentences(streams: number, lookaheadSentences: number): number {
  return Math.min(MAX_QUEUED_SENTENCES, streams * (1 + lookaheadSentences));
}

function scenarioOf({ engines }: Config): Scenario {
  if (engines.scenario === null) throw new Error('a scripted engine needs SCENARIO_FILE');
  return engines.scenario;
}

/**
 * The engines of a server: makes the ones a profile names, starts them, and holds the pair that is in use. Both of a pair come
 * up or neither is used; a pair that did not come up is stopped.
 */
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
import type { EngineProfile } from '../machines/bootstrap.machine.ts';
import type { Logger } from '../observe/logger.ts';
import { commandTools } from '../text/commands.ts';

/** The embedded voice's own bound, and a sensible one for the others. */
const MAX_QUEUED_SENTENCES = 10_000;

export interface EngineSet {
  readonly answer: AnswerEngine;
  readonly speech: SpeechEngine;
}

export class EnginesInUse {
  readonly #config: Config;
  readonly #log: Logger;
  #inUse: EngineSet | null = null;
  /** The request for a pair that came last; null = none is wanted any more. */
  #wanted: symbol | null = null;

  constructor(config: Config, log: Logger) {
    this.#config = config;
    this.#log = log;
  }

  /** Makes and starts the engines of `profile`; rejects, with nothing left running, if one does not come up. */
  async start(profile: EngineProfile): Promise<void> {
    const names =
      profile === 'emergency' ? ({ answer: 'embedded', speech: 'embedded' } as const) : this.#config.engines;
    const wish = Symbol(profile);
    this.#wanted = wish;
    const engines = {
      answer: await answerEngines[names.answer](this.#config, this.#log),
      speech: await speechEngineMaker(names.speech)(this.#config, this.#log),
    };
    const outcomes = await Promise.allSettled([engines.answer.start(), engines.speech.start()]);
    const failed = outcomes.find((outcome) => outcome.status === 'rejected');
    // While they were starting, others may have been asked for, or the end.
    const isWanted = this.#wanted === wish;
    if (failed === undefined && isWanted) {
      this.#inUse = engines;
      return;
    }
    await stopSet(engines);
    throw failed?.reason ?? new Error(`the ${profile} engines came up too late`);
  }

  /** The engines in use; throws before they are up, which the bootstrap chart rules out for admitted calls. */
  inUse(): EngineSet {
    if (this.#inUse === null) throw new Error('the engines are not up');
    return this.#inUse;
  }

  /** The engines in use, or null. */
  peek(): EngineSet | null {
    return this.#inUse;
  }

  /** Stops the engines in use, and those that are still starting as soon as they are up. */
  async stop(): Promise<void> {
    this.#wanted = null;
    if (this.#inUse !== null) await stopSet(this.#inUse);
  }
}

async function stopSet({ answer, speech }: EngineSet): Promise<void> {
  await Promise.allSettled([answer.stop(), speech.stop()]);
}

type EngineMaker<T> = (config: Config, log: Logger) => T | Promise<T>;

const answerEngines: Readonly<Record<AnswerEngineName, EngineMaker<AnswerEngine>>> = {
  embedded: () => createEmbeddedAnswerEngine(),
  scripted: (config) => createScriptedAnswerEngine(scenarioOf(config)),
  openai: async ({ answer, commands, killSwitches }, log) => {
    // Its library takes 80 ms to load, which only those wait for who use it.
    const { createOpenAiAnswerEngine } = await import('../engines/openai-answer/openai-answer.ts');
    return createOpenAiAnswerEngine({
      ...answer,
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
    onFailedTry: ({ provider, errorCode, detail, tries, isLast }) => {
      const decision = isLast ? 'voice_failed' : 'voice_retry';
      const ctx = { provider, error_code: errorCode, detail, tries };
      log.warn({ scope: 'engine', method: 'synthesise', decision, ctx }, 'a voice could not speak a sentence');
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

/** The engine of language models as tests ask it: at the local server, with everything that it tells kept. */
import type { AnswerPart, AnswerRequest, AnswerUsage } from '../../../src/engines/answer-engine.ts';
import {
  createOpenAiAnswerEngine,
  type OpenAiAnswerOptions,
} from '../../../src/engines/openai-answer/openai-answer.ts';
import type { ProviderNote } from '../../../src/engines/provider-note.ts';
import { EngineFailure } from '../../../src/errors.ts';
import type { LogFields, Logger } from '../../../src/observe/logger.ts';
import { commandTools, defaultCommands } from '../../../src/text/commands.ts';

type Provider = OpenAiAnswerOptions['providers'][number];

export interface KeptLine extends LogFields {
  readonly level: string;
}

/** A logger that keeps its lines. */
export function keepingLogger(): { readonly log: Logger; readonly lines: readonly KeptLine[] } {
  const lines: KeptLine[] = [];
  const at = (level: string) => (fields: LogFields) => {
    lines.push({ level, ...fields });
  };
  const log = { debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error'), announce: at('announce') };
  return { log, lines };
}

/** A provider at `baseUrl` whose model, and so whose behaviour, is `model`. */
export function providerAt(baseUrl: string, model: string, more: Partial<Provider> = {}): Provider {
  return { name: 'main', baseUrl, model, apiKey: null, temperature: null, maxTokens: 0, thoughts: 'auto', ...more };
}

/** An engine that tries once, unless told otherwise. */
export function createEngine(
  providers: readonly Provider[],
  { log = keepingLogger().log, ...more }: Partial<OpenAiAnswerOptions> = {},
) {
  const task = { tools: commandTools(defaultCommands), systemPrompt: null };
  return createOpenAiAnswerEngine({
    providers,
    retries: 0,
    attemptTimeoutMs: 0,
    endTimeoutMs: 1_000,
    task,
    log,
    ...more,
  });
}

/** What came of a question. */
export interface AskedAnswer {
  readonly parts: readonly AnswerPart[];
  readonly text: string;
  readonly commands: readonly { readonly name: string; readonly args: unknown }[];
  /** null = a good end. */
  readonly failure: { readonly code: string | undefined; readonly message: string } | null;
  readonly usages: readonly AnswerUsage[];
  readonly notes: readonly ProviderNote[];
}

/** Asks and collects; a declared failure is an outcome, anything else throws. */
export async function askEngine(
  engine: ReturnType<typeof createEngine>,
  request: Partial<AnswerRequest> = {},
  signal: AbortSignal = new AbortController().signal,
): Promise<AskedAnswer> {
  const parts: AnswerPart[] = [];
  const usages: AnswerUsage[] = [];
  const notes: ProviderNote[] = [];
  const outcome = () => ({
    parts,
    text: parts.map((part) => (part.kind === 'text' ? part.text : '')).join(''),
    commands: parts.flatMap((part) => (part.kind === 'command' ? [{ name: part.name, args: part.args }] : [])),
    usages,
    notes,
  });
  const asked: AnswerRequest = {
    prompt: 'Hello',
    hardwareId: 'device-1',
    noteUsage: (usage) => usages.push(usage),
    noteProvider: (note) => notes.push(note),
    ...request,
  };
  try {
    for await (const part of engine.answer(asked, signal)) parts.push(part);
    return { ...outcome(), failure: null };
  } catch (error) {
    if (!(error instanceof EngineFailure)) throw error;
    return { ...outcome(), failure: { code: error.errorCode, message: error.message } };
  }
}

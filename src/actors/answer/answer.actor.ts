/**
 * The answer actor: turns the answer port into facts for the session chart, one answer an actor.
 *
 * Owns what stops the answer: when the chart leaves the state that invoked it, the engine is told at once. It waits for what is
 * remembered of the device, for a bounded time, before it asks the engine. It makes the model wait while the chart's backlog is full,
 * and cuts monstrous deltas so that no turn of the chart is long. It notices when the model falls quiet, which settles whether "One."
 * was a sentence. It decides nothing: timeouts, retries and ends are the chart's.
 */
import { fromCallback } from 'xstate';
import type { Call } from '../../call/call.ts';
import type { Screen } from '../../call/gateway.ts';
import { Stop, type StopSignal } from '../../call/stop-signal.ts';
import type { AnswerEngine, AnswerRequest, AnswerUsage } from '../../engines/answer-engine.ts';
import { type Failure, failureOfThrown } from '../../errors.ts';
import type { AnswerInbox, AnswerInput, SessionEvent } from '../../machines/session/session.types.ts';
import type { FaultLog } from '../../observe/fault-log.ts';
import type { JobCount } from '../figures/stream-counters.ts';
import type { StreamFigures } from '../figures/stream-figures.ts';
import type { EngineCallResult } from '../figures/stream-meter.ts';
import { resourcesOf, type StreamResourceMap } from '../hosts/stream-resources.ts';
import { Pause } from '../pause.ts';
import type { HistoryLookup } from './history-lookup.ts';

/** The longest text one fact carries: a model sends a few characters at a time, an echo of a 16 MiB prompt does not. */
const MAX_DELTA_CHARS = 4096;
/** Text of one giant delta after which the event loop gets a breath. */
const CHARS_PER_BREATH = 16 * MAX_DELTA_CHARS;
/**
 * Silences in ms that the chart is told of (src/text/sentence-stop.ts says why these). The whole one always, the shorter ones only where the
 * text ends like a sentence: every pause between two words of a model is as long.
 */
export const SILENCES_MS: readonly number[] = [20, 80, 200];
/**
 * The end of a raw answer that may be a stop or the end of a line, also in an object: `"text": "So.\n`; and whether white space is behind it.
 */
const endOfSentence = /(?:[.!?…؟।]["'”’»)\]*_]{0,3}|(?=\n|\\n))((?:\s|\\n){0,8})$/u;
/** The silences by name, in their order. */
const silences = ['short', 'middle', 'whole'] as const;
type Silence = (typeof silences)[number];
/** As much of it as that can be. */
const MAX_END_CHARS = 16;

export interface AnswerActorOptions {
  /** The engine that is in use now; throws if none came up. */
  readonly engine: () => AnswerEngine;
  readonly resources: StreamResourceMap;
  /** Counts answers whose engine is really at work. */
  readonly jobs: JobCount;
  readonly faults: FaultLog;
  /** Takes the tokens that an answer took; never throws. */
  readonly noteUsage: (call: Call, usage: AnswerUsage) => void;
  /** Looks up what was said before; null = nothing is remembered. */
  readonly history: Pick<HistoryLookup, 'of'> | null;
  /** The time in which this process ran, in ms (own-time.ts): the model is judged by it. */
  readonly now: () => number;
}

/** The logic of the actor `answer` of the session chart. */
export function createAnswerActor(options: AnswerActorOptions) {
  return fromCallback<AnswerInbox, AnswerInput>(({ input, sendBack, receive }) => {
    const resources = resourcesOf(options.resources, input.streamId);
    const { call, screen, figures, outbox } = resources;
    const job = new AnswerJob(options, {
      request: requestOf(input.prompt, call.hardwareId, screen, (usage) => {
        // Told also after an abort: what was used was used.
        figures.answerUsed(usage);
        options.noteUsage(call, usage);
      }),
      call,
      figures,
      ageMs: () => outbox.ageMs(),
      tell: sendBack,
    });
    receive((event) => {
      if (event.type === 'backlog.filled') job.hold();
      else job.resume();
    });
    const dispose = (): void => job.abort();
    resources.disposers.push(dispose);
    void job.run();
    return dispose;
  });
}

function requestOf(
  prompt: string,
  hardwareId: string,
  { screenshot, screenWidth, screenHeight }: Screen,
  noteUsage: (usage: AnswerUsage) => void,
): OpenRequest {
  const request: OpenRequest = { prompt, hardwareId, noteUsage };
  if (screenshot !== undefined) request.screenshot = screenshot;
  if (screenWidth !== undefined) request.screenWidth = screenWidth;
  if (screenHeight !== undefined) request.screenHeight = screenHeight;
  return request;
}

/** Why an engine is aborted. One object for all: making an error collects a stack. */
const nobodyListens = Object.freeze(new Error('nobody listens to the answer any more'));

/** What an engine is asked, while it is put together: what is put together by spreading has a shape of its own, for each answer. */
type OpenRequest = { -readonly [Field in keyof AnswerRequest]: AnswerRequest[Field] };

interface AnswerJobInput {
  readonly request: OpenRequest;
  readonly call: Call;
  readonly figures: StreamFigures;
  /** How long ago the stream opened, by the clock of the actor. */
  readonly ageMs: () => number;
  readonly tell: (event: SessionEvent) => void;
}

/** One answer on its way from the engine to the chart. */
class AnswerJob {
  readonly #options: AnswerActorOptions;
  readonly #input: AnswerJobInput;
  readonly #abort = new Stop();
  readonly #pause = new Pause();
  readonly #quiet: QuietWatch;
  #isRunning = true;
  #isCutOff = false;
  /** Text of the present burst. */
  #gathered = '';
  /** The last few characters that were told. */
  #end = '';

  constructor(options: AnswerActorOptions, input: AnswerJobInput) {
    this.#options = options;
    this.#input = input;
    this.#quiet = new QuietWatch({
      now: options.now,
      onQuiet: (quietMs) => this.#tell({ type: 'answer.fellQuiet', atMs: this.#atMs(), quietMs }),
    });
  }

  /** Pulls the answer to its end; never rejects. */
  async run(): Promise<void> {
    const { engine, jobs, history: memory, now } = this.#options;
    const { request, figures } = this.#input;
    const signal: StopSignal = this.#abort;
    let [provider, askedAtMs, result]: [string | null, number, EngineCallResult] = [null, 0, 'aborted'];
    jobs.begin();
    try {
      const lookup = memory?.of(request.hardwareId, signal) ?? null;
      if (lookup !== null) request.history = lookup instanceof Promise ? await lookup : lookup;
      if (signal.aborted) return;
      const model = engine();
      const note = figures.answerAsked(model.name);
      [provider, askedAtMs] = [model.name, now()];
      request.noteProvider = (told) => {
        provider = told.provider;
        note(told);
      };
      request.noteEnding = () => {
        this.#flush();
        this.#tell({ type: 'answer.endAnnounced', atMs: this.#atMs() });
      };
      for await (const part of model.answer(request, signal)) {
        figures.answerHeard(part);
        if (part.kind === 'cutOff') this.#isCutOff = true;
        else if (part.kind === 'command') {
          this.#flush();
          this.#tell({ type: 'answer.commandReceived', name: part.name, args: part.args });
        } else {
          for (let start = 0; start < part.text.length; start += MAX_DELTA_CHARS) {
            if (this.#pause.isOn) await this.#pause.whenOver();
            this.#gather(part.text.slice(start, start + MAX_DELTA_CHARS));
            if (start > 0 && start % CHARS_PER_BREATH === 0) await new Promise((wake) => setImmediate(wake));
            if (signal.aborted) return;
          }
        }
        if (this.#pause.isOn) await this.#pause.whenOver();
        if (signal.aborted) return;
      }
      result = 'ok';
      this.#flush();
      this.#tell({ type: 'answer.finished', ...(this.#isCutOff && { isCutOff: true }) });
    } catch (error) {
      if (signal.aborted) return;
      result = 'failed';
      this.#flush();
      this.#tell({ type: 'answer.failed', failure: this.#failureOf(error) });
    } finally {
      this.#isRunning = false;
      this.#quiet.stop();
      jobs.end(provider === null ? null : { provider, result, ms: now() - askedAtMs });
    }
  }

  #failureOf(error: unknown): Failure {
    const { method, streamId } = this.#input.call;
    return failureOfThrown(error, streamId, () => this.#options.faults.unexpected(method, streamId, error));
  }

  /** The model waits from now on. */
  hold(): void {
    this.#pause.begin();
    // The silence that follows is ours, not the model's.
    this.#quiet.stop();
  }

  resume(): void {
    this.#pause.end();
    if (this.#isRunning) this.#quiet.touch('whole');
  }

  /** Tells the engine that nobody listens any more; idempotent. */
  abort(): void {
    if (!this.#isRunning) return;
    const { method, streamId } = this.#input.call;
    for (const error of this.#abort.stop(nobodyListens)) this.#options.faults.bug(method, streamId, error);
    this.#quiet.stop();
    this.#pause.end();
  }

  /**
   * Deltas that come in one burst (a provider's packet holds many tokens) become one fact, told when the burst is over: the chart's
   * turns are what an answer costs.
   */
  #gather(text: string): void {
    if (this.#gathered.length + text.length > MAX_DELTA_CHARS) this.#flush();
    if (this.#gathered === '') process.nextTick(() => this.#flush());
    this.#gathered += text;
  }

  #flush(): void {
    if (this.#gathered === '') return;
    const text = this.#gathered;
    this.#gathered = '';
    this.#tell({ type: 'answer.textReceived', text, atMs: this.#atMs() });
    this.#end = (this.#end + text.slice(-MAX_END_CHARS)).slice(-MAX_END_CHARS);
    if (!this.#isRunning || this.#pause.isOn || this.#abort.aborted) return;
    const space = endOfSentence.exec(this.#end)?.[1];
    this.#quiet.touch(space === undefined ? 'whole' : space === '' ? 'middle' : 'short');
  }

  #atMs(): number {
    return Math.round(this.#input.ageMs());
  }

  #tell(event: SessionEvent): void {
    if (!this.#abort.aborted) this.#input.tell(event);
  }
}

/**
 * Notices that something fell quiet: calls back once for each of the silences that passes. The timer is armed once and looks at the clock
 * when it fires, so that a touch costs an assignment and mostly no timer.
 * A short silence is told only where it is awaited, for every pause between two words of a model is as long.
 */
class QuietWatch {
  readonly #now: () => number;
  readonly #onQuiet: (quietMs: number) => void;
  #lastTouchAtMs = 0;
  /** Index of the next silence in SILENCES_MS. */
  #next = 0;
  #timer: NodeJS.Timeout | null = null;
  #dueAtMs = 0;

  constructor(options: { readonly now: () => number; readonly onQuiet: (quietMs: number) => void }) {
    this.#now = options.now;
    this.#onQuiet = options.onQuiet;
  }

  /** It was heard just now; `first` is the first silence that is worth telling. */
  touch(first: Silence): void {
    this.#lastTouchAtMs = this.#now();
    this.#next = silences.indexOf(first);
    // A timer for a longer silence would come too late; one that comes too early looks at the clock.
    if (this.#timer === null || this.#dueAtMs > this.#nextAtMs() + 1) this.#arm(this.#nextAtMs() - this.#now());
  }

  /** Stops watching; a later touch would begin anew. */
  stop(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
  }

  #nextAtMs(): number {
    return this.#lastTouchAtMs + (SILENCES_MS[this.#next] ?? 0);
  }

  #arm(inMs: number): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#dueAtMs = this.#now() + inMs;
    // A look that comes late may find the next one due already; Node 24 warns of a time that has passed.
    this.#timer = setTimeout(() => this.#look(), Math.max(0, inMs));
  }

  #look(): void {
    this.#timer = null;
    const remainingMs = this.#nextAtMs() - this.#now();
    // A timer may fire a moment early.
    if (remainingMs >= 1) {
      this.#arm(remainingMs);
      return;
    }
    const quietMs = SILENCES_MS[this.#next];
    if (quietMs === undefined) return;
    this.#next += 1;
    if (this.#next < SILENCES_MS.length) this.#arm(this.#nextAtMs() - this.#now());
    this.#onQuiet(quietMs);
  }
}

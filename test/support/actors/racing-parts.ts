/** What races of calls run with: engines, readers, a quota and another process, at moments that a race chooses. */
import type { AdmissionPort, Asked, Floor, Grant } from '../../../src/actors/hosts/admission-port.ts';
import type { QuotaPort } from '../../../src/actors/hosts/pending-calls.ts';
import type { AnswerEngine, AnswerPart } from '../../../src/engines/answer-engine.ts';
import type { SpeechEngine } from '../../../src/engines/speech-engine.ts';
import { type Failure, failure } from '../../../src/errors.ts';
import { HandSink } from './hand-sink.ts';
import type { requestOf } from './hosted-supervisor.ts';

/** A moment later, as the race has it: now, some jobs later, or a round of the loop. */
export function momentsOf(moments: readonly number[]) {
  let at = 0;
  return async (): Promise<void> => {
    at += 1;
    for (let turn = moments[at % moments.length] ?? 0; turn > 0; turn -= 1) {
      await (turn % 3 === 0 ? round() : Promise.resolve());
    }
  };
}

/** Engines that say the words of their call in sentences, at moments that the race chooses. */
export function racingEngines(moment: () => Promise<void>): {
  readonly answer: AnswerEngine;
  readonly speech: SpeechEngine;
} {
  const idle = { start: async () => {}, stop: async () => {} };
  const sound = new Uint8Array(4096).fill(9);
  return {
    answer: {
      ...idle,
      name: 'racing',
      async *answer({ prompt }): AsyncGenerator<AnswerPart> {
        for (const number of ['one', 'two', 'three']) {
          await moment();
          yield { kind: 'text', text: `${prompt} is ${number}. ` };
        }
      },
    },
    speech: {
      ...idle,
      name: 'racing',
      async *synthesise() {
        await moment();
        yield sound;
      },
    },
  };
}

/** Has a request for all but every fourth call, and counts what it gives and what comes back. */
export class RacingQuota implements QuotaPort {
  readonly #moment: () => Promise<void>;
  #asked = 0;
  open = 0;

  constructor(moment: () => Promise<void>) {
    this.#moment = moment;
  }

  async reserve() {
    this.#asked += 1;
    const isUsedUp = this.#asked % 4 === 0;
    await this.#moment();
    if (isUsedUp) return failure('access_denied', 'used up');
    this.open += 1;
    return {
      settle: () => {
        this.open -= 1;
      },
    };
  }
}

/** Another process: streams that it was granted hold a slot until they end there, or it is lost. */
export class FarFloor implements Floor {
  readonly worker = 1;
  readonly asked = new Map<string, Asked>();
  readonly granted = new Map<string, string>();
  readonly answers = new Map<string, Grant | Failure>();
  readonly #port: AdmissionPort;

  constructor(portOf: (floor: Floor) => AdmissionPort) {
    this.#port = portOf(this);
  }

  open(request: ReturnType<typeof requestOf>): void {
    const { call, prompt, screen } = request;
    const { streamId, sessionId } = call;
    const asked = this.#port.ask({ call, utterance: { prompt, screen } }, (verdict) => {
      this.asked.delete(streamId);
      if (this.answers.has(streamId)) throw new Error(`${streamId} was answered twice`);
      this.answers.set(streamId, verdict);
      if (!('errorCode' in verdict)) this.granted.set(streamId, sessionId);
    });
    if (!this.answers.has(streamId)) this.asked.set(streamId, asked);
  }

  over(streamId: string): void {
    if (this.granted.delete(streamId)) this.#port.released(streamId, () => {});
  }

  end(streamIds: readonly string[], _why: unknown, over: (sessionIds: readonly string[]) => void): void {
    const sessionIds = streamIds.flatMap((streamId) => this.granted.get(streamId) ?? []);
    for (const streamId of streamIds) this.over(streamId);
    over([...new Set(sessionIds)]);
  }

  load(given: Parameters<AdmissionPort['loaded']>[0]): void {
    this.#port.loaded(given);
  }

  lose(): void {
    for (const asked of [...this.asked.values()]) asked.abandon();
    this.asked.clear();
    this.#port.loaded([]);
    for (const streamId of [...this.granted.keys()]) this.over(streamId);
  }
}

/** A sink that notes when its call had its first frame and its end, in one order over all calls of a race. */
export class NotedSink extends HandSink {
  firstAt = 0;
  overAt = 0;
  framesAfterEnd = 0;

  constructor(clock: { at: number }, room: number) {
    super(room);
    this.onWrite = () => {
      clock.at += 1;
      if (this.firstAt === 0) this.firstAt = clock.at;
      if (this.overAt > 0) this.framesAfterEnd += 1;
    };
    const finish = this.finish.bind(this);
    this.finish = (end) => {
      clock.at += 1;
      this.overAt = clock.at;
      finish(end);
    };
  }

  get endedAs(): string {
    const [end] = this.ends;
    return end === undefined ? '' : end.ok ? 'completed' : end.failure.errorType;
  }
}

/** A round of the event loop. */
export function round(): Promise<void> {
  return new Promise((wake) => setImmediate(wake));
}

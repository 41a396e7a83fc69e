/**
 * The server's end of the line to one worker: what the worker asks is put to the owner of admissions, the memory and the ledger of tokens; for the
 * owner it is the floor on which the worker's streams run.
 *
 * A worker that is lost frees its slots in the turn in which that is known, and all that waited for it goes on: an interrupt names its sessions,
 * which are over. What it had asked for and what is on its way to it is nobody's any more.
 */
import type { ConversationMemory } from '../../actors/answer/conversation-memory.ts';
import type { AdmissionPort, Asked, Floor, Grant } from '../../actors/hosts/admission-port.ts';
import type { Admissions } from '../../actors/hosts/admissions.ts';
import type { OutsideEnd } from '../../actors/hosts/live-streams.ts';
import { type Failure, failure, wordsOf } from '../../errors.ts';
import type { FeedInterest } from '../../inspector/server/feed.ts';
import type { UsageStore } from '../../store/store-clients.ts';
import type { BridgeEnd, BridgeMaker } from './bridge-maker.ts';
import type { FarSessions, WatchedWorker } from './far-sessions.ts';
import type { MachinePlaces, PlaceHolder } from './machine-places.ts';
import { type Hearer, type LineOptions, ProcessLine } from './process-line.ts';
import type { AdmissionQuestion, FromWorker, Recalled, SlimGrant, ToWorker } from './worker-messages.ts';

export interface WorkerDeskOptions {
  readonly admissions: Admissions;
  /** The worker's. */
  readonly number: number;
  /** null = switched off. */
  readonly memory: ConversationMemory | null;
  readonly usage: Pick<UsageStore, 'record'>;
  readonly places: MachinePlaces;
  readonly bridges: BridgeMaker;
  /** null = the inspector is off. */
  readonly far: FarSessions | null;
}

type DeskLine = Pick<LineOptions<object>, 'send' | 'onGivenUp'> & { readonly sendSocket: BridgeEnd['bridge'] };

/** Streams that are being ended, and who waits for it. */
interface Ending {
  readonly streamIds: readonly string[];
  readonly over: (sessionIds: readonly string[]) => void;
}

export class WorkerDesk implements Floor, WatchedWorker, PlaceHolder, BridgeEnd {
  readonly worker: number;
  readonly line: ProcessLine<ToWorker, FromWorker>;
  readonly bridge: BridgeEnd['bridge'];
  readonly #options: WorkerDeskOptions;
  readonly #port: AdmissionPort;
  /** Asked for, neither granted nor refused. */
  readonly #asked = new Map<string, Asked>();
  /** The session of each stream that holds a slot. */
  readonly #granted = new Map<string, string>();
  readonly #endings = new Set<Ending>();
  #isLost = false;

  constructor(options: WorkerDeskOptions, line: DeskLine) {
    this.#options = options;
    this.worker = options.number;
    this.#port = options.admissions.portOf(this);
    this.line = new ProcessLine(line);
    this.line.hear(this.#hearer());
    this.bridge = line.sendSocket;
    options.bridges.joined(this);
    options.far?.joined(this);
  }

  /** Streams of the worker that hold a slot. */
  get activeStreams(): number {
    return this.#granted.size;
  }

  holds(streamId: string): boolean {
    return this.#granted.has(streamId);
  }

  unbridge(to: number): void {
    this.line.tell({ kind: 'unbridged', worker: to });
  }

  makeRoom(answer: (hasMade: boolean) => void): void {
    this.line.ask('makeRoom', {}, answer);
  }

  watch(interest: FeedInterest): void {
    this.line.tell({ kind: 'watched', interest });
  }

  end(streamIds: readonly string[], why: OutsideEnd, over: (sessionIds: readonly string[]) => void): void {
    const ending: Ending = { streamIds, over };
    if (this.#isLost) {
      over([]);
      return;
    }
    this.#endings.add(ending);
    this.line.ask('end', { streamIds, why }, (sessionIds) => {
      this.#endings.delete(ending);
      over(sessionIds);
    });
  }

  /** The worker is gone; one that was dismissed and had nothing left is no loss. Returns how many streams it had. */
  lost(isDismissed: boolean): number {
    if (this.#isLost) return 0;
    this.#isLost = true;
    this.line.close();
    const granted = new Map(this.#granted);
    this.#granted.clear();
    if (!isDismissed || granted.size + this.#asked.size > 0) this.#options.admissions.workerLost(this.worker);
    // What waits for its quota; calls that waited for their session id are forgotten by now.
    for (const asked of [...this.#asked.values()]) asked.abandon();
    this.#asked.clear();
    for (const { streamIds, over } of [...this.#endings]) {
      over([...new Set(streamIds.flatMap((streamId) => granted.get(streamId) ?? []))]);
    }
    this.#endings.clear();
    this.#options.places.left(this);
    this.#options.bridges.left(this);
    this.#options.far?.left(this);
    return granted.size;
  }

  #hearer(): Hearer<FromWorker> {
    const { memory, usage, places, far } = this.#options;
    return {
      told: (message) => {
        switch (message.kind) {
          case 'abandoned':
            this.#abandon(message.call);
            return;
          case 'refused':
            this.#port.refuse(message.call, message.why);
            return;
          case 'loaded':
            this.#port.loaded(message.reasons);
            return;
          case 'remember':
            memory?.remember(message.heard);
            return;
          case 'used':
            void usage.record(message.entry);
            return;
          case 'disconnected':
            places.gone(this);
            return;
        }
      },
      asked: {
        admission: (question, answer) => this.#admit(question, answer),
        released: ({ streamId }, answer) => {
          this.#granted.delete(streamId);
          this.#port.released(streamId, answer);
        },
        collect: ({ chunk }, answer) => this.#port.collect(chunk, answer),
        interrupt: ({ hardwareId }, answer) => this.#port.interrupt(hardwareId, answer),
        recall: ({ hardwareId }, answer) => void recalled(memory, hardwareId).then(answer),
        usage: ({ entry }, answer) => void usage.record(entry).then(answer),
        connected: (_question, answer) => places.come(this, answer),
        rows: ({ rows }, answer) => {
          far?.told(this.worker, { rows });
          answer(null);
        },
        lines: ({ lines }, answer) => {
          far?.told(this.worker, { lines });
          answer(null);
        },
      },
    };
  }

  #admit({ call, prompt, fault }: AdmissionQuestion, answer: (verdict: SlimGrant | Failure) => void): void {
    const { streamId, sessionId } = call;
    let isDecided = false;
    const utterance = prompt === null ? null : { prompt, screen: {} };
    const request = { call, utterance, ...(fault !== null && { fault }) };
    const asked = this.#port.ask(request, (verdict) => {
      isDecided = true;
      this.#asked.delete(streamId);
      if ('errorCode' in verdict) {
        answer(verdict);
        return;
      }
      this.#granted.set(streamId, sessionId);
      answer(slim(verdict, prompt));
      if (verdict.leaderWorker !== undefined) this.#options.bridges.join(this, verdict.leaderWorker);
    });
    if (!isDecided) this.#asked.set(streamId, asked);
  }

  #abandon(call: AdmissionQuestion['call']): void {
    const { streamId } = call;
    const asked = this.#asked.get(streamId);
    this.#asked.delete(streamId);
    asked?.abandon();
    // Its grant was on the way: the worker does not know of the stream. One that was refused has been counted.
    if (!this.#granted.delete(streamId)) return;
    this.#port.released(streamId, () => {});
    this.#port.refuse(call, failure('client_cancelled', 'Cancelled by the client'));
  }
}

function slim({ activeStreams, utterance, leader, leaderWorker }: Grant, prompt: string | null): SlimGrant {
  if (leader !== null) return { activeStreams, leader, ...(leaderWorker !== undefined && { leaderWorker }) };
  if (utterance === null) return { activeStreams };
  return {
    activeStreams,
    ...(utterance.prompt !== prompt && { prompt: utterance.prompt }),
    ...(Object.keys(utterance.screen).length > 0 && { screen: utterance.screen }),
  };
}

/** Never rejects. */
async function recalled(memory: ConversationMemory | null, hardwareId: string): Promise<Recalled> {
  try {
    return { exchanges: (await memory?.recall(hardwareId)) ?? [] };
  } catch (error) {
    return { reason: wordsOf(error) };
  }
}

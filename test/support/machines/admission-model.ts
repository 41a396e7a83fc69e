/**
 * What a supervisor should say, told from plain lists: who may have a stream, who waits, who takes over. Slow and without any table, so that
 * it and the chart have nothing in common but the contract.
 */
import type {
  DuplicatePolicy,
  LoadReason,
  SupervisorEvent,
  SupervisorInput,
} from '../../../src/machines/supervisor/supervisor.types.ts';

interface Held {
  readonly streamId: string;
  readonly kind: 'answer' | 'welcome' | 'listener';
  readonly sessionId: string;
  readonly hardwareId: string;
  readonly worker: number;
  readonly admission: number;
}

type Waiting = Omit<Held, 'kind' | 'admission'>;

/** One thing that is said, in short: `admitted call-1`. */
type Word = string;

export class AdmissionModel {
  readonly held: Held[] = [];
  readonly leaving: Held[] = [];
  readonly waiting: Waiting[] = [];
  readonly #limits: Required<SupervisorInput>;
  readonly #loads = new Map<number | 'all', readonly LoadReason[]>();
  isDraining = false;

  constructor(limits: SupervisorInput) {
    this.#limits = { maxStreamsPerDevice: 0, duplicatePolicy: 'reject', queueTimeoutMs: 0, queueMax: 0, ...limits };
  }

  take(event: SupervisorEvent): readonly Word[] {
    const words = this.#judge(event);
    if (!this.isDraining || !this.isEmpty || this.#hasDrained) return words;
    this.#hasDrained = true;
    return [...words, 'drained'];
  }

  #judge(event: SupervisorEvent): readonly Word[] {
    switch (event.type) {
      case 'stream.requested':
        return this.#request({ ...event, worker: event.worker ?? 0 });
      case 'welcome.requested': {
        const { streamId, sessionId, worker = 0 } = event;
        const why = this.#houseRefusal(worker);
        if (why !== null) return [`refused ${streamId} ${why}`];
        const hardwareId = this.#answerOf(sessionId)?.hardwareId ?? '';
        this.#admit({ streamId, sessionId, hardwareId, worker }, 'welcome');
        return [`admitted ${streamId}`];
      }
      case 'chunk.received': {
        const isShort = this.#loadOf(event.worker ?? 0).some((reason) => reason === 'memory' || reason === 'prompts');
        if (this.isDraining) return [`refused ${event.streamId} draining`];
        return [isShort ? `refused ${event.streamId} overloaded` : `chunk ${event.streamId}`];
      }
      case 'stream.released':
        return this.#release(event.streamId);
      case 'wait.expired':
        return this.#unqueue(({ streamId }) => streamId === event.streamId).map(
          ({ streamId }) => `refused ${streamId} concurrent_request`,
        );
      case 'device.interruptRequested': {
        const isIts = (each: Waiting) => each.hardwareId === event.hardwareId;
        const ended = this.#unqueue(isIts).map(({ streamId }) => `refused ${streamId} interrupted`);
        const named = this.held.filter(
          (each) =>
            isIts(each) || (each.kind === 'welcome' && this.#answerOf(each.sessionId)?.hardwareId === event.hardwareId),
        );
        return [...ended, `interrupted ${named.map(({ streamId }) => streamId).join()}`];
      }
      case 'load.reported':
        this.#loads.set(event.worker, event.reasons);
        return [];
      case 'worker.lost':
        return this.#lose(event.worker);
      case 'service.opened':
        return [];
      case 'drain.requested': {
        if (this.isDraining) return [];
        this.isDraining = true;
        return this.#unqueue(() => true).map(({ streamId }) => `refused ${streamId} draining`);
      }
    }
  }

  get isEmpty(): boolean {
    return this.held.length === 0 && this.leaving.length === 0;
  }

  #request(call: Waiting): readonly Word[] {
    const { streamId, sessionId } = call;
    if (this.isDraining) return [`refused ${streamId} draining`];
    const running = this.#answerOf(sessionId);
    const policy: DuplicatePolicy | null = running === undefined ? null : this.#limits.duplicatePolicy;
    const refused = (why: string) => [`refused ${streamId} ${why}`];
    if (policy === 'reject') return refused('concurrent_request');
    if (running !== undefined && running.hardwareId !== call.hardwareId) return refused('concurrent_request');
    if (policy === 'queue') {
      const before = this.waiting.filter((each) => each.sessionId === sessionId).length;
      if (before >= this.#limits.queueMax) return refused('concurrent_request');
      if (this.#loadOf(call.worker).length > 0) return refused('overloaded');
      this.waiting.push(call);
      return [`queued ${streamId} ${before + 1}`];
    }
    const older = policy === 'supersede' ? running : undefined;
    const why = this.#refusal(call, older);
    if (why !== null) return refused(why);
    if (older !== undefined) {
      this.held.splice(this.held.indexOf(older), 1);
      this.leaving.push(older);
    }
    this.#admit(call, policy === 'attach' ? 'listener' : 'answer');
    if (policy === 'attach') return [`attached ${streamId} ${running?.streamId}`];
    return [...(older === undefined ? [] : [`superseded ${older.streamId} ${streamId}`]), `admitted ${streamId}`];
  }

  #refusal(call: Waiting, older?: Held): string | null {
    const others = this.held.filter((each) => each !== older);
    const its = others.filter(({ kind, hardwareId }) => kind !== 'welcome' && hardwareId === call.hardwareId).length;
    const isOne = call.hardwareId !== 'unknown';
    if (this.#limits.oneStreamPerDevice && isOne && its > 0) return 'concurrent_hardware_id';
    const { maxStreamsPerDevice: most } = this.#limits;
    if (most > 0 && isOne && its >= most) return 'device_limit_exceeded';
    return this.#houseRefusal(call.worker, others.length);
  }

  #houseRefusal(worker: number, held = this.held.length): string | null {
    if (this.isDraining) return 'draining';
    if (held >= this.#limits.maxStreams) return 'stream_limit_exceeded';
    return this.#loadOf(worker).length > 0 ? 'overloaded' : null;
  }

  #release(streamId: string): readonly Word[] {
    const [gone] = this.#removed(this.held, (each) => each.streamId === streamId);
    if (gone !== undefined) return [`freed ${streamId}`, ...this.#next(gone)];
    if (this.#unqueue((each) => each.streamId === streamId).length > 0) return [`unqueued ${streamId}`];
    const [left] = this.#removed(this.leaving, (each) => each.streamId === streamId);
    return left === undefined ? [`alreadyFreed ${streamId}`] : [`left ${streamId}`];
  }

  #lose(worker: number): readonly Word[] {
    if (worker === 0) return ['cleared 0  '];
    const forgotten = this.#unqueue((each) => each.worker === worker).map(({ streamId }) => streamId);
    const all = [...this.held, ...this.leaving].filter((each) => each.worker === worker);
    const names = all.toSorted((a, b) => a.admission - b.admission).map(({ streamId }) => streamId);
    const gone = this.#removed(this.held, (each) => each.worker === worker);
    this.#removed(this.leaving, (each) => each.worker === worker);
    this.#loads.delete(worker);
    const freed = gone.map(({ streamId }) => `freed ${streamId}`);
    const next = gone.flatMap((each) => this.#next(each));
    return [`cleared ${worker} ${names.join()} ${forgotten.join()}`, ...freed, ...next];
  }

  /** Of the stream that is gone: what becomes of those that waited for its session id. */
  #next(gone: Held): readonly Word[] {
    if (gone.kind !== 'answer') return [];
    const words: Word[] = [];
    for (const call of this.waiting.filter(({ sessionId }) => sessionId === gone.sessionId)) {
      this.#unqueue((each) => each === call);
      const why = this.#refusal(call);
      if (why === null) {
        this.#admit(call, 'answer');
        return [...words, `admitted ${call.streamId}`];
      }
      words.push(`refused ${call.streamId} ${why}`);
    }
    return words;
  }

  #hasDrained = false;
  #admissions = 0;
  #admit({ streamId, sessionId, hardwareId, worker }: Waiting, kind: Held['kind']): void {
    this.#admissions += 1;
    this.held.push({ streamId, kind, sessionId, hardwareId, worker, admission: this.#admissions });
  }

  #answerOf(sessionId: string): Held | undefined {
    return this.held.find((each) => each.kind === 'answer' && each.sessionId === sessionId);
  }

  #loadOf(worker: number): readonly LoadReason[] {
    return [...(this.#loads.get('all') ?? []), ...(this.#loads.get(worker) ?? [])];
  }

  #unqueue(isGone: (each: Waiting) => boolean): readonly Waiting[] {
    return this.#removed(this.waiting, isGone);
  }

  #removed<T>(list: T[], isGone: (each: T) => boolean): readonly T[] {
    const gone = list.filter(isGone);
    list.splice(0, list.length, ...list.filter((each) => !gone.includes(each)));
    return gone;
  }
}

/** What a chart said, in the same words. */
export function wordOf(said: Readonly<Record<string, unknown>>): Word {
  const { type, streamId, failure, newerStreamId, leader, place, streamIds, forgotten, worker } = said;
  switch (type) {
    case 'stream.refused':
      return `refused ${streamId} ${typeof failure === 'object' && failure !== null && 'errorType' in failure && failure.errorType}`;
    case 'stream.superseded':
      return `superseded ${streamId} ${newerStreamId}`;
    case 'stream.attached':
      return `attached ${streamId} ${leader}`;
    case 'stream.queued':
      return `queued ${streamId} ${place}`;
    case 'worker.cleared':
      return `cleared ${worker} ${streamIds} ${forgotten}`;
    case 'device.interrupted':
      return `interrupted ${streamIds}`;
    case 'drain.finished':
      return 'drained';
    default:
      return `${String(type)
        .replace(/^\w+\./, (prefix) => (prefix === 'chunk.' ? 'chunk ' : ''))
        .replace('chunk admitted', 'chunk')} ${streamId}`;
  }
}

/**
 * A simulated world: the server's own composition (supervisor, hosts, charts, actors, outboxes) under virtual time, with engines, clients,
 * quota and memory of a seed. It is run to its end, drained, and looked at behind every step (invariants.ts).
 */
import { HistoryLookup } from '../../../src/actors/answer/history-lookup.ts';
import type { SupervisorHost } from '../../../src/actors/hosts/supervisor-host.ts';
import type { Call } from '../../../src/call/call.ts';
import type { OpenStream } from '../../../src/call/gateway.ts';
import { OwnClock } from '../../../src/call/own-time.ts';
import type { LogFields, Logger } from '../../../src/observe/logger.ts';
import { type Composition, composeStreams } from '../../../src/server/composition.ts';
import { behave, SimulatedSink } from './clients.ts';
import { hostileAnswers, hostileVoice } from './engines.ts';
import { type Breach, CallRecord, type Invariant, Ledger } from './invariants.ts';
import { simulatedMemory, simulatedQuota } from './outside.ts';
import { type CallPlan, planWorld, sentencesOf, type WorldKey, type WorldPlan } from './plan.ts';
import { plants, type WorldPlants } from './plants.ts';
import { Recordings } from './recordings.ts';
import { TraceHash } from './trace-hash.ts';
import { VirtualTime } from './virtual-time.ts';

export interface WorldRun {
  readonly breaches: readonly Breach[];
  /** Streams that had a slot, and calls in all. */
  readonly sessions: number;
  readonly calls: number;
  readonly steps: number;
  /** Of everything that could be seen, with its time. */
  readonly trace: string;
  /** How often each thing was exercised. */
  readonly exercised: ReadonlyMap<string, number>;
  /** The logs of its charts, if they were recorded. */
  readonly logs: readonly string[];
}

export interface WorldOptions extends WorldKey {
  readonly isRecorded?: boolean;
  /** The invariant against which a fault is planted. */
  readonly plant?: Invariant;
}

export function runWorld(options: WorldOptions): WorldRun {
  return new World(options).run();
}

class World {
  readonly #plan: WorldPlan;
  readonly #time: VirtualTime;
  readonly #ledger: Ledger;
  readonly #recordings: Recordings;
  readonly #trace = new TraceHash();
  readonly #exercised = new Map<string, number>();
  readonly #plant: WorldPlants;
  readonly #composition: Composition;
  readonly #host: SupervisorHost;
  readonly #broken = new Set<string>();
  #sessions = 0;

  constructor({ isRecorded = false, plant, ...key }: WorldOptions) {
    this.#plan = planWorld(key);
    const { chance, maxLagMs } = this.#plan;
    this.#plant = plant === undefined ? {} : plants[plant];
    const { forgetsClear } = this.#plant;
    this.#time = new VirtualTime({
      onStep: () => this.#ledger.afterStep(),
      onThrow: (error) => this.#fault('a callback threw', error),
      lagMs: () => (maxLagMs > 0 && chance() < 0.1 ? chance() * maxLagMs : 0),
      ...(forgetsClear !== undefined && { forgetsClear }),
    });
    this.#recordings = new Recordings(isRecorded ? this.#plan.redaction : null, () => this.#time.now());
    this.#composition = this.#compose();
    const { supervisor, collector } = this.#composition;
    this.#host = supervisor;
    this.#ledger = new Ledger(this.#plan, {
      now: () => this.#time.now(),
      activeStreams: () => supervisor.activeStreams,
      inFlight: () => supervisor.inFlight,
      timersLeft: () => this.#time.timersWaiting,
      collectBuffers: () => collector.buffers,
    });
  }

  run(): WorldRun {
    const { calls, loadFlipsAtMs, drainAtMs } = this.#plan;
    this.#time.run(() => {
      this.#host.openAdmission();
      for (const call of calls) this.#time.after(call.atMs, () => this.#begin(call));
      for (const [index, atMs] of loadFlipsAtMs.entries())
        this.#time.after(atMs, () => this.#flipLoad(index % 2 === 0));
      this.#time.after(drainAtMs, () => this.#drain());
    });
    this.#ledger.atTheEnd();
    const { answerJobs, speechJobs, resources, collector } = this.#composition;
    const left = answerJobs.running + speechJobs.running + resources.size + collector.buffers;
    if (left > 0) this.#ledger.breach('no live child', `${left} jobs, streams or buffers after the end`);
    if (this.#time.timersWaiting > 0) this.#ledger.breach('no timer left', `${this.#time.timersWaiting} after the end`);
    return {
      breaches: this.#ledger.breaches,
      sessions: this.#sessions,
      calls: this.#ledger.records.length,
      steps: this.#time.steps,
      trace: this.#trace.text,
      exercised: this.#exercised,
      logs: this.#recordings.texts(),
    };
  }

  #compose(): Composition {
    const { settings, hasQuota, hasMemory, chance } = this.#plan;
    const ports = {
      time: this.#time,
      get ledger(): Ledger {
        return ledgerOf();
      },
      stallTimeoutMs: settings.limits.answerStallTimeoutMs,
      firstTokenTimeoutMs: settings.limits.firstTokenTimeoutMs,
      ofPrompt: (prompt: string) => this.#ofPrompt(prompt),
      ofNumber: (number: number) => this.#ledger.records[number],
      exercised: (what: string) => this.#count(what),
    };
    const ledgerOf = () => this.#ledger;
    const engines = {
      answer: this.#plant.answers?.(hostileAnswers(ports)) ?? hostileAnswers(ports),
      speech: this.#plant.voice?.(hostileVoice(ports)) ?? hostileVoice(ports),
    };
    const now = () => this.#time.now();
    const ownTime = new OwnClock({ realNow: now });
    const log = this.#log();
    const outside = { time: this.#time, ledger: ledgerOf, chance, exercised: ports.exercised };
    const { memory: alterMemory = same, quota: alterQuota = same } = this.#plant;
    const memory = hasMemory ? alterMemory(simulatedMemory(outside)) : null;
    return composeStreams({
      settings,
      engines: { inUse: () => engines, peek: () => engines },
      recording: this.#recordings.watch(this.#plant),
      memory,
      history: memory === null ? null : new HistoryLookup({ memory, log, ownTime }),
      quota: hasQuota ? alterQuota(simulatedQuota(outside)) : null,
      noteUsage: () => this.#count('usage'),
      log,
      faults: {
        bug: (method, id, error) => {
          if (this.#broken.has(id)) return;
          this.#fault(`${method} ${id}`, error);
        },
        unexpected: () => this.#count('unexpected exception'),
      },
      now,
      ownTime,
    });
  }

  #begin(plan: CallPlan): void {
    const record = this.#newCall(plan);
    const { client, chance } = plan;
    if (client === 'collects' || client === 'collects alone') this.#collect(record);
    else this.#open(record, client === 'wordless' ? '' : `Say something, ${nameOf(record)}`);
    if (client === 'interrupts') this.#time.after(chance() * 600, () => this.#interrupt(plan.hardwareId));
    if (client !== 'duplicates') return;
    // At once, and while it speaks.
    for (let left = Math.ceil(chance() * 4); left > 0; left -= 1) {
      this.#time.after(chance() < 0.5 ? 0 : chance() * 900, () => {
        const hardwareId = chance() < 0.8 ? plan.hardwareId : 'device-a';
        const again = this.#newCall({ ...plan, client: chance() < 0.3 ? 'cancels' : 'prompt', hardwareId });
        this.#open(again, `Say something else, ${nameOf(again)}`);
      });
    }
  }

  #newCall(plan: CallPlan): CallRecord {
    const number = this.#ledger.records.length;
    const { chance, answer, client } = plan;
    this.#count(`client ${client}`);
    const words = sentencesOf(number, sentenceCountOf(plan), chance).join('');
    const isWordless = answer === 'empty' && client !== 'welcome';
    const record = new CallRecord({ ...plan, number }, isWordless ? '' : words);
    this.#ledger.add(record);
    return record;
  }

  /** Chunks of what is said, and the COMMIT behind them. */
  #collect(record: CallRecord): void {
    const { chance, client } = record.plan;
    const call = callOf(record);
    const said = `${nameOf(record)} and now tell me`;
    const chunks = 1 + Math.floor(chance() * 4);
    for (let sequence = 1; sequence <= chunks; sequence += 1) {
      // The last one has all of it; one that is overtaken is dropped.
      const text = said.slice(0, sequence === chunks ? said.length : nameOf(record).length + Math.ceil(chance() * 10));
      const inMs = chance() < 0.1 ? 300 : sequence * 20;
      this.#time.after(inMs, () =>
        this.#host.collect(
          { call: { ...call, streamId: `${call.streamId}, chunk ${sequence}` }, sequence, text, screen: {} },
          (why) => this.#count(`chunk ${why?.errorType ?? 'kept'}`),
        ),
      );
    }
    if (client === 'collects alone') {
      this.#time.after(200, () => this.#ledger.forget(record));
      return;
    }
    this.#time.after(120, () => this.#open(record, chance() < 0.5 ? '' : ` ${nameOf(record)}`));
  }

  #open(record: CallRecord, prompt: string, call = callOf(record)): void {
    let open: OpenStream | null = null;
    const sink = new SimulatedSink(record, {
      ledger: this.#ledger,
      time: this.#time,
      actions: {
        cancel: () => open?.cancel(),
        interrupt: () => this.#interrupt(record.plan.hardwareId),
      },
      trace: (what) => this.#note(what),
    });
    if (record.plan.client === 'breaks') this.#broken.add(record.streamId);
    const way = this.#plant.sink?.(sink) ?? sink;
    const outcome = record.isWelcome
      ? this.#host.openWelcome({ call, text: record.expected, ...voiceOf(record.plan) }, way)
      : this.#host.open({ call, prompt, screen: {} }, way);
    if ('errorCode' in outcome) {
      this.#note(`${record.streamId} refused ${outcome.errorType} ${outcome.message}`);
      this.#count(`refused ${outcome.errorType}`);
      this.#ledger.refuse(record, outcome);
      return;
    }
    open = outcome;
    behave(record, sink, this.#time, open);
  }

  #interrupt(hardwareId: string): void {
    const its = [...this.#ledger.live].filter(({ plan, isWelcome }) => !isWelcome && plan.hardwareId === hardwareId);
    this.#count('interrupt');
    void this.#host.interrupt(hardwareId).then((sessionIds) => {
      this.#note(`interrupted ${hardwareId} ${sessionIds.join(' ')}`);
      this.#ledger.interrupted(its, sessionIds);
    });
  }

  #flipLoad(isOverloaded: boolean): void {
    this.#count(isOverloaded ? 'overload begins' : 'overload ends');
    this.#ledger.isOverloaded = isOverloaded;
    this.#host.reportLoad(isOverloaded ? ['lag'] : []);
  }

  #drain(): void {
    this.#ledger.drainAskedAtMs = this.#time.now();
    this.#count(this.#ledger.live.size > 0 ? 'drain of running streams' : 'drain of an empty house');
    void this.#host.drain().then(() => {
      this.#note('drained');
      if (this.#ledger.live.size > 0)
        this.#ledger.breach('drain', `${this.#ledger.live.size} streams behind the drain`);
      this.#ledger.isDrained = true;
    });
  }

  /** A model is asked with the words of a call, and of nobody else. */
  #ofPrompt(prompt: string): CallRecord | undefined {
    const names = [...prompt.matchAll(/q(\d+)/g)].map(([, number]) => Number(number));
    const [number] = names;
    if (number === undefined || names.some((name) => name !== number)) return undefined;
    return this.#ledger.records[number];
  }

  #log(): Logger {
    const keep = (fields: LogFields) => {
      const { decision, ctx } = fields;
      this.#note(`${decision} ${ctx.stream_id} ${ctx.reason} ${ctx.active_streams} ${ctx.frames}`);
      if (decision === 'stream_acquired') this.#sessions += 1;
      if ('attached_to' in ctx) this.#count('attached');
      if (decision === 'end') this.#count(`end ${String(ctx.reason)}`);
      else this.#count(`line ${decision}`);
      if (decision === 'reject') this.#count(`reject ${String(ctx.reason)}`);
      if (this.#plant.isWritten?.(fields) !== false) this.#ledger.line(fields);
    };
    return { debug: keep, info: keep, warn: keep, error: keep, announce: keep };
  }

  #fault(where: string, error: unknown): void {
    const words = error instanceof Error ? (error.stack ?? error.message) : String(error);
    this.#ledger.breach('no fault', `${where}: ${words.split('\n').slice(0, 4).join(' | ')}`);
  }

  #count(what: string): void {
    this.#exercised.set(what, (this.#exercised.get(what) ?? 0) + 1);
  }

  #note(what: string): void {
    this.#trace.add(this.#time.now(), what);
  }
}

/** Mostly few; now and then more than a chart lets wait for its voice, which makes it hold its model. */
function sentenceCountOf({ client, answer, chance }: CallPlan): number {
  if (client === 'welcome') return 2;
  if (answer === 'huge') return chance() < 0.25 ? 80 : 12;
  return 1 + Math.floor(chance() ** 3 * 9);
}

function nameOf(record: CallRecord): string {
  return `q${record.plan.number}`;
}

function callOf({ plan, streamId, isWelcome }: CallRecord): Call {
  const { sessionId, hardwareId } = plan;
  const method = isWelcome ? 'GenerateWelcomeAudio' : 'StreamAudio';
  return { method, streamId, sessionId, hardwareId: isWelcome ? '' : hardwareId };
}

function voiceOf({ chance }: CallPlan): { readonly voice?: string; readonly language?: string } {
  return chance() < 0.5 ? {} : { voice: 'alto', language: 'en' };
}

function same<T>(value: T): T {
  return value;
}

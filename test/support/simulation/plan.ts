/**
 * What a simulated world is like and what comes to it, drawn from its seed: limits, policies, calls, engines and clients. Each call draws from
 * a seed of its own, so that a world without some of its calls has the others as they were: that is how a failure is made small.
 */
import type { StreamSettings } from '../../../src/server/composition.ts';
import { type Chance, chanceFrom, pick } from '../replay/erratic-engines.ts';

export const answerBehaviours = [
  'good',
  'json',
  'command first',
  'throws at once',
  'throws within',
  'fails',
  'hangs',
  'hangs within',
  'drips',
  'late',
  'deaf',
  'finishes twice',
  'returns badly',
  'huge',
  'empty',
  'cut off',
] as const;

export const voiceBehaviours = [
  'good',
  'throws at once',
  'fails',
  'breaks',
  'hangs',
  'drips',
  'out of order',
  'late',
  'deaf',
  'finishes twice',
  'returns badly',
  'huge',
  'empty',
  'odd',
] as const;

export const clientBehaviours = [
  'prompt',
  'slow',
  'stalls',
  'vanishes',
  'cancels',
  'cancels behind a write',
  'cancels twice',
  'duplicates',
  'interrupts',
  'interrupts behind a write',
  'collects',
  'collects alone',
  'welcome',
  'wordless',
  'breaks',
] as const;

export type AnswerBehaviour = (typeof answerBehaviours)[number];
export type VoiceBehaviour = (typeof voiceBehaviours)[number];
export type ClientBehaviour = (typeof clientBehaviours)[number];

export interface CallPlan {
  /** Its place in the world, from 0; its words carry it. */
  readonly number: number;
  readonly atMs: number;
  readonly client: ClientBehaviour;
  readonly answer: AnswerBehaviour;
  readonly sessionId: string;
  readonly hardwareId: string;
  readonly connection: string;
  /** What else is drawn for it comes from here. */
  readonly chance: Chance;
}

export interface WorldPlan {
  readonly settings: StreamSettings;
  readonly calls: readonly CallPlan[];
  readonly hasQuota: boolean;
  readonly hasMemory: boolean;
  /** How late a timer may be, in ms. */
  readonly maxLagMs: number;
  /** When the load begins and ends to be too much, by turns. */
  readonly loadFlipsAtMs: readonly number[];
  readonly drainAtMs: number;
  /** Whether its charts are recorded, and how. */
  readonly redaction: 'shape' | 'full';
  readonly chance: Chance;
}

export interface WorldKey {
  readonly seed: number;
  readonly world: number;
  /** Calls that come; absent = all. */
  readonly only?: readonly number[];
}

const devices = ['device-a', 'device-b', 'device-c', 'device-d', 'unknown'] as const;
const policies = ['reject', 'supersede', 'queue', 'attach'] as const;
const CALLS_PER_WORLD = 64;

export function planWorld({ seed, world, only }: WorldKey): WorldPlan {
  const chance = chanceFrom(mixed(seed, world));
  const settings = settingsOf(chance, policies[world % policies.length] ?? 'reject');
  const lastAtMs = 700 + chance() * 26_000;
  const gapMs = lastAtMs / CALLS_PER_WORLD;
  const calls: CallPlan[] = [];
  for (let number = 0; number < CALLS_PER_WORLD; number += 1) {
    const own = chanceFrom(mixed(mixed(seed, world), number + 1));
    calls.push(callOf(own, number, number * gapMs * (0.5 + own())));
  }
  const overloadAtMs = chance() < 0.3 ? chance() * lastAtMs : null;
  return {
    settings,
    calls: only === undefined ? calls : calls.filter(({ number }) => only.includes(number)),
    hasQuota: chance() < 0.3,
    hasMemory: chance() < 0.5,
    maxLagMs: pick(chance, [0, 0, 3, 40]),
    loadFlipsAtMs: overloadAtMs === null ? [] : [overloadAtMs, overloadAtMs + chance() * 1_000],
    drainAtMs: lastAtMs * pick(chance, [0.9, 1.1, 2]),
    redaction: pick(chance, ['shape', 'full']),
    chance,
  };
}

function settingsOf(chance: Chance, duplicatePolicy: (typeof policies)[number]): StreamSettings {
  return {
    admission: {
      maxStreams: pick(chance, [2, 4, 16, 16]),
      maxStreamsPerDevice: pick(chance, [0, 0, 2, 4]),
      oneStreamPerDevice: chance() < 0.15,
      gracePeriodMs: pick(chance, [0, 300, 5_000]),
      duplicatePolicy,
      queueTimeoutMs: pick(chance, [50, 400, 3_000]),
      queueMax: pick(chance, [1, 2, 4]),
    },
    limits: {
      idleTimeoutMs: pick(chance, [0, 300, 1_500, 4_000]),
      firstTokenTimeoutMs: pick(chance, [0, 200, 900]),
      answerStallTimeoutMs: pick(chance, [0, 300, 1_200]),
      speechTimeoutMs: pick(chance, [0, 200, 900]),
      sessionTimeoutMs: pick(chance, [0, 900, 6_000]),
      maxFramesPerSecond: pick(chance, [0, 0, 0, 5, 40]),
      speechLookahead: pick(chance, [0, 1, 2, 4]),
      speechFailure: pick(chance, ['degrade', 'degrade', 'fail']),
      allowedCommands: pick(chance, [['open_app', 'close_app'], ['open_app', 'close_app'], []]),
    },
    collect: {
      ttlMs: pick(chance, [100, 2_000]),
      maxBuffers: pick(chance, [1, 100]),
      maxChars: 2_000,
      promptMaxChars: 3_000,
      screenshotMaxBytes: 1_024,
    },
  };
}

function callOf(chance: Chance, number: number, atMs: number): CallPlan {
  const client = chance() < 0.3 ? 'prompt' : pick(chance, clientBehaviours);
  const answer = chance() < 0.35 ? 'good' : pick(chance, answerBehaviours);
  // Collected words go to whoever commits them first: their session is nobody else's.
  const isAlone = client === 'collects' || client === 'collects alone';
  const sessionId = isAlone ? `collected-${number}` : `session-${Math.floor(chance() * 12)}`;
  const connection = `connection-${Math.floor(chance() * 3)}`;
  return { number, atMs, client, answer, sessionId, hardwareId: pick(chance, devices), connection, chance };
}

function mixed(one: number, other: number): number {
  return Math.imul(one ^ Math.imul(other + 0x9e3779b9, 0x85ebca6b), 0xc2b2ae35) ^ (other << 7);
}

/** The sentences of a call's answer, each of which names the call and its place. */
export function sentencesOf(number: number, count: number, chance: Chance): readonly string[] {
  return Array.from({ length: count }, (_, place) => {
    const tag = tagOf(number, place);
    return `${pick(chance, openings)} ${tag} ${pick(chance, middles)}${pick(chance, stops)}`;
  });
}

const openings = ['Here is', 'Now comes', 'Then there is', 'Well,', 'Сегодня', 'So'] as const;
const middles = [
  'and that is all',
  'of the day',
  'about 21.5 degrees',
  'for Dr. Smith',
  'и т. д. и так далее',
  'as told',
] as const;
const stops = ['. ', '. ', '! ', '? ', '.\n', '… '] as const;

/** How a piece of text says whose it is. */
export function tagOf(number: number, place: number): string {
  return `k${number}s${place}`;
}

/** Whose a text is, by its first tag; null = it has none. */
export function ownerOf(text: string): { readonly number: number; readonly place: number } | null {
  const found = /k(\d+)s(\d+)/.exec(text);
  return found === null ? null : { number: Number(found[1]), place: Number(found[2]) };
}

/** The value of every sample of the sound of a sentence: never quiet, and hardly ever another sentence's. */
export function sampleOf({ number, place }: { readonly number: number; readonly place: number }): number {
  return 1_000 + ((number * 31 + place * 7) % 251) * 113;
}

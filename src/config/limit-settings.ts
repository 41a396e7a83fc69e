/**
 * The settings that bound what this server takes on: streams, waits, processes, what is collected; as rows of the table of settings
 * (settings-table.ts puts them into their places), and what they compile to.
 */
import { longestTimerSeconds, type Setting } from './setting.ts';
import type { SettingReader } from './setting-reader.ts';

export const duplicatePolicies = ['reject', 'supersede', 'queue', 'attach'] as const;

export const limitSettings = {
  BACKPRESSURE_MAX_STREAMS: {
    type: 'integer',
    unit: 'streams',
    min: 1,
    max: 100_000,
    default: '50',
    meaning: 'Streams that may run at once; the next one is refused with stream_limit_exceeded.',
  },
  BACKPRESSURE_MAX_STREAMS_PER_DEVICE: {
    type: 'integer',
    unit: 'streams',
    min: 0,
    max: 100_000,
    default: '10',
    meaning:
      'Streams that one hardware_id may run at once; one more is refused with device_limit_exceeded. It does not bind "unknown"; 0 = off.',
  },
  BACKPRESSURE_IDLE_TIMEOUT: {
    type: 'seconds',
    min: 0,
    max: longestTimerSeconds,
    default: '300',
    meaning: 'How long a client may accept no frame before its stream ends with stream_idle_timeout; 0 = off.',
  },
  BACKPRESSURE_MAX_RATE: {
    type: 'integer',
    unit: 'frames/s',
    min: 0,
    max: 100_000,
    default: '0',
    meaning: 'Frames that one stream may send within a second; speech alone is 23.4 frames/s; 0 = off.',
  },
  BACKPRESSURE_GRACE_PERIOD: {
    type: 'seconds',
    min: 0,
    max: longestTimerSeconds,
    default: '30',
    meaning: 'How long a drain waits for running streams before it ends them; 0 = not at all.',
  },
  FIRST_TOKEN_TIMEOUT: {
    type: 'seconds',
    min: 0,
    max: longestTimerSeconds,
    default: '30',
    meaning: 'How long the model may say nothing at all before the session ends with first_token_timeout; 0 = off.',
  },
  ANSWER_STALL_TIMEOUT: {
    type: 'seconds',
    min: 0,
    max: longestTimerSeconds,
    default: '30',
    meaning: 'How long the model may finish no further sentence before the session ends with answer_stalled; 0 = off.',
  },
  SPEECH_TIMEOUT: {
    type: 'seconds',
    min: 0,
    max: longestTimerSeconds,
    default: '15',
    meaning: 'How long a voice may give no sound before its sentence counts as failed; 0 = off.',
  },
  SESSION_TIMEOUT: {
    type: 'seconds',
    min: 0,
    max: longestTimerSeconds,
    default: '600',
    meaning: 'How long a whole session may take before it ends with session_timeout; 0 = off.',
  },
  ONE_STREAM_PER_DEVICE: {
    type: 'switch',
    default: 'off',
    meaning: 'Whether a second stream of the same hardware_id is refused with concurrent_hardware_id.',
  },
  DUPLICATE_POLICY: {
    type: 'choice',
    allowed: duplicatePolicies,
    default: 'reject',
    meaning:
      'What a second call of a session_id that runs is: refused (reject), the one that goes on (supersede), the next one (queue), or a second listener (attach).',
  },
  DUPLICATE_QUEUE_TIMEOUT: {
    type: 'seconds',
    min: 0.001,
    max: longestTimerSeconds,
    default: '5',
    meaning:
      'How long a call waits for its session_id under DUPLICATE_POLICY=queue before it is refused with concurrent_request.',
  },
  DUPLICATE_QUEUE_MAX: {
    type: 'integer',
    unit: 'calls',
    min: 1,
    max: 1000,
    default: '4',
    meaning:
      'Calls that may wait for one session_id under DUPLICATE_POLICY=queue; one more is refused with concurrent_request.',
  },
  WORKERS: {
    type: 'text',
    expectation: 'a whole number from 1 to 64, or auto',
    default: '1',
    meaning:
      'Processes that serve GRPC_PORT together, with one truth about session ids, slots, interrupts and quotas; auto = one a processor.',
  },
  MAX_CONNECTIONS: {
    type: 'integer',
    unit: 'connections',
    min: 1,
    max: 100_000,
    default: '1000',
    meaning:
      'Connections of clients that may be open at once; one more takes the place of the one that has been without a call for longest, or is closed at once where each has one.',
  },
  MAX_STREAMS_PER_CONNECTION: {
    type: 'integer',
    unit: 'calls',
    min: 1,
    max: 100_000,
    default: '100',
    meaning:
      'Calls that one connection may have at once; HTTP/2 tells clients, which let one more wait until another has ended.',
  },
  OVERLOAD: {
    type: 'switch',
    default: 'on',
    meaning:
      'Whether new streams are refused with overloaded while the event loop lags or memory runs out; streams that run and interrupts never are.',
  },
  OVERLOAD_MAX_LAG: {
    type: 'seconds',
    min: 0.001,
    max: 60,
    default: '0.1',
    meaning: 'How late a turn of the event loop may be before new streams are refused.',
  },
} as const satisfies Readonly<Record<string, Setting>>;

export const collectSettings = {
  SCREENSHOT_MAX_BYTES: {
    type: 'integer',
    unit: 'bytes',
    min: 1,
    // A request is at most 16 MiB, so a larger bound could never be reached.
    max: 16_777_216,
    default: '10485760',
    meaning: 'The largest screenshot, decoded. A request of 16 MiB, the most that is accepted, holds base64 of 12 MiB.',
  },
  COLLECT_TTL: {
    type: 'seconds',
    min: 0.001,
    max: longestTimerSeconds,
    default: '120',
    meaning: 'How long what was collected waits for its COMMIT, from its last chunk on, before it is dropped.',
  },
  COLLECT_MAX_BUFFERS: {
    type: 'integer',
    unit: 'buffers',
    min: 1,
    max: 1_000_000,
    default: '1000',
    meaning: 'Utterances that may be collected at once; a chunk of one more is refused with overloaded.',
  },
  COLLECT_MAX_CHARS: {
    type: 'integer',
    unit: 'characters',
    min: 1,
    max: 16_777_216,
    default: '32768',
    meaning:
      'The longest text of one collected utterance; a chunk beyond it is refused with overloaded, what was there stays.',
  },
  PROMPT_MAX_CHARS: {
    type: 'integer',
    unit: 'characters',
    min: 1,
    max: 16_777_216,
    default: '32768',
    meaning:
      'The longest utterance, said at once or collected; a longer one is refused with request_too_large. Characters are code points.',
  },
} as const satisfies Readonly<Record<string, Setting>>;

/** The part of the configuration that these rows compile to. */
export interface LimitConfig {
  readonly backpressure: {
    readonly maxStreams: number;
    /** 0 = off. */
    readonly idleTimeoutMs: number;
    /** 0 = off. */
    readonly maxFramesPerSecond: number;
    readonly gracePeriodMs: number;
    /** Of one device that has an id; 0 = off. */
    readonly maxStreamsPerDevice: number;
    readonly oneStreamPerDevice: boolean;
  };
  /** What a second call of a session id that runs is. */
  readonly duplicates: {
    readonly policy: (typeof duplicatePolicies)[number];
    /** Of `queue`: how long a call waits, and how many may for one session id. */
    readonly queueTimeoutMs: number;
    readonly queueMax: number;
  };
  /** Processes that serve the gRPC port; 1 = this one, auto = one a processor. */
  readonly workers: number | 'auto';
  /** Of clients, open at once, and calls on one of them. */
  readonly connections: { readonly maxConnections: number; readonly maxStreamsPerConnection: number };
  readonly overload: { readonly isOn: boolean; readonly maxLagMs: number };
  /** 0 = off, each. */
  readonly timeouts: {
    readonly firstTokenTimeoutMs: number;
    readonly answerStallTimeoutMs: number;
    readonly speechTimeoutMs: number;
    readonly sessionTimeoutMs: number;
  };
  readonly collect: {
    readonly ttlMs: number;
    readonly maxBuffers: number;
    readonly maxChars: number;
    /** Of a whole utterance, collected or not, in code points. */
    readonly promptMaxChars: number;
    /** Decoded. */
    readonly screenshotMaxBytes: number;
  };
}

export function compileLimits(values: SettingReader): LimitConfig {
  return {
    backpressure: Object.freeze({
      maxStreams: values.integer('BACKPRESSURE_MAX_STREAMS'),
      idleTimeoutMs: values.milliseconds('BACKPRESSURE_IDLE_TIMEOUT'),
      maxFramesPerSecond: values.integer('BACKPRESSURE_MAX_RATE'),
      gracePeriodMs: values.milliseconds('BACKPRESSURE_GRACE_PERIOD'),
      maxStreamsPerDevice: values.integer('BACKPRESSURE_MAX_STREAMS_PER_DEVICE'),
      oneStreamPerDevice: values.isOn('ONE_STREAM_PER_DEVICE'),
    }),
    duplicates: Object.freeze({
      policy: values.choice('DUPLICATE_POLICY', duplicatePolicies),
      queueTimeoutMs: values.milliseconds('DUPLICATE_QUEUE_TIMEOUT'),
      queueMax: values.integer('DUPLICATE_QUEUE_MAX'),
    }),
    workers: workersOf(values.text('WORKERS', isWorkers)),
    connections: Object.freeze({
      maxConnections: values.integer('MAX_CONNECTIONS'),
      maxStreamsPerConnection: values.integer('MAX_STREAMS_PER_CONNECTION'),
    }),
    overload: Object.freeze({ isOn: values.isOn('OVERLOAD'), maxLagMs: values.milliseconds('OVERLOAD_MAX_LAG') }),
    timeouts: Object.freeze({
      firstTokenTimeoutMs: values.milliseconds('FIRST_TOKEN_TIMEOUT'),
      answerStallTimeoutMs: values.milliseconds('ANSWER_STALL_TIMEOUT'),
      speechTimeoutMs: values.milliseconds('SPEECH_TIMEOUT'),
      sessionTimeoutMs: values.milliseconds('SESSION_TIMEOUT'),
    }),
    collect: Object.freeze({
      ttlMs: values.milliseconds('COLLECT_TTL'),
      maxBuffers: values.integer('COLLECT_MAX_BUFFERS'),
      maxChars: values.integer('COLLECT_MAX_CHARS'),
      promptMaxChars: values.integer('PROMPT_MAX_CHARS'),
      screenshotMaxBytes: values.integer('SCREENSHOT_MAX_BYTES'),
    }),
  };
}

const MAX_WORKERS = 64;

function isWorkers(text: string): boolean {
  return text === 'auto' || (/^[1-9]\d?$/.test(text) && Number(text) <= MAX_WORKERS);
}

function workersOf(text: string): number | 'auto' {
  return text === 'auto' ? text : Number(text);
}

/** The contract through Python's grpcio, one row of each kind: what came over the wire, read by another library. */
import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { says } from '../../support/contract/contract-rows.ts';
import { inShort } from '../../support/contract/stream-rules.ts';
import { eventually } from '../../support/eventually.ts';
import {
  makeStubs,
  type PythonCall,
  type PythonOutcome,
  requirePython,
  startPython,
} from '../../support/python/python-client.ts';
import { startServer } from '../../support/server.ts';
import type { TestServer } from '../../support/test-server.ts';

const lacking = requirePython();

const down = { fail: { error_code: 'UNAVAILABLE', message: 'model is down' } };
const scenario = {
  answers: [
    {
      when: '^good$',
      steps: [...says('One is here.'), { command: { command: 'open_app', args: { app_name: 'Safari' } } }],
    },
    { when: '^before$', steps: [down] },
    { when: '^after$', steps: [...says('One is here. Two'), { wait_ms: 300 }, down] },
    { when: '^throws$', steps: [{ throw: 'boom' }] },
    { when: '^hang$', steps: [...says('One is here. Two'), { hang: true }] },
    // 8 MB of sound: more than a reader's windows hold.
    { when: '^much$', steps: [{ say: 'Loud is this one. ', repeat: 20 }] },
    { when: '', steps: [{ echo: true }] },
  ],
  speech: { chunks_per_sentence: 2 },
};

const dir = mkdtempSync(join(tmpdir(), 'recital-python-'));
afterAll(() => rmSync(dir, { recursive: true }));

/** A PNG header of 1920 × 1080 and 3 MB that nobody decodes. */
function screenshotFile(): string {
  const path = join(dir, 'screen.png');
  const header = Buffer.from('89504e470d0a1a0a0000000d494844520000078000000438080600000000000000', 'hex');
  writeFileSync(path, Buffer.concat([header, randomBytes(3_000_000)]));
  return path;
}

/** What a client acts on. */
const endOf = ({ code, details, trailing, rich }: PythonOutcome) => {
  return { code, details, errorType: trailing['error-type'] ?? null, rich };
};
const framesOf = ({ frames }: PythonOutcome) => inShort(frames.map(({ kind }) => kind));

const good = { code: 'OK', details: expect.any(String), errorType: null, rich: null };
const failed = (code: string, details: unknown, errorType: string, rich: object) => ({
  code,
  details,
  errorType,
  rich: { message: details, reason: errorType.toUpperCase(), domain: 'recital', retry_seconds: null, ...rich },
});
const modelIsDown = failed('UNAVAILABLE', 'model is down', 'answer_failed', { code: 14, retry_seconds: 1 });

/** Every call of the table, by name; they are made at the same time, in one process. */
const calls = {
  good: { request: { prompt: 'good', session_id: 'python-1' } },
  before: { request: { prompt: 'before' } },
  after: { request: { prompt: 'after' } },
  throws: { request: { prompt: 'throws' } },
  refused: { request: { prompt: 'hi', session_id: 'a b' } },
  cancelled: { request: { prompt: 'hang' }, cancel_after: 2 },
  late: { request: { prompt: 'hang' }, deadline: 1 },
  screenshot: { request: { prompt: 'What is it?' }, screenshot_file: join(dir, 'screen.png') },
  interrupted: { request: { prompt: 'hang', session_id: 'python-i', hardware_id: 'pc' } },
  interrupt: { rpc: 'InterruptSession', request: { hardware_id: 'pc' } },
  collect: { request: { phase: 1, chunk_seq: 1, chunk_text: 'What is', session_id: 'python-c', hardware_id: 'pc-c' } },
  tail: { request: { phase: 1, chunk_seq: 2, chunk_text: ' the time', session_id: 'python-c', hardware_id: 'pc-c' } },
  commit: { request: { phase: 2, chunk_text: '', session_id: 'python-c', hardware_id: 'pc-c' } },
  welcome: { rpc: 'GenerateWelcomeAudio', request: { text: 'Welcome home.', session_id: 'python-w', language: 'en' } },
  nobody: { rpc: 'GenerateWelcomeAudio', request: { text: 'Welcome home.', voice: 'nobody-has-this-voice' } },
  usage: {
    rpc: 'ReportUsage',
    request: { hardware_id: 'pc', source: 'desktop', input_tokens: 120, output_tokens: 30 },
  },
  badUsage: { rpc: 'ReportUsage', request: { hardware_id: 'pc', input_tokens: -1 } },
  badInterrupt: { rpc: 'InterruptSession', request: { hardware_id: 'unknown' } },
} as const satisfies Record<string, PythonCall>;
type CallName = keyof typeof calls;
/** Calls that wait for the first answer to another one. */
const waits: Readonly<Record<string, CallName>> = { interrupt: 'interrupted', tail: 'collect', commit: 'tail' };

describe.skipIf(lacking !== null)('through Python', () => {
  let server: TestServer;
  let outcomes: readonly PythonOutcome[];
  beforeAll(async () => {
    makeStubs(dir);
    screenshotFile();
    server = await startServer({ scenario });
    const names = Object.keys(calls);
    const list = Object.entries<PythonCall>(calls).map(([name, call]) => {
      const before = waits[name];
      return before === undefined ? call : { ...call, after: names.indexOf(before) };
    });
    outcomes = await startPython(dir, server.grpcPort, list).outcomes;
  });
  const outcomeOf = (name: CallName): PythonOutcome => {
    const outcome = outcomes[Object.keys(calls).indexOf(name)];
    if (outcome === undefined) throw new Error(`${name} did not end`);
    return outcome;
  };

  test.each<[sentence: string, name: CallName, frames: unknown, end: object]>([
    ['(text_chunk audio_chunk*)+ action_message? end_message', 'good', 'text audio×2 action end', good],
    ['Before any frame was sent: exactly one error_message and then the status', 'before', 'error', modelIsDown],
    ['After a … frame was sent: no further frame of any kind', 'after', 'text audio×2', modelIsDown],
    [
      'the wire says "Internal error" and an id',
      'throws',
      'error',
      failed('INTERNAL', expect.stringMatching(/^Internal error \(\S+\)$/), 'processing_error', { code: 13 }),
    ],
    [
      'anything else is INVALID_ARGUMENT',
      'refused',
      'error',
      failed('INVALID_ARGUMENT', expect.stringContaining('"a b"'), 'invalid_session_id', { code: 3 }),
    ],
    ['[a screenshot of 3 MB is accepted]', 'screenshot', 'text audio×2 end', good],
    [
      'Interrupt ends every stream of that hardware_id (CANCELLED/interrupted)',
      'interrupted',
      expect.stringMatching(/^text/),
      failed('CANCELLED', expect.any(String), 'interrupted', { code: 1 }),
    ],
    [
      'Blank or "unknown" hardware_id: INVALID_ARGUMENT',
      'badInterrupt',
      '',
      failed('INVALID_ARGUMENT', expect.any(String), 'invalid_hardware_id', { code: 3 }),
    ],
    [
      'Welcome speaks any text: one metadata frame first, audio, `end_message`',
      'welcome',
      'metadata audio×2 end',
      good,
    ],
    ['a voice that the engine does not have is replaced by its default one', 'nobody', 'metadata audio×2 end', good],
    [
      'negative tokens are INVALID_ARGUMENT',
      'badUsage',
      '',
      failed('INVALID_ARGUMENT', expect.stringContaining('input_tokens'), 'invalid_request', { code: 3 }),
    ],
  ])('%s', (_, name, frames, end) => {
    const outcome = outcomeOf(name);
    expect(framesOf(outcome)).toEqual(frames);
    expect(endOf(outcome)).toEqual(end);
    if (frames === 'error') expect(outcome.frames[0]?.text).toBe(outcome.details);
  });

  test('raw PCM …; `dtype` "int16", `shape` empty, `sample_rate` and `channels` always set', () => {
    const sound = { kind: 'audio_chunk', bytes: 4096, dtype: 'int16', shape: [], sample_rate: 48_000, channels: 1 };
    expect(outcomeOf('good').frames.filter(({ kind }) => kind === 'audio_chunk')).toEqual([sound, sound]);
  });

  test('The session id is sent back as initial metadata `x-session-id`', () => {
    expect(outcomeOf('good').initial['x-session-id']).toBe('python-1');
  });

  test('COLLECT … answers one `end_message` "COLLECT_ACCEPTED"; COMMIT takes the buffer away and starts the stream', () => {
    for (const name of ['collect', 'tail'] as const) {
      expect(outcomeOf(name)).toMatchObject({
        frames: [{ kind: 'end_message', text: 'COLLECT_ACCEPTED' }],
        code: 'OK',
      });
    }
    const { frames, code } = outcomeOf('commit');
    expect({ text: frames[0]?.text, code }).toEqual({ text: 'What is the time', code: 'OK' });
  });

  test('one metadata frame first (duration_sec 0 = not known yet)', () => {
    expect(outcomeOf('welcome').frames[0]).toEqual({
      kind: 'metadata',
      method: expect.stringMatching(/./),
      duration_sec: 0,
      sample_rate: 48_000,
      channels: 1,
      dtype: 'int16',
    });
  });

  test('ReportUsage … success=true only if it was stored', () => {
    expect(outcomeOf('usage')).toMatchObject({ code: 'OK', response: { success: true } });
  });

  test('Interrupt … answers with their ids', () => {
    expect(outcomeOf('interrupt').response).toMatchObject({ success: true, interrupted_sessions: ['python-i'] });
  });

  test('[a cancel and a deadline are what the client says they are, and leave nothing behind]', async () => {
    expect(outcomeOf('cancelled').code).toBe('CANCELLED');
    expect(outcomeOf('late').code).toBe('DEADLINE_EXCEEDED');
    await eventually(server.status, (now) => now.in_flight + now.active_answers + now.active_speech === 0);
  });
});

describe.skipIf(lacking !== null)('a stalled Python reader', () => {
  test('no frame accepted by the client for the timeout: its stream ends, its slot is free, and it hears why', async () => {
    const server = await startServer({
      scenario: { ...scenario, speech: { chunks_per_sentence: 100 } },
      env: { BACKPRESSURE_IDLE_TIMEOUT: '1' },
    });
    const stalled = { request: { prompt: 'much', session_id: 'stalled' }, stall_after: 2, stall_seconds: 4 };
    const running = startPython(dir, server.grpcPort, [stalled]);
    await eventually(server.status, ({ idle_timeouts }) => idle_timeouts === 1, 10_000);
    expect(await server.status()).toMatchObject({ active_streams: 0, in_flight: 0 });
    const [outcome] = await running.outcomes;
    expect(outcome).toMatchObject({
      code: 'DEADLINE_EXCEEDED',
      details: expect.stringMatching(/^Stream closed due to idle timeout: stalled \(idle: /),
      rich: { reason: 'STREAM_IDLE_TIMEOUT' },
    });
    // What had been handed over came; nothing of it is an end or an error.
    expect(new Set(outcome?.frames.map(({ kind }) => kind))).toEqual(new Set(['text_chunk', 'audio_chunk']));
  });
});

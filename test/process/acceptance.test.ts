/**
 * The owner's acceptance tests, by their numbers, over a real socket against a server in another process.
 */
import { describe, expect, it } from 'vitest';
import { errorCodes } from '../../src/errors.ts';
import { ask, connect, interrupt, start } from '../support/client.ts';
import { eventually } from '../support/eventually.ts';
import { startServer } from '../support/server.ts';

const audio = Array.from({ length: 3 }, () => 'audio_chunk');
const sentence = ['text_chunk', ...audio];

describe('acceptance', () => {
  it('1: two streams with different ids run side by side, and neither hears a word of the other', async () => {
    const words = (name: string) =>
      Array.from({ length: 12 }, (_, n) => [{ say: `This is ${name} number ${n} speaking. ` }, { wait_ms: 5 }]).flat();
    const server = await startServer({
      scenario: {
        answers: [
          { when: '^alpha$', steps: words('alpha') },
          { when: '^beta$', steps: words('beta') },
        ],
      },
    });
    const client = connect(server.grpcPort);
    const [alpha, beta] = await Promise.all([
      ask(client, { prompt: 'alpha', session_id: 'session-alpha', hardware_id: 'device' }),
      ask(client, { prompt: 'beta', session_id: 'session-beta', hardware_id: 'device' }),
    ]);
    for (const [outcome, name, other] of [
      [alpha, 'alpha', 'beta'],
      [beta, 'beta', 'alpha'],
    ] as const) {
      expect(outcome.code).toBe('OK');
      expect(outcome.sessionId).toBe(`session-${name}`);
      const expected = Array.from({ length: 12 }, (_, n) => `This is ${name} number ${n} speaking.`).join(' ');
      expect(outcome.text).toBe(expected);
      expect(outcome.text).not.toContain(other);
    }
  });

  it('2: the same id twice at once: the second and the third are refused at once, the first ends well, untouched', async () => {
    const server = await startServer({
      scenario: {
        answers: [
          { when: '', steps: [{ say: 'One good sentence. ' }, { wait_ms: 2_000 }, { say: 'And a second one.' }] },
        ],
      },
    });
    const client = connect(server.grpcPort);
    const request = { prompt: 'go', session_id: 'twin', hardware_id: 'device' };
    const first = start(client, request);
    await first.firstFrame;
    for (const attempt of ['second', 'third']) {
      const refused = await ask(client, { ...request, prompt: attempt });
      expect(refused).toMatchObject({
        kinds: ['error_message'],
        code: 'RESOURCE_EXHAUSTED',
        details: 'Concurrent request for session_id=twin is not allowed',
        errorType: 'concurrent_request',
      });
      expect(refused.frames[0]?.error_message).toBe(refused.details);
      // At once: the first one waits for two seconds.
      expect(refused.endedWithinMs).toBeLessThan(300);
    }
    expect((await server.status()).active_streams).toBe(1);
    const outcome = await first.outcome;
    expect(outcome.kinds).toEqual([...sentence, ...sentence, 'end_message']);
    expect(outcome).toMatchObject({ code: 'OK', text: 'One good sentence. And a second one.' });
    expect((await ask(client, request)).code).toBe('OK');
    expect(await server.status()).toMatchObject({
      in_flight: 0,
      active_streams: 0,
      rejected: { concurrent_request: 2 },
    });
  });

  it('2.1: two calls without ids run in parallel, each with an id made for it', async () => {
    const server = await startServer({
      scenario: { answers: [{ when: '', steps: [{ say: 'Here is ' }, { wait_ms: 300 }, { echo: true }] }] },
    });
    const client = connect(server.grpcPort);
    const calls = [start(client, { prompt: 'the one' }), start(client, { prompt: 'the other', session_id: 'unknown' })];
    await eventually(server.status, ({ active_streams }) => active_streams === 2);
    const [one, other] = await Promise.all(calls.map((call) => call.outcome));
    expect(one).toMatchObject({ code: 'OK', text: 'Here is the one' });
    expect(other).toMatchObject({ code: 'OK', text: 'Here is the other' });
    const uuidV4 = /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;
    expect(one?.sessionId).toMatch(uuidV4);
    expect(other?.sessionId).toMatch(uuidV4);
    expect(one?.sessionId).not.toBe(other?.sessionId);
  });

  it('3: the third of two slots is refused with the figures, and a freed slot is taken again', async () => {
    const server = await startServer({
      scenario: { answers: [{ when: '', steps: [{ say: 'Hold the line. ' }, { hang: true }] }] },
      env: { BACKPRESSURE_MAX_STREAMS: '2' },
    });
    const client = connect(server.grpcPort);
    const held = [start(client, { prompt: 'a' }), start(client, { prompt: 'b' })];
    await Promise.all(held.map((call) => call.firstFrame));
    expect(await ask(client, { prompt: 'c' })).toMatchObject({
      kinds: ['error_message'],
      code: 'RESOURCE_EXHAUSTED',
      errorType: 'stream_limit_exceeded',
      details: 'STREAM_LIMIT_EXCEEDED: Maximum concurrent streams (2) reached. Current active: 2',
    });
    held[0]?.call.cancel();
    await eventually(server.status, ({ active_streams }) => active_streams === 1);
    const next = start(client, { prompt: 'd' });
    expect((await next.firstFrame).text_chunk).toBe('Hold the line.');
    for (const { call } of [...held, next]) call.cancel();
    await eventually(server.status, ({ active_streams, in_flight }) => active_streams === 0 && in_flight === 0);
  });

  it('4: with a limit of 5, five messages arrive within a second and the sixth is refused', async () => {
    const server = await startServer({
      scenario: {
        answers: [{ when: '', steps: [{ say: 'A sentence of sound. ' }] }],
        speech: { chunks_per_sentence: 20 },
      },
      env: { BACKPRESSURE_MAX_RATE: '5' },
    });
    const outcome = await ask(connect(server.grpcPort), { prompt: 'go' });
    expect(outcome.kinds).toEqual(['text_chunk', 'audio_chunk', 'audio_chunk', 'audio_chunk', 'audio_chunk']);
    expect(outcome).toMatchObject({
      code: 'RESOURCE_EXHAUSTED',
      errorType: 'rate_limit_exceeded',
      details: 'Message rate limit exceeded: 6 messages in last second (limit: 5 msg/s)',
    });
    const [reject] = await server.logged('reject');
    expect(reject?.ctx).toMatchObject({ reason: 'rate_limit_exceeded', messages_in_last_second: 6, max_rate: 5 });
  });

  it('5: a normal stream: text, sound, the command once, one end; nothing left in flight, no status touched', async () => {
    const server = await startServer({
      scenario: {
        answers: [
          {
            when: '',
            steps: [
              { say: 'Opening ' },
              { say: 'Safari now. ' },
              { command: { command: 'Open-App', args: { app_name: 'Safari' } } },
              { command: { command: 'open_app', args: { app_name: 'Mail' } } },
            ],
          },
        ],
      },
    });
    const request = { prompt: 'open safari', session_id: 'normal', hardware_id: 'device' };
    const outcome = await ask(connect(server.grpcPort), request);
    expect(outcome.kinds).toEqual([...sentence, 'action_message', 'end_message']);
    expect(outcome).toMatchObject({ text: 'Opening Safari now.', code: 'OK', details: 'OK', errorType: null });
    expect(outcome.trailers.get('grpc-status-details-bin')).toEqual([]);
    const action = outcome.frames.find((frame) => frame.action_message)?.action_message;
    expect(JSON.parse(action?.action_json ?? '')).toEqual({
      command: 'open_app',
      args: { app_name: 'Safari' },
      session_id: 'normal',
    });
    expect(await server.status()).toMatchObject({
      in_flight: 0,
      active_streams: 0,
      active_answers: 0,
      active_speech: 0,
      commands_sent: 1,
      rejected: {},
    });
    expect((await server.logged('complete')).map((line) => line.ctx?.command)).toEqual(['open_app']);
    expect(server.logsOf('error')).toEqual([]);
  });

  it('6: an idle stream is closed, its slot is free for a new stream, and a second release is harmless', async () => {
    const server = await startServer({
      scenario: {
        answers: [
          { when: 'hang', steps: [{ say: 'One. ' }, { hang: true }] },
          { when: '', steps: [{ echo: true }] },
        ],
      },
      env: { BACKPRESSURE_IDLE_TIMEOUT: '1', BACKPRESSURE_MAX_STREAMS: '1', LOG_LEVEL: 'debug' },
    });
    const client = connect(server.grpcPort);
    const idle = await ask(client, { prompt: 'hang', session_id: 'sleepy' });
    expect(idle.kinds).toEqual(sentence);
    expect(idle).toMatchObject({ code: 'DEADLINE_EXCEEDED', errorType: 'stream_idle_timeout' });
    expect(idle.details).toMatch(/^Stream closed due to idle timeout: sleepy \(idle: 1\.[0-4]s\)$/);
    const lastFrameMs = idle.frameTimesMs.at(-1) ?? 0;
    expect(idle.endedAfterMs - lastFrameMs).toBeGreaterThan(900);
    // The client's late cancel reaches a call that has ended: the slot is not given back again.
    const again = start(client, { prompt: 'a new stream', session_id: 'sleepy' });
    expect(await again.outcome).toMatchObject({ code: 'OK', text: 'a new stream' });
    again.call.cancel();
    expect(await server.status()).toMatchObject({ active_streams: 0, in_flight: 0, idle_timeouts: 1 });
    expect(await server.logged('stream_released', 2)).toHaveLength(2);
  });

  it('7: every error code ends a call once: alone with its frame before data, without a frame after data', async () => {
    const failing = [...errorCodes, 'NO_SUCH_CODE'].flatMap((code) => [
      { when: `^before ${code}$`, steps: [{ fail: { error_code: code, message: `failed: ${code}` } }] },
      {
        when: `^after ${code}$`,
        steps: [
          { say: 'Something was said. ' },
          { wait_ms: 400 },
          { fail: { error_code: code, message: `failed: ${code}` } },
        ],
      },
    ]);
    const server = await startServer({ scenario: { answers: failing } });
    const client = connect(server.grpcPort);
    for (const code of [...errorCodes, 'NO_SUCH_CODE']) {
      const expectedCode = code === 'NO_SUCH_CODE' ? 'INTERNAL' : code;
      const [before, after] = await Promise.all([
        ask(client, { prompt: `before ${code}` }),
        ask(client, { prompt: `after ${code}` }),
      ]);
      expect(before).toMatchObject({ kinds: ['error_message'], code: expectedCode, details: `failed: ${code}` });
      expect(before.frames[0]?.error_message).toBe(before.details);
      expect(after).toMatchObject({ kinds: sentence, code: expectedCode, details: `failed: ${code}` });
      expect(after.errorType).toBe(before.errorType);
    }
    expect(await server.status()).toMatchObject({ active_streams: 0, in_flight: 0 });
  });

  it('an interrupt ends the device’s streams on the spot and a new request is welcome at once', async () => {
    const server = await startServer({
      scenario: {
        answers: [
          { when: 'hang', steps: [{ say: 'A first sentence. ' }, { hang: true }] },
          { when: '', steps: [{ echo: true }] },
        ],
      },
    });
    const client = connect(server.grpcPort);
    const mine = start(client, { prompt: 'hang', hardware_id: 'mine', session_id: 'mine-1' });
    const theirs = start(client, { prompt: 'hang', hardware_id: 'theirs', session_id: 'theirs-1' });
    await Promise.all([mine.firstFrame, theirs.firstFrame]);
    expect(await interrupt(client, 'mine')).toMatchObject({ success: true, interrupted_sessions: ['mine-1'] });
    expect(await ask(client, { prompt: 'hello again', hardware_id: 'mine', session_id: 'mine-1' })).toMatchObject({
      code: 'OK',
      text: 'hello again',
    });
    expect(await mine.outcome).toMatchObject({ code: 'CANCELLED', errorType: 'interrupted' });
    expect((await server.status()).active_streams).toBe(1);
    theirs.call.cancel();
  });
});

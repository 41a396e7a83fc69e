import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { answerCodec, createMessageEncoder, welcomeCodec } from '../../../src/rpc/codec.ts';
import { streamingService } from '../../../src/rpc/proto.ts';

const { responseSerialize, responseDeserialize } = streamingService.StreamAudio;
const { messageOf } = answerCodec;
const encodeMessage = createMessageEncoder(responseSerialize);
const welcome = streamingService.GenerateWelcomeAudio;
const encodeWelcome = createMessageEncoder(welcome.responseSerialize);

const soundFormat = { dtype: 'int16', shape: [], sample_rate: 48_000, channels: 1 };

describe('frames on the wire', () => {
  it("a full chunk of sound, filled into the template, has exactly the bytes of proto-loader's own encoder", () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 4096, maxLength: 4096 }), (bytes) => {
        const audio_chunk = { audio_data: Buffer.from(bytes), ...soundFormat };
        const filled = encodeMessage(messageOf({ kind: 'audio', bytes }, 'session'));
        expect(filled.equals(responseSerialize({ audio_chunk }))).toBe(true);
        const spoken = encodeWelcome(welcomeCodec.messageOf({ kind: 'audio', bytes }, 'session'));
        expect(spoken.equals(welcome.responseSerialize({ audio_chunk }))).toBe(true);
      }),
      { numRuns: 30 },
    );
  });

  it('an encoder of one rpc leaves the other one its template', () => {
    const frame = (fill: number) => ({ kind: 'audio', bytes: new Uint8Array(4096).fill(fill) }) as const;
    const answer = encodeMessage(messageOf(frame(1), 'session'));
    encodeWelcome(welcomeCodec.messageOf(frame(2), 'session'));
    expect(responseDeserialize(answer).audio_chunk?.audio_data.equals(Buffer.alloc(4096, 1))).toBe(true);
  });

  it('says of a welcome stream who speaks, in which format, and that its length is not known', () => {
    const frame = { kind: 'metadata', method: 'embedded' } as const;
    expect(welcome.responseDeserialize(encodeWelcome(welcomeCodec.messageOf(frame, 'session')))).toEqual({
      content: 'metadata',
      metadata: { method: 'embedded', duration_sec: 0, sample_rate: 48_000, channels: 1, dtype: 'int16' },
    });
  });

  it.each([
    [answerCodec, { kind: 'metadata', method: 'embedded' }],
    [welcomeCodec, { kind: 'text', text: 'x' }],
    [welcomeCodec, { kind: 'action', command: 'open_app', args: {} }],
  ] as const)('a frame that has no place in a stream is a bug and not a message', (codec, frame) => {
    expect(() => codec.messageOf(frame, 'session')).toThrow(`a ${frame.kind} frame in a`);
  });

  it('sound of any other length arrives with its format', () => {
    for (const length of [2, 1000, 4094]) {
      const bytes = Uint8Array.from({ length }, (_, index) => index % 251);
      const decoded = responseDeserialize(encodeMessage(messageOf({ kind: 'audio', bytes }, 'session')));
      expect(decoded.audio_chunk).toEqual({ audio_data: Buffer.from(bytes), ...soundFormat });
    }
  });

  it('half a surrogate pair, which a model may write, goes out as valid UTF-8', () => {
    const decoded = responseDeserialize(encodeMessage(messageOf({ kind: 'text', text: 'a \ud83d b' }, 'session-1')));
    expect(decoded.text_chunk).toBe('a \ufffd b');
  });

  it('a command carries its session id inside and beside its JSON', () => {
    const frame = { kind: 'action', command: 'open_app', args: { app_name: 'Safari' } } as const;
    const decoded = responseDeserialize(encodeMessage(messageOf(frame, 'session-1')));
    expect(decoded.action_message?.session_id).toBe('session-1');
    expect(JSON.parse(decoded.action_message?.action_json ?? '')).toEqual({
      command: 'open_app',
      args: { app_name: 'Safari' },
      session_id: 'session-1',
    });
  });
});

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createMessageEncoder, messageOf } from '../../src/rpc/codec.ts';
import { streamingService } from '../../src/rpc/proto.ts';

const { responseSerialize, responseDeserialize } = streamingService.StreamAudio;
const encodeMessage = createMessageEncoder();

describe('frames on the wire', () => {
  it("a full chunk of sound, filled into the template, has exactly the bytes of proto-loader's own encoder", () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 4096, maxLength: 4096 }), (bytes) => {
        const filled = encodeMessage(messageOf({ kind: 'audio', bytes }, 'session'));
        const audio_chunk = {
          audio_data: Buffer.from(bytes),
          dtype: 'int16',
          shape: [],
          sample_rate: 48_000,
          channels: 1,
        };
        expect(filled.equals(responseSerialize({ audio_chunk }))).toBe(true);
      }),
      { numRuns: 30 },
    );
  });

  it('sound of any other length arrives with its format', () => {
    for (const length of [2, 1000, 4094]) {
      const bytes = Uint8Array.from({ length }, (_, index) => index % 251);
      const decoded = responseDeserialize(encodeMessage(messageOf({ kind: 'audio', bytes }, 'session')));
      expect(decoded.audio_chunk).toEqual({
        audio_data: Buffer.from(bytes),
        dtype: 'int16',
        shape: [],
        sample_rate: 48_000,
        channels: 1,
      });
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

/** Negative controls: the checks of this suite fail on streams that break the contract. */
import { Metadata } from '@grpc/grpc-js';
import { describe, expect, test } from 'vitest';
import { errorModel } from '../../../src/rpc/proto.ts';
import type { CallOutcome } from '../../support/client.ts';
import { inShort, streamFaultsOf } from '../../support/contract/stream-rules.ts';

type Frames = CallOutcome['frames'];
type Chunk = NonNullable<Frames[number]['audio_chunk']>;

const text = (text_chunk: string) => ({ content: 'text_chunk', text_chunk }) as const;
const audio = (changed: Partial<Chunk> = {}) => {
  const audio_chunk = { audio_data: Buffer.alloc(4096), dtype: 'int16', shape: [], sample_rate: 48_000, channels: 1 };
  return { content: 'audio_chunk', audio_chunk: { ...audio_chunk, ...changed } } as const;
};
const action = (action_json: string, session_id = 'id') => {
  return { content: 'action_message', action_message: { action_json, session_id } } as const;
};
const goodAction = action('{"command":"open_app","args":{},"session_id":"id"}');
const end = { content: 'end_message', end_message: 'COMPLETED' } as const;
const error = (error_message: string) => ({ content: 'error_message', error_message }) as const;

/** The trailers of UNAVAILABLE/answer_failed with the text "down". */
function trailersOfFailure(reason = 'ANSWER_FAILED', message = 'down'): Metadata {
  const value = errorModel.ErrorInfo.serialize({ reason, domain: 'recital' });
  const details = [{ type_url: 'type.googleapis.com/google.rpc.ErrorInfo', value }];
  const trailers = new Metadata();
  trailers.set('grpc-status-details-bin', errorModel.Status.serialize({ code: 14, message, details }));
  return trailers;
}

function recorded(frames: Frames, ended: Partial<CallOutcome> = {}): CallOutcome {
  return {
    frames,
    kinds: frames.map(({ content }) => content ?? 'nothing'),
    text: frames.map(({ text_chunk }) => text_chunk ?? '').join(''),
    audioBytes: 0,
    code: 'OK',
    details: 'OK',
    errorType: null,
    trailers: new Metadata(),
    sessionId: 'id',
    frameTimesMs: [],
    endedAfterMs: 0,
    endedWithinMs: 0,
    ...ended,
  };
}

const failed = (frames: Frames, changed: Partial<CallOutcome> = {}) => {
  const trailers = trailersOfFailure();
  return recorded(frames, { code: 'UNAVAILABLE', details: 'down', errorType: 'answer_failed', trailers, ...changed });
};

describe('a recorded stream that keeps the contract has no faults', () => {
  test.each([
    ['words and sound', recorded([text('One.'), audio(), audio({ audio_data: Buffer.alloc(2) }), text(' Two.'), end])],
    ['words, sound, a command', recorded([text('One.'), audio(), goodAction, end])],
    ['a command without words', recorded([goodAction, end])],
    ['an error before data', failed([error('down')])],
    ['an error after data', failed([text('One.'), audio()])],
  ])('%s', (_, outcome) => {
    expect(streamFaultsOf(outcome)).toEqual([]);
  });
});

describe('a recorded stream that breaks the contract is found', () => {
  test.each([
    ['no end', recorded([text('One.')]), 'a good stream in this order: text'],
    ['two ends', recorded([text('One.'), end, end]), 'a good stream in this order: text end×2'],
    ['sound before its words', recorded([audio(), text('One.'), end]), 'a good stream in this order: audio text end'],
    [
      'a command before sound',
      recorded([text('One.'), goodAction, audio(), end]),
      'a good stream in this order: text action audio end',
    ],
    [
      'two commands',
      recorded([text('One.'), goodAction, goodAction, end]),
      'a good stream in this order: text action×2 end',
    ],
    [
      'an error frame on a good end',
      recorded([text('One.'), error('x'), end]),
      'a good stream in this order: text error end',
    ],
    ['ends not trimmed', recorded([text(' One.'), end]), 'the ends of the text are not trimmed'],
    [
      'an error-type on a good end',
      recorded([text('One.'), end], { errorType: 'draining' }),
      'an error-type on a good end: draining',
    ],
    ['an error frame beside data', failed([text('One.'), error('down')]), 'a failed stream in this order: text error'],
    ['an end beside an error', failed([text('One.'), end]), 'a failed stream in this order: text end'],
    ['no error frame before data', failed([]), 'a failed stream in this order: '],
    ['two error frames', failed([error('down'), error('down')]), 'a failed stream in this order: error×2'],
    ['another text in the frame', failed([error('up')]), 'the error frame has another text'],
    [
      'a type of another code',
      failed([error('down')], { errorType: 'draining ' }),
      'UNAVAILABLE with error-type draining ',
    ],
    ['no type', failed([error('down')], { errorType: null }), 'UNAVAILABLE with error-type null'],
    [
      'another reason',
      failed([error('down')], { trailers: trailersOfFailure('DRAINING') }),
      'a rich status of 14 recital/DRAINING "down"',
    ],
    [
      'another rich text',
      failed([error('down')], { trailers: trailersOfFailure('ANSWER_FAILED', 'up') }),
      'a rich status of 14 recital/ANSWER_FAILED "up"',
    ],
    ['float sound', recorded([text('One.'), audio({ dtype: 'float32' }), end]), 'sound as float32 [] 48000 Hz 1 ch'],
    [
      'sound with a shape',
      recorded([text('One.'), audio({ shape: [2048] }), end]),
      'sound as int16 [2048] 48000 Hz 1 ch',
    ],
    ['half a sample', recorded([text('One.'), audio({ audio_data: Buffer.alloc(3) }), end]), 'a chunk of 3 bytes'],
    [
      'a large chunk',
      recorded([text('One.'), audio({ audio_data: Buffer.alloc(4098) }), end]),
      'a chunk of 4098 bytes',
    ],
    [
      'a short chunk amid sound',
      recorded([text('One.'), audio({ audio_data: Buffer.alloc(2) }), audio(), end]),
      'a chunk of 2 bytes that is not the last of its sentence',
    ],
    [
      'an action of another session',
      recorded([action('{"command":"a","args":{},"session_id":"other"}'), end]),
      'an action of another session',
    ],
    [
      'an action with more',
      recorded([action('{"command":"a","args":{},"session_id":"id","x":1}'), end]),
      'an action of command,args,session_id,x',
    ],
  ])('%s', (_, outcome, fault) => {
    expect(streamFaultsOf(outcome)).toEqual([fault]);
  });

  test('no rich status at all', () => {
    expect(streamFaultsOf(failed([error('down')], { trailers: new Metadata() })).join()).toContain(
      'no readable rich status',
    );
  });
});

test('runs of frames are counted', () => {
  const kinds = ['text_chunk', 'audio_chunk', 'audio_chunk', 'text_chunk', 'text_chunk', 'end_message'];
  expect(inShort(kinds)).toBe('text audio×2 text×2 end');
});

/** For whom a stream waited: by its states, and by what its outbox counted, which no state tells. */
import { describe, expect, test } from 'vitest';
import { WaitAccount, waitsOf } from '../../../src/inspector/waits.ts';

const speaking = 'streaming.answer.answered | streaming.voice.speaking.listening | streaming.reader.attentive';
const unvoiced = 'streaming.answer.answered | streaming.voice.speaking.unvoiced | streaming.reader.attentive';
const closing = 'streaming.answer.answered | streaming.voice.closing | streaming.reader.attentive';

const at = (atMs: number, type: string, more: { readonly state?: string; readonly fullMs?: number } = {}) => {
  const { state, ...fields } = more;
  return { atMs, event: { type, ...fields }, ...(state !== undefined && { state }) };
};

describe('the account of waits', () => {
  test('a voice that is at work is waited for, until something says that its sound was not fetched', () => {
    const slow = [at(0, 'a', { state: speaking }), at(5_000, 'speech.finished', { state: closing })];
    expect(waitsOf(slow)).toMatchObject({ voice: 5_000, reader: 0 });
    const stalled = [at(0, 'a', { state: speaking }), at(5_000, 'speech.finished', { state: closing, fullMs: 4_700 })];
    expect(waitsOf(stalled)).toMatchObject({ voice: 300, reader: 4_700, out: 0 });
  });

  test('the count is of the whole stream: told again it adds nothing', () => {
    const turns = [
      at(0, 'a', { state: speaking }),
      at(2_000, 'speech.progressReported', { fullMs: 1_500 }),
      at(3_000, 'speech.progressReported', { fullMs: 1_500 }),
      at(4_000, 'speech.finished', { state: closing, fullMs: 1_600 }),
    ];
    expect(waitsOf(turns)).toMatchObject({ voice: 2_400, reader: 1_600 });
  });

  test('room that a sentence without sound waited for is in the count, and in the sum once', () => {
    const turns = [
      at(0, 'a', { state: unvoiced }),
      at(3_000, 'outbox.roomFound', { state: speaking }),
      at(5_000, 'speech.finished', { state: closing, fullMs: 3_000 }),
    ];
    expect(waitsOf(turns)).toMatchObject({ voice: 2_000, reader: 3_000 });
  });

  test('never more than the time of the voice is taken, and none of what follows the last sentence', () => {
    const turns = [
      at(0, 'a', { state: speaking }),
      at(1_000, 'speech.finished', { state: closing, fullMs: 9_999 }),
      at(8_000, 'outbox.activityReported', { fullMs: 20_000 }),
    ];
    expect(waitsOf(turns)).toEqual({ start: 0, model: 0, voice: 0, reader: 1_000, out: 7_000 });
  });

  test('a field of that name that is no number tells nothing', () => {
    const account = new WaitAccount(0);
    account.enter('voice', 0);
    account.hear('12');
    account.hear(undefined);
    expect(account.until(10)).toMatchObject({ voice: 10, reader: 0 });
  });
});

/** JSON of models, gateways and files that is meant to hold a reader up: each is read in time that grows with its length alone. */
import { describe, expect, test } from 'vitest';
import { meaningOf } from '../../../src/engines/provider/http-status.ts';
import { doubledName } from '../../../src/log/line-bounds.ts';
import { parsedJson, repairedObject } from '../../../src/model-json.ts';
import { emptyAnswerEnvelope, finishAnswer, pushAnswer } from '../../../src/text/answer-envelope.ts';
import { toSpeakable } from '../../../src/text/speakable.ts';
import { startStopwatch } from '../../support/stopwatch.ts';

/** Far more than any of them takes, and far less than what grows with the square. */
const LIMIT_MS = 1500;

const digits = '1234567890123456';
const many = (piece: string, chars: number) => piece.repeat(Math.ceil(chars / piece.length));

function took(work: () => unknown): number {
  const stopwatch = startStopwatch();
  work();
  return stopwatch();
}

describe('strings that do not end', () => {
  test.each([
    ['in an escape', `"${digits}${many('a', 200_000)}\\`],
    ['behind many escapes', `"${digits}${many('\\"', 200_000)}\\`],
    ['many of them', many(`"${digits}\\`, 100_000)],
  ])('%s are no JSON', (_, json) => {
    expect(took(() => expect(parsedJson(json)).toBeUndefined())).toBeLessThan(LIMIT_MS);
    expect(took(() => expect(repairedObject(`{${json.slice(0, 8_000)}}`)).toBeNull())).toBeLessThan(LIMIT_MS);
  });

  test('digits beyond a double are kept in what does end', () => {
    expect(parsedJson(`{"a": 12345678901234567890, "b": "x ${digits}789 \\" 1"}`)).toEqual({
      a: '12345678901234567890',
      b: `x ${digits}789 " 1`,
    });
  });
});

describe('an object of an answer', () => {
  const read = (answer: string, size: number) => {
    let { envelope } = { envelope: emptyAnswerEnvelope };
    for (let at = 0; at < answer.length; at += size)
      envelope = pushAnswer(envelope, answer.slice(at, at + size)).envelope;
    return finishAnswer(envelope);
  };

  test.each([
    ['commas', `{"command":"open_app","args":{"list":[${many('1,', 300_000)}1]}}`],
    ['colons', `{"command":"open_app","args":{${many('a:1,', 300_000)}"z":1}}`],
  ])('with many %s, in small deltas', (_, answer) => {
    expect(took(() => read(answer, 4))).toBeLessThan(4 * LIMIT_MS);
  });

  test('a comma that was written twice is one, and a bare key is a key, however they are cut', () => {
    for (const size of [1, 3, 100]) {
      const { command } = read('{command : "open_app" , , "args": {app_name: "Safari",  ,}}', size);
      expect(command).toMatchObject({ name: 'open_app', args: { app_name: 'Safari' } });
    }
  });
});

test('a refusal of 16 KiB', () => {
  for (const piece of ['violatx', 'violat', 'model ', 'exceeding ', 'failpars', 'too many aaaa bbbb ']) {
    expect(took(() => meaningOf({ status: 400, signs: many(piece, 16_384) }))).toBeLessThan(LIMIT_MS);
  }
});

test('a line of a log, be it a string of 30 MB, has no name twice for all that is looked at', () => {
  expect(took(() => expect(doubledName(`{"a":"${many('b', 30_000_000)}","a":1}`)).toBe(''))).toBeLessThan(LIMIT_MS);
  expect(doubledName(`{"a":"${many('\\n', 900_000)}","a":1}`)).toBe('a');
});

test('runs of letters and of dashes in a sentence', () => {
  for (const piece of ['A', '-', '=', 'Ab'])
    expect(took(() => toSpeakable(many(piece, 16_000)))).toBeLessThan(LIMIT_MS);
});

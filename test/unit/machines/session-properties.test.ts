/**
 * What holds for every session, whatever its model, voice, reader and luck: properties over random plans, played by the simulation
 * in support/machines/session-world.ts on a virtual clock.
 */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { calm, chunked, goodSpeech, prose, stormy } from '../../support/machines/session-plans.ts';
import { type AnswerStep, runWorld, type WorldFrame, type WorldPlan } from '../../support/machines/session-world.ts';
import { runs } from '../../support/runs.ts';

const textOf = (frames: readonly WorldFrame[]): string =>
  frames.map((frame) => (frame.kind === 'text' ? frame.text : '')).join('');
const answerOf = (plan: WorldPlan): string =>
  plan.answer
    .map((step) => ('say' in step ? step.say : ''))
    .join('')
    .trim();
const count = (frames: readonly WorldFrame[], kind: WorldFrame['kind']): number =>
  frames.filter((frame) => frame.kind === kind).length;

describe('a session', () => {
  test('always ends, with one reason, and breaks no bound on its way', () => {
    fc.assert(
      fc.property(stormy, (plan) => {
        const { session, complaints } = runWorld(plan);
        expect(complaints).toEqual([]);
        expect(session.isLive).toBe(false);
        const { failure } = session.context;
        expect(session.output).toEqual({ reason: failure?.errorType ?? 'completed', failure });
        expect(session.value).toBe(failure === null ? 'done' : 'error');
      }),
      { numRuns: runs(400) },
    );
  });

  test('that completes has said the whole answer, character by character, and only the ends are trimmed', () => {
    let completed = 0;
    fc.assert(
      fc.property(fc.oneof(calm, stormy), (plan) => {
        const { session, frames } = runWorld(plan);
        if (session.output?.reason !== 'completed') return;
        completed += 1;
        expect(textOf(frames)).toBe(answerOf(plan));
      }),
      { numRuns: runs(400) },
    );
    expect(completed).toBeGreaterThan(runs(400) / 4);
  });

  test('that ends early has said a beginning of the answer and nothing else', () => {
    let early = 0;
    fc.assert(
      fc.property(stormy, (plan) => {
        const { session, frames } = runWorld(plan);
        if (session.output?.reason === 'completed') return;
        early += 1;
        expect(answerOf(plan).startsWith(textOf(frames))).toBe(true);
      }),
      { numRuns: runs(400) },
    );
    expect(early).toBeGreaterThan(runs(400) / 4);
  });

  test('that ends for its voice has said all sound before the sentence that failed', () => {
    // Only the voice may go wrong: then every other plan or so ends for it.
    const voiceAlone = fc.record({ plan: calm, voices: stormy }).map(({ plan, voices }) => ({
      ...plan,
      limits: { ...plan.limits, speechFailure: 'fail' as const },
      speech: voices.speech,
    }));
    let ended = 0;
    fc.assert(
      fc.property(fc.oneof(voiceAlone, stormy), (plan) => {
        const { session, frames, history } = runWorld(plan);
        if (session.output?.reason !== 'speech_failed') return;
        ended += 1;
        const heard = new Set(frames.flatMap((frame) => (frame.kind === 'audio' ? [frame.segment] : [])));
        const turns = history.flatMap((each) => (each.mark === 'turn' ? [each.segment] : []));
        const [last = 0] = turns.slice(-1);
        expect(turns.filter((segment) => segment !== last && !heard.has(segment))).toEqual([]);
      }),
      { numRuns: runs(400) },
    );
    expect(ended).toBeGreaterThan(runs(400) / 20);
  });

  test('in which nothing goes wrong completes, unless there was nothing to say', () => {
    fc.assert(
      fc.property(calm, (plan) => {
        const { session, frames } = runWorld(plan);
        const hasCommand = count(frames, 'command') > 0;
        expect(session.output?.reason).toBe(answerOf(plan) === '' && !hasCommand ? 'empty_answer' : 'completed');
        const isGood = (step: AnswerStep) =>
          'command' in step && step.command.name !== 'rm_rf' && Object.keys(Object(step.command.args)).length > 0;
        expect(hasCommand).toBe(plan.answer.some(isGood));
      }),
      { numRuns: runs(200) },
    );
  });

  test('sends one command at most, behind all words and sound, and one end at most, behind everything', () => {
    fc.assert(
      fc.property(fc.oneof(calm, stormy), (plan) => {
        const { session, frames } = runWorld(plan);
        const kinds = frames.map(({ kind }) => kind);
        expect(count(frames, 'command')).toBeLessThanOrEqual(1);
        expect(count(frames, 'end')).toBeLessThanOrEqual(1);
        if (kinds.includes('command')) expect(kinds.slice(kinds.indexOf('command'))).toEqual(['command', 'end']);
        if (kinds.includes('end')) expect(kinds.at(-1)).toBe('end');
        if (session.output?.reason === 'completed') {
          expect(kinds.at(-1)).toBe('end');
          expect(textOf(frames)).toBe(answerOf(plan));
        }
      }),
      { numRuns: runs(400) },
    );
  });

  test("sends a sentence's text before its sound, and both before the next sentence", () => {
    fc.assert(
      fc.property(fc.oneof(calm, stormy), (plan) => {
        let texts = 0;
        for (const frame of runWorld(plan).frames) {
          if (frame.kind === 'text') texts += 1;
          if (frame.kind === 'audio') expect(frame.segment).toBe(texts - 1);
        }
      }),
      { numRuns: runs(300) },
    );
  });

  test('gives every sentence its sound, in order and once, if the voice is good', () => {
    fc.assert(
      fc.property(calm, (plan) => {
        const { frames, history } = runWorld(plan);
        const due = history.flatMap((each) => (each.mark === 'due' ? [each.segment] : []));
        const heard = frames.flatMap((frame) => (frame.kind === 'audio' ? [frame.segment] : []));
        expect(heard).toEqual(due);
        expect(due).toEqual([...new Set(due)].toSorted((a, b) => a - b));
      }),
      { numRuns: runs(200) },
    );
  });

  test('says the text of an answer object as if it were plain, and takes its command', () => {
    const envelope = fc.tuple(prose, fc.boolean()).chain(([text, hasCommand]) => {
      const object = hasCommand ? { text, command: 'open_app', args: { app_name: 'Safari' } } : { text };
      return chunked(fc.constant(JSON.stringify(object))).map((steps) => ({ text, hasCommand, steps }));
    });
    fc.assert(
      fc.property(
        envelope,
        fc.array(goodSpeech, { minLength: 1, maxLength: 3 }),
        ({ text, hasCommand, steps }, speech) => {
          const { session, frames } = runWorld({
            limits: { sessionTimeoutMs: 0 },
            answer: steps,
            answerHangs: false,
            speech,
            readerStallsAtMs: null,
            intrusions: [],
          });
          expect(textOf(frames)).toBe(text.trim());
          expect(count(frames, 'command')).toBe(hasCommand ? 1 : 0);
          expect(session.output?.reason).toBe(text.trim() === '' && !hasCommand ? 'empty_answer' : 'completed');
        },
      ),
      { numRuns: runs(200) },
    );
  });

  test('whose model floods it loses nothing, and makes the model wait', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 65, max: 200 }),
        fc.array(goodSpeech, { minLength: 1, maxLength: 3 }),
        (sentences, speech) => {
          const say = 'This is one sentence of many. ';
          const plan: WorldPlan = {
            limits: { sessionTimeoutMs: 0 },
            answer: Array.from({ length: sentences }, () => ({ afterMs: 0, say })),
            answerHangs: false,
            speech,
            readerStallsAtMs: null,
            intrusions: [],
          };
          const { session, frames, complaints } = runWorld(plan);
          expect(complaints).toEqual([]);
          expect(session.output?.reason).toBe('completed');
          expect(textOf(frames)).toBe(say.repeat(sentences).trim());
          expect(count(frames, 'audio')).toBe(sentences);
        },
      ),
      { numRuns: 10 },
    );
  });
});

/** Random plans for the surroundings of a session (session-world.ts). */
import fc from 'fast-check';
import type { SessionEvent } from '../../../src/machines/session/session.types.ts';
import type { AnswerStep, SpeechPlan, WorldPlan } from './session-world.ts';

const word = fc.constantFrom(
  'Hello',
  'world',
  'Да',
  'нет',
  'Dr.',
  '3.14',
  'e.g.',
  'it',
  '🙂',
  '`code`',
  'example.com',
  '``',
  '{',
);
const mark = fc.constantFrom('. ', '! ', '? ', '… ', '.\n', '\n\n', ' ', ', ', '。', '! "', '.) ', '  ');
/** Plain text, never an object: what the user sees is exactly what the model wrote, but for the ends. */
export const prose = fc
  .array(fc.tuple(word, mark), { maxLength: 24 })
  .map((parts) => parts.map(([text, stop]) => text + stop).join(''));

/** The text in deltas of random size, cut anywhere, also inside a surrogate pair. */
export const chunked = (text: fc.Arbitrary<string>): fc.Arbitrary<readonly AnswerStep[]> =>
  fc
    .tuple(
      text,
      fc.array(fc.tuple(fc.integer({ min: 1, max: 30 }), fc.integer({ min: 0, max: 400 })), {
        minLength: 1,
        maxLength: 20,
      }),
    )
    .map(([whole, cuts]) => {
      const steps: AnswerStep[] = [];
      let at = 0;
      for (let index = 0; at < whole.length; index += 1) {
        const [length, afterMs] = cuts[index % cuts.length] ?? [1, 0];
        steps.push({ afterMs, say: whole.slice(at, at + length) });
        at += length;
      }
      return steps;
    });

const command: fc.Arbitrary<AnswerStep> = fc.record({
  afterMs: fc.integer({ min: 0, max: 300 }),
  command: fc.constantFrom(
    { name: 'open_app', args: { app_name: 'Safari' } },
    { name: 'close_app', args: { app_name: 'Mail' } },
    { name: 'rm_rf', args: {} },
    { name: 'open_app', args: {} },
  ),
});

/** The steps with a few commands anywhere between them. */
const answer: fc.Arbitrary<readonly AnswerStep[]> = fc
  .tuple(chunked(prose), fc.array(fc.tuple(fc.nat(), command), { maxLength: 3 }))
  .map(([steps, commands]) =>
    commands.reduce((mixed, [at, step]) => mixed.toSpliced(at % (mixed.length + 1), 0, step), [...steps]),
  );

export const goodSpeech: fc.Arbitrary<SpeechPlan> = fc.record({
  soundAfterMs: fc.integer({ min: 0, max: 500 }),
  lastsMs: fc.integer({ min: 0, max: 3_000 }),
  failures: fc.constant(0),
  breaksInSound: fc.constant(false),
  hangs: fc.constant(false),
});
const anySpeech: fc.Arbitrary<SpeechPlan> = fc.record({
  soundAfterMs: fc.integer({ min: 0, max: 20_000 }),
  lastsMs: fc.integer({ min: 0, max: 20_000 }),
  failures: fc.integer({ min: 0, max: 3 }),
  breaksInSound: fc.boolean(),
  hangs: fc.boolean(),
});

const limits = fc.record({
  speechLookahead: fc.integer({ min: 0, max: 4 }),
  speechFailure: fc.constantFrom('degrade' as const, 'fail' as const),
  // Off, so that nothing rests on the total time alone; or on.
  sessionTimeoutMs: fc.constantFrom(0, 60_000),
});

const intrusion: fc.Arbitrary<SessionEvent> = fc.constantFrom(
  { type: 'client.cancelled' },
  { type: 'device.interruptRequested' },
  { type: 'server.graceExpired' },
  { type: 'outbox.rateExceeded', framesInLastSecond: 6 },
  { type: 'session.faulted', faultId: 'stream-1' },
);

/** Nothing goes wrong. */
export const calm: fc.Arbitrary<WorldPlan> = fc.record({
  limits: fc.record({ speechLookahead: fc.integer({ min: 0, max: 4 }), sessionTimeoutMs: fc.constant(0) }),
  answer,
  answerHangs: fc.constant(false),
  speech: fc.array(goodSpeech, { minLength: 1, maxLength: 5 }),
  readerStallsAtMs: fc.constant(null),
  intrusions: fc.constant([]),
});

/** Anything may go wrong. */
export const stormy: fc.Arbitrary<WorldPlan> = fc.record({
  limits,
  answer: fc
    .tuple(answer, fc.boolean())
    .map(([steps, fails]): readonly AnswerStep[] => (fails ? [...steps, { afterMs: 10, fail: true }] : steps)),
  answerHangs: fc.boolean(),
  speech: fc.array(anySpeech, { minLength: 1, maxLength: 5 }),
  readerStallsAtMs: fc.option(fc.integer({ min: 0, max: 20_000 }), { freq: 3 }),
  intrusions: fc.array(fc.record({ atMs: fc.integer({ min: 0, max: 30_000 }), event: intrusion }), { maxLength: 1 }),
});

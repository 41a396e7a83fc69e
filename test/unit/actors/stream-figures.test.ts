/** Guarantees of a stream's figures: who answered and spoke, after how many tries; what was said, counted; sums that stay small. */
import { describe, expect, test } from 'vitest';
import { ProviderFigures, StreamFigures } from '../../../src/actors/figures/stream-figures.ts';

describe('who did a job', () => {
  test('is nobody before anybody is asked, then the engine, then whom it names', () => {
    const figures = new ProviderFigures();
    expect(figures.names).toBeNull();
    const note = figures.begin('openai');
    expect(figures.names).toBe('openai');
    note({ provider: 'local', retries: 0 });
    expect(figures.names).toBe('local');
  });

  test('is all that were at work, in the order they came, each once', () => {
    const figures = new ProviderFigures();
    for (const provider of ['azure', 'piper', 'azure']) figures.begin('voices')({ provider, retries: 0 });
    expect(figures.names).toBe('azure, piper');
  });

  test('is whom its job names last: who was tried before in vain did nothing', () => {
    const figures = new ProviderFigures();
    const note = figures.begin('models');
    note({ provider: 'cloud', retries: 0 });
    note({ provider: 'local', retries: 1 });
    expect(figures.names).toBe('local');
    figures.begin('models')({ provider: 'cloud', retries: 0 });
    note({ provider: 'cloud', retries: 2 });
    expect(figures.names).toBe('cloud');
  });

  test('is a handful of names, however many an engine tells, of one job or of many', () => {
    const figures = new ProviderFigures();
    const notes = Array.from({ length: 1_000 }, () => figures.begin('voices'));
    for (const [index, note] of notes.entries()) note({ provider: `voice-${index}`, retries: 0 });
    expect(figures.names?.split(', ')).toHaveLength(8);
    // Those that found no room leave none behind either.
    for (const note of notes) note({ provider: 'one', retries: 0 });
    for (const note of notes) note({ provider: 'other', retries: 0 });
    expect(figures.names?.split(', ').length).toBeLessThanOrEqual(8);
  });

  test('tells its tries by job: a later note of the same job replaces the one before, other jobs add up', () => {
    const figures = new ProviderFigures();
    const first = figures.begin('voices');
    first({ provider: 'azure', retries: 1 });
    first({ provider: 'piper', retries: 3 });
    figures.begin('voices')({ provider: 'piper', retries: 2 });
    figures.countRetry();
    expect(figures.retries).toBe(6);
  });
});

describe('the answer', () => {
  function asked() {
    const clock = { ms: 100 };
    const figures = new StreamFigures(() => clock.ms);
    return { clock, figures, tally: () => figures.tally(0) };
  }

  test('begins with its first word or command, not with an empty delta', () => {
    const { clock, figures, tally } = asked();
    figures.answerAsked('hand');
    figures.answerHeard({ kind: 'text', text: '' });
    expect(tally()).toMatchObject({ firstTokenAtMs: null, answerChars: 0 });
    clock.ms = 150;
    figures.answerHeard({ kind: 'command', name: 'open_app', args: {} });
    clock.ms = 200;
    figures.answerHeard({ kind: 'text', text: 'Hello' });
    expect(tally()).toMatchObject({ firstTokenAtMs: 150, answerChars: 5 });
  });

  test('has no tokens as long as nobody tells any, and the sum of what is told', () => {
    const { figures, tally } = asked();
    expect(tally()).toMatchObject({ inputTokens: null, outputTokens: null, answerChars: null });
    figures.answerUsed({ inputTokens: 0, outputTokens: 0, model: 'm' });
    expect(tally()).toMatchObject({ inputTokens: 0, outputTokens: 0 });
    figures.answerUsed({ inputTokens: 12, outputTokens: 5, model: 'm' });
    figures.answerUsed({ inputTokens: 1, outputTokens: 2, model: 'n' });
    expect(tally()).toMatchObject({ inputTokens: 13, outputTokens: 7 });
  });
});

test('a sentence that the voice is given twice costs its characters twice and is one retry', () => {
  const figures = new StreamFigures(() => 0);
  figures.speechDue({ segment: 0, speech: 'One.' });
  figures.speechDue({ segment: 1, speech: 'Two.' });
  figures.speechDue({ segment: 0, speech: 'One.' });
  expect(figures.tally(0)).toMatchObject({ speechChars: 12, speechRetries: 1 });
});

/** Who speaks a sentence: by the request, by the language of its letters, by the configuration, by the provider. */
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { SpeechRequest } from '../../../src/engines/speech-engine.ts';
import { chooseVoice, languageOfSentence } from '../../../src/engines/speech-providers/voice-choice.ts';

const voices = [
  { language: 'en', voice: 'Anna' },
  { language: 'en-gb', voice: 'Brian' },
  { language: 'ru', voice: 'Раиса' },
  { language: 'de', voice: 'Dora' },
  { language: 'es', voice: 'Elena' },
  { language: 'fr', voice: 'Fleur' },
  { language: 'zh', voice: 'Mei' },
];

function voiceOf(request: SpeechRequest, given: { voice?: string; voices?: typeof voices } = { voices }): string {
  return chooseVoice(request, { voice: given.voice ?? '', voices: given.voices ?? [] }, 'provider').voice;
}

describe('the voice', () => {
  test.each<[string, SpeechRequest, string]>([
    ['that the request names wins', { text: 'Привет', voice: 'Zoe', language: 'de' }, 'Zoe'],
    ['of the script', { text: 'Привет, как дела?' }, 'Раиса'],
    ['of English for plain Latin letters', { text: 'Good morning' }, 'Anna'],
    ['of the exact tag', { text: 'Good morning', language: 'en-GB' }, 'Brian'],
    ['of the exact tag, written with a line', { text: 'Good morning', language: 'en_GB' }, 'Brian'],
    ['of the primary language where the tag has none', { text: 'Good morning', language: 'en-AU' }, 'Anna'],
    ['of the letters where the hint can not be', { text: 'Good morning', language: 'ru' }, 'Anna'],
    ['of the hint for a text without letters', { text: '42', language: 'ru' }, 'Раиса'],
    ['of the first language for a text without letters or hint', { text: '42' }, 'Anna'],
    ['of German by its small words', { text: 'Das ist nicht ganz richtig und dauert lange.' }, 'Dora'],
    ['of German by a letter', { text: 'Schönes Wetter!' }, 'Dora'],
    ['of Spanish by its signs', { text: '¿Qué hora es?' }, 'Elena'],
    ['of French by its small words', { text: 'Je vous montre les photos dans une heure.' }, 'Fleur'],
    ['of Chinese', { text: '你好,今天天气很好。' }, 'Mei'],
  ])('%s', (_, request, voice) => {
    expect(voiceOf(request)).toBe(voice);
  });

  test('of a language without one is the configured voice, then that of the provider', () => {
    expect(voiceOf({ text: 'Γειά σου' }, { voices, voice: 'Default' })).toBe('Default');
    expect(voiceOf({ text: 'Γειά σου' }, { voices })).toBe('provider');
    expect(voiceOf({ text: 'Hello' }, {})).toBe('provider');
  });

  test('is never missing while there is any', () => {
    const { voice } = chooseVoice({ text: 'Γειά σου' }, { voice: '', voices }, '');
    expect(voice).toBe('Anna');
  });

  test('of a request is bounded', () => {
    expect(voiceOf({ text: 'Hello', voice: 'x'.repeat(10_000) })).toHaveLength(256);
  });
});

describe('the language of a sentence', () => {
  test.each([
    ['Доброго ранку, як у вас справи? Їжак.', ['ru', 'uk'], 'uk'],
    ['Доброе утро', ['uk'], 'uk'],
    ['Доброе утро', [], 'ru'],
    ['Hello', [], 'en'],
    ['Hello', ['de'], 'de'],
    ['Hello', ['de', 'fr'], 'de'],
    ['今日は良い天気ですね', ['zh', 'ja'], 'ja'],
  ])('%s among %j is %s', (text, voiced, language) => {
    expect(languageOfSentence(text, undefined, voiced)).toBe(language);
  });

  test('is one that has a voice, or that of the script, whatever the text and the hint are', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), fc.option(fc.string(), { nil: undefined }), (text, hint) => {
        const language = languageOfSentence(text, hint, ['__proto__', 'constructor', 'en']);
        expect(language.length).toBeGreaterThan(0);
      }),
    );
  });
});

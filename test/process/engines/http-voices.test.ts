/**
 * Voices over HTTP against real servers of their protocols in another process: what they are sent, and that what they say arrives
 * as PCM of the wire. Each test measures the sound.
 */
import { describe, expect, test } from 'vitest';
import type { ProviderNote } from '../../../src/engines/provider-note.ts';
import type { ChosenProviderSettings } from '../../../src/engines/speech-providers/provider-table.ts';
import { startSpeechServer } from '../../support/providers/speech-server.ts';
import { createVoice, measure, speak } from '../../support/providers/voices.ts';

const server = await startSpeechServer();
const base = {
  openai: server.url('/v1'),
  azure: server.url(),
  elevenlabs: server.url(),
  piper: server.url('/piper-json'),
};
/** A hundred characters: a second of tone. */
const sentence = `${'Hello there, '.repeat(7)}good day.`;

async function lastSeen() {
  return (await server.seen()).requests.at(-1);
}

describe('a sentence', () => {
  test.each<[string, Partial<ChosenProviderSettings>]>([
    ['openai, 24 kHz raw', { provider: 'openai', baseUrl: base.openai }],
    ['azure, 48 kHz raw', { provider: 'azure', baseUrl: base.azure, apiKey: 'k' }],
    ['azure, 16 kHz raw', { provider: 'azure', baseUrl: base.azure, apiKey: 'k', sampleRateHz: 16_000 }],
    ['elevenlabs, 24 kHz raw', { provider: 'elevenlabs', baseUrl: base.elevenlabs, apiKey: 'k' }],
    ['elevenlabs, 48 kHz raw', { provider: 'elevenlabs', baseUrl: base.elevenlabs, sampleRateHz: 48_000 }],
    ['elevenlabs, 22.05 kHz raw', { provider: 'elevenlabs', baseUrl: base.elevenlabs, sampleRateHz: 22_050 }],
    ['piper1-gpl, 22.05 kHz WAV', { provider: 'piper', baseUrl: base.piper }],
    ['piper1-gpl of later, 22.05 kHz WAV', { provider: 'piper', baseUrl: server.url('/piper-new') }],
    ['rhasspy/piper, 22.05 kHz WAV', { provider: 'piper', baseUrl: server.url('/piper-old') }],
  ])('of %s is heard as it was said: its length, its pitch, its loudness, no click', async (_, settings) => {
    const { engine } = createVoice(settings);
    await engine.start();
    const pcm = await speak(engine, sentence);
    expect(pcm.length).toBe(96_000);
    const tone = measure(pcm);
    expect(tone.hz).toBeCloseTo(440, 0);
    expect(tone.rms).toBeCloseTo(12_000 / 32_768 / Math.SQRT2, 2);
    // A sine of 440 Hz rises by 2π·440/48000 of its amplitude a sample at most.
    expect(tone.greatestStep).toBeLessThan(0.025);
    expect((await lastSeen())?.text).toBe(sentence);
  });

  test.each([
    'drip',
    'odd',
    'wavlong',
    'wavshort',
    'wavzero',
    'wavmax',
    'wavextra',
    'wavmpeg',
    'pcmmpeg',
    'wavtail',
    'wavparts',
    'closing',
  ])('arrives whole however the server sends it: %s', async (voice) => {
    const { engine } = createVoice({ baseUrl: base.openai, voice });
    for (const text of [sentence, sentence.slice(0, 50)]) {
      const tone = measure(await speak(engine, text));
      expect(tone.seconds).toBeCloseTo(text.length / 100, 4);
      expect(tone.hz).toBeCloseTo(440, 0);
      expect(tone.greatestStep).toBeLessThan(0.025);
    }
  });

  test('that the server closed a kept connection before is spoken without a retry', async () => {
    const { engine, failedTries } = createVoice({ baseUrl: base.openai, voice: 'closing', retries: 0 });
    for (let turn = 0; turn < 10; turn++) expect((await speak(engine, 'Hello.')).length).toBe(5760);
    expect(failedTries).toEqual([]);
  });

  test('names its provider and that nothing had to be tried again, before its first sound', async () => {
    const notes: ProviderNote[] = [];
    const { engine } = createVoice({ baseUrl: base.openai });
    const sound = engine.synthesise(
      { text: 'Hello.', noteProvider: (note) => notes.push(note) },
      new AbortController().signal,
    );
    const iterator = sound[Symbol.asyncIterator]();
    expect((await iterator.next()).done).toBe(false);
    expect(notes).toEqual([{ provider: 'openai', retries: 0 }]);
    await iterator.return?.();
  });
});

describe('what a provider is told', () => {
  test('openai: model, voice, pcm, and the key as a bearer', async () => {
    const { engine } = createVoice({ baseUrl: base.openai, apiKey: 'sk-1', model: 'tts-9', voice: 'nova' });
    await speak(engine, 'Hello.');
    expect(await lastSeen()).toMatchObject({
      text: 'Hello.',
      voice: 'nova',
      model: 'tts-9',
      format: 'pcm',
      key: 'Bearer sk-1',
    });
    await speak(createVoice({ baseUrl: base.openai }).engine, 'Hello.');
    expect(await lastSeen()).toMatchObject({ voice: 'alloy', model: 'gpt-4o-mini-tts', key: '' });
  });

  test('azure: text and voice can add no markup, the language is that of the voice', async () => {
    const { engine } = createVoice({ provider: 'azure', baseUrl: base.azure, apiKey: 'az' });
    const hostile = `</voice><voice name="x">&amp; "quoted" 'so' \u0000\u0007\u{1F600}]]>`;
    await speak(engine, { text: hostile, voice: `de-DE-Katja"/><break/>` });
    expect(await lastSeen()).toMatchObject({
      text: hostile.replaceAll('\u0000', '').replaceAll('\u0007', ''),
      voice: `de-DE-Katja"/><break/>`,
      language: 'de-DE',
      format: 'raw-48khz-16bit-mono-pcm',
      key: 'az',
    });
  });

  test('elevenlabs: a voice is one part of the path, whatever it is called', async () => {
    const { engine } = createVoice({ provider: 'elevenlabs', baseUrl: base.elevenlabs, apiKey: 'xi' });
    await speak(engine, { text: 'Hello.', voice: 'a/../b?x=1#y' });
    expect(await lastSeen()).toMatchObject({
      voice: 'a/../b?x=1#y',
      format: 'pcm_24000',
      model: 'eleven_flash_v2_5',
      key: 'xi',
    });
  });

  test('piper: the voice if one is asked for, a name that its own list misspells included', async () => {
    const { engine } = createVoice({ provider: 'piper', baseUrl: base.piper, voice: 'ru_RU-irina-medium' });
    await speak(engine, 'Привет.');
    expect(await lastSeen()).toMatchObject({ protocol: 'piper-json', text: 'Привет.', voice: 'ru_RU-irina-medium' });
    await speak(engine, { text: 'Hi.', voice: 'johnson' });
    expect(await lastSeen()).toMatchObject({ voice: 'johnson' });
  });

  test('the voice of its language, sentence by sentence', async () => {
    const voices = [
      { language: 'en', voice: 'alloy' },
      { language: 'ru', voice: 'high-nova' },
    ];
    const { engine } = createVoice({ baseUrl: base.openai, voices });
    expect(measure(await speak(engine, 'How do you do?')).hz).toBeCloseTo(440, -0.5);
    expect(measure(await speak(engine, 'Как у вас дела?')).hz).toBeCloseTo(880, -0.5);
    expect((await lastSeen())?.voice).toBe('high-nova');
  });
});

describe('a voice that a client names and the provider does not have', () => {
  test.each<[string, Partial<ChosenProviderSettings>]>([
    ['openai', { provider: 'openai', baseUrl: base.openai }],
    ['azure', { provider: 'azure', baseUrl: base.azure, apiKey: 'k' }],
    ['elevenlabs', { provider: 'elevenlabs', baseUrl: base.elevenlabs, apiKey: 'k' }],
    ['piper', { provider: 'piper', baseUrl: base.piper }],
    ['piper of one voice', { provider: 'piper', baseUrl: server.url('/piper-old') }],
  ])('is replaced at %s, and asked for once', async (_, settings) => {
    const { engine, replaced, failedTries } = createVoice(settings, { policy: 'fallback' });
    await engine.start();
    await server.reset();
    for (const __ of [1, 2]) {
      expect(measure(await speak(engine, { text: sentence, voice: 'nobody' })).seconds).toBeCloseTo(1, 4);
    }
    expect(replaced).toMatchObject([{ voice: 'nobody' }]);
    expect(failedTries).toEqual([]);
    const asked = (await server.seen()).requests.filter(({ voice }) => voice === 'nobody');
    expect(asked.length).toBeLessThan(2);
  });
});

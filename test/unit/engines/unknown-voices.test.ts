/** Voices that clients name and nobody has: the engine's own speaks, whatever shape the refusal has; the bounds of what is kept of the names. */
import { describe, expect, test } from 'vitest';
import { chooseVoice } from '../../../src/engines/embedded-speech/voices.ts';
import { ProviderFailure } from '../../../src/engines/provider/failure.ts';
import { parseScenario } from '../../../src/engines/scripted/scenario.ts';
import { createScriptedSpeechEngine } from '../../../src/engines/scripted/scripted-engines.ts';
import { failureOfVoiceRefusal } from '../../../src/engines/speech-providers/http-sound.ts';
import { createProviderSpeechEngine } from '../../../src/engines/speech-providers/provider-speech.ts';
import type { SpeechProviderSettings, VoicedSentence } from '../../../src/engines/speech-providers/speech-provider.ts';
import { type ReplacedVoice, UnknownVoices } from '../../../src/engines/unknown-voices.ts';
import { languageOfVoice } from '../../../src/rpc/streaming-rpcs.ts';
import { failureOf, speak, voiceSettings } from '../../support/providers/voices.ts';

const tone = Buffer.from(Int16Array.from({ length: 480 }, (_, at) => 8000 * Math.sin(at / 9)).buffer);
const jenny = 'en-US-JennyNeural';

interface Bench {
  readonly engine: ReturnType<typeof createProviderSpeechEngine>;
  readonly asked: string[];
  readonly replaced: ReplacedVoice[];
  readonly failedTries: string[];
}

/** An engine whose provider has only the voices that `answer` gives sound for. */
function bench(
  answer: (sentence: VoicedSentence) => Buffer | Error,
  {
    policy = 'fallback' as const,
    ...settings
  }: Partial<SpeechProviderSettings> & { policy?: 'fallback' | 'refuse' } = {},
): Bench {
  const asked: string[] = [];
  const replaced: ReplacedVoice[] = [];
  const failedTries: string[] = [];
  const engine = createProviderSpeechEngine({
    settings: voiceSettings(settings),
    provider: {
      name: 'openai',
      defaultVoice: 'alloy',
      check: async () => {},
      async open(sentence) {
        asked.push(sentence.voice);
        const answered = answer(sentence);
        if (answered instanceof Error) throw answered;
        return { rawRateHz: 48_000, chunks: oneByOne([answered]) };
      },
      close() {},
    },
    maxWaiting: 10,
    unknownVoices: new UnknownVoices({ policy, onReplaced: (each) => replaced.push(each) }),
    onFailedTry: ({ detail }) => failedTries.push(detail),
  });
  return { engine, asked, replaced, failedTries };
}

async function* oneByOne(chunks: readonly Buffer[]): AsyncGenerator<Uint8Array, void, undefined> {
  yield* chunks;
}

const refusal =
  (status: number, said: string) =>
  ({ voice }: VoicedSentence) =>
    voice === 'alloy' || voice === 'onyx' || voice === 'nova'
      ? tone
      : failureOfVoiceRefusal(
          { status, said, signs: said.toLowerCase(), retryAfterMs: undefined },
          { provider: 'openai', voice },
        );

/** As real servers say it (Kokoro-FastAPI, OpenAI, openai-edge-tts, LocalAI, ElevenLabs, Azure, chatterbox, voxtral). */
const refusals: readonly (readonly [status: number, said: string])[] = [
  [400, "Voice 'en-US-JennyNeural' not found. Available voices: af_heart, af_sky"],
  [400, "[{'type': 'enum', 'loc': ('body', 'voice'), 'msg': \"Input should be 'nova', 'shimmer'\"}]"],
  [400, "Invalid value: 'en-US-JennyNeural'. Supported values are: 'alloy', 'echo'"],
  [400, ''],
  [400, 'invalid_uid: An invalid ID has been received. Make sure to provide a correct one.'],
  [404, 'voice_not_found: A voice with the voice_id en-US-JennyNeural was not found.'],
  [404, 'Not Found'],
  [422, 'Input should be a valid speaker'],
  [402, 'payment_required: Free users cannot use library voices via the API.'],
  [403, 'This voice is not available on your plan'],
  [500, "KeyError: 'en-US-JennyNeural'"],
  [500, 'No audio was received. Please verify that your parameters are correct.'],
  [503, 'Failed to load voice en-US-JennyNeural'],
];

describe('a voice that the provider does not have', () => {
  test.each(refusals)('HTTP %i "%s": the default voice speaks, learned and told once', async (status, said) => {
    const { engine, asked, replaced, failedTries } = bench(refusal(status, said));
    const request = { text: 'Hello there.', voice: jenny };
    expect(await speak(engine, request)).toEqual(tone);
    expect(await speak(engine, request)).toEqual(tone);
    expect(asked).toEqual([jenny, 'alloy', 'alloy']);
    expect(replaced).toEqual([{ voice: jenny, spokenBy: 'alloy', isLastTold: false }]);
    expect(failedTries).toEqual([]);
  });

  test.each<[said: string]>([
    ['{"error":{"message":"voice en-US-JennyNeural does not exist"}}'],
    ['{"detail":"something else"}'],
    [''],
  ])('a good status and %j: the default voice speaks', async (body) => {
    const { engine, asked } = bench(({ voice }) => (voice === jenny ? Buffer.from(body) : tone));
    expect(await speak(engine, { text: 'Hello.', voice: jenny })).toEqual(tone);
    expect(asked).toEqual([jenny, 'alloy']);
  });

  test('is replaced by the one that is configured for the language', async () => {
    const voices = [
      { language: 'en', voice: 'nova' },
      { language: 'ru', voice: 'onyx' },
    ];
    const { engine, asked } = bench(refusal(404, 'voice not found'), { voices });
    await speak(engine, { text: 'Привет.', voice: 'ru-RU-SvetlanaNeural', language: 'ru-RU' });
    await speak(engine, { text: 'Hello.', voice: jenny, language: 'en-US' });
    await speak(engine, { text: 'Привет.', voice: 'en-GB-SoniaNeural', language: 'en-GB' });
    expect(asked).toEqual(['ru-RU-SvetlanaNeural', 'onyx', jenny, 'nova', 'en-GB-SoniaNeural', 'onyx']);
  });

  test('is NOT_FOUND, asked for again each time, where unknown voices are refused', async () => {
    const { engine, asked } = bench(refusal(404, 'voice not found'), { policy: 'refuse' });
    for (const _ of [1, 2]) {
      expect(await failureOf(engine, { text: 'Hello.', voice: jenny })).toMatchObject({ code: 'NOT_FOUND' });
    }
    expect(asked).toEqual([jenny, jenny]);
  });

  test('in the configuration stays a failure: nobody asked for another one', async () => {
    const { engine } = bench(refusal(404, 'voice not found'), { voice: 'nobody' });
    expect(await failureOf(engine, { text: 'Hello.' })).toMatchObject({ code: 'NOT_FOUND' });
  });
});

describe('a name that is refused', () => {
  test("is the caller's: whoever logs failed tries can tell it from a failure of the provider", async () => {
    const told: boolean[] = [];
    const failures = [
      failureOfVoiceRefusal(
        { status: 404, said: 'no such voice', signs: '', retryAfterMs: undefined },
        { provider: 'openai', voice: jenny },
      ),
      new ProviderFailure({ code: 'UNAVAILABLE', words: 'failed', next: 'nobody' }),
    ];
    for (const failure of failures) {
      const engine = createProviderSpeechEngine({
        settings: voiceSettings({}),
        provider: {
          name: 'openai',
          defaultVoice: 'alloy',
          check: async () => {},
          open: () => Promise.reject(failure),
          close() {},
        },
        maxWaiting: 10,
        unknownVoices: new UnknownVoices({ policy: 'refuse' }),
        onFailedTry: ({ isOfCaller }) => told.push(isOfCaller),
      });
      await failureOf(engine, { text: 'Hello.', voice: jenny });
      await failureOf(engine, 'Hello.');
    }
    expect(told).toEqual([true, false, false, false]);
  });
});

describe('a failure that is not about the voice', () => {
  test.each([
    [401, 'Invalid API key'],
    [402, 'No credit left'],
    [429, 'Slow down'],
    [502, 'Bad gateway'],
  ])('HTTP %i "%s" is not tried with another voice, and nothing is learned', async (status, said) => {
    const { engine, asked, replaced } = bench(refusal(status, said));
    await failureOf(engine, { text: 'Hello.', voice: jenny });
    expect(new Set(asked)).toEqual(new Set([jenny]));
    expect(replaced).toEqual([]);
  });

  test('fails as the configured voice does when that one fails, too, and nothing is learned of the named one', async () => {
    const down = new ProviderFailure({
      code: 'INVALID_ARGUMENT',
      words: 'refuses the request',
      next: 'nobody',
      status: 400,
    });
    const { engine, asked, replaced } = bench(() => down);
    expect(await failureOf(engine, { text: 'Hello.', voice: jenny })).toMatchObject({ code: 'INVALID_ARGUMENT' });
    expect(asked).toEqual([jenny, 'alloy']);
    expect(replaced).toEqual([]);
  });

  test('after the first sound is never spoken again by another voice', async () => {
    async function* breaking(): AsyncGenerator<Uint8Array, void, undefined> {
      yield Buffer.concat([tone, tone]);
      throw new ProviderFailure({ code: 'NOT_FOUND', words: 'voice not found', next: 'nobody', status: 404 });
    }
    const asked: string[] = [];
    const engine = createProviderSpeechEngine({
      settings: voiceSettings({}),
      provider: {
        name: 'openai',
        defaultVoice: 'alloy',
        check: async () => {},
        async open({ voice }) {
          asked.push(voice);
          return { rawRateHz: 48_000, chunks: breaking() };
        },
        close() {},
      },
      maxWaiting: 10,
      unknownVoices: new UnknownVoices({ policy: 'fallback' }),
    });
    expect(await failureOf(engine, { text: 'Hello.', voice: jenny })).toMatchObject({ code: 'NOT_FOUND' });
    expect(asked).toEqual([jenny]);
  });
});

describe('a voice of nothing but silence', () => {
  const silence = Buffer.alloc(9600);

  test('fails a sentence with words, is tried again, and is no failure of a sentence without', async () => {
    const { engine, asked } = bench(() => silence, { retries: 1 });
    expect(await failureOf(engine, 'Hello.')).toMatchObject({
      code: 'UNAVAILABLE',
      message: 'the voice openai sent nothing but silence',
    });
    expect(asked).toHaveLength(2);
    expect(await speak(engine, '…')).toEqual(silence);
  });

  test('of more than two seconds is passed on, and fails at its end', async () => {
    const heard: number[] = [];
    const { engine } = bench(() => Buffer.alloc(400_000));
    const all = (async () => {
      for await (const chunk of engine.synthesise({ text: 'Hello.' }, new AbortController().signal))
        heard.push(chunk.length);
    })();
    await expect(all).rejects.toMatchObject({ errorCode: 'UNAVAILABLE', isFinal: true });
    expect(heard.reduce((sum, bytes) => sum + bytes, 0)).toBeGreaterThan(96_000);
  });

  test('at the beginning of sound is kept, every byte', async () => {
    for (const bytes of [2, 9600, 250_000]) {
      const sound = Buffer.concat([Buffer.alloc(bytes), tone, Buffer.alloc(bytes)]);
      expect((await speak(bench(() => sound).engine, 'Hello.')).equals(sound)).toBe(true);
    }
  });
});

describe('engines of this server', () => {
  test.each([
    [{ text: 'Hello.', voice: jenny, language: 'en-US' }, 'flite-slt'],
    [{ text: 'Hello.', voice: 'nobody' }, 'flite-slt'],
    [{ text: 'Привет.', voice: jenny, language: 'en-US' }, 'espeak-ru'],
    [{ text: 'Guten Tag.', voice: 'de-DE-KatjaNeural', language: 'de-DE' }, 'espeak-de'],
    [{ text: '你好', voice: 'zh-CN-XiaoxiaoNeural', language: 'zh-CN' }, 'espeak-cmn'],
    [{ text: 'Hello.', voice: 'FLITE-RMS' }, 'flite-rms'],
  ])('embedded: %j is spoken by %s', (request, name) => {
    const replaced: ReplacedVoice[] = [];
    const unknownVoices = new UnknownVoices({ policy: 'fallback', onReplaced: (each) => replaced.push(each) });
    expect(chooseVoice(request, unknownVoices).name).toBe(name);
    const isKnown = request.voice.toLowerCase() === name;
    expect(replaced).toEqual(isKnown ? [] : [{ voice: request.voice, spokenBy: name, isLastTold: false }]);
  });

  test('scripted: the tone speaks for every voice', async () => {
    const scenario = parseScenario('{}', 'test');
    const engine = createScriptedSpeechEngine(scenario, new UnknownVoices({ policy: 'fallback' }));
    expect((await speak(engine, { text: 'Hello.', voice: jenny })).length).toBeGreaterThan(0);
  });
});

describe('names of clients', () => {
  test('are kept, found and told in bounded numbers, and found anew after ten minutes', () => {
    const replaced: ReplacedVoice[] = [];
    let nowMs = 0;
    const voices = new UnknownVoices({
      policy: 'fallback',
      onReplaced: (each) => replaced.push(each),
      now: () => nowMs,
    });
    for (let at = 0; at < 1000; at++) voices.replace(`voice-${at}`, 'own');
    voices.replace('voice-999', 'own');
    expect(replaced).toHaveLength(100);
    expect(replaced.filter(({ isLastTold }) => isLastTold)).toEqual([replaced[99]]);
    expect([voices.has('voice-0'), voices.has('voice-899'), voices.has('voice-900')]).toEqual([false, false, true]);
    nowMs = 600_000;
    expect(voices.has('voice-999')).toBe(false);
  });

  test.each([
    [jenny, 'en-US'],
    ['ru-RU-SvetlanaNeural', 'ru-RU'],
    ['zh-CN-XiaoxiaoNeural', 'zh-CN'],
    ['zh-CN-liaoning-XiaobeiNeural', 'zh-CN'],
    ['sr-Latn-RS-NicholasNeural', 'sr-Latn-RS'],
    ['es-419-Somebody', 'es-419'],
    ['cmn-CN-Wavenet-A', 'cmn-CN'],
    ['fil-PH-BlessicaNeural', 'fil-PH'],
    ['en_US-lessac-medium', 'en-US'],
    ['de-Katja', 'de'],
    ['rus-Irina', 'rus'],
    ['en-us', 'en-us'],
    ['alloy', ''],
    ['af_heart', ''],
    ['flite-slt', ''],
    ['JBFqnCBsd6RMkjVDRZzb', ''],
    ['xq-US-Nobody', ''],
    ['', ''],
  ])('%s tell the language "%s"', (voice, language) => {
    expect(languageOfVoice(voice)).toBe(language);
  });
});

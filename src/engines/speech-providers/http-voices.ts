/**
 * Voices that take a text by one HTTP request and send its sound back: those that speak as OpenAI's do, ElevenLabs, Azure AI Speech. Each
 * is its defaults, its request and the rates it has; what is sound and what a refusal means is the same for all (http-sound.ts). What is
 * said and who says it are escaped for where they stand: neither can add markup or another path.
 */
import { ProviderFailure } from '../provider/failure.ts';
import { HttpClient } from './http-client.ts';
import { openHttpSound } from './http-sound.ts';
import {
  type SpeechProvider,
  type SpeechProviderKind,
  type SpeechProviderSettings,
  unknownVoice,
  type VoicedSentence,
} from './speech-provider.ts';

const OPENAI_BASE_URL = 'https://api.openai.com/v1';
const OPENAI_MODEL = 'gpt-4o-mini-tts';
/** One of OpenAI's; servers of other voices need SPEECH_VOICE. */
const OPENAI_VOICE = 'alloy';
const OPENAI_RATE_HZ = 24_000;

/**
 * The speech endpoint that OpenAI made common: POST {base}/audio/speech with `response_format: "pcm"`, which is 24 kHz without a header.
 * Servers that send WAV all the same are understood, too.
 */
function createOpenaiVoice(settings: SpeechProviderSettings): SpeechProvider {
  const { baseUrl, apiKey, model, voices, maxConcurrent } = settings;
  const provider = 'openai';
  const client = new HttpClient({ maxSockets: maxConcurrent });
  return {
    name: provider,
    // Where voices are named, a language without one gets the first of them: a server of other voices has none of OpenAI's.
    defaultVoice: voices.length === 0 ? OPENAI_VOICE : '',
    async check() {},
    open: (sentence, signal) =>
      openHttpSound(
        client,
        {
          provider,
          sentence,
          apiKey,
          rawRateHz: OPENAI_RATE_HZ,
          formatHint: 'SPEECH_BASE_URL must lead to a server that has response_format "pcm" or "wav"',
          method: 'POST',
          url: `${baseUrl}/audio/speech`,
          headers: {
            'content-type': 'application/json',
            ...(apiKey !== '' && { authorization: `Bearer ${apiKey}` }),
          },
          body: JSON.stringify({
            model: model === '' ? OPENAI_MODEL : model,
            input: sentence.text,
            voice: sentence.voice,
            response_format: 'pcm',
          }),
        },
        signal,
      ),
    close: () => client.close(),
  };
}

export const openaiVoice: SpeechProviderKind = {
  defaultBaseUrl: OPENAI_BASE_URL,
  // Servers of others that speak as OpenAI's does may want none.
  needsKeyAt: (baseUrl) => baseUrl === OPENAI_BASE_URL,
  ratesHz: null,
  make: createOpenaiVoice,
};

/** The fastest of its models to the first sound; speaks 32 languages. */
const ELEVENLABS_MODEL = 'eleven_flash_v2_5';
/** "George", which every account has; voices are known by an id and not by a name. */
const ELEVENLABS_VOICE = 'JBFqnCBsd6RMkjVDRZzb';
/** Every plan has it; 44.1 and 48 kHz need a dear one. */
const ELEVENLABS_RATE_HZ = 24_000;

/** The rates that the service has. */
const elevenlabsRatesHz: readonly number[] = [8000, 16_000, 22_050, 24_000, 32_000, 44_100, 48_000];

/**
 * ElevenLabs over its streaming interface: POST {base}/v1/text-to-speech/{voice}/stream, raw PCM back while it is being made; a server that
 * has only the path without /stream is asked there. The rate is part of the request, and the plan of the account decides which are allowed.
 */
function createElevenlabsVoice(settings: SpeechProviderSettings): SpeechProvider {
  const { baseUrl, apiKey, model, maxConcurrent, sampleRateHz } = settings;
  const provider = 'elevenlabs';
  const client = new HttpClient({ maxSockets: maxConcurrent });
  const rawRateHz = elevenlabsRatesHz.includes(sampleRateHz) ? sampleRateHz : ELEVENLABS_RATE_HZ;
  /** False once a server turned out to have no such path. */
  let hasStream = true;

  const speak = (sentence: VoicedSentence, end: '/stream' | '', signal: AbortSignal) =>
    openHttpSound(
      client,
      {
        provider,
        sentence,
        apiKey,
        rawRateHz,
        formatHint: 'SPEECH_BASE_URL must lead to a server that has pcm formats',
        method: 'POST',
        url: `${baseUrl}/v1/text-to-speech/${pathOf(sentence)}${end}?output_format=pcm_${rawRateHz}`,
        headers: { 'content-type': 'application/json', 'xi-api-key': apiKey },
        body: JSON.stringify({ text: sentence.text, model_id: model === '' ? ELEVENLABS_MODEL : model }),
      },
      signal,
    );

  return {
    name: provider,
    defaultVoice: ELEVENLABS_VOICE,
    async check() {},
    async open(sentence, signal) {
      if (!hasStream) return speak(sentence, '', signal);
      try {
        return await speak(sentence, '/stream', signal);
      } catch (error) {
        if (!isNoSuchPath(error)) throw error;
        const sound = await speak(sentence, '', signal);
        hasStream = false;
        return sound;
      }
    },
    close: () => client.close(),
  };
}

/** A 404 that is about no voice: that has a failure of its own. */
function isNoSuchPath(error: unknown): boolean {
  return error instanceof ProviderFailure && error.status === 404 && error.refusal !== undefined;
}

export const elevenlabsVoice: SpeechProviderKind = {
  defaultBaseUrl: 'https://api.elevenlabs.io',
  needsKeyAt: () => true,
  ratesHz: elevenlabsRatesHz,
  make: createElevenlabsVoice,
};

/** The voice as one part of the path: a name of dots alone would be a way to somewhere else. */
function pathOf({ voice }: VoicedSentence): string {
  if (/^\.*$/.test(voice)) throw unknownVoice(voice, 'at elevenlabs');
  return encodeURIComponent(voice.toWellFormed());
}

/** Speaks every language that Azure has, as the text has it. */
const AZURE_VOICE = 'en-US-AvaMultilingualNeural';
/** What the service calls its raw formats. */
const azureFormats: ReadonlyMap<number, string> = new Map([
  [8000, 'raw-8khz-16bit-mono-pcm'],
  [16_000, 'raw-16khz-16bit-mono-pcm'],
  [22_050, 'raw-22050hz-16bit-mono-pcm'],
  [24_000, 'raw-24khz-16bit-mono-pcm'],
  [44_100, 'raw-44100hz-16bit-mono-pcm'],
  [48_000, 'raw-48khz-16bit-mono-pcm'],
]);
/** The wire's own. */
const AZURE_RATE_HZ = 48_000;

/** Azure AI Speech over its REST interface: POST {base}/cognitiveservices/v1 with SSML, raw PCM back at a rate of our choice. */
function createAzureVoice({ baseUrl, apiKey, maxConcurrent, sampleRateHz }: SpeechProviderSettings): SpeechProvider {
  const provider = 'azure';
  const client = new HttpClient({ maxSockets: maxConcurrent });
  const rawRateHz = azureFormats.has(sampleRateHz) ? sampleRateHz : AZURE_RATE_HZ;
  const format = azureFormats.get(rawRateHz) ?? '';
  return {
    name: provider,
    defaultVoice: AZURE_VOICE,
    async check() {},
    open: (sentence, signal) =>
      openHttpSound(
        client,
        {
          provider,
          sentence,
          apiKey,
          rawRateHz,
          formatHint: 'SPEECH_BASE_URL must lead to Azure AI Speech',
          method: 'POST',
          url: `${baseUrl}/cognitiveservices/v1`,
          headers: {
            'content-type': 'application/ssml+xml',
            'x-microsoft-outputformat': format,
            'ocp-apim-subscription-key': apiKey,
            'user-agent': 'recital',
          },
          body: ssmlOf(sentence),
        },
        signal,
      ),
    close: () => client.close(),
  };
}

export const azureVoice: SpeechProviderKind = {
  defaultBaseUrl: '',
  baseUrlExample: 'https://westeurope.tts.speech.microsoft.com',
  needsKeyAt: () => true,
  ratesHz: [...azureFormats.keys()],
  make: createAzureVoice,
};

/** One sentence as SSML. The language is that of the voice's own name, `de-DE-KatjaNeural`; a multilingual voice hears it itself. */
function ssmlOf({ text, voice, language }: VoicedSentence): string {
  const locale = /^[a-z]{2,3}-[A-Za-z]{2,8}(?=-)/.exec(voice)?.[0] ?? language;
  return (
    `<speak version="1.0" xmlns="http://www.w3.org/2001/10/synthesis" xml:lang="${escaped(locale)}">` +
    `<voice name="${escaped(voice)}">${escaped(text)}</voice></speak>`
  );
}

const entities: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&apos;',
};

/** Characters that XML has no way to write are left out. */
function escaped(text: string): string {
  return text
    .toWellFormed()
    .replace(/[^\t\n\r\u{20}-\u{D7FF}\u{E000}-\u{FFFD}\u{10000}-\u{10FFFF}]/gu, '')
    .replace(/[&<>"']/g, (character) => entities[character] ?? '');
}

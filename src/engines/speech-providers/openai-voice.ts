/**
 * Voices behind the speech endpoint that OpenAI made common: POST {base}/audio/speech with `response_format: "pcm"`, which is 24 kHz
 * without a header. Servers that send WAV all the same are understood, too.
 */
import { HttpClient } from './http-client.ts';
import { openHttpSound } from './http-sound.ts';
import type { SpeechProvider, SpeechProviderKind, SpeechProviderSettings } from './speech-provider.ts';

const DEFAULT_BASE_URL = 'https://api.openai.com/v1';
const DEFAULT_MODEL = 'gpt-4o-mini-tts';
/** OpenAI's; servers of other voices need SPEECH_VOICE. */
const DEFAULT_VOICE = 'alloy';
const PCM_RATE_HZ = 24_000;

function createOpenaiVoice(settings: SpeechProviderSettings): SpeechProvider {
  const { baseUrl, apiKey, model, voices, maxConcurrent } = settings;
  const provider = 'openai';
  const client = new HttpClient({ maxSockets: maxConcurrent });
  return {
    name: provider,
    // Where voices are named, a language without one gets the first of them: a server of other voices has none of OpenAI's.
    defaultVoice: voices.length === 0 ? DEFAULT_VOICE : '',
    async check() {},
    open: (sentence, signal) =>
      openHttpSound(
        client,
        {
          provider,
          sentence,
          apiKey,
          rawRateHz: PCM_RATE_HZ,
          formatHint: 'SPEECH_BASE_URL must lead to a server that has response_format "pcm" or "wav"',
          method: 'POST',
          url: `${baseUrl}/audio/speech`,
          headers: {
            'content-type': 'application/json',
            ...(apiKey !== '' && { authorization: `Bearer ${apiKey}` }),
          },
          body: JSON.stringify({
            model: model === '' ? DEFAULT_MODEL : model,
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
  defaultBaseUrl: DEFAULT_BASE_URL,
  // Servers of others that speak as OpenAI's does may want none.
  needsKeyAt: (baseUrl) => baseUrl === DEFAULT_BASE_URL,
  ratesHz: null,
  make: createOpenaiVoice,
};

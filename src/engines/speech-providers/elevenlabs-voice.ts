/**
 * ElevenLabs over its streaming interface: POST {base}/v1/text-to-speech/{voice}/stream, raw PCM back while it is being made. The rate
 * is part of the request, and the plan of the account decides which ones are allowed.
 */
import { HttpClient } from './http-client.ts';
import { openHttpSound } from './http-sound.ts';
import {
  type SpeechProvider,
  type SpeechProviderKind,
  type SpeechProviderSettings,
  unknownVoice,
  type VoicedSentence,
} from './speech-provider.ts';

/** The fastest of its models to the first sound; speaks 32 languages. */
const DEFAULT_MODEL = 'eleven_flash_v2_5';
/** "George", which every account has; voices are known by an id and not by a name. */
const DEFAULT_VOICE = 'JBFqnCBsd6RMkjVDRZzb';
/** Every plan has it; 44.1 and 48 kHz need a dear one. */
const DEFAULT_RATE_HZ = 24_000;

/** The rates that the service has. */
const ratesHz: readonly number[] = [8000, 16_000, 22_050, 24_000, 32_000, 44_100, 48_000];

function createElevenlabsVoice(settings: SpeechProviderSettings): SpeechProvider {
  const { baseUrl, apiKey, model, maxConcurrent, sampleRateHz } = settings;
  const provider = 'elevenlabs';
  const client = new HttpClient({ maxSockets: maxConcurrent });
  const rawRateHz = ratesHz.includes(sampleRateHz) ? sampleRateHz : DEFAULT_RATE_HZ;
  return {
    name: provider,
    defaultVoice: DEFAULT_VOICE,
    async check() {},
    async open(sentence, signal) {
      return openHttpSound(
        client,
        {
          provider,
          sentence,
          apiKey,
          rawRateHz,
          formatHint: 'SPEECH_BASE_URL must lead to a server that has pcm formats',
          method: 'POST',
          url: `${baseUrl}/v1/text-to-speech/${pathOf(sentence)}/stream?output_format=pcm_${rawRateHz}`,
          headers: { 'content-type': 'application/json', 'xi-api-key': apiKey },
          body: JSON.stringify({ text: sentence.text, model_id: model === '' ? DEFAULT_MODEL : model }),
        },
        signal,
      );
    },
    close: () => client.close(),
  };
}

export const elevenlabsVoice: SpeechProviderKind = {
  defaultBaseUrl: 'https://api.elevenlabs.io',
  needsKeyAt: () => true,
  ratesHz,
  make: createElevenlabsVoice,
};

/** The voice as one part of the path: a name of dots alone would be a way to somewhere else. */
function pathOf({ voice }: VoicedSentence): string {
  if (/^\.*$/.test(voice)) throw unknownVoice(voice, 'at elevenlabs');
  return encodeURIComponent(voice.toWellFormed());
}

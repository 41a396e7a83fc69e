/**
 * Azure AI Speech over its REST interface: POST {base}/cognitiveservices/v1 with SSML, raw PCM back at a rate of our choice. What is
 * said and who says it are escaped: neither can add markup.
 */
import { HttpClient } from './http-client.ts';
import { openHttpSound } from './http-sound.ts';
import type { SpeechProvider, SpeechProviderKind, SpeechProviderSettings, VoicedSentence } from './speech-provider.ts';

/** Speaks every language that Azure has, as the text has it. */
const DEFAULT_VOICE = 'en-US-AvaMultilingualNeural';
/** What the service calls its raw formats. */
const formats: ReadonlyMap<number, string> = new Map([
  [8000, 'raw-8khz-16bit-mono-pcm'],
  [16_000, 'raw-16khz-16bit-mono-pcm'],
  [22_050, 'raw-22050hz-16bit-mono-pcm'],
  [24_000, 'raw-24khz-16bit-mono-pcm'],
  [44_100, 'raw-44100hz-16bit-mono-pcm'],
  [48_000, 'raw-48khz-16bit-mono-pcm'],
]);
/** The wire's own. */
const DEFAULT_RATE_HZ = 48_000;

function createAzureVoice({ baseUrl, apiKey, maxConcurrent, sampleRateHz }: SpeechProviderSettings): SpeechProvider {
  const provider = 'azure';
  const client = new HttpClient({ maxSockets: maxConcurrent });
  const rawRateHz = formats.has(sampleRateHz) ? sampleRateHz : DEFAULT_RATE_HZ;
  const format = formats.get(rawRateHz) ?? '';
  return {
    name: provider,
    defaultVoice: DEFAULT_VOICE,
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
  ratesHz: [...formats.keys()],
  make: createAzureVoice,
};

/** One sentence as SSML. The language is that of the voice's own name, `de-DE-KatjaNeural`; a multilingual voice hears it itself. */
export function ssmlOf({ text, voice, language }: VoicedSentence): string {
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

/**
 * A Piper server on one's own machine. There are three of them: piper1-gpl takes JSON at /, its newer versions at /synthesize, and both
 * list their voices at /voices; the older rhasspy/piper takes the bare text at / and has one voice. Which one it is is asked once, before
 * the first sentence, and again after a failure.
 *
 * piper1-gpl speaks with its default voice where it does not know one, so unknown voices are found in its list.
 */
import { ProviderFailure } from '../provider/failure.ts';
import { HttpClient } from './http-client.ts';
import { failureOfVoiceRefusal, openHttpSound, refusalOf } from './http-sound.ts';
import {
  type ProviderSound,
  type SpeechProvider,
  type SpeechProviderKind,
  type SpeechProviderSettings,
  unknownVoice,
  type VoicedSentence,
} from './speech-provider.ts';

/** A list of voices with their whole configurations: some KiB a voice. */
const MAX_LIST_BYTES = 4 * 1024 * 1024;

interface PiperServer {
  readonly path: '/' | '/synthesize';
  /** Null for a server that takes bare text. */
  readonly voices: ReadonlySet<string> | null;
}

function createPiperVoice({ baseUrl, apiKey, maxConcurrent }: SpeechProviderSettings): SpeechProvider {
  const provider = 'piper';
  // One more than sentences at once: the list is asked for beside them.
  const client = new HttpClient({ maxSockets: maxConcurrent + 1 });
  const headers = apiKey === '' ? {} : { authorization: `Bearer ${apiKey}` };
  let known: PiperServer | null = null;

  async function lookUp(signal: AbortSignal): Promise<PiperServer> {
    const response = await client.send({ method: 'GET', url: `${baseUrl}/voices`, headers }, signal);
    const { statusCode: status = 0 } = response;
    const text = await client.readText(response, MAX_LIST_BYTES, signal);
    if (status === 200) return { path: '/', voices: namesIn(text) };
    if (status === 404 || status === 405) return { path: '/', voices: null };
    // It does not say what it is; one that is only starting must not be taken for another.
    throw failureOfVoiceRefusal(refusalOf(response, text, { key: apiKey }), { provider, voice: '' });
  }

  function speak(server: PiperServer, sentence: VoicedSentence, signal: AbortSignal): Promise<ProviderSound> {
    const isJson = server.voices !== null;
    const { text, voice } = sentence;
    return openHttpSound(
      client,
      {
        provider,
        sentence,
        apiKey,
        rawRateHz: null,
        formatHint: "SPEECH_BASE_URL must lead to Piper's server",
        method: 'POST',
        url: `${baseUrl}${server.path}`,
        headers: { ...headers, 'content-type': isJson ? 'application/json' : 'text/plain; charset=utf-8' },
        body: isJson ? JSON.stringify({ text, ...(voice !== '' && { voice }) }) : text,
      },
      signal,
    );
  }

  return {
    name: provider,
    defaultVoice: '',
    async check() {},
    async open(sentence, signal) {
      known ??= await lookUp(signal);
      // A voice may have been added since.
      if (!hasVoice(known, sentence)) known = { ...(await lookUp(signal)), path: known.path };
      if (!hasVoice(known, sentence)) throw unknownVoice(sentence.voice, 'at piper');
      const server = known;
      // Whoever fails is asked anew what it is.
      known = null;
      let sound: ProviderSound;
      try {
        sound = await speak(server, sentence, signal);
        known = server;
      } catch (error) {
        if (!isWrongPath(error) || server.voices === null) throw error;
        const other: PiperServer = { ...server, path: server.path === '/' ? '/synthesize' : '/' };
        sound = await speak(other, sentence, signal);
        known = other;
      }
      return sound;
    },
    close: () => client.close(),
  };
}

export const piperVoice: SpeechProviderKind = {
  defaultBaseUrl: 'http://127.0.0.1:5000',
  needsKeyAt: () => false,
  ratesHz: null,
  make: createPiperVoice,
};

/** 405: the page with the buttons is at /, the voice at /synthesize; 404: the other way round. */
function isWrongPath(error: unknown): boolean {
  return error instanceof ProviderFailure && (error.status === 404 || error.status === 405);
}

/** A configured voice is left to a server that has only one: it was started with it. */
function hasVoice({ voices }: PiperServer, { voice, isVoiceOfRequest }: VoicedSentence): boolean {
  if (voice === '') return true;
  if (voices === null) return !isVoiceOfRequest;
  return voices.has(listedName(voice));
}

/** Null if `text` is no list of voices: whoever answers every address with a page has none. */
function namesIn(text: string): ReadonlySet<string> | null {
  try {
    const list: unknown = JSON.parse(text);
    if (typeof list !== 'object' || list === null || Array.isArray(list)) return null;
    return new Set(Object.keys(list).map(listedName));
  } catch {
    return null;
  }
}

/** The list takes every one of the letters of ".onnx.json" off the end of a name, and not the ending alone. */
function listedName(voice: string): string {
  return voice.replace(/[.onxjs]+$/, '');
}

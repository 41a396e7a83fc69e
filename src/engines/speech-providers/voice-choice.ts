/**
 * Who speaks a sentence: the voice that the request names; else the configured voice of its language, by the exact tag and then by the
 * primary subtag; else the configured voice; else what the provider has for everybody. Pure.
 */
import type { SpeechRequest } from '../speech-engine.ts';
import { languageOfSentence, normalTag, primarySubtag } from './sentence-language.ts';
import type { SpeechProviderSettings } from './speech-provider.ts';

/** A sentence with everything that a provider is told of it. */
export interface VoicedSentence {
  readonly text: string;
  /** The provider's own name of the voice; '' = the one it takes by itself. */
  readonly voice: string;
  /** True if the request named the voice: one that does not exist is the caller's mistake then. */
  readonly isVoiceOfRequest: boolean;
  /** A BCP 47 tag in lower case. */
  readonly language: string;
}

/** The longest name of a voice that goes to a provider. */
const MAX_VOICE_CHARS = 256;

/** The request with its voice and its language. */
export function chooseVoice(
  request: SpeechRequest,
  { voice, voices }: Pick<SpeechProviderSettings, 'voice' | 'voices'>,
  providersVoice: string,
): VoicedSentence {
  const voiced = [...new Set(voices.map(({ language }) => primarySubtag(language)))];
  const language = languageOfSentence(request.text, request.language, voiced);
  const asked = request.voice ?? '';
  if (asked !== '') {
    return { text: request.text, voice: asked.slice(0, MAX_VOICE_CHARS), isVoiceOfRequest: true, language };
  }
  const own =
    voices.find((each) => normalTag(each.language) === language) ??
    voices.find((each) => primarySubtag(each.language) === primarySubtag(language));
  const chosen = own?.voice ?? firstGiven(voice, providersVoice, voices[0]?.voice ?? '');
  return { text: request.text, voice: chosen, isVoiceOfRequest: false, language };
}

function firstGiven(...names: readonly string[]): string {
  return names.find((name) => name !== '') ?? '';
}

/**
 * THE table of voices from outside, by the value of SPEECH_ENGINE. A new provider is one entry and one line:
 *
 * 1. The entry: a SpeechProviderKind (speech-provider.ts). Over HTTP it stands in http-voices.ts and is little more than a request for
 *    `openHttpSound` (http-sound.ts), which knows what is sound and what a refusal means; OpenAI's is the shortest. Whatever is more than
 *    one request is a file of its own, `<name>-voice.ts`.
 * 2. The line: below. The allowed values of SPEECH_ENGINE, the checks of its settings and the engines of the server follow from it.
 *
 * test/unit/config/providers-doc-voices.test.ts then asks for its recipe in docs/PROVIDERS.md, and
 * test/process/engines/http-voices.test.ts is where its sound is proved to arrive whole.
 */
import { commandVoice } from './command-voice.ts';
import { azureVoice, elevenlabsVoice, openaiVoice } from './http-voices.ts';
import { piperVoice } from './piper-voice.ts';
import type { SpeechProvider, SpeechProviderKind, SpeechProviderSettings } from './speech-provider.ts';

export const speechProviders = {
  openai: openaiVoice,
  azure: azureVoice,
  elevenlabs: elevenlabsVoice,
  piper: piperVoice,
  command: commandVoice,
} as const satisfies Readonly<Record<string, SpeechProviderKind>>;

export type SpeechProviderName = keyof typeof speechProviders;

/** True if the engine `name` is a voice from outside. */
export function isSpeechProvider(name: string): name is SpeechProviderName {
  return Object.hasOwn(speechProviders, name);
}

/** In the order of the table. */
export const speechProviderNames: readonly SpeechProviderName[] = Object.keys(speechProviders).filter(isSpeechProvider);

/** The settings of the provider that was chosen. */
export interface ChosenProviderSettings extends SpeechProviderSettings {
  readonly provider: SpeechProviderName;
}

/** The provider that the settings name; `env` is for programs. */
export function makeProvider(
  settings: ChosenProviderSettings,
  env: Readonly<Record<string, string | undefined>>,
): SpeechProvider {
  return speechProviders[settings.provider].make(settings, env);
}

/** The line that a provider of voices costs: its name and who makes it. */
import { createAzureVoice } from './azure-voice.ts';
import { createCommandVoice } from './command-voice.ts';
import { createElevenlabsVoice } from './elevenlabs-voice.ts';
import { createOpenaiVoice } from './openai-voice.ts';
import { createPiperVoice } from './piper-voice.ts';
import type { SpeechProvider, SpeechProviderName, SpeechProviderSettings } from './speech-provider.ts';

type ProviderMaker = (
  settings: SpeechProviderSettings,
  env: Readonly<Record<string, string | undefined>>,
) => SpeechProvider;

const makers: Readonly<Record<SpeechProviderName, ProviderMaker>> = {
  openai: createOpenaiVoice,
  azure: createAzureVoice,
  elevenlabs: createElevenlabsVoice,
  piper: createPiperVoice,
  command: createCommandVoice,
};

/** The provider that the settings name; `env` is for programs. */
export function makeProvider(
  settings: SpeechProviderSettings,
  env: Readonly<Record<string, string | undefined>>,
): SpeechProvider {
  return makers[settings.provider](settings, env);
}

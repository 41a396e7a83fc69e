/** What a voice from outside is told by the configuration, checked and compiled. Holds a secret: never log it as a whole. */
import type { CommandTemplate } from './command-template.ts';

export type SpeechProviderName = 'openai' | 'azure' | 'elevenlabs' | 'piper' | 'command';

export interface SpeechProviderSettings {
  readonly provider: SpeechProviderName;
  /** http or https, without a slash at its end, a query or credentials; '' for a command. */
  readonly baseUrl: string;
  /** '' = the provider wants none. */
  readonly apiKey: string;
  /** '' = the provider's default. */
  readonly model: string;
  /** '' = by the language, or the provider's default. */
  readonly voice: string;
  readonly voices: readonly { readonly language: string; readonly voice: string }[];
  /** 0 = what the format or its header declares. */
  readonly sampleRateHz: number;
  /** Never null for a command. */
  readonly command: CommandTemplate | null;
  /** Tries after the first one, before a sentence's first sound. */
  readonly retries: number;
  /** Requests or processes at once. */
  readonly maxConcurrent: number;
}

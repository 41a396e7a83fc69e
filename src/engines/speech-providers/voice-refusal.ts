/**
 * What it means that a voice refuses a sentence: the table of provider/http-status.ts in the words of voices, and the one case that it can't
 * have, a voice that does not exist. Pure.
 */
import { ProviderFailure } from '../provider/failure.ts';
import { failureOfRefusal, type Refusal, type RefusalWords } from '../provider/http-status.ts';

/** Who was asked to speak. */
export interface AskedVoice {
  readonly provider: string;
  /** '' = none was named. */
  readonly voice: string;
}

/** The failure of a try that was answered with anything but sound. */
export function failureOfVoiceRefusal(refusal: Refusal, { provider, voice }: AskedVoice): ProviderFailure {
  const { status, said } = refusal;
  if (!isAboutVoice(refusal, voice)) return failureOfRefusal(refusal, voiceRefusals(voice));
  const saying = said === '' ? '' : `: ${said}`;
  return unknownVoice(voice, `at ${provider}${saying}`, { detail: `HTTP ${status}${saying}`, status });
}

/** The failure of a sentence whose voice does not exist, such as "at piper". */
export function unknownVoice(
  voice: string,
  where: string,
  more: { readonly detail?: string; readonly status?: number; readonly cause?: Error } = {},
): ProviderFailure {
  return new ProviderFailure({
    code: 'NOT_FOUND',
    subject: `the voice "${voice}"`,
    words: `does not exist ${where}`,
    next: 'nobody',
    ...more,
  });
}

function voiceRefusals(voice: string): RefusalWords {
  return {
    words: {
      badRequest: 'refuses the request',
      wrongKey: 'does not accept SPEECH_API_KEY',
      noCredit: 'has no quota left',
      forbidden: 'does not allow the request',
      // Of a voice, a model and a path, any may be what is missing.
      notFound: `does not know ${voice === '' ? '' : `the voice "${voice}" or `}the model, or SPEECH_BASE_URL is wrong`,
      tookTooLong: 'took too long',
      busy: 'is busy',
      tooMany: 'has too many requests',
      broken: 'failed',
      notOffered: 'failed',
      moved: 'moved: SPEECH_BASE_URL must name where it is now',
      unexpected: 'answered something unexpected',
    },
    // To clients DEADLINE_EXCEEDED is an answer that stalled.
    codes: { tookTooLong: 'UNAVAILABLE' },
    statusName: 'HTTP',
    // The sentence is taken out of them.
    logsSaid: true,
  };
}

const noSuchVoice =
  /not.{0,4}(found|exist|available|supported|valid)|unknown|invalid|unsupported|no such|(should|must) be/i;

function isAboutVoice({ status, said }: Refusal, voice: string): boolean {
  if (voice === '' || (!/voice/i.test(said) && !said.includes(voice))) return false;
  return status === 404 || ((status === 400 || status === 422) && noSuchVoice.test(said));
}

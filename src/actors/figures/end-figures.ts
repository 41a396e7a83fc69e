/**
 * The figures of a stream's end line, under the names and in the units of the log: docs/LOGS.md says what each of them means, and a test
 * compares the two. Nothing that people said is in them, only how much of it.
 */

import type { StreamSummary } from '../hosts/stream-host.ts';
import { audioSecondsOf, secondsBetween, secondsUntil } from './seconds.ts';

/** The fields of the end line behind the ids and the reason, in their order. */
export function endFiguresOf({ stats, figures, sentences }: StreamSummary, endedAtMs: number) {
  const { openedAtMs } = stats;
  const { sound } = figures;
  return {
    frames: stats.frames,
    duration_seconds: secondsBetween(openedAtMs, endedAtMs),
    first_token_seconds: secondsUntil(openedAtMs, figures.firstTokenAtMs),
    first_sentence_seconds: secondsUntil(openedAtMs, figures.firstSentenceAtMs),
    first_text_seconds: secondsUntil(openedAtMs, stats.firstTextAtMs),
    first_audio_seconds: secondsUntil(openedAtMs, stats.firstAudioAtMs),
    first_sound_seconds: secondsUntil(openedAtMs, stats.firstSoundAtMs),
    leading_silence_seconds: stats.leadingSilenceBytes === null ? null : audioSecondsOf(stats.leadingSilenceBytes),
    answer_provider: figures.answerProvider,
    answer_retries: figures.answerRetries,
    answer_chars: figures.answerChars,
    input_tokens: figures.inputTokens,
    output_tokens: figures.outputTokens,
    sentences,
    sentences_spoken: sound.spoken,
    sentences_unspoken: figures.unspoken,
    sentences_wasted: sound.wasted,
    text_chars: stats.textChars,
    speech_provider: figures.speechProvider,
    speech_retries: figures.speechRetries,
    speech_chars: figures.speechChars,
    audio_bytes: stats.audioBytes,
    audio_seconds: audioSecondsOf(stats.audioBytes),
    wasted_audio_seconds: audioSecondsOf(Math.max(0, sound.givenBytes - stats.audioBytes)),
  };
}

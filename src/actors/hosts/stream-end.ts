/** The log lines and counts of a stream's end (CONTRACT §2): what people search for when they ask how a call went. */
import { type Call, idsOf } from '../../call/call.ts';
import type { Logger } from '../../observe/logger.ts';
import { audioSecondsOf, secondsBetween, secondsUntil } from '../figures/rounded-seconds.ts';
import type { StreamCounters } from '../figures/stream-counters.ts';
import type { StreamSummary } from './stream-host.ts';

export interface EndedStream {
  readonly call: Call;
  readonly summary: StreamSummary;
  readonly endedAtMs: number;
}

interface StreamEnd extends EndedStream {
  /** Streams that still hold a slot. */
  readonly activeStreams: number;
}

/** Logs and counts one stream's end. */
export function noteStreamEnd(
  { log, counters }: { readonly log: Logger; readonly counters: StreamCounters },
  { call, summary, endedAtMs, activeStreams }: StreamEnd,
): void {
  const { output, stats, commandsSent } = summary;
  const { method } = call;
  const durationSeconds = secondsBetween(stats.openedAtMs, endedAtMs);
  counters.countCommands(commandsSent);
  counters.totals.add(summary);
  const { reason } = output;
  counters.meter.ended({ method, reason, endedAtMs, firstTokenAtMs: summary.figures.firstTokenAtMs, ...stats });

  if (output.reason === 'stream_idle_timeout') {
    counters.countIdleTimeout();
    const idleTimeSeconds = secondsBetween(0, stats.idleMs);
    log.warn(
      {
        scope: 'backpressure',
        method,
        decision: 'stream_idle_timeout',
        ctx: { ...idsOf(call), idle_time_seconds: idleTimeSeconds, active_streams: activeStreams },
      },
      'a stream was closed: the client took no frame for too long',
    );
  }
  if (output.reason === 'rate_limit_exceeded') {
    counters.countRejected(output.reason);
    log.warn(
      {
        scope: 'backpressure',
        method,
        decision: 'reject',
        ctx: {
          ...idsOf(call),
          reason: output.reason,
          messages_in_last_second: summary.maxFramesPerSecond + 1,
          max_rate: summary.maxFramesPerSecond,
        },
      },
      'a stream was closed: too many frames within a second',
    );
  }
  log.info(
    {
      scope: 'backpressure',
      method,
      decision: 'stream_released',
      ctx: {
        session_id: call.sessionId,
        hardware_id: call.hardwareId,
        stream_id: call.streamId,
        duration_seconds: durationSeconds,
        message_count: stats.frames,
        active_streams: activeStreams,
      },
    },
    'a stream gave its slot back',
  );
  log.info(
    {
      scope: 'workflow',
      method,
      decision: 'end',
      ctx: endFieldsOf(call, summary, endedAtMs),
    },
    'a session ended',
  );
}

/**
 * The fields of the end line, in their order, under the names and in the units of docs/LOGS.md; a test compares the two. Nothing that people
 * said is in them, only how much of it. In one piece: a second spread in a literal costs a hundred times what naming the fields does.
 */
function endFieldsOf(call: Call, { output, stats, figures, sentences }: StreamSummary, endedAtMs: number) {
  const { openedAtMs } = stats;
  const { sound } = figures;
  return {
    session_id: call.sessionId,
    hardware_id: call.hardwareId,
    stream_id: call.streamId,
    reason: output.reason,
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

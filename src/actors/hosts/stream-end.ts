/** The log lines and counts of a stream's end (CONTRACT §2): what people search for when they ask how a call went. */
import { type Call, idsOf } from '../../call/call.ts';
import type { Logger } from '../../observe/logger.ts';
import { endFiguresOf } from '../figures/end-figures.ts';
import { secondsBetween } from '../figures/seconds.ts';
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
  const identity = idsOf(call);
  const { method } = call;
  const durationSeconds = secondsBetween(stats.openedAtMs, endedAtMs);
  counters.countCommands(commandsSent);
  counters.totals.add(summary);

  if (output.reason === 'stream_idle_timeout') {
    counters.countIdleTimeout();
    const idleTimeSeconds = secondsBetween(stats.lastAcceptedAtMs, endedAtMs);
    log.warn(
      {
        scope: 'backpressure',
        method,
        decision: 'stream_idle_timeout',
        ctx: { ...identity, idle_time_seconds: idleTimeSeconds, active_streams: activeStreams },
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
          ...identity,
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
        ...identity,
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
      ctx: {
        ...identity,
        reason: output.reason,
        ...endFiguresOf(summary, endedAtMs),
      },
    },
    'a session ended',
  );
}

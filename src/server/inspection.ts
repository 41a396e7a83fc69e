/** The inspector of a server, put together from its configuration. */
import type { Config } from '../config.ts';
import type { Totals } from '../inspector/feed-format.ts';
import type { Elsewhere } from '../inspector/server/feed.ts';
import { Inspector, type LiveLogs } from '../inspector/server/inspector.ts';
import { LogArchive } from '../inspector/server/log-archive.ts';
import type { Logger } from '../observe/logger.ts';
import { askOwnServer } from '../rpc/own-call.ts';

/** Of a token that is no word: nobody tries that many. */
const MIN_TOKEN_CHARS = 16;

export interface ServerCounts extends Pick<Totals, 'slots' | 'refusedBy' | 'state' | 'health'> {}

export interface InspectedServer {
  readonly logs: () => LiveLogs;
  /** Once it is bound. */
  readonly grpcPort: () => number;
  readonly version: string;
  /** null = all streams run in this process. */
  readonly elsewhere: Elsewhere | null;
  readonly counts: () => ServerCounts;
}

/** Null where it is switched off. Throws where the page was not built. */
export function createInspector(config: Config, log: Logger, server: InspectedServer): Inspector | null {
  const { inspector, http, grpc, eventLog, backpressure } = config;
  if (!inspector.isOn) return null;
  const { maxStreams } = backpressure;
  const token = inspector.token?.reveal() ?? null;
  if (token !== null && token.length < MIN_TOKEN_CHARS) {
    const ctx = { setting: 'INSPECTOR_TOKEN', least_characters: MIN_TOKEN_CHARS };
    const fields = { scope: 'server', method: 'serve', decision: 'inspector_token_short', ctx };
    log.warn(fields, 'others on this machine could guess what opens the inspector');
  }
  return new Inspector({
    host: http.host,
    allowedHosts: http.allowedHosts,
    token,
    archive: eventLog.isOn ? new LogArchive(eventLog.dir) : null,
    logs: server.logs,
    elsewhere: server.elsewhere,
    ask: inspector.canTry
      ? ({ prompt, hardware_id: hardwareId = '', screenshot }, listener) =>
          askOwnServer(
            authorityOf(reachableHost(grpc.host), server.grpcPort()),
            { prompt, hardwareId, ...(screenshot !== undefined && { screenshot }) },
            listener,
          )
      : null,
    facts: () => {
      const port = server.grpcPort();
      if (port === 0) return null;
      return {
        version: server.version,
        grpc: authorityOf(grpc.host, port),
        maxStreams,
        redaction: eventLog.redaction,
        settings: shownSettings(config),
      };
    },
    totals: () => {
      const counts = server.counts();
      const refused = Object.values(counts.refusedBy).reduce((sum, count) => sum + count, 0);
      return { ...counts, maxStreams, refused };
    },
    now: () => performance.now(),
    date: () => new Date(),
  });
}

function authorityOf(host: string, port: number): string {
  return `${host.includes(':') ? `[${host}]` : host}:${port}`;
}

/** Where this very machine finds a server that listens on `host`. */
function reachableHost(host: string): string {
  if (host === '0.0.0.0') return '127.0.0.1';
  return host === '::' ? '::1' : host;
}

/** What `recital replay --with` can change, who answers and speaks, and where its logs are, as they would be written. */
function shownSettings({
  backpressure,
  timeouts,
  speech,
  commands,
  engines,
  eventLog,
}: Config): Readonly<Record<string, string>> {
  const seconds = (ms: number): string => String(ms / 1000);
  return {
    BACKPRESSURE_IDLE_TIMEOUT: seconds(backpressure.idleTimeoutMs),
    BACKPRESSURE_MAX_RATE: String(backpressure.maxFramesPerSecond),
    FIRST_TOKEN_TIMEOUT: seconds(timeouts.firstTokenTimeoutMs),
    ANSWER_STALL_TIMEOUT: seconds(timeouts.answerStallTimeoutMs),
    SPEECH_TIMEOUT: seconds(timeouts.speechTimeoutMs),
    SESSION_TIMEOUT: seconds(timeouts.sessionTimeoutMs),
    SPEECH_LOOKAHEAD: String(speech.lookaheadSentences),
    SPEECH_FAILURE: speech.failurePolicy,
    COMMANDS: commands.allowed.join(','),
    ANSWER_ENGINE: engines.answer,
    SPEECH_ENGINE: engines.speech,
    ...(eventLog.isOn && { EVENT_LOG_DIR: eventLog.dir }),
  };
}

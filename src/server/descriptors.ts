/**
 * What each part of the server may take of the process's descriptors, by its limit at the start: a server that has none left hears nobody,
 * not even who asks whether it works. Logs have an eighth; the process itself with its threads, its store, models, voices and probes has a
 * quarter; connections of clients have the rest, however many MAX_CONNECTIONS allows.
 * Where the system tells no limit (no /proc), nothing is shared out. A limit too small even for that is left to the listening ports to report.
 */
import { readFileSync } from 'node:fs';
import type { Config } from '../config.ts';
import type { Logger } from '../observe/logger.ts';

/** Of files that are appended to all the time; more of them would save nothing that is seen. */
const MAX_LOG_FILES = 256;
const LOG_SHARE = 1 / 8;
const OWN_SHARE = 1 / 4;
/** A server without a call has 28; threads of the embedded voices, probes and a model come on top. */
const MIN_OWN = 64;
/** Of its own share, for probes and the tabs of the inspector. */
const HTTP_SHARE = 1 / 4;
const MAX_HTTP_CONNECTIONS = 128;

export interface DescriptorShares {
  /** Of the process; null = not told. */
  readonly limit: number | null;
  readonly logFiles: number;
  readonly connections: number;
  readonly httpConnections: number;
}

/** The shares under a limit, for a server that would take `wanted` connections. */
export function descriptorShares(limit: number | null, wanted: number): DescriptorShares {
  if (limit === null) {
    return { limit, logFiles: MAX_LOG_FILES, connections: wanted, httpConnections: MAX_HTTP_CONNECTIONS };
  }
  const logFiles = Math.max(1, Math.min(MAX_LOG_FILES, Math.floor(limit * LOG_SHARE)));
  const own = Math.max(MIN_OWN, Math.ceil(limit * OWN_SHARE));
  return {
    limit,
    logFiles,
    connections: Math.max(1, Math.min(wanted, limit - logFiles - own)),
    httpConnections: Math.min(MAX_HTTP_CONNECTIONS, Math.floor(own * HTTP_SHARE)),
  };
}

/** The limit in the words of /proc/self/limits; null = there is none, or it is not told. */
export function limitIn(limits: string): number | null {
  const soft = /^Max open files\s+(\d+)/m.exec(limits)?.[1];
  return soft === undefined ? null : Number(soft);
}

/** Shares out what this process has, and tells it; fewer connections than configured are a warning. */
export function shareDescriptors({ connections: { maxConnections } }: Config, log: Logger): DescriptorShares {
  const shares = descriptorShares(limitIn(ownLimits()), maxConnections);
  const { limit, logFiles, connections, httpConnections } = shares;
  if (limit === null) return shares;
  const ctx = {
    limit,
    log_files: logFiles,
    connections,
    max_connections: maxConnections,
    http_connections: httpConnections,
  };
  const fields = { scope: 'server', method: 'serve', decision: 'descriptors', ctx };
  if (connections === maxConnections) {
    log.debug(fields, 'what logs and connections may take of the descriptors');
  } else {
    const message =
      'MAX_CONNECTIONS is beyond what the limit of descriptors allows: fewer are accepted; `ulimit -n` or LimitNOFILE raises the limit';
    log.warn(fields, message);
  }
  return shares;
}

function ownLimits(): string {
  try {
    return readFileSync('/proc/self/limits', 'utf8');
  } catch {
    return '';
  }
}

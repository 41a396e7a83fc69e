/** Why a server could not listen, in words that an operator can act on: which setting, what is wrong, who holds the port, what to do. */
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { wordsOf } from '../errors.ts';

export interface ListenAddress {
  /** Of the settings: GRPC or HTTP. */
  readonly server: 'GRPC' | 'HTTP';
  readonly host: string;
  readonly port: number;
}

/** One line for the error of a server that was told to listen at `address`. */
export function listenFault(address: ListenAddress, error: unknown): string {
  const { server, host, port } = address;
  const words = wordsOf(error);
  // The gRPC library resolves names itself, and has words of its own for one that is not known.
  const named = words.startsWith('Name resolution failed') ? 'ENOTFOUND' : (codeOf(error) ?? words);
  const code = /\bE[A-Z_]{3,}\b/.exec(named)?.[0] ?? '';
  const place = host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;
  return `${server}_HOST, ${server}_PORT: cannot listen on ${place}: ${adviceOn(code, address) ?? words}`;
}

function codeOf(error: unknown): string | null {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : null;
}

function adviceOn(code: string, { server, host, port }: ListenAddress): string | null {
  switch (code) {
    case 'EADDRINUSE':
      return (
        `the port is taken (${code}), ${holderOf(port) ?? `perhaps by another Recital; \`lsof -nP -iTCP:${port} -sTCP:LISTEN\` shows by what`}. ` +
        `Stop that, or set ${server}_PORT to another port; 0 takes any free one, which the ready line names`
      );
    case 'EACCES':
      return `this user may not open it (${code}): ports below 1024 are the system's as a rule; set ${server}_PORT to a higher one`;
    case 'EADDRNOTAVAIL':
      return `this machine has no such address (${code}); set ${server}_HOST to one of its own, 127.0.0.1, or 0.0.0.0 for all`;
    case 'EAFNOSUPPORT':
    case 'EINVAL':
      return `this machine can't open an address of that kind (${code}); set ${server}_HOST to another one`;
    case 'ENOTFOUND':
    case 'EAI_AGAIN':
      return `the host name "${host}" is not known here (${code}); set ${server}_HOST to an address of this machine`;
    case 'EMFILE':
    case 'ENFILE':
      return filesAdvice(code);
    default:
      return null;
  }
}

function filesAdvice(code: string): string {
  return `too many files are open (${code}); allow more, for example with \`ulimit -n 4096\``;
}

/**
 * Why a server could not start, with what helps where too few files may be open. Whichever part is the first to find none left says so in its
 * own words: a library, a worker thread, Node's loader.
 */
export function withFilesAdvice(reason: string): string {
  const [, code] = /\b(EMFILE|ENFILE)\b/.exec(reason) ?? [];
  const isLimit = code !== undefined || reason.includes('too many open files');
  const advice = filesAdvice(code ?? 'EMFILE');
  return !isLimit || reason.includes(advice) ? reason : `${reason.replace(/\.$/, '')}: ${advice}`;
}

/** As /proc/net/tcp calls a socket that listens. */
const LISTENING = '0A';
/** Of a busy machine; who holds a port is a convenience. */
const MAX_DESCRIPTORS = 50_000;

/** "by node (process 4711)"; null = it can't be seen: the process is another user's, or this is no Linux. No arguments: keys may stand in them. */
function holderOf(port: number): string | null {
  try {
    const sockets = new Set(['tcp', 'tcp6'].flatMap((table) => listeningSockets(`/proc/net/${table}`, port)));
    const pid = sockets.size === 0 ? null : processWith(sockets);
    return pid === null ? null : `by ${readFileSync(`/proc/${pid}/comm`, 'utf8').trim()} (process ${pid})`;
  } catch {
    return null;
  }
}

/** Their names as descriptors link to them. */
function listeningSockets(table: string, port: number): string[] {
  const portHex = `:${port.toString(16).toUpperCase().padStart(4, '0')}`;
  const rows = readFileSync(table, 'utf8').split('\n').slice(1);
  return rows.flatMap((row) => {
    const [, local = '', , state, , , , , , inode] = row.trim().split(/\s+/);
    return state === LISTENING && local.endsWith(portHex) ? [`socket:[${inode}]`] : [];
  });
}

function processWith(sockets: ReadonlySet<string>): string | null {
  let looked = 0;
  for (const pid of readdirSync('/proc').filter((name) => /^\d+$/.test(name))) {
    for (const descriptor of descriptorsOf(pid)) {
      looked += 1;
      if (looked > MAX_DESCRIPTORS) return null;
      if (sockets.has(linkOf(`/proc/${pid}/fd/${descriptor}`))) return pid;
    }
  }
  return null;
}

/** None of a process of another user, or one that has ended. */
function descriptorsOf(pid: string): readonly string[] {
  try {
    return readdirSync(`/proc/${pid}/fd`);
  } catch {
    return [];
  }
}

function linkOf(path: string): string {
  try {
    return readlinkSync(path);
  } catch {
    return '';
  }
}

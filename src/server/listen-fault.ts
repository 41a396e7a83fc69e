/** Why a server could not listen, in words that an operator can act on: which setting, what is wrong, what to do. */
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
        `the port is taken (${code}), perhaps by another Recital; \`lsof -nP -iTCP:${port} -sTCP:LISTEN\` shows by what. ` +
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
      return `too many files are open (${code}); allow more, for example with \`ulimit -n 4096\``;
    default:
      return null;
  }
}

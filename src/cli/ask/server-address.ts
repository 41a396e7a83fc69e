/** Where a client finds its server. */

export interface ServerAddress {
  /** As the user reads it: HOST:PORT. */
  readonly text: string;
  readonly isLoopback: boolean;
}

const hostAndPort = /^(\[[0-9a-f:.]+\]|[^\s:/[\]]+):(\d{1,5})$/i;
const loopbackHost = /^(localhost|127(\.\d+){3}|\[::1\])$/i;

/** Reads HOST:PORT; an IPv6 address stands in brackets. undefined = it is not one. */
export function parseServerAddress(text: string): ServerAddress | undefined {
  const [, host, port] = hostAndPort.exec(text) ?? [];
  if (host === undefined || port === undefined) return undefined;
  const isPort = Number(port) >= 1 && Number(port) <= 65_535;
  return isPort ? { text, isLoopback: loopbackHost.test(host) } : undefined;
}

/**
 * The server that `serve` would start in the same shell: GRPC_HOST and GRPC_PORT where they name one that can be
 * called, else 127.0.0.1:50051. A server that listens on every interface is called on the loopback one.
 */
export function defaultServerText(env: Readonly<Record<string, string | undefined>>): string {
  const host = env.GRPC_HOST?.trim() || '127.0.0.1';
  const port = env.GRPC_PORT?.trim() || '50051';
  const callable = host === '0.0.0.0' ? '127.0.0.1' : host === '::' ? '::1' : host;
  const text = `${callable.includes(':') ? `[${callable}]` : callable}:${port}`;
  return parseServerAddress(text) === undefined ? '127.0.0.1:50051' : text;
}

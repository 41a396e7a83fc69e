/**
 * Which names a page may call this server by. A web page anywhere can let its own name point at a loopback address (DNS rebinding), and its
 * visitor's browser then sends what it asks for here; only the Host header still tells whose page it was.
 *
 * What holds: (1) localhost and every loopback address are this server's, with and without a port, in any letter case, with a
 * trailing dot; (2) so are HTTP_HOST and the names of HTTP_ALLOWED_HOSTS; (3) where it listens beyond loopback every IP address is, since
 * an address can't be rebound and a server behind a NAT does not know its own: probes of a pod by its address pass; (4) any other name is
 * somebody else's.
 */
import { BlockList, isIP, isIPv6 } from 'node:net';

/** A name or an address, and perhaps a port: what may stand in a Host header. */
const authorityPattern = /^(?:\[([0-9a-f:.]{2,45})\]|([a-z0-9._-]{1,255}))(?::\d{0,5})?$/i;

const loopback = new BlockList();
loopback.addSubnet('127.0.0.0', 8, 'ipv4');
loopback.addAddress('::1', 'ipv6');

/** In HTTP_ALLOWED_HOSTS: whoever calls, by whatever name. */
const ANY_HOST = '*';

export interface OwnHostsOptions {
  /** HTTP_HOST. */
  readonly listenHost: string;
  /** HTTP_ALLOWED_HOSTS. */
  readonly allowedHosts: readonly string[];
}

/** Says of the value of a Host header whether it names this server. */
export function createOwnHosts({ listenHost, allowedHosts }: OwnHostsOptions): (authority: string) => boolean {
  const names = new Set(['localhost', listenHost, ...allowedHosts].map(plainName));
  const isLocal = isLoopbackHost(listenHost);
  return (authority) => {
    if (names.has(ANY_HOST)) return true;
    const [, address, name] = authorityPattern.exec(authority) ?? [];
    const host = plainName(address ?? name ?? '');
    // Brackets are for IPv6, and for nothing else.
    if (host === '' || isIPv6(host) !== (address !== undefined)) return false;
    if (names.has(host) || isLoopback(host)) return true;
    return !isLocal && isIP(host) !== 0;
  };
}

/** As names are compared: an address as the URL standard writes it, a name without the dot of the root. */
function plainName(host: string): string {
  if (isIPv6(host)) return new URL(`http://[${host}]`).hostname.slice(1, -1);
  return host.toLowerCase().replace(/\.$/, '');
}

/** True for `localhost` and for loopback addresses (IPv6 without brackets, in any spelling). */
export function isLoopbackHost(host: string): boolean {
  return isLoopback(plainName(host));
}

function isLoopback(host: string): boolean {
  const version = isIP(host);
  if (version === 0) return host === 'localhost';
  return loopback.check(host, version === 6 ? 'ipv6' : 'ipv4');
}

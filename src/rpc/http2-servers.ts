/**
 * The one way to the HTTP/2 servers that a grpc-js server makes: grpc-js has no option for what is set on them. It wraps the method with
 * which this one server makes them; nothing outside that server is touched. A grpc-js without that method
 * works as before, only that nobody is told.
 */
import type { Http2Server } from 'node:http2';
import type { Server } from '@grpc/grpc-js';

/** Calls `configure` with each HTTP/2 server of `server`, before it listens; to be asked for before `bindAsync`. */
export function configureHttp2Servers(server: Server, configure: (http2Server: Http2Server) => void): void {
  const create: unknown = Reflect.get(server, 'createHttp2Server');
  if (typeof create !== 'function') return;
  Reflect.set(server, 'createHttp2Server', (...args: unknown[]): unknown => {
    const made: unknown = Reflect.apply(create, server, args);
    if (isHttp2Server(made)) configure(made);
    return made;
  });
}

function isHttp2Server(made: unknown): made is Http2Server {
  return typeof made === 'object' && made !== null && 'updateSettings' in made && 'on' in made;
}

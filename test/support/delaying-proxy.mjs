/**
 * A link with a round trip and no other limit: a TCP proxy that passes every byte on after half the round trip, in order, as many as
 * come. A process of its own, so that it delays by what it was asked for, however busy the ends are:
 * `node delaying-proxy.mjs TARGET_PORT ROUND_TRIP_MS` prints {"port": …}, where it listens on 127.0.0.1.
 */
import { connect, createServer } from 'node:net';

const [targetPort, roundTripMs] = process.argv.slice(2).map(Number);

const server = createServer({ noDelay: true, allowHalfOpen: true }, (near) => {
  const far = connect({ host: '127.0.0.1', port: targetPort, noDelay: true, allowHalfOpen: true });
  passOn(near, far);
  passOn(far, near);
});
server.listen(0, '127.0.0.1', () => console.log(JSON.stringify({ port: server.address().port })));

/** Timers of one duration fire in the order they were set, so bytes keep theirs. */
function passOn(from, to) {
  const later = (act) => setTimeout(act, roundTripMs / 2);
  from.on('data', (chunk) => later(() => to.write(chunk)));
  from.on('end', () => later(() => to.end()));
  from.on('close', () => later(() => to.destroy()));
  // 'close' follows; what is written to a socket that is gone is lost, as on a real link.
  from.on('error', () => {});
}

// A server whose inspector can be switched off and on while it runs, for bench/inspector.mjs: `{"isOn": …}` from its parent. Off is what
// INSPECTOR=off is: charts that begin then have the recorders of their logs alone. Each message is answered with what the process has used
// until then, all its threads included: `{cpuMicros, rssMiB}`.
import { SessionList } from '../dist/inspector/server/session-list.js';

const { recorderFor } = SessionList.prototype;
let isOn = true;
process.on('message', (message) => {
  isOn = message.isOn;
  const { user, system } = process.cpuUsage();
  process.send({ cpuMicros: user + system, rssMiB: process.memoryUsage.rss() / 1024 / 1024 });
});
// Its parent ends it by a signal: the channel alone keeps it from ending by itself.
process.channel.unref();
SessionList.prototype.recorderFor = function recorderWhenOn(actorId, recording, openLog) {
  if (!isOn && !this.isLive(actorId)) return openLog(actorId);
  return recorderFor.call(this, actorId, recording, openLog);
};
process.argv.push('serve');
await import('../dist/cli.js');

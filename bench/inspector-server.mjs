// A server whose inspector can be switched off and on while it runs, by SIGUSR2: for bench/inspector.mjs, as bench/recording-server.mjs is
// for recording. Off is what INSPECTOR=off is: charts have the recorders of their logs alone.
import { SessionList } from '../dist/inspector/server/session-list.js';

const { recorderFor } = SessionList.prototype;
let isOn = true;
process.on('SIGUSR2', () => {
  isOn = !isOn;
});
SessionList.prototype.recorderFor = function recorderWhenOn(actorId, recording, openLog) {
  if (!isOn && !this.isLive(actorId)) return openLog(actorId);
  return recorderFor.call(this, actorId, recording, openLog);
};
process.argv.push('serve');
await import('../dist/cli.js');

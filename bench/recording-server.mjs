// A server whose recording can be switched while it runs: SIGUSR2 switches it off and on again. For bench/recording.mjs: in one process the
// compiled code, the heap and the connections are the same with and without, and two processes differ by more than what is to be measured.
import { EventLogs } from '../dist/record/event-logs.js';

const { recorderFor } = EventLogs.prototype;
let isOn = true;
process.on('SIGUSR2', () => {
  isOn = !isOn;
});
// Who has no recorder is not recorded: sessions that begin from now on.
EventLogs.prototype.recorderFor = function recorderWhenOn(...args) {
  return isOn ? recorderFor.apply(this, args) : null;
};
process.argv.push('serve');
await import('../dist/cli.js');

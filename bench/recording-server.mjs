// A server whose recording can be changed while it runs: SIGUSR2 turns to the next of segment, session, off. For bench/recording.mjs: in one
// process the compiled code, the heap and the connections are the same in all of them, and two processes differ by more than what is to be measured.
import { EventLogs } from '../dist/record/event-logs.js';

const { recorderFor } = EventLogs.prototype;
const ways = ['segment', 'session', 'off'];
let turned = 0;
process.on('SIGUSR2', () => {
  turned += 1;
});
// Who has no recorder is not recorded, and a log that lasts has a file of its own: so do sessions that begin from now on.
EventLogs.prototype.recorderFor = function recorderAsTurned(actorId, naming, newLog) {
  const way = ways[turned % ways.length];
  if (way === 'off') return null;
  return recorderFor.call(this, actorId, way === 'session' ? { ...naming, isLasting: true } : naming, newLog);
};
process.env.EVENT_LOG_FILES = 'segment';
process.argv.push('serve');
await import('../dist/cli.js');

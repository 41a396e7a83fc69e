/** The worker's entry: the debugger, spoken to by messages. */
import { isBadLog, readLog } from '../../log/log-reader.ts';
import { machineFor } from '../../replay/machine-shelf.ts';
import { replay } from '../../replay/replayer.ts';

addEventListener('message', ({ data }) => {
  const log = readLog(String(data));
  if (isBadLog(log)) return;
  const machine = machineFor(log.header.machine, log.header.version);
  if (machine !== undefined) postMessage(replay(log, machine));
});

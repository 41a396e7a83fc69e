// Of bench/supervisor.mjs: what one admission and one release cost with their recording, by how many streams are open. The supervisor's chart
// runs in an actor and every turn becomes a line of its log, which nobody writes to a disk; processor time of this process.
import { createActor } from 'xstate';
import { supervisorMachine } from '../dist/machines/supervisor/supervisor.machine.js';
import { ActorLog } from '../dist/record/actor-log.js';
import { supervisorRecording } from '../dist/record/chart-recordings.js';
import { withRecorder } from '../dist/record/recorded-logic.js';
import { logMaker } from '../dist/record/redaction.js';
import { median } from './measure.mjs';

const SIZES = [10, 100, 1_000, 10_000];
/** Admitted one after the other and then released: as many as wait for their lines at most. */
const BATCH = 16;
const BATCHES_PER_ROUND = 60;

/** Prints the table. */
export function reportCosts(rounds) {
  const supervisors = SIZES.map(supervisorWith);
  const samples = SIZES.map(() => ({ open: [], end: [] }));
  // The first round is not counted: V8 has to compile what there is to compile. The sizes take turns, for the machine has its moods.
  for (let round = 0; round <= Math.max(rounds, 7); round += 1) {
    for (const [index, supervisor] of supervisors.entries()) {
      const { open, end } = measure(supervisor);
      if (round === 0) continue;
      samples[index].open.push(open);
      samples[index].end.push(end);
    }
  }
  console.log(
    `${'µs of processor time'.padEnd(32) + SIZES.map((size) => String(size).padStart(9)).join('')}  10,000 : 10`,
  );
  for (const [kind, title] of [
    ['open', 'admission with recording'],
    ['end', 'release with recording'],
  ]) {
    const medians = samples.map((each) => median(each[kind]));
    const shown = medians.map((micros) => micros.toFixed(1).padStart(9)).join('');
    console.log(`${title.padEnd(32)}${shown}  ${(medians.at(-1) / medians[0]).toFixed(2)}`);
  }
}

function supervisorWith(open) {
  const log = new ActorLog(
    logMaker(supervisorRecording, { redaction: 'shape', build: 'bench' })(new Date().toISOString()),
  );
  const recorder = { record: (turn) => log.add(turn, performance.now()), noteThrow: () => {} };
  const input = { maxStreams: 100_000, oneStreamPerDevice: true, gracePeriodMs: 0 };
  const actor = createActor(
    withRecorder(supervisorMachine, () => recorder),
    { id: 'supervisor', input },
  );
  actor.start();
  actor.send({ type: 'service.opened' });
  const supervisor = { actor, log, opened: 0 };
  while (supervisor.opened < open) admit(supervisor);
  log.takeLines();
  return supervisor;
}

function admit(supervisor) {
  const number = supervisor.opened;
  supervisor.opened += 1;
  const id = `0b6ac1c5-8f5e-4f0c-9d53-${String(number).padStart(12, '0')}`;
  supervisor.actor.send({
    type: 'stream.requested',
    streamId: id,
    sessionId: `session-${id}`,
    hardwareId: `device-${id}`,
  });
  return id;
}

function measure(supervisor) {
  let [openMicros, endMicros] = [0, 0];
  for (let batch = 0; batch < BATCHES_PER_ROUND; batch += 1) {
    const startedAt = process.cpuUsage();
    const ids = Array.from({ length: BATCH }, () => admit(supervisor));
    supervisor.log.takeLines();
    openMicros += microsSince(startedAt);
    const betweenAt = process.cpuUsage();
    for (const streamId of ids) supervisor.actor.send({ type: 'stream.released', streamId });
    supervisor.log.takeLines();
    endMicros += microsSince(betweenAt);
  }
  const streams = BATCH * BATCHES_PER_ROUND;
  return { open: openMicros / streams, end: endMicros / streams };
}

function microsSince(before) {
  const { user, system } = process.cpuUsage(before);
  return user + system;
}

/** Logs made by hand: a chart that is recorded as a server records it, but in memory, and lines that an adversary chained anew. */
import { type AnyEventObject, type AnyStateMachine, createActor } from 'xstate';
import { withFaultBarrier } from '../../../src/actors/hosts/fault-barrier.ts';
import { definitionHash } from '../../../src/log/chart-definition.ts';
import { LineChain, LOG_FORMAT, type LogHeader } from '../../../src/log/log-format.ts';
import { type EventLog, isBadLog, readLog } from '../../../src/log/log-reader.ts';
import { ActorLog } from '../../../src/record/actor-log.ts';
import { withRecorder } from '../../../src/record/recorded-logic.ts';
import { reasonOfFailure } from '../../../src/record/redaction.ts';

/** Runs `machine` behind the fault barrier with these events; the log of it. A throw of the barrier's own step ends the run. */
export function recordByHand(machine: AnyStateMachine, events: readonly AnyEventObject[], input: unknown = {}): string {
  const log = new ActorLog({
    header: headerOf(machine),
    redactor: { redact: (_turn, event) => ({ event, amendments: [] }) },
    maxBytes: Number.POSITIVE_INFINITY,
    reasonOf: reasonOfFailure,
  });
  let atMs = 0;
  const nextMs = () => {
    atMs += 1;
    return atMs;
  };
  const recorded = withRecorder(machine, () => ({
    record: (turn) => log.add(turn, nextMs()),
    noteThrow: (event) => log.noteThrow(event, nextMs()),
  }));
  const actor = createActor(
    withFaultBarrier(recorded, () => {}),
    { id: 'by-hand', input },
  );
  actor.subscribe({ error: () => {} });
  actor.start();
  for (const event of events) if (actor.getSnapshot().status === 'active') actor.send(event);
  const text = log.takeLines() + log.close();
  actor.stop();
  return text;
}

export function headerOf(machine: AnyStateMachine): Omit<LogHeader, 'input'> {
  return {
    kind: 'header',
    format: LOG_FORMAT,
    machine: machine.id,
    version: machine.version ?? '',
    definition: definitionHash(machine),
    build: 'test',
    redaction: 'shape',
    startedAt: '2026-01-01T00:00:00.000Z',
  };
}

/** The log in `text`; throws if it is bad. */
export function goodLog(text: string): EventLog {
  const log = readLog(text);
  if (isBadLog(log)) throw new Error(`line ${log.line}: ${log.why}`);
  return log;
}

/** The same, where a forger may have left its times out of order. */
export function orderlessLog(text: string): EventLog {
  const log = readLog(text);
  return isBadLog(log) && log.disordered !== undefined ? log.disordered : goodLog(text);
}

/** The lines without their hashes. */
export function bodiesOf(text: string): readonly string[] {
  return text
    .trimEnd()
    .split('\n')
    .map((line) => line.replace(/,"hash":"[0-9a-f]+"\}$/, '}'));
}

/** The same lines as a good log: what someone does who tampers with one and knows the format. */
export function chainedAnew(bodies: readonly string[]): string {
  const chain = new LineChain();
  return bodies.map((body) => chain.writeBody(body)).join('');
}

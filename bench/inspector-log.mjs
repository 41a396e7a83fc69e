// A log of so many turns, as a server writes it, of a session that never ran: the chart itself, told that an answer comes word by word and
// that its sentences are said. A server would need an hour of speech for it.
import { readFileSync } from 'node:fs';
import { definitionHash } from '../dist/log/chart-definition.js';
import { LineChain } from '../dist/log/log-format.js';
import { sessionMachine } from '../dist/machines/session/session.machine.js';
import { OutcomeTeller } from '../dist/record/turn-outcome.js';
import { ChartRun } from '../dist/replay/pure-chart.js';

/** Whose header it has, but for the chart. */
const recording = new URL('../test/recordings/session/completed-plain-v1.jsonl', import.meta.url);
/** Words of a sentence, each a turn, and one more when it was said. */
const WORDS = 19;
const MS_PER_WORD = 20;

/** The text of the log. */
export function longLog(turns) {
  const { hash: _, ...header } = JSON.parse(readFileSync(recording, 'utf8').split('\n')[0]);
  const definition = definitionHash(sessionMachine);
  const chain = new LineChain();
  const teller = new OutcomeTeller(header.redaction);
  const run = new ChartRun(sessionMachine);
  const lines = [chain.write({ ...header, version: sessionMachine.version, definition })];
  const add = (atMs, event, { after, actions }) => {
    const outcome = teller.tell(after, actions);
    lines.push(chain.write({ kind: 'turn', turn: lines.length - 1, atMs, event, ...outcome }));
    return after.status;
  };
  add(0, { type: 'xstate.init' }, run.start(header.input));
  for (const [atMs, event] of events(turns)) {
    if (add(atMs, event, run.take(event)) !== 'active') break;
  }
  lines.push(chain.write({ kind: 'footer', status: 'done', reason: 'completed', turns: lines.length - 1, dropped: 0 }));
  return lines.join('');
}

function* events(turns) {
  yield [1, { type: 'request.received', prompt: 'Xxxx xx xx?' }];
  const sentences = Math.ceil(turns / (WORDS + 1));
  let atMs = 1;
  for (let segment = 0; segment < sentences; segment += 1) {
    for (let word = 1; word <= WORDS; word += 1) {
      atMs += MS_PER_WORD;
      const text = word === 1 ? 'Xxxx ' : word === WORDS ? 'xxxxxx. ' : 'xxxxx ';
      yield [atMs, { type: 'answer.textReceived', text, atMs }];
    }
    atMs += MS_PER_WORD;
    // The sentence is cut when the next one begins.
    if (segment > 0) yield [atMs, { type: 'speech.finished', segment: segment - 1, audioBytes: 4096 }];
  }
  yield [atMs, { type: 'answer.finished' }];
  yield [atMs + 1, { type: 'speech.finished', segment: sentences - 1, audioBytes: 4096 }];
  yield [atMs + 2, { type: 'outbox.flushed' }];
}

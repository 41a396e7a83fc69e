// The server of bench/first-sound.mjs: the real one, but that its model and its voice are made here and take the time. The model says a token
// every TOKEN_MS; the voice gives its first sound after VOICE_MS. On SIGHUP it measures for WINDOW_MS and prints one line of JSON on stderr:
// for each sentence the time from the delta that completes it to the voice's synthesise(), on the clock and on the processor.
import { EngineShelf } from '../dist/server/engines-in-use.js';
import { serve } from '../dist/server/main.js';

const WINDOW_MS = 15_000;
const SENTENCES = 12;
const WORDS_PER_SENTENCE = 10;
/** Of a voice at the pace of speech: as long as the model takes for the sentence. */
const CHUNKS_PER_SENTENCE = 7;
const CHUNK_MS = 5;
const tokenMs = Number(process.env.TOKEN_MS);
const voiceMs = Number(process.env.VOICE_MS);
const lookahead = Number(process.env.SPEECH_LOOKAHEAD);
const sound = new Uint8Array(4096).fill(1);

/** Complete and not asked for yet: when and at what processor time the delta left. */
const completed = new Map();
/** Sentences of a stream that are complete and not spoken to their end. */
const openOf = new Map();
let lastStream = 0;
let gaps = null;

/** Of the whole process, its other threads included: never less than what we took. The call takes some 50 microseconds itself. */
function processorMs() {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
}

function complete(stream, sentence) {
  const open = openOf.get(stream) ?? 0;
  openOf.set(stream, open + 1);
  // A sentence beyond the look-ahead waits for another one's sound: that is no overhead.
  completed.set(`${stream}-${sentence}`, {
    isInWindow: open <= lookahead,
    processorMs: processorMs(),
    atMs: performance.now(),
  });
}

async function* answer() {
  lastStream += 1;
  const stream = lastStream;
  // Streams do not keep step.
  await pause(Math.random() * tokenMs);
  for (let sentence = 0; sentence < SENTENCES; sentence += 1) {
    for (let word = 0; word < WORDS_PER_SENTENCE; word += 1) {
      const isLast = word === WORDS_PER_SENTENCE - 1;
      const text = word === 0 ? ` Number ${stream}-${sentence}` : isLast ? ' is.' : ' word';
      if (word === 0 && sentence > 0) complete(stream, sentence - 1);
      yield { kind: 'text', text };
      await pause(tokenMs);
    }
  }
  complete(stream, SENTENCES - 1);
}

function synthesise({ text }, signal) {
  const atMs = performance.now();
  const atProcessorMs = processorMs();
  const [name, stream] = /(\d+)-\d+/.exec(text) ?? [];
  const since = completed.get(name);
  completed.delete(name);
  if (since !== undefined && gaps !== null) {
    if (since.isInWindow) gaps.push({ ms: atMs - since.atMs, processorMs: atProcessorMs - since.processorMs });
    else gaps.waited += 1;
  }
  return speak(Number(stream), signal);
}

async function* speak(stream, signal) {
  try {
    await pause(voiceMs);
    for (let chunk = 0; chunk < CHUNKS_PER_SENTENCE; chunk += 1) {
      if (signal.aborted) return;
      yield sound;
      await pause(CHUNK_MS);
    }
  } finally {
    openOf.set(stream, (openOf.get(stream) ?? 1) - 1);
    if (openOf.get(stream) === 0) openOf.delete(stream);
  }
}

function pause(ms) {
  return new Promise((wake) => setTimeout(wake, ms));
}

const nothing = async () => {};
const engines = {
  answer: { name: 'bench', start: nothing, stop: nothing, answer },
  speech: { name: 'bench', start: nothing, stop: nothing, synthesise },
};
EngineShelf.prototype.inUse = () => engines;

process.on('SIGHUP', () => {
  gaps = Object.assign([], { waited: 0 });
  const before = processorMs();
  setTimeout(() => {
    console.error(
      JSON.stringify({
        gapsMs: gaps.map(({ ms }) => ms),
        processorMs: gaps.map(({ processorMs }) => processorMs),
        waited: gaps.waited,
        load: (processorMs() - before) / WINDOW_MS,
      }),
    );
    gaps = null;
  }, WINDOW_MS);
});
process.exitCode = await serve(process.env);

// The newer generation of desktop clients: UUID ids, COLLECT at a steady pace while somebody speaks, COMMIT with all words and
// an empty screenshot, Welcome as its text-to-speech, ReportUsage; now and then it interrupts itself or leaves.
// node modern-client.mjs <port> <collect every ms> < plan: a JSON list of utterances, one after the other over one channel; one
// line of JSON for each. An utterance: {ids, chunks: [StreamRequest fields], prompt, leave?: 'interrupt' | 'cancel', late?, welcome,
// usage}. `late` is a chunk that arrives after the COMMIT, as a chunk does that was overtaken.
import { json } from 'node:stream/consumers';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { credentials, loadPackageDefinition, status } from '@grpc/grpc-js';
import { loadSync } from '@grpc/proto-loader';

const [port, collectEveryMs] = process.argv.slice(2).map(Number);
const proto = fileURLToPath(new URL('../../../proto/streaming.proto', import.meta.url));
const { StreamingService } = loadPackageDefinition(loadSync(proto, { keepCase: true, oneofs: true })).streaming;
const client = new StreamingService(`127.0.0.1:${port}`, credentials.createInsecure());
const deadline = () => ({ deadline: Date.now() + 30_000 });

/** A stream from its start to its end; `onFirst` is called with the call at its first frame. */
function observe(call, onFirst) {
  const seen = { kinds: [], text: '', audioBytes: 0, end: null, sessionId: null };
  call.on('metadata', (metadata) => {
    seen.sessionId = metadata.get('x-session-id')[0] ?? null;
  });
  if (onFirst !== undefined) call.once('data', () => onFirst(call));
  call.on('data', (frame) => {
    seen.kinds.push(frame.content);
    seen.text += frame.text_chunk ?? '';
    seen.audioBytes += frame.audio_chunk?.audio_data.length ?? 0;
    seen.end = frame.end_message ?? seen.end;
  });
  call.on('error', () => {});
  return new Promise((resolve) => {
    call.on('status', ({ code, details, metadata }) => {
      const errorType = metadata.get('error-type')[0] ?? null;
      // 'status' comes before the last frames are out when they are many.
      const settle = () => resolve({ ...seen, code: status[code], details, errorType });
      if (code === status.OK) call.on('end', settle);
      else setImmediate(settle);
    });
  });
}

function unary(name, request) {
  return new Promise((resolve) => {
    client[name](request, deadline(), (error, response) => {
      resolve(error === null ? { code: 'OK', ...response } : { code: status[error.code], details: error.details });
    });
  });
}

async function say({ ids, chunks, prompt, leave, late, welcome, usage }) {
  const phase = 'REQUEST_PHASE_COLLECT';
  // The pace is the speaker's: a chunk does not wait for the one before to be accepted.
  const accepted = [];
  for (const chunk of chunks) {
    const call = observe(client.StreamAudio({ ...ids, phase, ...chunk }, deadline()));
    accepted.push(call);
    // A large chunk that a small one overtakes counts as late and is dropped.
    if (chunk.screenshot !== undefined) await call;
    await sleep(collectEveryMs);
  }
  const collected = await Promise.all(accepted);
  let interrupted = null;
  const leaving = {
    interrupt: () => {
      interrupted = unary('InterruptSession', { hardware_id: ids.hardware_id });
    },
    cancel: (call) => call.cancel(),
  };
  const commit = { ...ids, phase: 'REQUEST_PHASE_COMMIT', prompt, screenshot: '' };
  const answer = await observe(client.StreamAudio(commit, deadline()), leaving[leave]);
  if (late !== undefined) collected.push(await observe(client.StreamAudio({ ...ids, phase, ...late }, deadline())));
  const spoken = await observe(client.GenerateWelcomeAudio({ session_id: ids.session_id, ...welcome }, deadline()));
  const reported = await unary('ReportUsage', { ...ids, ...usage });
  return { collected, answer, interrupted: await interrupted, spoken, reported };
}

for (const utterance of await json(process.stdin)) console.log(JSON.stringify(await say(utterance)));
client.close();

// The outside of bench/providers.mjs, in a process of its own: a model with OpenAI's event stream, a word an event, and a voice with OpenAI's
// raw PCM. Everything they send is made before the first request, so that they cost little beside the server. Prints the port.
import { createServer } from 'node:http';

const SENTENCES = Number(process.argv[2]);
const SECONDS_PER_SENTENCE = Number(process.argv[3]);
/** A fast model's pace: 200 words a second. */
const WORD_MS = 5;
/** As voices on the network send: several pieces a second of speech. */
const PIECE_BYTES = 8192;

const event = (fields) =>
  Buffer.from(`data: ${JSON.stringify({ id: 'a', object: 'chat.completion.chunk', ...fields })}\n\n`);
const delta = (content) => event({ choices: [{ index: 0, delta: { content }, finish_reason: null }] });
const sentence = (at) => `${at === 0 ? '' : ' '}Sentence number ${at} of this answer is as long as people speak.`;
const words = Array.from({ length: SENTENCES }, (_, at) => sentence(at).match(/\s*\S+/g) ?? []).flat();
const events = words.map(delta);
const last = Buffer.concat([
  event({ choices: [{ index: 0, delta: {}, finish_reason: 'stop' }] }),
  Buffer.from('data: [DONE]\n\n'),
]);

/** By rate: a sentence of sound that is never silent, in pieces. */
const sounds = new Map([24_000, 48_000].map((rateHz) => [rateHz, piecesOf(soundOf(rateHz))]));

function soundOf(rateHz) {
  const samples = Int16Array.from({ length: rateHz * SECONDS_PER_SENTENCE }, (_, at) => {
    const seconds = at / rateHz;
    const loudness = 0.6 + 0.4 * Math.sin(2 * Math.PI * 4 * seconds);
    return 6000 * loudness * (Math.sin(2 * Math.PI * 150 * seconds) + Math.sin(2 * Math.PI * 1100 * seconds));
  });
  return Buffer.from(samples.buffer);
}

function piecesOf(sound) {
  const pieces = [];
  for (let at = 0; at < sound.length; at += PIECE_BYTES) pieces.push(sound.subarray(at, at + PIECE_BYTES));
  return pieces;
}

function answer(response) {
  response.writeHead(200, { 'content-type': 'text/event-stream' });
  let at = 0;
  const timer = setInterval(() => {
    if (at < events.length) response.write(events[at++]);
    else response.end(last);
  }, WORD_MS);
  response.on('close', () => clearInterval(timer));
}

function speak(response, pieces) {
  response.writeHead(200, { 'content-type': 'application/octet-stream' });
  let at = 0;
  const next = () => {
    if (at === pieces.length) response.end();
    else if (response.write(pieces[at++])) setImmediate(next);
    else response.once('drain', next);
  };
  next();
}

const server = createServer((request, response) => {
  request.resume();
  request.on('end', () => {
    if (request.url.endsWith('/chat/completions')) answer(response);
    else speak(response, sounds.get(Number(/^\/(\d+)\//.exec(request.url)?.[1])));
  });
});
server.keepAliveTimeout = 60_000;
server.listen(0, '127.0.0.1', () => console.log(server.address().port));

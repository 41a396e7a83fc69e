/**
 * The speech services of this world in one process, over their real protocols: OpenAI's, Azure's, ElevenLabs' and the three Piper servers,
 * each under a path of its own. Every sentence is a tone of 440 Hz (880 Hz from voices that begin with "high"), 10 ms a character, so
 * what is heard can be measured. The name of the voice, or of the model, says what goes wrong: see `behaviours`.
 *
 * By hand: node test/support/providers/speech-server.mjs --port 0
 * GET /control tells what it saw; POST /control/reset forgets it.
 */
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { parseArgs } from 'node:util';

const { values } = parseArgs({
  options: { port: { type: 'string', default: '0' }, stalls: { type: 'boolean', default: false } },
});

/** What it saw, oldest first; at most 1000 requests. */
let seen = [];
let active = 0;
let peak = 0;
/** Requests so far by what decides "fails first, then well". */
const counts = new Map();

function tone({ rateHz, seconds, hz = 440, amplitude = 12_000 }) {
  const samples = Math.round(rateHz * seconds);
  const pcm = Buffer.alloc(samples * 2);
  for (let at = 0; at < samples; at += 1) {
    pcm.writeInt16LE(Math.round(amplitude * Math.sin((2 * Math.PI * hz * at) / rateHz)), at * 2);
  }
  return pcm;
}

function wav(pcm, { rateHz, declaredBytes = pcm.length, extra = Buffer.alloc(0) }) {
  const format = Buffer.alloc(24);
  format.write('fmt ', 0, 'latin1');
  format.writeUInt32LE(16, 4);
  format.writeUInt16LE(1, 8);
  format.writeUInt16LE(1, 10);
  format.writeUInt32LE(rateHz, 12);
  format.writeUInt32LE(rateHz * 2, 16);
  format.writeUInt16LE(2, 20);
  format.writeUInt16LE(16, 22);
  const data = Buffer.alloc(8);
  data.write('data', 0, 'latin1');
  data.writeUInt32LE(declaredBytes, 4);
  const riff = Buffer.from('RIFF\xff\xff\xff\xffWAVE', 'latin1');
  return Buffer.concat([riff, format, extra, data, pcm]);
}

const wait = (ms) => new Promise((wake) => setTimeout(wake, ms));

/** Each gets the finished sound and sends something else; `good` is for every other name. */
const behaviours = {
  good: (response, sound) => response.end(sound.bytes),
  async drip(response, { bytes }) {
    for (let at = 0; at < bytes.length && !response.destroyed; at += 2000) {
      response.write(bytes.subarray(at, at + 2000));
      await wait(20);
    }
    response.end();
  },
  /** The head, some sound, and then nothing for ever. */
  stall: (response, { bytes }) => response.write(bytes.subarray(0, 9600)),
  /** Not even a head. */
  silence() {},
  odd(response, { bytes }) {
    response.socket.setNoDelay(true);
    const sizes = [1, 2, 3, 5, 7, 11, 13, 997];
    let at = 0;
    const next = (turn) => {
      if (at >= bytes.length) return response.end();
      const size = sizes[turn % sizes.length];
      response.write(bytes.subarray(at, at + size), () => setImmediate(next, turn + 1));
      at += size;
    };
    next(0);
  },
  /** Cut inside of a chunk of a chunked body. */
  cut(response, { bytes }) {
    response.write(bytes.subarray(0, 20_000), () => setTimeout(() => response.socket.destroy(), 50));
  },
  /** The same, but announced to close and closed in peace: the end of the connection must not count as the end of the body. */
  cutpolitely(response, { bytes }) {
    response.setHeader('connection', 'close');
    response.write(bytes.subarray(0, 20_000), () => setTimeout(() => response.socket.end(), 50));
  },
  short(response, { bytes }) {
    response.setHeader('content-length', bytes.length);
    response.write(bytes.subarray(0, 20_000), () => setTimeout(() => response.socket.end(), 50));
  },
  cutearly: (response) => response.socket.destroy(),
  huge(response) {
    const block = Buffer.alloc(1 << 20, 1);
    const more = () => {
      while (!response.destroyed && response.write(block));
      if (!response.destroyed) response.once('drain', more);
    };
    more();
  },
  empty: (response) => response.end(),
  /** PCM that a gateway calls what it calls everything. */
  pcmmpeg: (response, { bytes }) => response.writeHead(200, { 'content-type': 'audio/mpeg' }).end(bytes),
  id3: (response) => response.end(Buffer.concat([Buffer.from('ID3\x04'), Buffer.alloc(3000)])),
  /** A tone of a real encoder, under the label of PCM. */
  frames: (response) => response.end(readFileSync(new URL('sounds/mp3-frames.bin', import.meta.url))),
  /** An error with a good status and a label of sound, which quotes what it was sent. */
  jsonok: (response, _, request) =>
    response
      .writeHead(200, { 'content-type': 'audio/mpeg' })
      .end(JSON.stringify({ error: { message: `out of memory for ${request.headers.authorization}` } })),
  /** Half a frame: no head is at its place. */
  mp3: (response) =>
    response
      .writeHead(200, { 'content-type': 'audio/mpeg' })
      .end(readFileSync(new URL('sounds/mp3-frames.bin', import.meta.url)).subarray(50)),
  wavmpeg: (response, sound) => response.writeHead(200, { 'content-type': 'audio/mpeg' }).end(wav(sound.pcm, sound)),
  packed: (response, { bytes }) => response.writeHead(200, { 'content-encoding': 'gzip' }).end(bytes),
  /** Half of it is a pause, at its beginning, inside of it and at its end. */
  pauses(response, { bytes }) {
    const sixth = (bytes.length / 12) << 1;
    for (const at of [0, 3, 5]) bytes.fill(0, at * sixth, (at + 1) * sixth);
    response.end(bytes);
  },
  zeros: (response, { bytes }) => response.end(Buffer.alloc(bytes.length)),
  /** Manifest and texts behind the sound, which nobody has a list of. */
  wavtail(response, sound) {
    const tail = Buffer.alloc(1840, 'C2PA\x28\x07\0\0jumb\xff\x7f\x01\x80', 'latin1');
    tail.writeUInt32LE(tail.length - 8, 4);
    response.end(Buffer.concat([wav(sound.pcm, sound), tail]));
  },
  /** A file a part, of unknown length each. */
  wavparts(response, { pcm, rateHz }) {
    const half = (pcm.length >> 2) << 1;
    const parts = [pcm.subarray(0, half), pcm.subarray(half)];
    response.end(Buffer.concat(parts.map((part) => wav(part, { rateHz, declaredBytes: 0xffff_ffff }))));
  },
  html: (response) =>
    response
      .writeHead(200, { 'content-type': 'text/html' })
      .end('<html><title>Log in</title><p>Please log in</p></html>'),
  wavlong: (response, sound) => response.end(wav(sound.pcm, { ...sound, declaredBytes: 10_000_000 })),
  wavshort: (response, sound) => response.end(wav(sound.pcm, { ...sound, declaredBytes: 1000 })),
  wavzero: (response, sound) => response.end(wav(sound.pcm, { ...sound, declaredBytes: 0 })),
  wavmax: (response, sound) => response.end(wav(sound.pcm, { ...sound, declaredBytes: 0xffff_ffff })),
  wavextra(response, sound) {
    const list = Buffer.from('LIST\x04\x00\x00\x00INFO', 'latin1');
    response.end(Buffer.concat([wav(sound.pcm, { ...sound, extra: list }), list]));
  },
  redirect: (response) => response.writeHead(307, { location: 'http://127.0.0.1:1/elsewhere' }).end(),
  /** Closes kept connections while they are idle, as servers do. */
  closing(response, { bytes }) {
    response.end(bytes, () => setTimeout(() => response.socket?.destroy(), 20));
  },
};

/** Answers with a status: `status429` and the like; `busy` with a retry-after; `once…` only the first time. */
function refusal(name) {
  if (name.startsWith('busy'))
    return { status: 429, headers: { 'retry-after': name.slice(4) || '0.1' }, said: 'too many' };
  const status = /^status(\d{3})/.exec(name)?.[1];
  return status === undefined ? null : { status: Number(status), headers: {}, said: `this is a ${status}` };
}

function behaviourOf(name, entry) {
  const once = /^once-(.+)$/.exec(name)?.[1];
  if (once === undefined) return name;
  const count = (counts.get(name) ?? 0) + 1;
  counts.set(name, count);
  entry.count = count;
  return count === 1 ? once : 'good';
}

async function speak({ request, response, entry, contentType, rateHz, isWav, errorBody }) {
  const name = values.stalls ? 'stall' : behaviourOf(entry.behaviour || 'good', entry);
  const refused = refusal(name);
  if (refused !== null) {
    response.writeHead(refused.status, { 'content-type': 'application/json', ...refused.headers });
    response.end(JSON.stringify(errorBody(refused.said)));
    return;
  }
  const seconds = [...entry.text].length / 100;
  const pcm = tone({ rateHz, seconds, hz: entry.voice.startsWith('high') ? 880 : 440 });
  response.setHeader('content-type', contentType);
  const behave = Object.hasOwn(behaviours, name) ? behaviours[name] : behaviours.good;
  await behave(response, { bytes: isWav ? wav(pcm, { rateHz }) : pcm, pcm, rateHz }, request);
}

const unescaped = (text) =>
  text.replace(/&(lt|gt|quot|apos|amp);/g, (_, name) => ({ lt: '<', gt: '>', quot: '"', apos: "'", amp: '&' })[name]);

/** A protocol reads its request into `entry` and says how it answers; null = it refused. */
const protocols = {
  '/v1/audio/speech': ({ entry, headers, body, json }) => {
    const { model, input, voice, response_format: format } = json;
    Object.assign(entry, { protocol: 'openai', text: input, voice, model, format, key: headers.authorization ?? '' });
    if (headers.authorization === 'Bearer wrong-key') {
      return { status: 401, body: { error: { message: `Incorrect API key provided: wrong-key (${body.length})` } } };
    }
    if (voice === 'nobody') {
      const message = `[{'type': 'enum', 'loc': ('body', 'voice'), 'msg': "Input should be 'alloy' or 'nova'"}]`;
      return { status: 400, body: { error: { message, type: 'invalid_request_error' } } };
    }
    entry.behaviour = Object.hasOwn(behaviours, voice) || /^(status|busy|once-)/.test(voice) ? voice : model;
    const errorBody = (message) => ({ error: { message: `${message} for "${input}"` } });
    return { contentType: 'audio/pcm', rateHz: 24_000, errorBody };
  },
  '/cognitiveservices/v1': ({ entry, headers, body }) => {
    const parts =
      /^<speak version="1\.0" xmlns="[^"]+" xml:lang="([^"]+)"><voice name="([^"]*)">([^<]*)<\/voice><\/speak>$/.exec(
        body,
      );
    if (parts === null) return { status: 400, body: 'not the expected SSML' };
    const [, language, voice, text] = parts.map(unescaped);
    const format = headers['x-microsoft-outputformat'];
    Object.assign(entry, {
      protocol: 'azure',
      text,
      voice,
      language,
      format,
      key: headers['ocp-apim-subscription-key'],
    });
    if (voice === 'nobody') return { status: 400, body: `Unsupported voice ${voice}.` };
    entry.behaviour = voice;
    const rates = { 'raw-48khz-16bit-mono-pcm': 48_000, 'raw-16khz-16bit-mono-pcm': 16_000 };
    return { contentType: 'audio/basic', rateHz: rates[format], errorBody: (message) => message };
  },
  '/v1/text-to-speech/': ({ entry, headers, url, json }) => {
    const [, voice] = /^\/v1\/text-to-speech\/([^/]+)\/stream$/.exec(url.pathname) ?? [];
    if (voice === undefined) return { status: 404, body: { detail: 'Not Found' } };
    const format = url.searchParams.get('output_format');
    Object.assign(entry, { protocol: 'elevenlabs', text: json.text, voice: decodeURIComponent(voice), format });
    Object.assign(entry, { model: json.model_id, key: headers['xi-api-key'] });
    if (entry.voice === 'nobody') {
      const message = `A voice with the voice_id ${entry.voice} was not found.`;
      return { status: 404, body: { detail: { status: 'voice_not_found', message } } };
    }
    entry.behaviour = entry.voice;
    const errorBody = (message) => ({ detail: { status: 'failed', message } });
    return { contentType: 'audio/pcm', rateHz: Number(format.slice(4)), errorBody };
  },
  '/piper-json/': (context) => piperJson(context),
  '/piper-starting/': (context) => piperJson(context),
  '/piper-new/synthesize': (context) => piperJson(context),
  '/piper-old/': ({ entry, body }) => {
    Object.assign(entry, { protocol: 'piper-old', text: body, voice: '', behaviour: 'good' });
    return { contentType: 'text/html; charset=utf-8', rateHz: 22_050, isWav: true, errorBody: (message) => message };
  },
};

function piperJson({ entry, json }) {
  Object.assign(entry, { protocol: 'piper-json', text: json.text, voice: json.voice ?? 'en_US-lessac-medium' });
  entry.behaviour = entry.voice;
  return { contentType: 'text/html; charset=utf-8', rateHz: 22_050, isWav: true, errorBody: (message) => message };
}

const piperVoices = ['en_US-lessac-medium', 'ru_RU-irina-medium', 'high-low', 'stall', 'cut', 'joh'];

function protocolOf(path) {
  const prefix = Object.keys(protocols).find((each) =>
    each === '/v1/text-to-speech/' ? path.startsWith(each) : path === each,
  );
  return prefix === undefined ? undefined : protocols[prefix];
}

function control(request, response) {
  if (request.method === 'POST') {
    seen = [];
    peak = active;
    counts.clear();
  }
  response.setHeader('content-type', 'application/json');
  response.end(JSON.stringify({ active, peak, requests: seen }));
}

async function handle(request, response, pieces) {
  const url = new URL(request.url, 'http://localhost');
  if (url.pathname.startsWith('/control')) return control(request, response);
  if (url.pathname === '/piper-starting/voices') {
    const count = (counts.get('starting') ?? 0) + 1;
    counts.set('starting', count);
    if (count === 1) return response.writeHead(503).end('starting');
  }
  if (/^\/piper-(json|new|starting)\/voices$/.test(url.pathname) && request.method === 'GET') {
    response.setHeader('content-type', 'application/json');
    return response.end(JSON.stringify(Object.fromEntries(piperVoices.map((name) => [name, {}]))));
  }
  const protocol = protocolOf(url.pathname);
  if (protocol === undefined) return response.writeHead(404, { 'content-type': 'text/html' }).end('<h1>Not Found</h1>');
  if (request.method !== 'POST') return response.writeHead(405).end();
  const body = Buffer.concat(pieces).toString('utf8');
  const entry = { startedAtMs: Date.now(), text: '', voice: '', abortedAfterMs: null, isDone: false };
  seen.push(entry);
  if (seen.length > 1000) seen.shift();
  active += 1;
  peak = Math.max(peak, active);
  response.once('close', () => {
    active -= 1;
    entry.isDone = response.writableFinished;
    if (!response.writableFinished)
      Object.assign(entry, { abortedAtMs: Date.now(), abortedAfterMs: Date.now() - entry.startedAtMs });
  });
  const isJson = request.headers['content-type']?.startsWith('application/json');
  const context = { entry, headers: request.headers, url, body, json: isJson ? JSON.parse(body) : {} };
  const answer = protocol(context);
  if (answer.status !== undefined) {
    const text = typeof answer.body === 'string' ? answer.body : JSON.stringify(answer.body);
    response.writeHead(answer.status, {
      'content-type': typeof answer.body === 'string' ? 'text/plain' : 'application/json',
    });
    return response.end(text);
  }
  return speak({ request, response, entry, ...answer });
}

const server = createServer((request, response) => {
  const pieces = [];
  request.on('data', (piece) => pieces.push(piece));
  request.on('end', () => handle(request, response, pieces));
});
// Whoever started it over a channel is gone.
process.once('disconnect', () => process.exit());
server.listen(Number(values.port), '127.0.0.1', () => {
  const { port } = server.address();
  console.log(JSON.stringify({ port }));
  console.error(`openai      http://127.0.0.1:${port}/v1`);
  console.error(`azure, elevenlabs  http://127.0.0.1:${port}`);
  console.error(`piper       http://127.0.0.1:${port}/piper-json (or /piper-new, /piper-old)`);
});

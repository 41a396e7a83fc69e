#!/usr/bin/env node
// A complete client of Recital: tells what it hears while somebody speaks, commits, plays the answer as it comes.
//
//     node client.mjs HOST:PORT "what was said" [SCREENSHOT.png]
//
// docs/CLIENTS.md says why everything is as it is. Ctrl-C silences the device.
// Exit code: 0 a good end, 1 an error, 130 interrupted.
import { randomUUID } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { credentials, loadPackageDefinition, status } from '@grpc/grpc-js';
import { loadSync } from '@grpc/proto-loader';
import { createSpeaker } from './speaker.mjs';

const DEADLINE_MS = 30_000;
const ATTEMPTS = 4;
const COLLECT_EVERY_MS = 120;
const KEEPALIVE = { 'grpc.keepalive_time_ms': 30_000, 'grpc.keepalive_timeout_ms': 10_000 };

const proto = fileURLToPath(new URL('../../proto', import.meta.url));
const load = (file) => loadSync(file, { includeDirs: [proto], keepCase: true, defaults: true, oneofs: true });
const { StreamingService } = loadPackageDefinition(load('streaming.proto')).streaming;
const rpc = load('google/rpc/status.proto');
const deadline = () => ({ deadline: Date.now() + DEADLINE_MS });

/** The id of this device: made once, kept for ever. */
function deviceId() {
  const file = process.env.RECITAL_DEVICE_FILE ?? join(homedir(), '.recital-device-id');
  if (!existsSync(file)) writeFileSync(file, randomUUID());
  return readFileSync(file, 'utf8').trim();
}

/** Takes frames off the call at once: a slow grpc-js reader loses what is buffered when the call fails (grpc-node #2764). */
async function* framesOf(call) {
  const queue = [];
  let wake = () => {};
  const put = (item) => {
    queue.push(item);
    wake();
  };
  call.on('data', (frame) => put({ frame }));
  call.on('end', () => put({}));
  call.on('error', (error) => put({ error }));
  for (;;) {
    while (queue.length === 0)
      await new Promise((resolve) => {
        wake = resolve;
      });
    const { frame, error } = queue.shift();
    if (error !== undefined) throw error;
    if (frame === undefined) return;
    yield frame;
  }
}

/** While somebody speaks: each longer hypothesis. True if the server has the screenshot now. */
async function collect(client, ids, text, screenshot) {
  const words = text.trim().split(/\s+/);
  try {
    for (let seq = 1; seq <= words.length; seq += 1) {
      const chunk = {
        ...ids,
        phase: 'REQUEST_PHASE_COLLECT',
        chunk_seq: seq,
        chunk_text: words.slice(0, seq).join(' '),
      };
      if (seq === 1) chunk.screenshot = screenshot; // the large part travels while nobody waits for it
      for await (const _accepted of framesOf(client.StreamAudio(chunk, deadline())));
      await sleep(COLLECT_EVERY_MS);
    }
    return true;
  } catch {
    return false; // no loss: the COMMIT says it all again
  }
}

/** What a desktop does with a frame of the answer. */
function show(frame, speaker) {
  if (frame.content === 'text_chunk') {
    process.stdout.write(frame.text_chunk); // as it is: joined, the chunks are the answer
  } else if (frame.content === 'audio_chunk') {
    speaker.say(frame.audio_chunk);
  } else if (frame.content === 'action_message') {
    const { command, args } = JSON.parse(frame.action_message.action_json);
    process.stdout.write(`\ncommand: ${command} ${JSON.stringify(args)}`);
  }
}

/** Milliseconds until another attempt makes sense, as the server says; undefined = it makes none. */
function retryAfterMs(error) {
  const [bytes] = error.metadata.get('grpc-status-details-bin');
  const details = bytes === undefined ? [] : rpc['google.rpc.Status'].deserialize(bytes).details;
  const found = details.find(({ type_url }) => type_url.endsWith('/google.rpc.RetryInfo'));
  if (found === undefined) return undefined;
  const { seconds, nanos } = rpc['google.rpc.RetryInfo'].deserialize(found.value).retry_delay;
  return Number(seconds) * 1000 + nanos / 1e6;
}

/** The utterance is complete: asks, tries again where that makes sense; true = a good end. */
async function commit(client, request, screenshot, speaker) {
  for (let attempt = 0; ; attempt += 1) {
    let hasBegun = false;
    try {
      for await (const frame of framesOf(client.StreamAudio(request, deadline()))) {
        hasBegun ||= frame.content !== 'error_message';
        show(frame, speaker);
      }
      process.stdout.write('\n');
      return true;
    } catch (error) {
      if (error.metadata === undefined) throw error; // not from the call: a bug of ours
      const [errorType = 'transport'] = error.metadata.get('error-type');
      console.error(`${hasBegun ? '\n' : ''}error: ${status[error.code]}, ${errorType}: ${error.details}`);
      const toldMs = retryAfterMs(error);
      // Half the answer was heard, or another attempt is pointless.
      if (hasBegun || toldMs === undefined || attempt === ATTEMPTS - 1) return false;
      const delayMs = toldMs * 2 ** attempt * (1 + Math.random() / 2); // never sooner than told, and not all at once
      console.error(`trying again in ${(delayMs / 1000).toFixed(1)} s`);
      await sleep(delayMs);
      request.screenshot = screenshot; // an attempt that was admitted has used up what was collected
    }
  }
}

const [address, text, screenshotFile] = process.argv.slice(2);
if (text === undefined) {
  console.error('usage: node client.mjs HOST:PORT "what was said" [SCREENSHOT.png]');
  process.exit(1);
}
const screenshot = screenshotFile === undefined ? '' : readFileSync(screenshotFile, 'base64');
const ids = { hardware_id: deviceId(), session_id: randomUUID() }; // the device's for ever, the utterance's for once
const client = new StreamingService(address, credentials.createInsecure(), KEEPALIVE);
const speaker = createSpeaker();
process.once('SIGINT', () => {
  speaker.silence();
  client.InterruptSession({ hardware_id: ids.hardware_id }, { deadline: Date.now() + 2000 }, () => process.exit(130));
});

const isCollected = await collect(client, ids, text, screenshot);
const request = { ...ids, phase: 'REQUEST_PHASE_COMMIT', prompt: text, screenshot: isCollected ? '' : screenshot };
const isGood = await commit(client, request, screenshot, speaker);
await speaker.finish();
client.close();
process.exitCode = isGood ? 0 : 1;

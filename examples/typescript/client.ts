#!/usr/bin/env node
// A complete client of Recital: tells what it hears while somebody speaks, commits, plays the answer as it comes.
//
//     node client.ts HOST:PORT "what was said" [SCREENSHOT.png]
//
// As it is with Node 22.18 or newer; docs/CLIENTS.md has the one line before for Node 20, and says why everything is as it is.
// Ctrl-C silences the device. Exit code: 0 a good end, 1 an error, 130 interrupted.
import { randomUUID } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { type ServiceError, status } from '@grpc/grpc-js';
import { connect, type Frame, type Request, retryAfterMs } from './service.ts';
import { createSpeaker } from './speaker.ts';

const DEADLINE_MS = 30_000;
const ATTEMPTS = 4;
const COLLECT_EVERY_MS = 120;

const [address, text, screenshotFile] = process.argv.slice(2);
if (address === undefined || text === undefined) {
  console.error('usage: node client.ts HOST:PORT "what was said" [SCREENSHOT.png]');
  process.exit(1);
}
const ids = { hardware_id: deviceId(), session_id: randomUUID() }; // the device's for ever, the utterance's for once
const client = connect(address);
const speaker = createSpeaker();
let isInterrupted = false;
process.once('SIGINT', () => {
  isInterrupted = true;
  speaker.silence();
  client.InterruptSession({ hardware_id: ids.hardware_id }, { deadline: Date.now() + 2000 }, () => process.exit(130));
});

const screenshot = screenshotFile === undefined ? '' : readFileSync(screenshotFile, 'base64');
const isCollected = await collect(text, screenshot);
const isGood = await commit(text, screenshot, isCollected);
await speaker.finish();
client.close();
process.exitCode = isGood ? 0 : 1;

/** The id of this device: made once, kept for ever. */
function deviceId(): string {
  const file = process.env.RECITAL_DEVICE_FILE ?? join(homedir(), '.recital-device-id');
  if (!existsSync(file)) writeFileSync(file, randomUUID());
  return readFileSync(file, 'utf8').trim();
}

/** One call; null = a good end. `take` must not wait: a slow grpc-js reader loses frames when a call fails (grpc-node #2764). */
function hear(request: Request, take: (frame: Frame) => void): Promise<ServiceError | null> {
  return new Promise((resolve) => {
    const end = (error: ServiceError | null) => {
      if (!isInterrupted) resolve(error); // after Ctrl-C there is nothing more to say
    };
    const call = client.StreamAudio(request, { deadline: Date.now() + DEADLINE_MS });
    call.on('data', take);
    call.on('error', end);
    call.on('end', () => end(null));
  });
}

/** While somebody speaks: each longer hypothesis. True if the server has the screenshot now. */
async function collect(text: string, screenshot: string): Promise<boolean> {
  const words = text.trim().split(/\s+/);
  for (let seq = 1; seq <= words.length; seq += 1) {
    const error = await hear(
      {
        ...ids,
        phase: 'REQUEST_PHASE_COLLECT',
        chunk_seq: seq,
        chunk_text: words.slice(0, seq).join(' '),
        screenshot: seq === 1 ? screenshot : '', // the large part travels while nobody waits for it
      },
      () => {},
    );
    if (error !== null) return false; // no loss: the COMMIT says it all again
    await sleep(COLLECT_EVERY_MS);
  }
  return true;
}

/** The utterance is complete: asks, tries again where that makes sense. True = a good end. */
async function commit(text: string, screenshot: string, isCollected: boolean): Promise<boolean> {
  for (let attempt = 0; ; attempt += 1) {
    // An attempt that was admitted has used up what was collected: the next one brings it all.
    const shown = isCollected && attempt === 0 ? '' : screenshot;
    let hasBegun = false;
    const error = await hear({ ...ids, phase: 'REQUEST_PHASE_COMMIT', prompt: text, screenshot: shown }, (frame) => {
      hasBegun ||= frame.content !== 'error_message';
      show(frame);
    });
    if (error === null) {
      process.stdout.write('\n');
      return true;
    }
    const [errorType = 'transport'] = error.metadata.get('error-type');
    console.error(`${hasBegun ? '\n' : ''}error: ${status[error.code]}, ${errorType}: ${error.details}`);
    const toldMs = retryAfterMs(error);
    // Half the answer was heard, or another attempt is pointless.
    if (hasBegun || toldMs === null || attempt === ATTEMPTS - 1) return false;
    const delayMs = toldMs * 2 ** attempt * (1 + Math.random() / 2); // never sooner than told, and not all at once
    const waiting = errorType === 'transport' ? `waiting for a server at ${address}, ` : '';
    console.error(`${waiting}trying again in ${(delayMs / 1000).toFixed(1)} s`);
    await sleep(delayMs);
  }
}

/** What a desktop does with a frame of the answer. */
function show(frame: Frame): void {
  if (frame.content === 'text_chunk') {
    process.stdout.write(frame.text_chunk); // as it is: joined, the chunks are the answer
  } else if (frame.content === 'audio_chunk') {
    speaker.say(frame.audio_chunk);
  } else if (frame.content === 'action_message') {
    const { command, args } = JSON.parse(frame.action_message.action_json);
    process.stdout.write(`\ncommand: ${command} ${JSON.stringify(args)}`);
  }
}

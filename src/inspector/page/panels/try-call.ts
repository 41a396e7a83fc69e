/**
 * One question to the server, asked as a client would: its words as they come, its sound, and how it ended. What is shown of it are signals,
 * so that it goes on when its panel is closed.
 */
import { signal } from '@preact/signals';
import type { TryLine } from '../../feed-format.ts';
import { awaitSession } from '../address.ts';
import { callApi } from '../api.ts';
import { playSound, soundAheadSeconds, stopSound } from './try-sound.ts';

/** More than that ahead of what is heard is not fetched: it would fill the page's memory. */
const MAX_AHEAD_SECONDS = 120;
const WAIT_MS = 500;

export const isAsking = signal(false);
export const answerText = signal('');
/** How it ended, or what went wrong; '' = it goes on, or there was none. */
export const outcome = signal('');
export const isOutcomeBad = signal(false);

let call: AbortController | null = null;

/** Asks; the one before is taken back. The new session is shown as soon as the list has it. */
export async function askServer(prompt: string): Promise<void> {
  stopAsking();
  const own = new AbortController();
  call = own;
  isAsking.value = true;
  answerText.value = '';
  conclude('', false);
  try {
    const body = JSON.stringify({ prompt, hardware_id: 'inspector' });
    const { body: stream } = await callApi('try', { method: 'POST', body, signal: own.signal });
    if (stream !== null) await readLines(stream, take);
    if (outcome.peek() === '') conclude('The connection ended before the answer did.', true);
  } catch (error) {
    if (!own.signal.aborted) conclude(error instanceof Error ? error.message : String(error), true);
  }
  if (call === own) isAsking.value = false;
}

/** Takes the question back, and is silent. */
export function stopAsking(): void {
  if (isAsking.peek()) conclude('Stopped.', false);
  isAsking.value = false;
  call?.abort();
  stopSound();
}

function take(line: TryLine): void {
  switch (line.kind) {
    case 'started':
      awaitSession(line.session);
      return;
    case 'text_chunk':
      answerText.value += line.text;
      return;
    case 'audio_chunk':
      playSound(line.pcm);
      return;
    case 'action_message':
      answerText.value += `\n⌘ ${line.action}\n`;
      return;
    case 'error_message':
      conclude(line.text, true);
      return;
    case 'status': {
      const isGood = line.code === 'OK';
      if (outcome.peek() === '') conclude(isGood ? 'Ended: OK.' : `${line.code} ${line.details}`, !isGood);
    }
  }
}

function conclude(words: string, isBad: boolean): void {
  outcome.value = words;
  isOutcomeBad.value = isBad;
}

async function readLines(stream: ReadableStream<Uint8Array>, each: (line: TryLine) => void): Promise<void> {
  const decoder = new TextDecoder();
  const reader = stream.getReader();
  let rest = '';
  for (let part = await reader.read(); !part.done; part = await reader.read()) {
    const lines = (rest + decoder.decode(part.value, { stream: true })).split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines) if (line !== '') each(JSON.parse(line));
    while (isAsking.peek() && soundAheadSeconds() > MAX_AHEAD_SECONDS) {
      await new Promise((resolve) => setTimeout(resolve, WAIT_MS));
    }
  }
}

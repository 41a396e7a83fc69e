/**
 * Two generations of clients live with one server at the same time, utterance after utterance: the older one in Python (no ids, no phases, a
 * screenshot with every call), the newer one in Node (COLLECT, COMMIT, Welcome, ReportUsage, interrupts, cancels). Every answer is looked
 * at, and afterwards nothing is left. A longer run at the pace of real speech:
 *     SOAK_UTTERANCES=1000 SOAK_COLLECT_MS=120 npx vitest run test/load/soak
 */
import { randomUUID } from 'node:crypto';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { eventually } from '../../support/eventually.ts';
import { png } from '../../support/images.ts';
import { makeStubs, requirePython } from '../../support/python/python-client.ts';
import { type ServerProcess, startServerProcess } from '../../support/server-process.ts';
import { type ModernUtterance, type OldUtterance, runModernClient, runOldClient } from './generations.ts';

const lacking = requirePython();

const UTTERANCES = Number(process.env.SOAK_UTTERANCES ?? 100);
const WARM_UP_UTTERANCES = 30;
const EMBEDDED_UTTERANCES = 5;
/** Real clients collect every 120 ms; the suite has no time for silence. */
const COLLECT_EVERY_MS = Number(process.env.SOAK_COLLECT_MS ?? 10);
/** Makes the older client, which has less to do, last about as long as the newer one. */
const OLD_PAUSE_MS = COLLECT_EVERY_MS * 5;
const SECONDS_PER_UTTERANCE = 1 + COLLECT_EVERY_MS / 100;
const screenshot = png({ width: 512, height: 384 }, { noise: true }).toString('base64'); // of 196 kB
const COLLECT_TTL_SECONDS = 3;
/**
 * Compiled code and its feedback grow by 0.1 to 0.4 MB after the warm-up, and no more after some hundred utterances (measured). A leak of
 * every session costs 1.4 MB here, of every collected buffer 0.9, of every screenshot 20.
 */
const MAX_GROWTH_BYTES = 768 * 1024;
const SOUND_BYTES_PER_SENTENCE = 3 * 4096;
const uuidV4 = /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;

const scenario = {
  answers: [
    { when: '^endless', steps: [{ echo: true }, { say: ' And' }, { hang: true }] },
    { when: '^open', steps: [{ echo: true }, { command: { command: 'open_app', args: { app_name: 'Notes' } } }] },
    { when: '', steps: [{ echo: true }] },
  ],
  speech: { chunks_per_sentence: 3, chunk_bytes: 4096 },
};
const sentence = ['text_chunk', 'audio_chunk', 'audio_chunk', 'audio_chunk'];
const atRest = { active_streams: 0, in_flight: 0, active_answers: 0, active_speech: 0, collect_buffers: 0 };

describe.skipIf(lacking !== null)('two generations of clients', () => {
  const stubsDir = mkdtempSync(join(tmpdir(), 'recital-soak-'));
  beforeAll(() => makeStubs(stubsDir));
  afterAll(() => rmSync(stubsDir, { recursive: true, force: true }));

  /** Both at once, each through its whole plan. */
  function live(server: ServerProcess, old: readonly OldUtterance[], modern: readonly ModernUtterance[]) {
    const port = server.grpcPort;
    return Promise.all([
      runOldClient({ port, stubsDir, pauseMs: OLD_PAUSE_MS, plan: old }),
      runModernClient({ port, collectEveryMs: COLLECT_EVERY_MS, plan: modern }),
    ]);
  }

  test(`live on one server for ${UTTERANCES} utterances each: every answer is right, and nothing is left of them`, {
    timeout: 40_000 + UTTERANCES * SECONDS_PER_UTTERANCE * 1000,
  }, async () => {
    const env = {
      COLLECT_TTL: String(COLLECT_TTL_SECONDS),
      NODE_OPTIONS: `--import=${new URL('./probe.mjs', import.meta.url).href}`,
    };
    const server = await startServerProcess({ scenario, env });
    await live(server, plansOf(WARM_UP_UTTERANCES, oldUtterance), plansOf(WARM_UP_UTTERANCES, modernUtterance));
    await rest(server);
    const before = await measure(server);
    const linesBefore = server.logs.length;

    const old = plansOf(UTTERANCES, oldUtterance);
    const modern = plansOf(UTTERANCES, modernUtterance);
    const [oldSeen, modernSeen] = await live(server, old, modern);

    expect(oldSeen).toEqual(old.map(({ prompt }) => answerTo(prompt)));
    expect(new Set(oldSeen.map(({ sessionId }) => sessionId)).size).toBe(UTTERANCES);
    expect(modernSeen).toEqual(modern.map(modernOutcome));

    await rest(server);
    const after = await measure(server);
    console.log(`before ${JSON.stringify(before)}, after ${JSON.stringify(after)}`);
    expect({ files: after.files, timers: after.timers }).toEqual({ files: before.files, timers: before.timers });
    expect(after.heap_bytes - before.heap_bytes).toBeLessThan(MAX_GROWTH_BYTES);
    expect(after.external_bytes - before.external_bytes).toBeLessThan(MAX_GROWTH_BYTES);

    // What the clients themselves broke off is told once each, and is nobody's fault.
    const lines = server.logs.slice(linesBefore);
    expect(lines.filter(({ level }) => level > LOG_LEVEL_INFO)).toEqual([]);
    const errors = lines.filter(({ decision }) => decision === 'error');
    expect(errors.map(({ ctx }) => ctx?.error_type).sort()).toEqual(
      modern.flatMap(({ leave }) => (leave === undefined ? [] : [typeOfLeaving[leave]])).sort(),
    );
  });

  test('live on one server with the embedded engines, too', { timeout: 60_000 }, async () => {
    const server = await startServerProcess();
    const ask = (index: number) => `What is ${index + 2} times 3?`;
    const old = plansOf(EMBEDDED_UTTERANCES, (index) => ({ ...oldUtterance(index), prompt: ask(index) }));
    const modern = plansOf(EMBEDDED_UTTERANCES, (index) => ({ ...collecting(index, ask(index)), prompt: ask(index) }));
    const [oldSeen, modernSeen] = await live(server, old, modern);
    const answers = [...oldSeen, ...modernSeen.map(({ answer }) => answer)];
    const expected = old.map((_, index) => `That makes ${(index + 2) * 3}.`);
    expect(answers.map(({ text, code }) => `${code} ${text}`)).toEqual(
      [...expected, ...expected].map((text) => `OK ${text}`),
    );
    for (const { kinds } of answers) expect(kinds.join(' ')).toMatch(/^text_chunk( audio_chunk)+ end_message$/);
    for (const { spoken } of modernSeen) {
      expect(spoken.kinds.join(' ')).toMatch(/^metadata( audio_chunk)+ end_message$/);
    }
    await rest(server);
    expect(server.logs.filter(({ level }) => level > LOG_LEVEL_INFO)).toEqual([]);
  });
});

const LOG_LEVEL_INFO = 30;
const typeOfLeaving = { interrupt: 'interrupted', cancel: 'client_cancelled' } as const;

function plansOf<T>(count: number, make: (index: number) => T): T[] {
  return Array.from({ length: count }, (_, index) => make(index));
}

function oldUtterance(index: number): OldUtterance {
  return {
    prompt: `Utterance ${index} of the older client is said here. It has a second sentence.`,
    screenshot,
    ...(index % 2 === 0 && { hardware_id: 'unknown' }),
  };
}

const device = randomUUID();

function modernUtterance(index: number): ModernUtterance {
  const subject = index % 10 === 4 || index % 10 === 9 ? 'endless' : index % 5 === 0 ? 'open' : 'utterance';
  const words = `${subject} ${index} of the newer client. It has a second sentence.`;
  const utterance = collecting(index, words);
  if (index % 10 === 4) return { ...utterance, leave: 'interrupt' };
  if (index % 10 === 9) return { ...utterance, leave: 'cancel' };
  if (index % 10 === 7) return { ...utterance, late: { chunk_seq: 99, chunk_text: 'overtaken' } };
  // Now and then the COMMIT has no words of its own: what was collected is the utterance.
  return index % 3 === 0 ? { ...utterance, prompt: '' } : utterance;
}

/** Whole hypotheses or tails, one word after the other; a chunk that comes twice, and one too late, count for nothing. */
function collecting(index: number, text: string): ModernUtterance {
  const words = text.split(' ').slice(0, 4);
  const rest = text.slice(words.join(' ').length);
  const hasTails = index % 2 === 1;
  const spoken = words.map((word, place) => ({
    chunk_seq: place + 1,
    chunk_text: hasTails && place > 0 ? ` ${word}` : words.slice(0, place + 1).join(' '),
  }));
  const chunks: Chunk[] = [{ chunk_seq: 0, screenshot }, ...spoken];
  chunks.push({ chunk_seq: 2, chunk_text: 'old words' });
  chunks.push({ chunk_seq: 10, chunk_text: hasTails ? rest : text });
  return {
    ids: { hardware_id: device, session_id: randomUUID() },
    chunks,
    prompt: text,
    welcome: { text: `Answer number ${index} was heard.`, language: 'en' },
    usage: { source: 'speech-recognition', input_tokens: index, output_tokens: 1 },
  };
}

type Chunk = ModernUtterance['chunks'][number];

/** The whole of a good answer; the server makes the session id of a client that has none. */
function answerTo(text: string, sessionId: unknown = expect.stringMatching(uuidV4)): object {
  const action = text.startsWith('open') ? ['action_message'] : [];
  return {
    kinds: [...sentence, ...sentence, ...action, 'end_message'],
    text,
    audioBytes: 2 * SOUND_BYTES_PER_SENTENCE,
    end: 'COMPLETED',
    code: 'OK',
    details: expect.any(String),
    sessionId,
  };
}

function modernOutcome(utterance: ModernUtterance): object {
  const { ids, chunks, leave, late } = utterance;
  const text = textOf(utterance);
  const accepted = { kinds: ['end_message'], end: 'COLLECT_ACCEPTED', code: 'OK' };
  const broken = { code: 'CANCELLED', end: null, sessionId: ids.session_id };
  const spoken = { kinds: ['metadata', ...sentence.slice(1), 'end_message'], code: 'OK' };
  return {
    collected: [...chunks, ...(late === undefined ? [] : [late])].map(() => expect.objectContaining(accepted)),
    answer:
      leave === undefined
        ? { ...answerTo(text, ids.session_id), errorType: null }
        : expect.objectContaining(leave === 'interrupt' ? { ...broken, errorType: 'interrupted' } : broken),
    interrupted:
      leave === 'interrupt'
        ? expect.objectContaining({ code: 'OK', success: true, interrupted_sessions: [ids.session_id] })
        : null,
    spoken: expect.objectContaining({ ...spoken, audioBytes: SOUND_BYTES_PER_SENTENCE }),
    reported: expect.objectContaining({ code: 'OK', success: true }),
  };
}

/** What the server must have understood. */
function textOf({ prompt, chunks }: ModernUtterance): string {
  if (prompt !== '') return prompt;
  let text = '';
  for (const { chunk_seq, chunk_text = '' } of chunks.filter((chunk) => chunk.chunk_text !== 'old words')) {
    text = chunk_text.startsWith(' ') ? text + chunk_text : chunk_seq === 0 ? text : chunk_text;
  }
  return text;
}

/** Waits until nothing runs and nothing is kept; chunks that came too late for their COMMIT expire. */
async function rest(server: ServerProcess): Promise<void> {
  const withinMs = COLLECT_TTL_SECONDS * 1000 + 5_000;
  await eventually(
    server.status,
    (status) => Object.entries(atRest).every(([name, value]) => status[name] === value),
    withinMs,
  );
}

async function measure(server: ServerProcess) {
  const { pid } = server.process;
  const probes = server.logsOf('probe').length;
  server.process.kill('SIGUSR2');
  const [probe] = await eventually(
    () => server.logsOf('probe').slice(probes),
    (found) => found.length === 1,
  );
  const count = (name: string) => Number(probe?.ctx?.[name]);
  const heap_bytes = count('heap_bytes');
  const external_bytes = count('external_bytes');
  const resident_bytes = count('resident_bytes');
  return {
    heap_bytes,
    external_bytes,
    resident_bytes,
    timers: count('timers'),
    files: readdirSync(`/proc/${pid}/fd`).length,
  };
}

/**
 * `recital demo`: the whole product in half a minute. Starts a server on free ports with the embedded engines, asks,
 * prints the transcript, writes the sound as WAV files, stops the server and replays the event logs of what was said. Needs no
 * network, no key and nothing installed. Where the environment names engines or a configuration file, the same is done with those.
 */

import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
import { wordsOf } from '../../errors.ts';
import { isBadLog } from '../../log/log-reader.ts';
import { commandWords, problemOf } from '../ask/ask.ts';
import { type AnswerCall, connect, type StreamingClient } from '../ask/client.ts';
import type { ServerAddress } from '../ask/server-address.ts';
import { createWavSink, isPlayable, secondsOf } from '../ask/sound.ts';
import { logBytes, type NamedLog, openLogs } from '../log/log-files.ts';
import { findLogs } from '../log/log-paths.ts';
import { replayOne } from '../replay/log-replay.ts';
import type { CommandContext, Environment } from '../terminal/command.ts';
import { type Output, printable } from '../terminal/output.ts';
import { type ServerProcess, settingsIn, startServerProcess } from './server-process.ts';

const outputFolder = 'recital-demo';

const questions = [
  { prompt: 'What time is it?', name: '1-what-time-is-it' },
  { prompt: 'Открой сафари', name: '2-open-safari' },
  { prompt: 'Tell me about yourself', name: '3-about-yourself' },
] as const;

/** What a signal has to stop. */
export interface RunningDemo {
  call: AnswerCall | undefined;
  isStopped: boolean;
}

/** Runs the demo, with a server that keeps its data in `dataFolder`; rejects for whatever does not work. */
export async function runDemo(
  { stdout, env }: CommandContext,
  dataFolder: string,
  running: RunningDemo,
): Promise<void> {
  mkdirSync(outputFolder, { recursive: true });
  stdout.line(stdout.styled('bold', 'Recital demo'));
  const startedAtMs = performance.now();
  const configured = configuredSettings(env);
  const settings = { ANSWER_ENGINE: 'embedded', SPEECH_ENGINE: 'embedded', ...configured, ...ownSettings(dataFolder) };
  const server = await startServerProcess(settings, { env });
  const startSeconds = ((performance.now() - startedAtMs) / 1000).toFixed(1);
  stdout.line(stdout.styled('dim', `A server of its own on 127.0.0.1:${server.grpcPort}, up after ${startSeconds} s.`));
  for (const { text, isWarning } of engineLines(server, configured !== undefined)) {
    stdout.line(stdout.styled(isWarning ? 'yellow' : 'dim', text));
  }
  try {
    await Promise.race([askAll(stdout, server, running), server.died]);
  } catch (error) {
    throw await withServerWords(error, server);
  }
  await server.stop();
  if (running.isStopped) return;
  const names = questions.map(({ name }) => `${name}.jsonl`);
  await replaySessions(stdout, join(dataFolder, 'event-logs'), names);
  stdout.line('');
  stdout.line(`${stdout.styled('green', 'Done.')} The server has stopped; sound and logs are in ./${outputFolder}/.`);
  const next = [
    `Next: "node dist/cli.js log show ${join(outputFolder, names[0] ?? '')}" shows a session turn by turn,`,
    `"node dist/cli.js inspect ${outputFolder}" all of them on their chart, in a browser;`,
    '"npm start" in one terminal, "node dist/cli.js ask \'What can you do?\'" in another asks your own.',
  ];
  for (const line of next) stdout.line(stdout.styled('dim', line));
}

/** What of the environment says which engines take part, with all that belongs to them; undefined = nothing, so the embedded ones do. */
export function configuredSettings(env: Environment): Readonly<Record<string, string>> | undefined {
  const settings = settingsIn(env);
  const names = ['CONFIG_FILE', 'ANSWER_ENGINE', 'SPEECH_ENGINE', 'KILL_SWITCHES'];
  if (!names.some((name) => Object.hasOwn(settings, name))) return undefined;
  // A file may choose the engines: what the environment does not say is left to it.
  const fromFile = { ANSWER_ENGINE: '', SPEECH_ENGINE: '' };
  return Object.hasOwn(settings, 'CONFIG_FILE') ? { ...fromFile, ...settings } : settings;
}

/** What is the demo's own, whatever is configured: ports nobody else has, and logs that it finds again and can replay. */
function ownSettings(dataFolder: string): Readonly<Record<string, string>> {
  return {
    GRPC_HOST: '127.0.0.1',
    GRPC_PORT: '0',
    HTTP_HOST: '127.0.0.1',
    HTTP_PORT: '0',
    DATA_DIR: dataFolder,
    EVENT_LOG: 'on',
    EVENT_LOG_DIR: join(dataFolder, 'event-logs'),
    EVENT_LOG_FILES: 'session',
    IDENTITY_POLICY: 'lenient',
    LOG_LEVEL: 'warn',
    LOG_FORMAT: 'json',
    LOG_LEVEL_NAMES: 'off',
  };
}

interface EngineLine {
  readonly text: string;
  readonly isWarning?: boolean;
}

/** Who answers and who speaks; an engine that is not the configured one is said with the reason, whatever else is in order. */
export function engineLines(
  { answerEngine, speechEngine, replaced }: Pick<ServerProcess, 'answerEngine' | 'speechEngine' | 'replaced'>,
  isConfigured: boolean,
): readonly EngineLine[] {
  const stoodIn = [
    { reason: replaced.answer, what: 'answer engine' },
    { reason: replaced.speech, what: 'voice' },
  ].flatMap(({ reason, what }) => (reason === undefined ? [] : [{ reason, what }]));
  if (stoodIn.length > 0) {
    const inUse = `Degraded, not as configured: ${answerEngine} answers, ${speechEngine} speaks.`;
    const reasons = stoodIn.map(
      ({ reason, what }) => `The embedded ${what} stands in for the configured one: ${printable(reason)}`,
    );
    return [inUse, ...reasons].map((text) => ({ text, isWarning: true }));
  }
  if (!isConfigured) return [{ text: 'Embedded rules answer, embedded voices speak: no network, no key.' }];
  return [{ text: `As configured: ${answerEngine} answers, ${speechEngine} speaks.` }];
}

/** The fault with what the server has to say about it: its last warnings, and how it ended if that was not in order. */
async function withServerWords(error: unknown, server: ServerProcess): Promise<Error> {
  const stopFault = await server.stop().then(
    () => [],
    (fault: unknown) => [wordsOf(fault)],
  );
  return new Error([wordsOf(error), ...stopFault, ...server.lastLines()].join('\n'), { cause: error });
}

async function askAll(stdout: Output, server: ServerProcess, running: RunningDemo): Promise<void> {
  const address = { text: `127.0.0.1:${server.grpcPort}`, isLoopback: true };
  const client = connect(address);
  try {
    for (const question of questions) {
      if (!running.isStopped) await askOne({ stdout, client, address, running, ...question });
    }
  } finally {
    client.close();
  }
}

interface DemoQuestion {
  readonly stdout: Output;
  readonly client: StreamingClient;
  readonly address: ServerAddress;
  readonly running: RunningDemo;
  readonly prompt: string;
  readonly name: string;
}

async function askOne({ stdout, client, address, running, prompt, name }: DemoQuestion): Promise<void> {
  const transcript = createTranscript(stdout);
  const path = join(outputFolder, `${name}.wav`);
  const sound = await createWavSink(path);
  stdout.line(`\n${stdout.styled('bold', `› ${prompt}`)}`);
  const call = client.ask({ prompt, hardwareId: 'recital-demo' });
  running.call = call;
  let hasEndMessage = false;
  try {
    for await (const frame of call.frames) {
      if (frame.kind === 'text_chunk') transcript.showText(frame.text);
      if (frame.kind === 'audio_chunk' && isPlayable(frame)) {
        transcript.countSound(frame.audio.length);
        await sound.write(frame.audio);
      }
      if (frame.kind === 'action_message') transcript.showCommand(commandWords(frame));
      if (frame.kind === 'end_message') hasEndMessage = true;
    }
    const end = await call.end;
    const place = await sound.finish();
    if (running.isStopped) return;
    const problem = problemOf({ end, hasEndMessage, place }, address);
    if (problem !== undefined) throw new Error(`"${prompt}" got no good end: ${problem.what} (${problem.kind})`);
    transcript.showFigures(prompt, path);
  } finally {
    await sound.finish();
  }
}

/** What one answer looks like while it comes, and its figures afterwards. */
function createTranscript(stdout: Output) {
  const startedAtMs = performance.now();
  let firstTextMs: number | undefined;
  let firstSoundMs: number | undefined;
  const paragraph = createParagraph(stdout);
  let pcmBytes = 0;
  let hasCommand = false;
  return {
    showText(text: string): void {
      firstTextMs ??= performance.now() - startedAtMs;
      paragraph.write(text);
    },
    countSound(bytes: number): void {
      firstSoundMs ??= performance.now() - startedAtMs;
      pcmBytes += bytes;
    },
    showCommand(words: string): void {
      hasCommand = true;
      paragraph.end();
      stdout.line(`  ${stdout.styled('cyan', `→ ${words}`)}`);
    },
    /**
     * Throws for an answer without text or sound: a demo that only looks well is worse than none. A model may give a command
     * without words.
     */
    showFigures(prompt: string, path: string): void {
      paragraph.end();
      if (firstTextMs === undefined && hasCommand) return;
      if (firstTextMs === undefined) throw new Error(`"${prompt}" was answered without a word`);
      if (firstSoundMs === undefined) throw new Error(`"${prompt}" was answered without sound`);
      const figures = [
        `first text ${firstTextMs.toFixed(0)} ms`,
        `first sound ${firstSoundMs.toFixed(0)} ms`,
        `${secondsOf(pcmBytes).toFixed(1)} s of sound in ${path}`,
      ];
      stdout.line(`  ${stdout.styled('dim', figures.join(' · '))}`);
    },
  };
}

const indent = '  ';

/** Streamed text, indented, with lines that end between words: a terminal alone would cut words and lose the indent. */
function createParagraph(stdout: Output) {
  const comfortableColumns = 100;
  const narrowestColumns = 40;
  // Some pseudo-terminals say that they have 0 columns.
  const columns = stdout.columns || comfortableColumns;
  const width = Math.max(narrowestColumns, Math.min(columns, comfortableColumns)) - indent.length;
  let column = 0;
  let hasSpace = false;
  const breakLine = () => {
    stdout.line('');
    column = 0;
    hasSpace = false;
  };
  const writeWord = (word: string) => {
    if (column > 0 && column + word.length + 1 > width && hasSpace) breakLine();
    const space = hasSpace && column > 0 ? ' ' : '';
    stdout.write(`${column === 0 ? indent : space}${word}`);
    column += space.length + word.length;
    hasSpace = false;
  };
  return {
    write(text: string): void {
      for (const piece of text.split(/(\s+)/)) {
        if (piece === '') continue;
        if (piece.trim() !== '') writeWord(piece);
        else if (piece.includes('\n')) breakLine();
        else hasSpace = true;
      }
    },
    end(): void {
      if (column > 0) breakLine();
    },
  };
}

/**
 * Executes the sessions in `logFolder` again and prints the verdicts; their logs are kept beside the sound under `names`, in the
 * order of the sessions. Throws unless all of them were recorded and are identical.
 */
async function replaySessions(stdout: Output, logFolder: string, names: readonly string[]): Promise<void> {
  const recorded: NamedLog[] = [];
  // In the order of their beginnings: the names of the files begin with it.
  for await (const named of openLogs((await findLogs([logFolder])).paths)) {
    if (isBadLog(named.log) || named.log.header.machine === 'session') recorded.push(named);
  }
  if (recorded.length !== names.length) {
    throw new Error(`${names.length} sessions were held, and ${recorded.length} of them have an event log`);
  }
  stdout.line(`\n${stdout.styled('bold', 'Their event logs, replayed')}`);
  for (const [index, named] of recorded.entries()) {
    const kept = join(outputFolder, names[index] ?? '');
    writeFileSync(kept, await logBytes(named.path));
    const { isIdentical, words } = verdictOn(named);
    stdout.line(`  ${stdout.styled(isIdentical ? 'green' : 'red', words)} · ${kept}`);
    if (!isIdentical) throw new Error(`the replay of a session went another way: ${words}`);
  }
}

function verdictOn(named: NamedLog): { readonly isIdentical: boolean; readonly words: string } {
  const { bad, divergence, turns, is_incomplete: isIncomplete, reason } = replayOne(named, false);
  if (bad !== null) return { isIdentical: false, words: `bad log: line ${bad.line}, ${bad.why}` };
  if (divergence !== null) {
    return { isIdentical: false, words: `diverged at turn ${divergence.turn}: ${divergence.field}` };
  }
  if (isIncomplete) return { isIdentical: false, words: 'the log ends before its session does' };
  return { isIdentical: true, words: `identical (${turns} turns, ${reason})` };
}

/**
 * `recital ask`: one question to a server, its answer to a person or, with --json, to a program. Its exit code is 0 only for a good
 * end.
 */
import { errorWords } from '../../error-words.ts';
import { isErrorType } from '../../errors.ts';
import { type CommandContext, exitCodes } from '../terminal/command.ts';
import type { Output } from '../terminal/output.ts';
import { type AnswerCall, type AnswerFrame, type CallEnd, connect, type Question } from './client.ts';
import type { ServerAddress } from './server-address.ts';
import { isPlayable, type SoundPlace, type SoundSink, secondsOf } from './sound.ts';

export interface AskOptions {
  readonly server: ServerAddress;
  readonly question: Question;
  readonly sound: SoundSink;
  readonly json: boolean;
}

/** Asks, prints and resolves with the exit code; never rejects for a failed call. */
export async function ask({ server, question, sound, json }: AskOptions, context: CommandContext): Promise<number> {
  const { stdout, stderr, stopOnSignals } = context;
  const client = connect(server);
  const call = client.ask(question);
  const stopped = stopOnSignals(() => {
    call.cancel();
    sound.abort();
  });
  try {
    const report = json ? await reportAsJson(call, sound, stdout) : await reportAsText(call, sound, context);
    const problem = problemOf(report, server);
    const signalCode = stopped();
    if (signalCode !== undefined) {
      stderr.line('stopped');
      return signalCode;
    }
    if (problem === undefined) return exitCodes.good;
    printProblem(stderr, problem);
    return exitCodes.failed;
  } finally {
    client.close();
  }
}

interface Report {
  readonly end: CallEnd;
  readonly hasEndMessage: boolean;
  readonly place: SoundPlace;
}

/** One object a line and nothing else on stdout; the last line is the status. */
async function reportAsJson(call: AnswerCall, sound: SoundSink, stdout: Output): Promise<Report> {
  const print = (line: Readonly<Record<string, unknown>>) => stdout.line(JSON.stringify(line));
  let hasEndMessage = false;
  for await (const frame of call.frames) {
    print(jsonOf(frame));
    if (frame.kind === 'audio_chunk' && isPlayable(frame)) await sound.write(frame.audio);
    if (frame.kind === 'end_message') hasEndMessage = true;
  }
  const end = await call.end;
  // Whoever reads the status may open the file.
  const place = await sound.finish();
  print({ kind: 'status', code: end.code, details: end.details, error_type: end.errorType });
  return { end, hasEndMessage, place };
}

function jsonOf(frame: AnswerFrame): Readonly<Record<string, unknown>> {
  switch (frame.kind) {
    case 'audio_chunk':
      return { kind: frame.kind, bytes: frame.audio.length };
    case 'action_message':
      return { kind: frame.kind, command: frame.command, args: frame.args };
    case 'browser_progress':
      return { kind: frame.kind, ...frame.progress };
    case 'text_chunk':
    case 'end_message':
    case 'error_message':
      return { kind: frame.kind, text: frame.text };
  }
}

/** Text as it comes, then the command, then where the sound went. */
async function reportAsText(call: AnswerCall, sound: SoundSink, { stdout, stderr }: CommandContext): Promise<Report> {
  const heard = { pcmBytes: 0, droppedChunks: 0 };
  let hasEndMessage = false;
  let text = '';
  let command: Extract<AnswerFrame, { kind: 'action_message' }> | undefined;
  for await (const frame of call.frames) {
    if (frame.kind === 'text_chunk') {
      text = frame.text;
      stdout.write(frame.text);
    }
    if (frame.kind === 'audio_chunk') await hear(frame, sound, heard);
    if (frame.kind === 'action_message') command = frame;
    if (frame.kind === 'end_message') hasEndMessage = true;
  }
  const end = await call.end;
  if (text !== '' && !text.endsWith('\n')) stdout.write('\n');
  if (command !== undefined) stdout.line(`${stdout.styled('cyan', 'command:')} ${commandWords(command)}`);
  const place = await sound.finish();
  const soundLabel = stdout.styled('cyan', 'sound:');
  if (heard.pcmBytes > 0) stdout.line(`${soundLabel} ${secondsOf(heard.pcmBytes).toFixed(1)} s, ${place.words}`);
  else if (text !== '' && end.code === 'OK') stdout.line(`${soundLabel} none came`);
  if (heard.droppedChunks > 0) {
    const why = 'that are not 48000 Hz mono int16, as any client would';
    stderr.line(`dropped ${heard.droppedChunks} audio chunks ${why}`);
  }
  return { end, hasEndMessage, place };
}

async function hear(
  frame: Extract<AnswerFrame, { kind: 'audio_chunk' }>,
  sound: SoundSink,
  heard: { pcmBytes: number; droppedChunks: number },
): Promise<void> {
  if (!isPlayable(frame)) {
    heard.droppedChunks += 1;
    return;
  }
  heard.pcmBytes += frame.audio.length;
  await sound.write(frame.audio);
}

/** A command for a person's eyes: its name and arguments. */
export function commandWords(frame: Extract<AnswerFrame, { kind: 'action_message' }>): string {
  return frame.command === null ? `(not readable) ${frame.json}` : `${frame.command} ${JSON.stringify(frame.args)}`;
}

export interface Problem {
  /** What went wrong, in the server's words. */
  readonly what: string;
  /** The status and, where the server named one, the error_type. */
  readonly kind: string;
  /** What to do about it. */
  readonly hint: string | undefined;
}

/** undefined for a good end: status OK after an end_message. */
export function problemOf(report: Report, server: ServerAddress): Problem | undefined {
  const { code, details, errorType } = report.end;
  if (code === 'OK') {
    if (report.place.isLost) return { what: `The sound is ${report.place.words}`, kind: code, hint: undefined };
    if (report.hasEndMessage) return undefined;
    return { what: 'The stream ended without an end_message.', kind: code, hint: 'Look at the log of the server.' };
  }
  return {
    what: details === '' ? 'The call failed without a text.' : details,
    kind: errorType === null ? code : `${code}, ${errorType}`,
    hint: hintOf(code, errorType, server),
  };
}

function hintOf(code: string, errorType: string | null, server: ServerAddress): string | undefined {
  if (isErrorType(errorType)) return errorWords[errorType].fix;
  // Every refusal of a Recital server names its error_type, so this one never came from it.
  if (code === 'UNAVAILABLE') return `Is a server listening on ${server.text}? "recital serve" starts one.`;
  return undefined;
}

function printProblem(stderr: Output, { what, kind, hint }: Problem): void {
  stderr.line(`${stderr.styled('red', 'error:')} ${what} (${kind})`);
  if (hint !== undefined) stderr.line(`${stderr.styled('dim', 'hint:')}  ${hint}`);
}

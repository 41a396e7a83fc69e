/**
 * What a session makes of an answer, step by step, and the digest of it that a log and its replay compare: free text as its length,
 * speech as "there is some", a command's arguments by their known names.
 */
import { hearCommand, hearEnd, hearQuiet, hearText } from '../../../src/machines/session/session.setup.ts';
import type { SessionContext } from '../../../src/machines/session/session.types.ts';
import { emptyAnswerEnvelope } from '../../../src/text/answer-envelope.ts';
import { argumentNames, type CommandName, commandNames, normaliseCommandName } from '../../../src/text/commands.ts';
import { DeltaShaper, shapeOf, shapeOfJson } from '../../../src/text/redaction-shape.ts';
import { emptySentenceCutter } from '../../../src/text/sentence-cutter.ts';
import { quietWaitMs } from '../../../src/text/sentence-quiet.ts';
import { initialSpeakable } from '../../../src/text/speakable.ts';

export type Step =
  | { readonly type: 'text'; readonly text: string }
  | { readonly type: 'quiet'; readonly quietMs?: number }
  | { readonly type: 'command'; readonly name: string; readonly args: unknown }
  | { readonly type: 'end' };

const startContext = (allowedCommands: readonly CommandName[]): SessionContext => ({
  request: { streamId: '', sessionId: '', hardwareId: '', prompt: '' },
  limits: {
    idleTimeoutMs: 0,
    firstTokenTimeoutMs: 0,
    answerStallTimeoutMs: 0,
    speechTimeoutMs: 0,
    sessionTimeoutMs: 0,
    maxFramesPerSecond: 0,
    speechLookahead: 0,
    speechFailure: 'degrade',
    allowedCommands,
  },
  envelope: emptyAnswerEnvelope,
  cutter: emptySentenceCutter,
  speakable: initialSpeakable,
  sentences: [],
  nextSegment: 0,
  synthesisedBelow: 0,
  command: null,
  watch: { idleCheckInMs: 0, speechCheckInMs: 0, stallCheckAtMs: 0, stallCheckInMs: 0 },
  lastSentenceAtMs: 0,
  failure: null,
});

/** The digest after each step, with what was dropped, as one line each. */
export function runSession(steps: readonly Step[], allowed: readonly CommandName[]): string[] {
  let context = startContext(allowed);
  return steps.map((step, atMs) => {
    const { patch, dropped } = hear(context, step, atMs);
    context = { ...context, ...patch };
    const reasons = dropped.map(({ reason, detail }) => `${reason}: ${detail}`);
    return JSON.stringify([digestOf(context, ''), reasons, quietWaitMs(context.cutter)]);
  });
}

function hear(context: SessionContext, step: Step, atMs: number) {
  switch (step.type) {
    case 'text':
      return { patch: hearText(context, { text: step.text, atMs }), dropped: [] };
    case 'quiet':
      return { patch: hearQuiet(context, { atMs, ...step }), dropped: [] };
    case 'command': {
      const { patch, dropped } = hearCommand(context, step);
      return { patch, dropped: dropped === null ? [] : [dropped] };
    }
    case 'end':
      return hearEnd(context);
  }
}

/** The steps as a log has them: shaped, the amendments carried out. */
export function shapeSteps(steps: readonly Step[]): Step[] {
  const shaper = new DeltaShaper();
  const shaped: Step[] = [];
  const amend = (amendments: readonly { readonly turn: number; readonly tail: string }[]) => {
    for (const { turn, tail } of amendments) {
      const step = shaped[turn];
      if (step?.type !== 'text') throw new Error(`turn ${turn} has no text`);
      shaped[turn] = { type: 'text', text: step.text.slice(0, step.text.length - tail.length) + tail };
    }
  };
  for (const [turn, step] of steps.entries()) {
    if (step.type === 'text') {
      const { text, amendments } = shaper.push(turn, step.text);
      shaped.push({ type: 'text', text });
      amend(amendments);
    } else if (step.type === 'command') {
      shaped.push({ type: 'command', name: shapeOf(step.name), args: shapeOfJson(step.args) });
    } else {
      shaped.push(step);
      if (step.type === 'end') amend(shaper.finish());
    }
  }
  return shaped;
}

/** Strings that are one of a few of ours, by the name of their field. */
const enumerated = ['mode', 'phase', 'role', 'expects', 'quote', 'openFence', 'kind', 'reason', 'detail'];

function digestOf(value: unknown, field: string): unknown {
  if (field === 'args') return digestOfArgs(value);
  if (typeof value === 'string') return digestOfText(value, field);
  if (typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) return value.map((item) => digestOf(item, field));
  return Object.entries(value).map(([key, item]) => [key, digestOf(item, key)]);
}

function digestOfText(text: string, field: string): unknown {
  if (enumerated.includes(field)) return text;
  if (field === 'speech') return text !== '';
  const isCommand =
    (field === 'name' || field === 'command') && commandNames.some((name) => name === normaliseCommandName(text));
  return isCommand ? normaliseCommandName(text) : text.length;
}

/** Of arguments only the known ones count, and what kind of value they have; digits, which may have been a number, count as digits. */
function digestOfArgs(args: unknown): unknown {
  if (typeof args === 'string') return args.length;
  if (typeof args !== 'object' || args === null) return typeof args;
  const known = Object.entries(args).filter(([key]) => argumentNames.includes(key));
  const lengthOf = (text: string) => (/^-?\d[\d.]*$/.test(text) ? 'digits' : text.length);
  return known
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([key, value]) => [key, typeof value === 'string' ? lengthOf(value) : typeof value]);
}

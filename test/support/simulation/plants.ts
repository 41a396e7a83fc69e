/**
 * Faults that are planted in a world to show that they are seen, one for each invariant: in the charts, in what stands between the server and its
 * surroundings, in its timers, in a finished log. The server's code stays as it is.
 */
import type { ConversationMemory } from '../../../src/actors/answer/conversation-memory.ts';
import type { QuotaPort } from '../../../src/actors/hosts/pending-calls.ts';
import type { Frame, FrameSink } from '../../../src/call/gateway.ts';
import { Stop } from '../../../src/call/stop-signal.ts';
import type { AnswerEngine, AnswerPart } from '../../../src/engines/answer-engine.ts';
import type { SpeechEngine } from '../../../src/engines/speech-engine.ts';
import type { SessionMachine } from '../../../src/machines/session/session.machine.ts';
import type { supervisorMachine } from '../../../src/machines/supervisor/supervisor.machine.ts';
import type { LogFields } from '../../../src/observe/logger.ts';
import { tampered } from '../replay/recorded-world.ts';
import type { Invariant } from './invariants.ts';

type SupervisorMachine = typeof supervisorMachine;

export interface ChartPlants {
  readonly supervisor?: (machine: SupervisorMachine) => SupervisorMachine;
  readonly sessions?: (machine: SessionMachine) => SessionMachine;
  /** What becomes of a finished log. */
  readonly log?: (text: string) => string;
}

export interface WorldPlants extends ChartPlants {
  readonly answers?: (engine: AnswerEngine) => AnswerEngine;
  readonly voice?: (engine: SpeechEngine) => SpeechEngine;
  readonly sink?: (sink: FrameSink) => FrameSink;
  readonly quota?: (quota: QuotaPort) => QuotaPort;
  readonly memory?: (memory: ConversationMemory) => ConversationMemory;
  /** False = the line is not written. */
  readonly isWritten?: (fields: LogFields) => boolean;
  /** Whether the clearing of a timer is forgotten, by how many came before. */
  readonly forgetsClear?: (clearing: number) => boolean;
}

const NEVER_MS = 1_000_000_000;
const never = (): boolean => false;

/** By the invariant that must see it. */
export const plants: Readonly<Record<Invariant, WorldPlants>> = {
  'one owner an id': { supervisor: (machine) => machine.provide({ guards: { isSessionInFlight: never } }) },
  slots: { supervisor: (machine) => machine.provide({ guards: { isFull: never } }) },
  'share of a device': {
    supervisor: (machine) => machine.provide({ guards: { isDeviceFull: never, isDeviceStreaming: never } }),
  },
  load: { supervisor: (machine) => machine.provide({ guards: { isOverloaded: never } }) },
  waiting: { supervisor: (machine) => machine.provide({ delays: { queueTimeout: NEVER_MS } }) },
  interrupts: { supervisor: (machine) => machine.provide({ actions: { interruptDevice: () => {} } }) },
  drain: { supervisor: (machine) => machine.provide({ guards: { isEmpty: () => true } }) },
  deadlines: {
    sessions: (machine) => machine.provide({ delays: { sessionTimeout: NEVER_MS, firstTokenTimeout: NEVER_MS } }),
  },
  'no fault': {
    sessions: (machine) =>
      machine.provide({
        actions: {
          hearEnd: () => {
            throw new Error('a planted fault');
          },
        },
      }),
  },
  'no timer left': { forgetsClear: (clearing) => clearing % 20 === 0 },
  'no live child': {
    // The engine is never told that nobody listens any more.
    answers: (engine) => ({ ...engine, answer: (request) => engine.answer(request, new Stop()) }),
  },
  'own text': { answers: (engine) => ({ ...engine, answer: (...asked) => foreign(engine.answer(...asked)) }) },
  'own sound': {
    voice: (engine) => ({
      ...engine,
      synthesise: (request, signal) => engine.synthesise({ ...request, text: ofAnother(request.text) }, signal),
    }),
  },
  'one terminal': {
    sink: (sink) =>
      altered(sink, {
        finish: (end) => {
          sink.finish(end);
          sink.finish(end);
        },
      }),
  },
  'one command': {
    sink: (sink) =>
      altered(sink, {
        write: (frame) => {
          sink.write(frame);
          if (frame.kind === 'action') sink.write(frame);
        },
      }),
  },
  'nothing after the end': { sink: frameBehindTheEnd },
  'order of frames': { sink: soundBeforeText },
  refusals: { isWritten: ({ decision }) => decision !== 'reject' },
  quota: {
    quota: (quota) => ({
      reserve: async (call, requests) => {
        const reserved = await quota.reserve(call, requests);
        if ('errorCode' in reserved) return reserved;
        return {
          settle: (isAdmitted) => {
            reserved.settle(isAdmitted);
            reserved.settle(isAdmitted);
          },
        };
      },
    }),
  },
  memory: {
    memory: (memory) => ({
      maxAnswerChars: memory.maxAnswerChars,
      timeMs: () => memory.timeMs(),
      recall: (hardwareId) => memory.recall(hardwareId),
      remember: (heard) => memory.remember({ ...heard, prompt: heard.prompt.replace('q', 'q9') }),
    }),
  },
  replay: {
    // One turn ends in another state than it did.
    log: (text) =>
      tampered(text, (lines) =>
        lines.map((line) => (line.kind === 'turn' && line.turn === 1 ? { ...line, state: 'elsewhere' } : line)),
      ),
  },
};

function altered(sink: FrameSink, change: Partial<Pick<FrameSink, 'write' | 'finish'>>): FrameSink {
  return {
    connection: sink.connection,
    attach: (listener) => sink.attach(listener),
    canWrite: () => sink.canWrite(),
    write: change.write ?? ((frame) => sink.write(frame)),
    finish: change.finish ?? ((end) => sink.finish(end)),
  };
}

function frameBehindTheEnd(sink: FrameSink): FrameSink {
  let last: Frame | null = null;
  return altered(sink, {
    write: (frame) => {
      last = frame;
      sink.write(frame);
    },
    finish: (end) => {
      sink.finish(end);
      if (last !== null) sink.write(last);
    },
  });
}

/** The first text waits for the frame behind it. */
function soundBeforeText(sink: FrameSink): FrameSink {
  let held: Frame | null | undefined;
  return altered(sink, {
    write: (frame) => {
      if (held === undefined && frame.kind === 'text') {
        held = frame;
        return;
      }
      sink.write(frame);
      if (held !== null && held !== undefined) sink.write(held);
      held = null;
    },
  });
}

async function* foreign(parts: AsyncIterable<AnswerPart>): AsyncIterable<AnswerPart> {
  for await (const part of parts) yield part.kind === 'text' ? { ...part, text: ofAnother(part.text) } : part;
}

function ofAnother(text: string): string {
  return text.replace(/k\d+s/, 'k0s');
}

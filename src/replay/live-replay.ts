/**
 * Says again what a recorded session said: a live actor of its chart, with stubbed children and a clock that stands
 * still, is fed every logged event, and what it emits is compared with the recorded digests. Where `replayer.ts` asks
 * the pure chart what it would do, this sees what an actor of XState really hands to its host: texts, the command, the
 * end.
 *
 * Sound is not made again: a log knows of it how many bytes a sentence had.
 */
import { type AnyEventObject, type AnyStateMachine, createActor, fromCallback } from 'xstate';
import { wordsOf } from '../errors.ts';
import { type LogTurn, THREW } from '../log/log-format.ts';
import type { EventLog } from '../log/log-reader.ts';
import { saidText } from '../record/turn-outcome.ts';
import type { Divergence } from './replayer.ts';

/** A frame as it went to the outbox, named as on the wire. What still waited there when a session failed never left. */
export type EmittedFrame =
  | { readonly turn: number; readonly kind: 'text_chunk'; readonly text: string }
  /** All sound of one sentence. */
  | { readonly turn: number; readonly kind: 'audio_chunk'; readonly bytes: number }
  | { readonly turn: number; readonly kind: 'action_message'; readonly command: string; readonly args: unknown }
  | { readonly turn: number; readonly kind: 'end_message' };

export interface LiveReplay {
  readonly frames: readonly EmittedFrame[];
  /** The first turn that said something else than was recorded; null = all the same. */
  readonly divergence: Divergence | null;
}

/** A clock of which no timer ever fires: that a delay passed is in the log. */
const inertClock = Object.freeze({ setTimeout: () => 0, clearTimeout: () => {} });

/** Says again what `log` recorded. */
export function replayLive(log: EventLog, machine: AnyStateMachine): LiveReplay {
  const frames: EmittedFrame[] = [];
  let said: string[] = [];
  let at = 0;
  let thrown: unknown = null;
  const actor = createActor(withStubbedChildren(machine), { id: 'replay', input: log.header.input, clock: inertClock });
  actor.on('*', (emitted) => {
    said.push(saidText(emitted, log.header.redaction));
    const frame = frameOf(emitted, at);
    if (frame !== null) frames.push(frame);
  });
  actor.subscribe({
    error: (error) => {
      thrown = error;
    },
  });
  for (const turn of log.turns) {
    // Behind its barrier a chart that throws says nothing, and goes on with the fault that is recorded next.
    if (turn.status === THREW) continue;
    said = [];
    at = turn.turn;
    // It was out when its sentence was told to be finished.
    const sound = soundOf(turn);
    if (sound !== null) frames.push(sound);
    if (turn.turn === 0) actor.start();
    else if (actor.getSnapshot().status === 'active') actor.send(turn.event);
    const divergence = differenceOf(turn, said, thrown);
    if (divergence !== null) {
      actor.stop();
      return { frames, divergence };
    }
  }
  actor.stop();
  return { frames, divergence: null };
}

function withStubbedChildren(machine: AnyStateMachine): AnyStateMachine {
  const stubs = Object.keys(machine.implementations.actors).map((name) => [name, fromCallback(() => {})]);
  return machine.provide({ actors: Object.fromEntries(stubs) });
}

function differenceOf({ turn, event, effects = [] }: LogTurn, said: readonly string[], thrown: unknown) {
  if (thrown !== null) {
    const message = wordsOf(thrown);
    return { turn, field: 'emitted', recorded: saidIn(effects), now: `the actor threw: ${message}`, event };
  }
  const recorded = saidIn(effects);
  const isSame = recorded.length === said.length && recorded.every((text, index) => text === said[index]);
  return isSame ? null : { turn, field: 'emitted', recorded, now: said, event };
}

function saidIn(effects: readonly string[]): readonly string[] {
  return effects.filter((effect) => effect.startsWith('say '));
}

function frameOf(emitted: AnyEventObject, turn: number): EmittedFrame | null {
  switch (emitted.type) {
    case 'sentence.reached':
      return { turn, kind: 'text_chunk', text: String(emitted.text) };
    case 'command.reached':
      return { turn, kind: 'action_message', command: String(emitted.command), args: emitted.args };
    case 'end.reached':
      return { turn, kind: 'end_message' };
    default:
      return null;
  }
}

function soundOf({ turn, event }: LogTurn): EmittedFrame | null {
  const bytes = event.type === 'speech.finished' ? event.audioBytes : 0;
  return typeof bytes === 'number' && bytes > 0 ? { turn, kind: 'audio_chunk', bytes } : null;
}

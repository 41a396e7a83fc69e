/** The answers to the questions of view-questions.ts: a part of the worker that is loaded apart from it, since few ask them. */
import { type ForkFault, fork, forkOptions } from './fork.ts';
import { sequenceOf } from './sequence.ts';
import { compareSessions } from './session-comparison.ts';
import { supervisorView } from './supervisor-view.ts';
import type { DebuggedLog, ViewAnswers, ViewQuestion } from './view-questions.ts';

/** `find` gives a log by its id, or throws why there is none. Throws what a person can do something about. */
export function answerView(question: ViewQuestion, find: (id: string) => DebuggedLog): ViewAnswers[keyof ViewAnswers] {
  const debugged = find(question.log);
  const { log, machine } = debugged;
  switch (question.kind) {
    case 'forkOptions':
      return withoutFault(forkOptions(log, machine, question.turn));
    case 'fork':
      return withoutFault(fork(log, machine, question.turn, question.change));
    case 'sequence':
      return sequenceOf(log, machine, question.supervisor === null ? null : find(question.supervisor).log, {
        around: question.around,
        snapshotAfter: (turn) => debugged.snapshotAfter(turn),
      });
    case 'compare':
      return compareSessions(debugged, find(question.other));
    case 'supervisor':
      return supervisorView(log, machine, {
        turn: question.turn,
        snapshotAfter: (turn) => debugged.snapshotAfter(turn),
      });
  }
}

function withoutFault<Answer extends object>(answer: Answer | ForkFault): Answer {
  if ('fault' in answer) throw new Error(answer.fault);
  return answer;
}

/**
 * The scripted answerer: plays the steps of a scenario's first answer whose `when` matches the prompt. Nothing is chosen,
 * timed or numbered by anything but the scenario, so a run can be repeated exactly. It answers from data alone: no state,
 * nothing to start or stop, any number of answers at once.
 */
import { assertNever } from '../../assert.ts';
import { EngineFailure } from '../../errors.ts';
import type { AnswerEngine, AnswerPart, AnswerRequest } from '../answer-engine.ts';
import { Pause, playScript, type Script } from '../paced-stream.ts';
import type { Scenario, ScenarioStep } from './scenario.ts';

/** The answer engine that plays `scenario`. A prompt that no answer matches is a declared failure, UNAVAILABLE. */
export function createScriptedAnswerEngine(scenario: Scenario): AnswerEngine {
  return {
    name: 'scripted',
    async start() {},
    answer: (request, signal) => playScript(scriptOf(scenario, request), signal),
    async stop() {},
  };
}

function* scriptOf(scenario: Scenario, request: AnswerRequest): Script<AnswerPart> {
  const answer = scenario.answers.find(({ when }) => when.test(request.prompt));
  if (answer === undefined) {
    throw new EngineFailure({ errorCode: 'UNAVAILABLE', message: 'no scripted answer matches the prompt' });
  }
  for (const step of answer.steps) {
    for (let count = 0; count < step.repeat; count += 1) yield partOf(step, request);
  }
}

function partOf(step: ScenarioStep, request: AnswerRequest): AnswerPart | Pause {
  switch (step.verb) {
    case 'say':
      return { kind: 'text', text: step.text };
    case 'echo':
      return { kind: 'text', text: request.prompt };
    case 'wait':
      return new Pause(step.ms);
    case 'hang':
      return new Pause(Number.POSITIVE_INFINITY);
    case 'command':
      // A copy: what one session does to its arguments must not reach the next one's.
      return { kind: 'command', name: step.name, args: structuredClone(step.args) };
    case 'usage': {
      const { inputTokens, outputTokens, model } = step;
      request.noteUsage?.({ inputTokens, outputTokens, model });
      // It gives nothing to pull: however often it is repeated, other work goes on.
      return new Pause(0);
    }
    case 'fail':
      throw new EngineFailure({ errorCode: step.errorCode, message: step.message });
    case 'throw':
      throw new Error(step.message);
    default:
      return assertNever(step);
  }
}

/**
 * The owner of admissions, memories and the ledger of tokens, as a worker has them: each question goes to the server's process and is answered
 * from there. A worker is nobody without it: whoever loses that process ends.
 *
 * A call that is asked for is asked, then granted, refused or abandoned. What is abandoned is told on the same line behind the question, so the
 * owner gives back what it granted meanwhile; an answer to it that is on its way is not heard. A grant is heard in the turn in which it comes.
 */
import type { ConversationMemory } from '../../actors/answer/conversation-memory.ts';
import type { AdmissionPort, AdmissionRequest, Asked, Grant } from '../../actors/hosts/admission-port.ts';
import { type Call, isOneDevice } from '../../call/call.ts';
import type { Config } from '../../config.ts';
import type { Exchange } from '../../engines/answer-engine.ts';
import { type Failure, failure } from '../../errors.ts';
import type { SharedPlaces } from '../../rpc/connection-bounds.ts';
import type { UsageLedger } from '../../rpc/unary-rpcs.ts';
import type { UsageEntry } from '../../store/usage-entry.ts';
import { isLongerThan, tooLongText } from '../../text/hypothesis.ts';
import type { ProcessLine } from './process-line.ts';
import type { FromWorker, SlimGrant, ToWorker } from './worker-messages.ts';

type OwnerLine = ProcessLine<FromWorker, ToWorker>;

/** What can be said no to is not asked of a process that takes nothing. */
const fullText = 'The server is overloaded: its admissions do not answer';

export interface OwnerOptions {
  readonly config: Pick<Config, 'collect'>;
  /** Counts and logs a refusal that the owner is not told of. */
  readonly refuse: (call: Call, why: Failure) => Failure;
}

const nothingToAbandon: Asked = Object.freeze({ abandon: () => {} });

export function admissionsOver(line: OwnerLine, { config, refuse }: OwnerOptions): AdmissionPort {
  const { promptMaxChars } = config.collect;
  return {
    ask: (request, answer) => {
      const { call, utterance } = request;
      if (line.isFull) {
        answer(refuse(call, failure('overloaded', fullText)));
        return nothingToAbandon;
      }
      const prompt = utterance?.prompt ?? null;
      // Words that nobody may have in full are not sent: how long they are is bounded by the wire alone.
      const fault =
        prompt !== null && isLongerThan(prompt, promptMaxChars)
          ? tooLongText('The prompt', prompt, promptMaxChars)
          : null;
      let isOpen = true;
      line.ask('admission', { call, prompt: fault === null ? prompt : '', fault }, (verdict) => {
        if (!isOpen) return;
        isOpen = false;
        answer('errorCode' in verdict ? verdict : wholeGrant(verdict, request));
      });
      return {
        abandon: () => {
          if (!isOpen) return;
          isOpen = false;
          line.tell({ kind: 'abandoned', call });
        },
      };
    },
    released: (streamId, freed) => line.ask('released', { streamId }, freed),
    collect: (chunk, answer) => {
      if (line.isFull) answer(refuse(chunk.call, failure('overloaded', fullText)));
      else line.ask('collect', { chunk }, answer);
    },
    loaded: (reasons) => line.tell({ kind: 'loaded', reasons }),
    refuse: (call, why) => line.tell({ kind: 'refused', call, why }),
    interrupt: (hardwareId, answer) => line.ask('interrupt', { hardwareId }, answer),
  };
}

/** What the request brings itself goes before what was collected, as in utterance-collector.ts. */
function wholeGrant(
  { activeStreams, prompt, screen, leader, leaderWorker }: SlimGrant,
  { utterance }: AdmissionRequest,
): Grant {
  if (leader !== undefined) {
    return { activeStreams, utterance: null, leader, ...(leaderWorker !== undefined && { leaderWorker }) };
  }
  if (utterance === null) return { activeStreams, utterance, leader: null };
  return {
    activeStreams,
    leader: null,
    utterance: { prompt: prompt ?? utterance.prompt, screen: { ...screen, ...utterance.screen } },
  };
}

export function memoryOver(line: OwnerLine, { memory }: Pick<Config, 'memory'>): ConversationMemory | null {
  if (!memory.isOn) return null;
  return {
    maxAnswerChars: memory.maxChars,
    timeMs: () => Date.now(),
    recall: (hardwareId) => (isOneDevice(hardwareId) ? recall(line, hardwareId) : null),
    remember: (heard) => {
      if (isOneDevice(heard.hardwareId)) line.tell({ kind: 'remember', heard });
    },
  };
}

function recall(line: OwnerLine, hardwareId: string): Promise<readonly Exchange[]> {
  if (line.isFull) return Promise.reject(new Error(fullText));
  return new Promise((resolve, reject) => {
    line.ask('recall', { hardwareId }, (recalled) => {
      if ('exchanges' in recalled) resolve(recalled.exchanges);
      else reject(new Error(recalled.reason));
    });
  });
}

export interface UsageLink extends UsageLedger {
  /** Nobody waits for it. */
  note(entry: UsageEntry): void;
}

export function usageOver(line: OwnerLine): UsageLink {
  return {
    record: async (entry) => {
      if (line.isFull) return { stored: false, reason: fullText };
      return new Promise((resolve) => line.ask('usage', { entry }, resolve));
    },
    note: (entry) => line.tell({ kind: 'used', entry }),
  };
}

export function placesOver(line: OwnerLine): SharedPlaces {
  return {
    come: (answer) => {
      if (line.isFull) answer(false);
      else line.ask('connected', {}, answer);
    },
    gone: () => line.tell({ kind: 'disconnected' }),
  };
}

/** A quota and a memory that answer at once, late, badly or never, and notice when they are used badly themselves. */
import type { ConversationMemory } from '../../../src/actors/answer/conversation-memory.ts';
import type { QuotaPort } from '../../../src/actors/hosts/pending-calls.ts';
import type { Exchange } from '../../../src/engines/answer-engine.ts';
import { failure } from '../../../src/errors.ts';
import type { Chance } from '../replay/erratic-engines.ts';
import { type Ledger, ownWords } from './invariants.ts';
import type { VirtualTime } from './virtual-time.ts';

interface Outside {
  readonly time: VirtualTime;
  readonly ledger: () => Ledger;
  readonly chance: Chance;
  readonly exercised: (what: string) => void;
}

export function simulatedQuota({ time, ledger, chance, exercised }: Outside): QuotaPort {
  const left = new Map<string, number>();
  return {
    reserve: (call, requests) => {
      ledger().outsideJobs += 1;
      const isDenied = (left.get(call.hardwareId) ?? 12) < requests;
      if (!isDenied) left.set(call.hardwareId, (left.get(call.hardwareId) ?? 12) - requests);
      exercised(isDenied ? 'quota refused' : 'quota taken');
      let settled = 0;
      const reservation = {
        settle: (isAdmitted: boolean) => {
          settled += 1;
          if (settled > 1) ledger().breach('quota', `${call.streamId}: settled ${settled} times`);
          if (!isAdmitted) left.set(call.hardwareId, (left.get(call.hardwareId) ?? 0) + requests);
          ledger().quotaSettled(call.streamId, isAdmitted);
        },
      };
      if (!isDenied) ledger().quotaTaken(call.streamId);
      return new Promise((resolve) => {
        const answer = (): void => {
          ledger().outsideJobs -= 1;
          resolve(isDenied ? failure('access_denied', 'nothing is left for today') : reservation);
        };
        if (chance() < 0.4) answer();
        else time.after(chance() * 250, answer);
      });
    },
  };
}

export function simulatedMemory({ time, ledger, chance, exercised }: Outside): ConversationMemory {
  const kept = new Map<string, Exchange[]>();
  const later = (hardwareId: string, ms: number) =>
    new Promise<readonly Exchange[]>((resolve, reject) => {
      time.after(ms, () => {
        if (chance() < 0.2) reject(new Error('the memory is broken'));
        else resolve(kept.get(hardwareId) ?? []);
      });
    });
  return {
    maxAnswerChars: 300,
    timeMs: () => Math.round(time.now()),
    recall: (hardwareId) => {
      const kind = Math.floor(chance() * 5);
      exercised(`memory ${['none', 'at once', 'at once', 'soon', 'late'][kind] ?? ''}`);
      if (kind === 0) return null;
      if (kind < 3) return kept.get(hardwareId) ?? [];
      return later(hardwareId, kind === 3 ? chance() * 100 : 400 + chance() * 800);
    },
    remember: ({ hardwareId, prompt, answer }) => {
      if (!ownWords(prompt, answer)) {
        ledger().breach('memory', `${JSON.stringify(answer.slice(0, 60))} is remembered as an answer to ${prompt}`);
      }
      kept.set(hardwareId, [{ prompt, answer }, ...(kept.get(hardwareId) ?? [])].slice(0, 3));
    },
  };
}

/**
 * What a client is told when nobody answered: one failure for all tries. Its code is that of the first provider whose trouble may pass, as
 * then it makes sense to try again; else that of the first. Its text names each provider once, and no key.
 */
import { EngineFailure, type ErrorCode } from '../../errors.ts';
import type { ChatProvider } from './chat-provider.ts';
import type { ProviderFault } from './provider-fault.ts';
import { withoutSecrets } from './secret-words.ts';

export interface FailedTry {
  readonly provider: ChatProvider;
  readonly fault: ProviderFault;
}

const passingCodes: readonly ErrorCode[] = Object.freeze(['UNAVAILABLE', 'DEADLINE_EXCEEDED', 'RESOURCE_EXHAUSTED']);

/** The failure of an answer after these tries, at least one of them. */
export function failureOfTries(tries: readonly FailedTry[]): EngineFailure {
  const lastOfEach = new Map(tries.map((each) => [each.provider, each]));
  const lasts = [...lastOfEach.values()];
  const chosen = lasts.find(({ fault }) => passingCodes.includes(fault.errorCode)) ?? lasts[0];
  const message = lasts.map(textOf).join('; ');
  return new EngineFailure({ errorCode: chosen?.fault.errorCode, message }, { cause: chosen?.fault });
}

function textOf({ provider, fault }: FailedTry): string {
  const { name, apiKey } = provider.options;
  return withoutSecrets(`the model provider ${name} ${fault.message}`, apiKey?.reveal() ?? '');
}

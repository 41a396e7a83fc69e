/** How a chart is over, said of its last turn: by its reason, with the words of the failure and what to do about it. */
import { errorWords } from '../../../error-words.ts';
import { isErrorType } from '../../../errors.ts';
import { isFailedEnd } from '../../../log/log-reader.ts';
import { useAnswer } from '../engine.ts';
import { store } from '../store.ts';

interface EndingProps {
  readonly log: string;
  readonly turn: number;
  /** Of the chart: 'done', 'error', … */
  readonly status: string;
}

export function Ending({ log, turn, status }: EndingProps) {
  const { answer } = useAnswer({ kind: 'value', log, turn, path: 'failure.message' });
  // A live log tells its reason with its last line, which comes a little later.
  const reason = store.overview.value?.reason ?? '';
  const isBad = status !== 'done' || isFailedEnd(reason);
  const message = answer?.after ?? null;
  return (
    <div class={isBad ? 'ending is-bad' : 'ending is-good'}>
      <p>The chart is over: {reason === '' || status !== 'done' ? status : reason}.</p>
      {message !== null && <p dir="auto">{textOf(message)}</p>}
      {isBad && isErrorType(reason) && <p class="nothing">What to do: {errorWords[reason].fix}</p>}
    </div>
  );
}

/** A value of the context comes as JSON; one that was shortened is none. */
function textOf(json: string): string {
  try {
    return String(JSON.parse(json));
  } catch {
    return json;
  }
}

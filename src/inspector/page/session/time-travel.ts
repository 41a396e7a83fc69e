/** To another turn of the shown log, by what happened in it. A later wish overtakes an earlier one whose answer is still on its way. */
import type { TurnMark } from '../../debugger/messages.ts';
import { ask } from '../engine.ts';
import { goToTurn, sayBriefly, store } from '../store.ts';

let lastWish = 0;

/** Shows the nearest turn before or after `from` (the shown one unless told) in which `mark` is true, or says that there is none. */
export async function seekTurn(mark: TurnMark, direction: 'before' | 'after', from = store.turn.peek()): Promise<void> {
  const log = store.log.peek();
  if (log === null) return;
  lastWish += 1;
  const wish = lastWish;
  let found: number | null;
  try {
    found = await ask({ kind: 'seek', log, turn: from, direction, mark });
  } catch (error) {
    sayBriefly(error instanceof Error ? error.message : String(error));
    return;
  }
  if (wish !== lastWish || store.log.peek() !== log) return;
  if (found !== null) goToTurn(found);
  else sayBriefly(`There is no ${direction === 'before' ? 'earlier' : 'later'} turn in which ${wordsOf(mark)}.`);
}

function wordsOf(mark: TurnMark): string {
  switch (mark.kind) {
    case 'entered':
      return `${mark.state} was entered`;
    case 'changed':
      return `${mark.path} changed`;
    case 'led':
      return 'the state changed';
    case 'by':
      return 'anything had come';
  }
}

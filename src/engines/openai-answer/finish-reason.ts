/**
 * What the reason means with which a model ended its answer. Everybody has words of his own for it, in his own letter case: the families are
 * known by their words, and what belongs to none of them is a failure of the call. Pure.
 *
 * Finish 1: only an answer that ended in order has a command, and in order are the contract's four reasons alone (CONTRACT §1, "Commands"):
 * what other protocols call the same makes its words whole, but nobody promised that nothing was to follow.
 * Finish 2: no reason is none: absent, empty, "null", unspecified. Then `[DONE]` decides.
 */

export type Ending =
  | 'inOrder'
  /** Whole by a word that is none of the contract's. */
  | 'whole'
  /** Its longest length, or that of the context, was reached. */
  | 'length'
  /** A filter, a policy or the model itself kept the rest back. */
  | 'contentFilter'
  | 'failed';

const inOrder = /^(?:stop|tool_?calls|function_?call|end_?turn)$/;
/** Of those who finished, in the words of other protocols behind a gateway. */
const whole =
  /^(?:tool_?call|function_?calls|tool_?use|stop_?sequence|stop_?token|eos|eos_?token|end_?of_?(?:text|turn|sequence)|completed?|finish(?:ed)?|done)$/;
const noReason = /^(?:|null|none|undefined|unspecified)$/;
const filtered =
  /filter|safety|unsafe|refus|prohibit|block|recitation|spii|sensitive|moderat|polic(?:y|ies)|guardrail|toxic|harm|flagged|censor|inappropriate|model_armor|^language$/;
/** A cancelled context is one of Go's, and no length. */
const cutByLength = /length|max(?:imum)?_|tokens|token_?limit|context(?!_?(?:cancel|deadline))|too_?long|truncat/;

/** null = that is no reason. */
export function endingOf(reason: string): Ending | null {
  const words = reason
    .trim()
    // endTurn, END_TURN, end-turn.
    .replace(/(?<=[a-z])(?=[A-Z])/g, '_')
    .toLowerCase()
    .replace(/[^\p{L}\p{N}]+/gu, '_')
    .replace(/^_+|_+$/g, '')
    // FinishReason.STOP, FINISH_REASON_STOP: the name of the enumeration.
    .replace(/^finish_?reason_/, '');
  if (noReason.test(words)) return null;
  if (inOrder.test(words)) return 'inOrder';
  if (whole.test(words)) return 'whole';
  if (filtered.test(words)) return 'contentFilter';
  return cutByLength.test(words) ? 'length' : 'failed';
}

const severity: Readonly<Record<Ending, number>> = Object.freeze({
  inOrder: 0,
  whole: 1,
  length: 2,
  contentFilter: 3,
  failed: 4,
});

/** Of two reasons that one stream gives, that which says less good of it: gateways add a "stop" of their own behind a "length". */
export function worseEnding(one: Ending | null, other: Ending | null): Ending | null {
  if (one === null || other === null) return one ?? other;
  return severity[one] >= severity[other] ? one : other;
}

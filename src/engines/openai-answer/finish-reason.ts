/**
 * What the reason means with which a model ended its answer. Everybody has words of his own for it, in his own letter case: the families are
 * known by their words, and what belongs to none of them is a failure of the call. Pure.
 *
 * Finish 1: only an answer that ended in order has a command.
 * Finish 2: no reason is none: absent, empty, "null", unspecified. Then `[DONE]` decides.
 */

export type Ending =
  | 'inOrder'
  /** Its longest length, or that of the context, was reached. */
  | 'length'
  /** A filter, a policy or the model itself kept the rest back. */
  | 'contentFilter'
  | 'failed';

/** The reasons of those who finished: the protocol's own, then what other protocols behind a gateway call the same. */
const inOrder =
  /^(?:stop|tool_?calls?|function_?calls?|end_?turn|tool_?use|stop_?sequence|stop_?token|eos|eos_?token|end_?of_?(?:text|turn|sequence)|completed?|finish(?:ed)?|done)$/;
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
  if (filtered.test(words)) return 'contentFilter';
  return cutByLength.test(words) ? 'length' : 'failed';
}

const severity: Readonly<Record<Ending, number>> = Object.freeze({
  inOrder: 0,
  length: 1,
  contentFilter: 2,
  failed: 3,
});

/** Of two reasons that one stream gives, that which says less good of it: gateways add a "stop" of their own behind a "length". */
export function worseEnding(one: Ending | null, other: Ending | null): Ending | null {
  if (one === null || other === null) return one ?? other;
  return severity[one] >= severity[other] ? one : other;
}

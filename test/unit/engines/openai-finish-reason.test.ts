/** Reasons to finish, as the providers of the world spell them. */
import { expect, test } from 'vitest';
import { type Ending, endingOf, worseEnding } from '../../../src/engines/openai-answer/finish-reason.ts';

const families: readonly (readonly [Ending | null, readonly string[]])[] = [
  [
    'inOrder',
    ['stop', 'STOP', 'Stop', ' stop ', 'tool_calls', 'tool-calls', 'toolCalls', 'TOOL_CALLS', 'function_call'],
  ],
  ['inOrder', ['end_turn', 'END_TURN', 'endTurn', 'End-Turn', 'FUNCTION_CALL']],
  ['whole', ['eos', 'eos_token', 'tool_use', 'stop_sequence', 'COMPLETE', 'completed', 'tool_call', 'done']],
  ['length', ['length', 'LENGTH', 'max_tokens', 'MAX_TOKENS', 'maxTokens', 'model_length', 'max_output_tokens']],
  [
    'length',
    ['model_context_window_exceeded', 'context_length_exceeded', 'token_limit', 'truncated', 'max_new_tokens'],
  ],
  [
    'contentFilter',
    ['content_filter', 'content-filter', 'CONTENT_FILTERED', 'SAFETY', 'IMAGE_SAFETY', 'refusal', 'spii'],
  ],
  [
    'contentFilter',
    ['prohibited_content', 'PROHIBITED_CONTENT', 'BLOCKLIST', 'blocked', 'RECITATION', 'SPII', 'LANGUAGE'],
  ],
  ['contentFilter', ['sensitive', 'guardrail_intervened', 'ERROR_TOXIC', 'content_policy_violation', 'moderation']],
  ['failed', ['error', 'ERROR', 'abort', 'aborted', 'cancelled', 'insufficient_system_resource', 'network_error']],
  ['failed', ['MALFORMED_FUNCTION_CALL', 'UNEXPECTED_TOOL_CALL', 'OTHER', 'unknown', 'timeout', 'pause_turn', 'load']],
  [
    'failed',
    ['context_canceled', 'context deadline exceeded', 'incomplete', 'model_error', 'ошибка', 'x'.repeat(5_000)],
  ],
  ['inOrder', ['FINISH_REASON_STOP', 'FinishReason.STOP', 'finishReason.end_turn', 'FinishReason.TOOL_CALLS']],
  ['length', ['FINISH_REASON_MAX_TOKENS', 'FinishReason.LENGTH']],
  ['contentFilter', ['FINISH_REASON_SAFETY', 'FinishReason.RECITATION']],
  ['failed', ['FINISH_REASON_OTHER', 'FinishReason.ERROR', 'finish_reason']],
  [null, ['', ' ', 'null', 'None', 'FINISH_REASON_UNSPECIFIED', 'undefined']],
];

test.each(families.flatMap(([ending, reasons]) => reasons.map((reason) => [reason.slice(0, 40), reason, ending])))(
  '%s',
  (_shown, reason, ending) => {
    expect(endingOf(reason ?? '')).toBe(ending);
  },
);

test('of two reasons the worse one counts, in whichever order they come', () => {
  expect(worseEnding('length', 'inOrder')).toBe('length');
  expect(worseEnding('inOrder', 'whole')).toBe('whole');
  expect(worseEnding('whole', 'length')).toBe('length');
  expect(worseEnding('inOrder', 'contentFilter')).toBe('contentFilter');
  expect(worseEnding(null, 'inOrder')).toBe('inOrder');
  expect(worseEnding('inOrder', null)).toBe('inOrder');
  expect(worseEnding(null, null)).toBeNull();
});

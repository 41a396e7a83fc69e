/**
 * One question as the body of a chat completions request: system, what was said before as real messages, then the utterance with its
 * screenshot. What users said never becomes part of the system prompt. Leaves out what the endpoint does not take.
 */
import type { ChatCompletionContentPart, ChatCompletionCreateParamsStreaming } from 'openai/resources/chat/completions';
import type { AnswerImage, AnswerRequest } from '../answer-engine.ts';
import type { ChatProviderOptions, ChatTool } from './chat-provider-options.ts';
import { maxTokensField, type OptionalField, type RefusedFields } from './refused-fields.ts';
import { systemPrompt } from './system-prompt.ts';

/** What is the same for all requests. */
export interface ChatTask {
  /** The commands that the model may give; empty = none. */
  readonly tools: readonly ChatTool[];
  /** The operator's system prompt; null = ours. */
  readonly systemPrompt: string | null;
}

type Body = ChatCompletionCreateParamsStreaming;

export interface ChatRequestInput {
  readonly request: AnswerRequest;
  readonly task: ChatTask;
  readonly provider: ChatProviderOptions;
  readonly refused: RefusedFields;
}

/** The body, and which of the fields that an endpoint may refuse are in it. */
export function chatRequest(input: ChatRequestInput): { readonly body: Body; readonly sent: readonly OptionalField[] } {
  const { request, task, provider, refused } = input;
  const { model, temperature, maxTokens } = provider;
  const has = {
    stream_options: !refused.has('stream_options'),
    temperature: temperature !== null && !refused.has('temperature'),
    tools: task.tools.length > 0 && !refused.has('tools'),
    image: request.screenshot !== undefined && !refused.has('image'),
  };
  const tokensField = maxTokens === 0 ? null : maxTokensField(refused);
  const body: Body = {
    model,
    stream: true,
    messages: messagesOf(input, has.image),
    ...(has.stream_options && { stream_options: { include_usage: true } }),
    ...(has.temperature && { temperature }),
    ...(has.tools && { tools: toolsOf(task) }),
    ...(tokensField !== null && { [tokensField]: maxTokens }),
  };
  const sent: OptionalField[] = tokensField === null ? [] : [tokensField];
  if (has.stream_options) sent.push('stream_options');
  if (has.temperature) sent.push('temperature');
  if (has.tools) sent.push('tools');
  if (has.image) sent.push('image');
  return { body, sent };
}

function messagesOf({ request, task }: ChatRequestInput, hasImage: boolean): Body['messages'] {
  const { prompt, screenshot, history = [] } = request;
  const system = systemPrompt({
    template: task.systemPrompt,
    tools: task.tools,
    prompt,
    notes: screenshot === undefined ? [] : [screenNote(request, hasImage)],
  });
  // A turn without an answer was interrupted; some endpoints refuse an empty message.
  const said = history.filter((exchange) => exchange.prompt.trim() !== '' && exchange.answer.trim() !== '');
  return [
    { role: 'system', content: system },
    ...said.flatMap((exchange): Body['messages'] => [
      { role: 'user', content: exchange.prompt },
      { role: 'assistant', content: exchange.answer },
    ]),
    { role: 'user', content: screenshot === undefined || !hasImage ? prompt : partsOf(prompt, screenshot) },
  ];
}

/** What the image is: else a model takes a picture of the desktop for a photograph, and pixels of it for those of the screen. */
function screenNote({ screenWidth, screenHeight }: AnswerRequest, hasImage: boolean): string {
  if (!hasImage)
    return "A screenshot of the user's screen came along, but you cannot see images. Say so if it matters.";
  const isKnown = screenWidth !== undefined && screenHeight !== undefined && screenWidth > 0 && screenHeight > 0;
  const size = isKnown ? `, which has ${screenWidth} by ${screenHeight} pixels` : '';
  return `The image is a screenshot of the user's screen${size}. Use it only if the question is about it.`;
}

function partsOf(prompt: string, { bytes, mediaType }: AnswerImage): ChatCompletionContentPart[] {
  const base64 = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('base64');
  return [
    { type: 'text', text: prompt },
    { type: 'image_url', image_url: { url: `data:${mediaType};base64,${base64}` } },
  ];
}

function toolsOf({ tools }: ChatTask): NonNullable<Body['tools']> {
  return tools.map(({ name, description, parameters }) => ({
    type: 'function',
    function: { name, description, parameters: { ...parameters } },
  }));
}

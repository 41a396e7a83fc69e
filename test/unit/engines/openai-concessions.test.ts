/**
 * What a refusal asks a request to give up, and whether that is remembered. The words are those of real endpoints, from public reports about
 * them: a rule has to find its way through all of them.
 */
import { describe, expect, test } from 'vitest';
import {
  type Concession,
  concessionFor,
  givenUpAtFirst,
  limitField,
  type RequestPart,
  withGivenUp,
} from '../../../src/engines/openai-answer/concessions.ts';
import { readErrorBody } from '../../../src/engines/provider/error-words.ts';

const everything: readonly RequestPart[] = [
  ...(['stream', 'stream_options', 'max_tokens', 'limit', 'temperature', 'tools', 'system'] as const),
  ...(['image', 'picture', 'older_history', 'history'] as const),
];

interface Asked {
  /** Parts that were not sent, or have been given up. */
  readonly without?: readonly RequestPart[];
  readonly conceded?: readonly RequestPart[];
  readonly model?: string;
  readonly isRepeated?: boolean;
}

/** `temperature` = lasting; `(picture)` = for this request alone; null = none. */
function given(
  status: number,
  body: unknown,
  { without = [], conceded = [], model = 'm', isRepeated = false }: Asked = {},
) {
  const words = readErrorBody(typeof body === 'string' ? body : JSON.stringify(body), {});
  const sent = new Set(everything.filter((each) => !without.includes(each)));
  return shown(concessionFor({ status, signs: words.signs }, { sent, conceded: new Set(conceded), model, isRepeated }));
}

function shown(concession: Concession | null): string | null {
  if (concession === null) return null;
  const parts = concession.parts.join(' ');
  return concession.isLasting ? parts : `(${parts})`;
}

/** As OpenAI shapes it. */
const said = (message: string, more: object = {}) => ({ error: { message, type: 'invalid_request_error', ...more } });
/** As vLLM shapes it. */
const object = (message: string, code = 400) => ({
  object: 'error',
  message,
  type: 'BadRequestError',
  param: null,
  code,
});

describe('a picture that is itself at fault is left out, and nothing is learned from it', () => {
  test.each([
    [
      400,
      said('Your input image may contain content that is not allowed by our safety system.', {
        code: 'content_policy_violation',
      }),
    ],
    [
      400,
      said('You uploaded an unsupported image. Please make sure your image is valid.', {
        code: 'invalid_image_format',
      }),
    ],
    [400, said('Invalid image data.', { code: 'image_parse_error' })],
    [400, said('Image is too large: 8 MB.', { code: 'image_too_large' })],
    [400, { type: 'error', error: { type: 'invalid_request_error', message: 'Could not process image' } }],
    [
      400,
      said(
        'messages.1.content.1.image.source.base64.data: At least one of the image dimensions exceed max allowed size: 8000 pixels',
      ),
    ],
    [400, said('messages.1.content.1.image.source.base64: image exceeds 5 MB maximum: 6291456 bytes > 5242880 bytes')],
    [
      400,
      said('messages.0.content.1.image.source.base64.data: Image does not match the provided media type image/png'),
    ],
    [
      400,
      said(
        "messages.0.content.1.image.source.base64.media_type: Input should be 'image/jpeg', 'image/png', 'image/gif' or 'image/webp'",
      ),
    ],
    [
      400,
      [
        {
          error: {
            code: 400,
            message: 'Unable to process input image. Please retry or report',
            status: 'INVALID_ARGUMENT',
          },
        },
      ],
    ],
    [400, said('Unsupported image format: webp is not supported.')],
    [400, said('This model does not support the image format image/webp.')],
    [400, said('Failed to download image from https://example.org/a.png')],
    [400, object('cannot identify image file <_io.BytesIO object at 0x7f>')],
    [500, { error: { code: 500, message: 'Failed to load image or audio file', type: 'server_error' } }],
    [400, { error: { code: 400, message: 'failed to process image', type: 'invalid_request_error' } }],
    [400, { error: 'illegal base64 data at input byte 5' }],
    [413, '<html><head><title>413 Request Entity Too Large</title></head></html>'],
    [413, said('Request payload is too large')],
    [415, said('Unsupported Media Type')],
    [
      400,
      {
        code: 'InvalidParameter',
        message:
          'The image length and width do not meet the model restrictions. [height:8 or width:8 must be larger than 10]',
      },
    ],
    [400, { code: 'DataInspectionFailed', message: 'Input data may contain inappropriate content.' }],
    [
      400,
      said('Vision-request prompt tokens exceed the cap. For image inputs, downscale the image', {}),
      ['history', 'older_history'],
    ],
    [
      403,
      {
        error: {
          code: 403,
          message:
            'openai/gpt-4o requires moderation on OpenAI. Your input was flagged for "violence". No credits were charged.',
        },
      },
    ],
    [400, said('Images with transparency are not supported')],
    [400, said('CMYK images are not supported by this model')],
    [400, said('This model does not support images of real people')],
    [400, said('The model does not accept progressive images')],
    [400, said('The image is not supported')],
    [400, said('Only JPEG and PNG images are supported.')],
    [400, said('Param Incorrect')],
    [400, ''],
  ] as const)('%d %j', (status, body, without: readonly RequestPart[] = []) => {
    expect(given(status, body, { without })).toBe('(picture)');
  });
});

describe('a model without eyes is known by what is said of it', () => {
  test.each([
    [400, object('Qwen/Qwen3-8B is not a multimodal model')],
    [500, { error: { message: 'Qwen/Qwen3-8B is not a multimodal model None', code: 500 } }],
    [
      500,
      {
        error: {
          code: 500,
          message: 'image input is not supported - hint: if this is unexpected, you may need to provide the mmproj',
        },
      },
    ],
    [500, { error: { code: 500, message: 'image input is not supported by this server', type: 'server_error' } }],
    [404, { error: { message: 'No endpoints found that support image input', code: 404 } }],
    [
      400,
      said(
        'Failed to deserialize the JSON body into the target type: messages[1]: unknown variant `image_url`, expected `text` at line 1 column 18254',
      ),
    ],
    [
      422,
      'Failed to deserialize the JSON body into the target type: messages[2]: invalid type: sequence, expected a string at line 1 column 2901',
    ],
    [
      422,
      'Failed to deserialize the JSON body into the target type: messages[1]: data did not match any variant of untagged enum ChatCompletionRequestContent at line 1 column 18254',
    ],
    [400, said('Invalid content type. image_url is only supported by certain models.')],
    [400, said('messages[1].content must be a string')],
    [
      422,
      {
        detail: [
          {
            type: 'string_type',
            loc: ['body', 'messages', 1, 'content'],
            msg: 'Input should be a valid string',
            input: [{ type: 'image_url' }],
          },
        ],
      },
    ],
    [400, said('Model does not support images. Please use a model that does')],
    [400, said('this model does not support image input (ref: b8bd630e-4a39-4b57-82af-9158ee9d5703)')],
    [400, said("This model doesn't support vision.")],
    [400, said('Images are not supported by this model.')],
    [400, said('Bad request: images not supported')],
    [422, said('This model does not support images')],
    [400, said('Multimodal inputs are not enabled for this deployment')],
    [400, { error: 'this model is missing data required for image input' }],
    [400, object('At most 0 image(s) may be provided in one request.')],
    [400, said("The server was not compiled for multimodal or the model projector can't be loaded.")],
    [400, said("Invalid value: 'image_url'. Supported values are: 'text'.")],
    [400, said('该模型不支持图像输入')],
    [
      400,
      {
        error: {
          message: 'Provider returned error',
          code: 400,
          metadata: { raw: '{"error":{"message":"This is a text-only model."}}' },
        },
      },
    ],
  ] as const)('%d %j', (status, body) => {
    expect(given(status, body, { model: 'Qwen/Qwen3-8B' })).toBe('image');
  });

  test('nothing of this is found where no picture was sent', () => {
    const without = ['image', 'picture'] as const;
    expect(given(400, object('x is not a multimodal model'), { without })).toBe(
      '(stream_options temperature tools system older_history history)',
    );
  });
});

describe('the same in words that were met after the rules were written', () => {
  const any = { model: 'accounts/fireworks/models/kimi-k2-instruct' };
  test.each([
    [
      400,
      said('Cannot preprocess image len(combined_imgs) = 1, len(image_ranges) = 0, please provide valid images'),
      '(picture)',
    ],
    [
      400,
      said(
        "Unable to tokenize message with status code 400 for model DeepSeek-V3.1: Invalid 'content' type. Expected one of: ['str'], got list.",
      ),
      'image',
    ],
    [
      400,
      said(
        "'messages.1' : for 'role:user' the following must be satisfied[('messages.1.content' : value must be a string)]",
      ),
      'image',
    ],
    [
      400,
      {
        error:
          '<LM Studio error> Vision model is not loaded. Cannot process images. Suggestion: Make sure to load both models.',
      },
      'image',
    ],
    [
      500,
      {
        error: { message: 'ValueError: Vision add-on is not loaded, but images were provided for processing' },
        message: 'x',
      },
      'image',
    ],
    [400, 'tokenize: error: number of bitmaps (1) does not match number of markers (0)', '(picture)'],
    [400, { code: 'InvalidParameter', message: 'url error, please check url' }, '(picture)'],
    [400, said('<400> InternalError.Algo.InvalidParameter: Failed to download multimodal content'), '(picture)'],
    [400, said('<400> InternalError.Algo.InvalidParameter: Missing Content-Length of multimodal url'), '(picture)'],
    [
      400,
      said(
        "3 request validation errors: Input should be a valid string, field: 'messages[1].content.str', value: [{'type': 'image_url'}]",
      ),
      'image',
    ],
    [
      400,
      {
        error: {
          message: 'Provider returned error',
          code: 400,
          metadata: {
            raw: '{"error":{"message":"Model \'moonshotai/kimi-k2.6\' supports at most 1 image per prompt."}}',
          },
        },
      },
      '(picture)',
    ],
    [
      500,
      {
        error: {
          code: 500,
          message:
            "While executing CallExpression at line 47, column 32 in source:\n...== 0) %}{{- raise_exception('After the optional system message, con...\nError: Jinja Exception: After the optional system message, conversation roles must alternate",
        },
      },
      'system',
    ],
    [
      400,
      said(
        "'max_tokens' or 'max_completion_tokens' is too large: 2000. This model's maximum context length is 4096 tokens and your request has 2104 input tokens (2000 > 4096 - 2104).",
      ),
      '(limit)',
    ],
    [400, said('Context overflow: prompt too large for the model'), '(older_history)'],
  ] as const)('%d %j: %s', (status, body, concession) => {
    expect(given(status, body, any)).toBe(concession);
  });
});

describe('a field that is named is left out from then on', () => {
  test.each([
    [400, said('`temperature` is deprecated for this model.'), 'temperature'],
    [
      400,
      said(
        "Unsupported value: 'temperature' does not support 0.2 with this model. Only the default (1) value is supported.",
        { param: 'temperature' },
      ),
      'temperature',
    ],
    [400, said('invalid temperature: only 1 is allowed for this model'), 'temperature'],
    [
      400,
      said('`temperature` and `top_p` cannot both be specified for this model. Please use only one.'),
      'temperature',
    ],
    [400, said('temperature: range: 0..1'), 'temperature'],
    [
      400,
      "litellm.UnsupportedParamsError: openai does not support parameters: ['temperature'], for model=o1-mini.",
      'temperature',
    ],
    [
      400,
      said(
        "Unsupported parameter: 'max_tokens' is not supported with this model. Use 'max_completion_tokens' instead.",
        { param: 'max_tokens' },
      ),
      'max_tokens',
    ],
    [
      422,
      {
        detail: [
          { type: 'extra_forbidden', loc: ['body', 'max_tokens'], msg: 'Extra inputs are not permitted', input: 50 },
        ],
      },
      'max_tokens',
    ],
    [
      400,
      said(
        'max_tokens is too large: 99999. This model supports at most 4096 completion tokens, whereas you provided 99999.',
      ),
      'limit',
    ],
    [400, said('Invalid max_tokens value, the valid range of max_tokens is [1, 8192]'), 'limit'],
    [400, said('max_tokens: 100000 > 8192, which is the maximum allowed number of output tokens for claude'), 'limit'],
    [
      400,
      said('Your organization must be verified to stream this model. Please go to: https://platform.openai.com/', {
        param: 'stream',
        code: 'unsupported_value',
      }),
      'stream',
    ],
    [
      400,
      said("Unsupported value: 'stream' does not support true with this model. Supported values are: false."),
      'stream',
    ],
    [400, said('Streaming is not supported for this model'), 'stream'],
    [400, said('Unrecognized request argument supplied: stream_options'), 'stream_options'],
    [
      422,
      { object: 'error', message: { detail: [{ type: 'extra_forbidden', loc: ['body', 'stream_options'] }] } },
      'stream_options',
    ],
    [
      400,
      { error: { message: 'registry.ollama.ai/library/llama3.2-vision does not support tools' } },
      'tools',
      'llama3.2-vision',
    ],
    [500, { error: { code: 500, message: 'tools param requires --jinja flag' } }, 'tools'],
    [
      404,
      {
        error: {
          message:
            'No endpoints found that support tool use. To learn more about provider routing, visit: https://openrouter.ai/docs',
        },
      },
      'tools',
    ],
    [400, object('"auto" tool choice requires --enable-auto-tool-choice and --tool-call-parser to be set'), 'tools'],
    [
      400,
      [
        {
          error: {
            code: 400,
            message: 'Function calling is not enabled for models/gemma-3-27b-it',
            status: 'INVALID_ARGUMENT',
          },
        },
      ],
      'tools',
    ],
    [400, said('`tool calling` is not supported with this model'), 'tools'],
    [400, said("This model doesn't support tool use in streaming mode."), 'tools'],
    [
      400,
      said("Invalid schema for function 'open_app': In context=(), 'additionalProperties' is required", {
        param: 'tools[0].function.parameters',
        code: 'invalid_function_parameters',
      }),
      'tools',
    ],
    [
      400,
      [
        {
          error: {
            code: 400,
            message:
              'Invalid JSON payload received. Unknown name "additionalProperties" at \'tools[0].function_declarations[0].parameters\': Cannot find field.',
          },
        },
      ],
      'tools',
    ],
    [
      400,
      {
        error: {
          message: 'Provider returned error',
          code: 400,
          metadata: {
            raw: '{"object":"error","message":"Unsupported parameter: tools","code":"3051"}',
            provider_name: 'Mistral',
          },
        },
      },
      'tools',
    ],
    [400, object('System role not supported'), 'system'],
    [500, 'jinja2.exceptions.TemplateError: System role not supported', 'system'],
    [400, object('Conversation roles must alternate user/assistant/user/assistant/...'), 'system'],
    [
      400,
      said("Unsupported value: 'messages[0].role' does not support 'system' with this model.", {
        param: 'messages[0].role',
        code: 'unsupported_value',
      }),
      'system',
    ],
    [
      400,
      [
        {
          error: {
            code: 400,
            message: 'Developer instruction is not enabled for models/gemma-3-27b-it',
            status: 'INVALID_ARGUMENT',
          },
        },
      ],
      'system',
    ],
    [400, said('A conversation must start with a user message.'), 'system'],
    [400, { error: 'Only user and assistant roles are supported!' }, 'system'],
    [500, { error: { code: 500, message: 'unknown: System prompts are not supported by this template' } }, 'system'],
    [
      422,
      {
        detail: [
          { loc: ['body', 'messages', 0, 'role'], msg: "Input should be 'user' or 'assistant'", type: 'literal_error' },
        ],
      },
      'system',
    ],
  ] as const)('%d %j: %s', (status, body, part, model: string = 'm') => {
    // A picture is never in the way of another name.
    expect([given(status, body, { model }), given(status, body, { model, without: ['image', 'picture'] })]).toEqual([
      part,
      part,
    ]);
  });

  test("an operator's bound on the answer is renamed once, and never dropped for its name", () => {
    const words = said("Unknown parameters: 'max_tokens' and 'max_completion_tokens'");
    expect(given(400, words)).toBe('max_tokens');
    expect(given(400, words, { conceded: ['max_completion_tokens'] })).toBeNull();
  });

  test('a part that was given up is not given up again', () => {
    expect(given(400, said('temperature'), { without: ['temperature', 'image', 'picture'] })).toBe(
      '(stream_options tools system older_history history)',
    );
    expect(given(400, said('temperature'), { without: everything })).toBeNull();
  });

  test('roles that do not alternate although the system has none: what was said before is left out', () => {
    const words = object('After the optional system message, conversation roles must alternate user/assistant');
    expect(given(400, words, { without: ['system'] })).toBe('(history)');
  });
});

describe('a request that is too long is made shorter, and nothing is learned', () => {
  const tooLong = [
    [
      400,
      {
        error: {
          code: 400,
          message: 'the request exceeds the available context size, try increasing it',
          type: 'exceed_context_size_error',
          n_prompt_tokens: 14429,
          n_ctx: 8192,
        },
      },
    ],
    [
      500,
      {
        error: {
          code: 500,
          message:
            'the request exceeds the available context size. try increasing the context size or enable context shift',
          type: 'exceed_context_size_error',
        },
      },
    ],
    [
      400,
      said(
        "This model's maximum context length is 8192 tokens. However, your messages resulted in 9000 tokens (8900 in the messages, 100 in the functions).",
        { code: 'context_length_exceeded' },
      ),
    ],
    [
      400,
      {
        type: 'error',
        error: { type: 'invalid_request_error', message: 'prompt is too long: 209353 tokens > 199999 maximum' },
      },
    ],
    [
      400,
      [
        {
          error: {
            code: 400,
            message: 'The input token count (1196265) exceeds the maximum number of tokens allowed (1048575).',
            status: 'INVALID_ARGUMENT',
          },
        },
      ],
    ],
    [400, said('Please reduce the length of the messages or completion.', { code: 'context_length_exceeded' })],
    [
      413,
      said(
        'Request too large for model `llama-3.1-8b-instant` on tokens per minute (TPM): Limit 6000, Requested 10450, please reduce your message size and try again. Need more tokens? Upgrade at https://console.groq.com/settings/billing',
        { code: 'rate_limit_exceeded' },
      ),
    ],
    [
      429,
      said(
        'Request too large for gpt-4o on tokens per min (TPM): Limit 30000, Requested 35000. The input or output tokens must be reduced in order to run successfully.',
        { code: 'rate_limit_exceeded' },
      ),
    ],
    [
      400,
      said(
        'Trying to keep the first 15857 tokens when context the overflows. However, the model is loaded with context length of only 4096 tokens',
      ),
    ],
    [400, { error: 'Cannot truncate prompt with n_keep (15028) >= n_ctx (7424)' }],
    [400, said('Context size has been exceeded.')],
    [400, said('Input is too long for requested model.')],
    [400, said('Input length 131393 exceeds the maximum allowed input length of 131040 tokens.')],
    [400, said("The input (263000 tokens) is longer than the model's context length (262144 tokens).")],
    [400, said("This model's maximum prompt length is 131072 but the request contains 537812 tokens")],
    [
      422,
      {
        error:
          'Input validation error: `inputs` tokens + `max_new_tokens` must be <= 4096. Given: 4000 `inputs` tokens and 512 `max_new_tokens`',
        error_type: 'validation',
      },
    ],
    [400, said('Invalid request: Your request exceeded model token limit: 8192')],
    [400, said('invalid params, context window exceeds limit (2013)')],
    [413, said('Request body too large for gpt-4o model. Max size: 8000 tokens.', { code: 'tokens_limit_reached' })],
    [
      400,
      object(
        'The decoder prompt (length 21535) is longer than the maximum model length of 16384. Make sure that `max_model_len` is no smaller than the number of text tokens plus multimodal tokens. For image inputs, the number of image tokens depends on the number of images',
      ),
    ],
    [400, { message: 'too many tokens: total number of tokens in the prompt cannot exceed 4081' }],
    [400, said('Range of input length should be [1, 30720]')],
    [400, { error: { code: '1261', message: 'Prompt 超长：输入超过最大长度' } }],
    [
      400,
      {
        error: {
          message: 'Provider returned error',
          code: 400,
          metadata: { raw: '{"error":"Prompt too long: 5152 tokens exceeds max_seq_len 2048"}' },
        },
      },
    ],
  ] as const;

  test.each(tooLong)('%d %j: half of what was said before, then none, then the picture', (status, body) => {
    expect(given(status, body)).toBe('(older_history)');
    expect(given(status, body, { without: ['older_history'] })).toBe('(history)');
    expect(given(status, body, { without: ['older_history', 'history'] })).toBe('(picture)');
  });

  test.each(tooLong)('%d %j: nothing more, where there is nothing more to leave out', (status, body) => {
    const without = ['older_history', 'history', 'image', 'picture', 'limit', 'max_tokens'] as const;
    expect(given(status, body, { without })).toBeNull();
  });

  test('where the room for the answer is too large, that is left to the model', () => {
    const words = object(
      "'max_tokens' or 'max_completion_tokens' is too large: 10000. This model's maximum context length is 4096 tokens and your request has 200 input tokens",
    );
    expect(given(400, words)).toBe('(limit)');
  });

  test('a 413 that speaks of bytes is about the picture first', () => {
    expect(given(413, said('Request exceeds the maximum size', { type: 'request_too_large' }))).toBe('(picture)');
  });
});

describe('what a filter keeps back', () => {
  test.each([
    said("The response was filtered due to the prompt triggering Azure OpenAI's content management policy.", {
      code: 'content_filter',
      innererror: { code: 'ResponsibleAIPolicyViolation' },
    }),
    said('Content Exists Risk'),
    { error: { code: '1301', message: '系统检测到输入或生成内容可能包含不安全或敏感内容' } },
    said('Your request was flagged by our moderation'),
  ])('%j: asked without the picture, then without what was said before, then not again', (body) => {
    expect(given(400, body)).toBe('(picture)');
    expect(given(400, body, { without: ['image', 'picture'] })).toBe('(history)');
    expect(given(400, body, { without: ['image', 'picture', 'history', 'older_history'] })).toBeNull();
  });
});

describe('a call that the model wrote badly', () => {
  test.each([
    [
      400,
      said("Failed to call a function. Please adjust your prompt. See 'failed_generation' for more details.", {
        code: 'tool_use_failed',
        failed_generation: 'system role temperature',
      }),
    ],
    [
      400,
      said('tool call validation failed: parameters for tool open_app did not match schema', {
        code: 'tool_use_failed',
      }),
    ],
    [400, said('Tool choice is none, but model called a tool', { code: 'tool_use_failed' })],
    [
      400,
      said('Parsing failed. The model generated output that could not be parsed.', { code: 'output_parse_failed' }),
    ],
    [500, { error: { message: "error parsing tool call: raw='{\"app_name' err=unexpected end of JSON input" } }],
    [500, { error: { code: 500, message: 'Failed to parse input at pos 12: <tool_call>', type: 'server_error' } }],
  ] as const)('%d %j: asked the same again, and the second time without tools', (status, body) => {
    expect(given(status, body)).toBeNull();
    expect(given(status, body, { isRepeated: true })).toBe('(tools)');
  });
});

describe('what is not about the request gives nothing up', () => {
  test.each([
    [401, said('tools are not allowed for this key')],
    [402, said('This request requires more credits, or fewer max_tokens. You requested up to 65536 tokens')],
    [403, said('image generation is not allowed for this project')],
    [404, said('The model `gpt-vision` does not exist')],
    [
      429,
      said(
        'Rate limit reached for model on tokens per minute (TPM): Limit 6000, Used 5993, Requested 1229. Please try again in 12.22s.',
      ),
    ],
    [400, said('API key not valid. Please pass a valid API key.')],
    [400, said('Your credit balance is too low to access the API')],
    [500, said('The server had an error', { type: 'server_error' })],
    [502, said('Bad gateway')],
    [503, said('The model is overloaded, try again later')],
  ] as const)('%d %j', (status, body) => {
    expect(given(status, body)).toBeNull();
  });

  test('but a bare 500, the second time, is asked without the picture', () => {
    expect(given(500, 'Internal Server Error')).toBeNull();
    expect(given(500, 'Internal Server Error', { isRepeated: true })).toBe('(picture)');
  });
});

test('a refusal that says nothing of use: without the picture, then for no more than an answer', () => {
  const words = said('Bad Request');
  expect(given(400, words)).toBe('(picture)');
  const rest = ['image', 'picture'] as const;
  expect(given(400, words, { without: rest })).toBe('(stream_options temperature tools system older_history history)');
});

test.each([
  ['https://api.openai.com/v1', 'max_completion_tokens'],
  ['http://localhost:11434/v1', 'max_tokens'],
])('at %s the longest answer is first called %s, and by its other name when that is refused', (baseUrl, field) => {
  const first = givenUpAtFirst(baseUrl);
  expect(limitField(first)).toBe(field);
  const other = field === 'max_tokens' ? 'max_completion_tokens' : 'max_tokens';
  expect(limitField(withGivenUp(first, [field === 'max_tokens' ? 'max_tokens' : 'max_completion_tokens']))).toBe(other);
  expect(limitField(withGivenUp(first, ['limit']))).toBeNull();
});

/** CONTRACT §1, "Commands": what a model may ask of the desktop, and what becomes of it. */
import { describe, expect, test } from 'vitest';
import { ask } from '../../support/client.ts';
import { answersOf, checkRow, type Step, type StreamRow, says, titled } from '../../support/contract/contract-rows.ts';
import { served } from '../../support/contract/served.ts';

const safari = { command: 'open_app', args: { app_name: 'Safari' } };
const tool = (command: string, args: object = {}): Step => ({ command: { command, args } });
const onlyAction = (command: string, args: object) => ({ frames: 'action end', code: 'OK', action: { command, args } });
const onlyText = { frames: 'text audio end', text: 'Here you are.', action: null, code: 'OK' };
const textAndSafari = { frames: 'text audio action end', text: 'Here you are.', action: safari, code: 'OK' };
const noCommand = { frames: 'error', code: 'UNAVAILABLE', errorType: 'empty_answer' };

/** The allowed ones with what they take. */
const allowed: readonly (readonly [string, object])[] = [
  ['open_app', { app_name: 'Safari' }],
  ['close_app', { app_name: 'Safari' }],
  ['send_message', { contact: 'Ann', message: 'Hi, "Ann"' }],
  ['read_messages', {}],
  ['read_messages', { contact: 'Ann' }],
  ['read_messages', { contact: 'Ann', limit: 3 }],
  ['find_contact', { query: 'Ann' }],
];
const offByDefault: readonly (readonly [string, object])[] = [
  ['send_whatsapp_message', { contact: 'Ann', message: 'Hi' }],
  ['read_whatsapp_messages', { contact: 'Ann', limit: 3 }],
  ['browser_use', { task: 'book a table' }],
  ['browser_use', { task: 'book a table', url: 'https://example.com', model: 'gemini', config_preset: 'fast' }],
  ['close_browser', {}],
  ['buy_subscription', {}],
  ['buy_subscription', { plan: 'pro', seats: [1, { of: 2 }] }],
  ['manage_subscription', { action: 'cancel', reason: null }],
];

const names: readonly StreamRow[] = [
  ...allowed.map(([command, args]) => ({
    sentence: `Allowed: ${command}${JSON.stringify(args)}`,
    given: { model: [tool(command, args)] },
    expect: onlyAction(command, args),
  })),
  ...offByDefault.map(([command, args]) => ({
    sentence: `off by default: ${command}`,
    given: { model: [...says('Here you are.'), tool(command, args)] },
    expect: onlyText,
  })),
  ...[
    [
      'a number where a text is wanted',
      'send_message',
      { contact: 5551234567, message: 42 },
      { contact: '5551234567', message: '42' },
    ],
    ['a number where a text is wanted', 'find_contact', { query: 911 }, { query: '911' }],
    ['limit is brought into 1..100 [: 0]', 'read_messages', { limit: 0 }, { limit: 1 }],
    ['limit is brought into 1..100 [: 500]', 'read_messages', { limit: 500 }, { limit: 100 }],
    ['limit is brought into 1..100 [: "10"]', 'read_messages', { limit: '10' }, { limit: 10 }],
    ['limit is brought into 1..100 [: -3]', 'read_messages', { contact: null, limit: -3 }, { limit: 1 }],
  ].map(([what, command, args, sent]) => ({
    sentence: `${what} ${JSON.stringify(args)}`,
    given: { model: [tool(String(command), Object(args))] },
    expect: onlyAction(String(command), Object(sent)),
  })),
  ...['Open-App', ' open_app ', 'OPEN.APP', 'open app', 'oPeN_aPp', '\topen-app\n', 'open__app', 'Open - App'].map(
    (name) => ({
      sentence: `Names are normalised (trim, lower case, \`-\` \`.\` space → \`_\`): ${JSON.stringify(name)}`,
      given: { model: [tool(name, safari.args)] },
      expect: onlyAction('open_app', safari.args),
    }),
  ),
  ...[
    ['Unknown', tool('format_disk')],
    ['Unknown', tool('toString')],
    ['invalid [: without its argument]', tool('open_app')],
    ['invalid [: a blank argument]', tool('open_app', { app_name: ' ' })],
    ['invalid [: a list for a name]', tool('open_app', { app_name: ['Safari'] })],
    ['invalid [: no message]', tool('send_message', { contact: 'Ann' })],
    ['invalid [: a limit of true]', tool('read_messages', { limit: true })],
  ].map(([what, step]) => ({
    sentence: `${what}: the command is dropped …, the text still goes out ${JSON.stringify(step)}`,
    given: { model: [...says('Here you are.'), step as Step] },
    expect: onlyText,
  })),
];

const json = JSON.stringify({ text: 'Here you are.', ...safari });
const forms: readonly StreamRow[] = [
  { sentence: 'The model may answer plain text', given: { model: says('Here you are.') }, expect: onlyText },
  { sentence: 'one JSON object {"text", "command", "args"}', given: { model: says(json) }, expect: textAndSafari },
  {
    sentence: 'or a tool call',
    given: { model: [...says('Here you are.'), tool('open_app', safari.args)] },
    expect: textAndSafari,
  },
  { sentence: 'possibly fenced', given: { model: says('```json\n', json, '\n```') }, expect: textAndSafari },
  {
    sentence: 'possibly fenced [, without a word]',
    given: { model: says('```\n', json, '\n```\n') },
    expect: textAndSafari,
  },
  {
    sentence: 'possibly after some plain text',
    given: { model: says('Let me see. ', json) },
    expect: { text: 'Let me see. Here you are.', action: safari, code: 'OK' },
  },
  {
    sentence: 'possibly fenced, possibly after some plain text [: both]',
    given: { model: says('Let me see.\n\n```json\n', json, '\n```') },
    expect: { text: expect.stringMatching(/^Let me see\.\s+Here you are\.$/), action: safari, code: 'OK' },
  },
  { sentence: '[each letter of the object a delta]', given: { model: says(...json) }, expect: textAndSafari },
  {
    sentence: '[an object over many lines]',
    given: { model: says(JSON.stringify(JSON.parse(json), null, 2)) },
    expect: textAndSafari,
  },
  {
    sentence: '[the keys in another order]',
    given: { model: says('{"args": {"app_name": "Safari"}, "command": "open_app", "text": "Here you are."}') },
    expect: textAndSafari,
  },
  {
    sentence: '[an object without words]',
    given: { model: says(JSON.stringify(safari)) },
    expect: onlyAction('open_app', safari.args),
  },
  {
    sentence: '[an object with empty words]',
    given: { model: says(JSON.stringify({ text: '', ...safari })) },
    expect: onlyAction('open_app', safari.args),
  },
  { sentence: '[an object without a command]', given: { model: says('{"text": "Here you are."}') }, expect: onlyText },
  {
    sentence: '[a command of null]',
    given: { model: says('{"text": "Here you are.", "command": null, "args": {}}') },
    expect: onlyText,
  },
  {
    sentence: '[escapes in the text are what they stand for, wherever the deltas cut them]',
    given: { model: says('{"text": "Say \\', '"hi\\" in \\u0', '4af\\u0436\\ud83d', '\\ude00.\\nDone \\\\ here."}') },
    expect: { text: 'Say "hi" in үж😀.\nDone \\ here.'.replace('ү', '\u04af'), action: null, code: 'OK' },
  },
  {
    sentence: '[a `text` and a `command` within the arguments are not the answer’s]',
    given: {
      model: says(
        '{"text": "Here you are.", "command": "send_message", "args": {"contact": "text", "message": "{\\"command\\": 1}"}}',
      ),
    },
    expect: {
      ...textAndSafari,
      action: { command: 'send_message', args: { contact: 'text', message: '{"command": 1}' } },
    },
  },
  {
    sentence: 'At most one command a session [: two tool calls, the first counts]',
    given: { model: [...says('Here you are.'), tool('open_app', safari.args), tool('close_app', safari.args)] },
    expect: textAndSafari,
  },
  {
    sentence: 'At most one command a session [: an object and a tool call]',
    given: { model: [...says(json), tool('close_app', { app_name: 'Mail' })] },
    expect: { frames: 'text audio action end' },
  },
];

const closed: readonly StreamRow[] = [
  {
    sentence: 'a truncated `{"app_name": "Saf` never becomes a command',
    given: { model: says('{"text": "Here you are.", "command": "open_app", "args": {"app_name": "Saf') },
    expect: onlyText,
  },
  {
    sentence: 'A command is taken only from an object whose top level was closed by the model [: only `args` was]',
    given: { model: says('{"text": "Here you are.", "command": "open_app", "args": {"app_name": "Safari"}') },
    expect: onlyText,
  },
  {
    sentence: 'A command is taken only from an object whose top level was closed [: the last brace stands in a string]',
    given: { model: says('{"text": "Here you are.", "command": "open_app", "args": {"app_name": "Safari}}') },
    expect: onlyText,
  },
  {
    sentence: 'A command is taken only from an object whose top level was closed [: nothing but a truncated one]',
    given: { model: says('{"command": "open_app", "args": {"app_name": "Saf') },
    expect: noCommand,
  },
  {
    sentence: 'Spelling mistakes inside a closed object … may be repaired (single quotes)',
    given: { model: says("{'text': 'Here you are.', 'command': 'open_app', 'args': {'app_name': 'Safari'}}") },
    expect: textAndSafari,
  },
  {
    sentence: 'Spelling mistakes inside a closed object … may be repaired (trailing commas)',
    given: { model: says('{"text": "Here you are.", "command": "open_app", "args": {"app_name": "Safari",},}') },
    expect: textAndSafari,
  },
  {
    sentence: '(… or only a command that was dropped) are UNAVAILABLE/empty_answer',
    given: { model: says('{"command": "browser_use", "args": {"task": "x"}}') },
    expect: noCommand,
  },
];

const inSevens = (answer: string) => says(...(answer.match(/[\s\S]{1,7}/g) ?? []));
const opening = JSON.stringify(safari).slice(1);
const rawText = (text: string) => ({ text, action: null, code: 'OK' });

const places: readonly StreamRow[] = [
  ...[
    ['session_id first', `{"session_id":"x","text":"Here you are.",${opening}`],
    ['thought, language and id first', `{"thought":"text","language":"en","id":7,"text":"Here you are.",${opening}`],
    [
      'others between',
      `{"command":"open_app","emotion":{"text":"no"},"text":"Here you are.","args":{"app_name":"Safari"}}`,
    ],
    ['fenced', `\`\`\`json\n{"session_id":"x","text":"Here you are.",${opening}\n\`\`\``],
    ['a list of one', `[{"session_id":"x","text":"Here you are.",${opening}]`],
    ['no commas', '{"text":"Here you are." "command":"open_app" "args":{"app_name":"Safari"}}'],
    ['curly quotes', '{“text”: “Here you are.”, “command”: “open_app”, “args”: {“app_name”: “Safari”}}'],
    [
      'the old mark behind it',
      `Here you are.__MCP__{"event":"mcp.command_request","payload":{"session_id":"x",${opening}}`,
    ],
  ].map(([what, answer]) => ({
    sentence: `Other keys may come first or between […, in deltas of seven letters]: ${what}`,
    given: { model: inSevens(String(answer)) },
    expect: textAndSafari,
  })),
  {
    sentence: '`__MCP__{"event":…,"payload":{…}}` [alone]',
    given: { model: inSevens('__MCP__{"event":"open_app","payload":{"app_name":"Safari"}}') },
    expect: onlyAction('open_app', safari.args),
  },
  {
    sentence: '[quotes that nobody escaped]',
    given: { model: inSevens(`{"text": "Either "and"/"or" works.",${opening}`) },
    expect: { text: 'Either "and"/"or" works.', action: safari, code: 'OK' },
  },
  ...[
    `The payload is {${opening} as you see.`,
    `Sure, {${opening}`,
    `Use \`{${opening}\` for it.`,
    `He wrote: "Go. {${opening}" and left.`,
    `- {${opening}`,
    '{"name":"Ann","age":3}',
    '```json\n[{"name": "Ann"}, {"name": "Bob"}]\n```\nThat is a list.',
  ].map((answer) => ({
    sentence: `in the middle of a sentence it is text and carries nothing out, and so is an object of others: ${answer}`,
    given: { model: inSevens(answer) },
    expect: rawText(answer),
  })),
];

const scenario = { answers: answersOf({ names, forms, places, closed }), speech: { chunks_per_sentence: 1 } };

describe('by default', () => {
  const its = served({ scenario });
  const tables = { names, forms, places, closed };

  describe.each(Object.entries(tables))('%s', (table, rows) => {
    test.concurrent.each(titled(table, rows))('%s', async (_, row) => {
      await checkRow(its.client, row);
    });
  });

  test('`action_json` = `{"command","args","session_id"}`', async () => {
    const { frames } = await ask(its.client, { prompt: 'names 0', session_id: 'my-session' });
    const action = frames.find(({ action_message }) => action_message)?.action_message;
    expect(action).toMatchObject({ session_id: 'my-session' });
    expect(JSON.parse(action?.action_json ?? '')).toEqual({ ...safari, session_id: 'my-session' });
  });

  test('the command is dropped with a log line', async () => {
    const session_id = 'dropping';
    await ask(its.client, { prompt: 'closed 6', session_id });
    const dropped = its.server.logsOf('dropped').filter(({ ctx }) => ctx?.session_id === session_id);
    expect(
      dropped.map(({ scope, level, ctx }) => ({ scope, level, command: ctx?.command, reason: ctx?.reason })),
    ).toEqual([{ scope: 'command', level: 40, command: 'browser_use', reason: 'disabled_command' }]);
  });
});

describe('COMMANDS [switches on what is off by default, and off what it does not name]', () => {
  const commands: readonly StreamRow[] = [
    ...offByDefault.map(([command, args]) => ({
      sentence: `[switched on] ${command}`,
      given: { model: [tool(command, args)] },
      expect: onlyAction(command, args),
    })),
    {
      sentence: '[not named: open_app]',
      given: { model: [...says('Here you are.'), tool('open_app', safari.args)] },
      expect: onlyText,
    },
  ];
  const its = served({
    scenario: { answers: answersOf({ commands }), speech: { chunks_per_sentence: 1 } },
    env: { COMMANDS: offByDefault.map(([command]) => command).join(', ') },
  });

  test.concurrent.each(titled('commands', commands))('%s', async (_, row) => {
    await checkRow(its.client, row);
  });
});

describe('Kill switch `disable_forward_assistant_actions`', () => {
  const switched: readonly StreamRow[] = [
    {
      sentence: '[a tool call is dropped, the text goes out]',
      given: { model: [...says('Here you are.'), tool('open_app', safari.args)] },
      expect: onlyText,
    },
    { sentence: '[an object’s command, too]', given: { model: says(json) }, expect: onlyText },
    {
      sentence: '[a command without words is an empty answer]',
      given: { model: [tool('open_app', safari.args)] },
      expect: noCommand,
    },
  ];
  const its = served({
    scenario: { answers: answersOf({ switched }), speech: { chunks_per_sentence: 1 } },
    env: { KILL_SWITCHES: 'disable_forward_assistant_actions' },
  });

  test.concurrent.each(titled('switched', switched))('%s', async (_, row) => {
    await checkRow(its.client, row);
  });
});

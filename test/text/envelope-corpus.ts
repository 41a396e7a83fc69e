/**
 * What the envelope reader must do, as data: answers with an object in them, and plain text that only looks like one.
 */
const open = (app: string) => ({ name: 'open_app', args: { app_name: app } });
const safari = open('Safari');
const args = '"args":{"app_name":"Safari"}';

export interface ExpectedCommand {
  readonly name: string;
  readonly args: unknown;
}

type EnvelopeCase = readonly [answer: string, text: string, command: ExpectedCommand | null, reason: string | null];

/** The answer, the words of it, the command of it, and why one was dropped. */
export const envelopes: readonly EnvelopeCase[] = [
  [`{"text":"Opening.","command":"open_app",${args}}`, 'Opening.', safari, null],
  [`{"command":"open_app",${args},"text":"Opening."}`, 'Opening.', safari, null],
  [`{${args},"text":"Opening.","command":"open_app"}`, 'Opening.', safari, null],
  [`  {\n  "text" : "Opening." ,\n "command" : "open_app" , ${args}\n}\n`, '  Opening.\n', safari, null],
  [`\`\`\`json\n{"text":"Opening.","command":"open_app",${args}}\n\`\`\``, 'Opening.', safari, null],
  [`\`\`\`\n{"text":"Opening.","command":"open_app",${args}}\n\`\`\`\n`, 'Opening.\n', safari, null],
  [`\`\`\`JSON {"text":"Opening.","command":"open_app",${args}}\`\`\``, 'Opening.', safari, null],
  [`Sure!\n\n\`\`\`json\n{"text":"Opening.","command":"open_app",${args}}\n\`\`\``, 'Sure!\n\nOpening.', safari, null],
  [
    `Sure, one moment. {"text":"Opening.","command":"open_app",${args}} Anything else?`,
    'Sure, one moment. Opening. Anything else?',
    safari,
    null,
  ],
  [`{"command":"open_app",${args}}`, '', safari, null],
  [`Opening. {"command":"open_app",${args}}`, 'Opening. ', safari, null],
  ['{"text":"Hi there."}', 'Hi there.', null, null],
  ['{"text":"Hi.","command":null,"args":null}', 'Hi.', null, null],
  ['{"text":"Hi.","command":""}', 'Hi.', null, null],
  ['{"text":"Hi.","command":"  ","args":{}}', 'Hi.', null, null],
  ['{"text":"","command":"close_browser"}', '', { name: 'close_browser', args: {} }, null],
  ['{"text":null,"command":"close_browser","args":null}', '', { name: 'close_browser', args: {} }, null],
  ['{"text":"Hi.","command":{"name":"open_app"}}', 'Hi.', null, 'invalid_command'],
  ['{"text":"Hi.","command":["open_app"]}', 'Hi.', null, 'invalid_command'],
  [String.raw`{"text":"A \"b\" \\ \/ c\td \u0041\u00e9 \ud83d\ude00 \u041f."}`, 'A "b" \\ / c\td Aé 😀 П.', null, null],
  [String.raw`{"text":"Line one.\nLine two."}`, 'Line one.\nLine two.', null, null],
  [
    '{"text":"Line one.\nLine two.","command":"close_browser"}',
    'Line one.\nLine two.',
    { name: 'close_browser', args: {} },
    null,
  ],
  ['{"text":"{\\"a\\": [1, {}]} and } and { and ` and ```"}', '{"a": [1, {}]} and } and { and ` and ```', null, null],
  [
    '{"args":{"text":"nested","x":{"text":"deeper"}},"text":"Top.","command":"a"}',
    'Top.',
    { name: 'a', args: { text: 'nested', x: { text: 'deeper' } } },
    null,
  ],
  ['{"text":"First.","text":"Second."}', 'First.', null, null],
  [
    '{"text":"He said "hi" to me.","command":"close_browser"}',
    'He said "hi" to me.',
    { name: 'close_browser', args: {} },
    null,
  ],
  [`{'text':'Opening.','command':'open_app','args':{'app_name':'Safari'}}`, 'Opening.', safari, null],
  [`{'text': 'I'm here, it's fine.', 'command': null}`, "I'm here, it's fine.", null, null],
  [`{text: "Opening.", command: "open_app", args: {app_name: "Safari"}}`, 'Opening.', safari, null],
  [`{"text":"Opening.","command":"open_app","args":{"app_name":"Safari",},}`, 'Opening.', safari, null],
  [`{"text":"Opening."\n"command":"open_app"\n"args":{"app_name":"Safari"}}`, 'Opening.', safari, null],
  [`{"command":"wait", «textual»: "no", textи: "no", te-xt: "no"}`, '', { name: 'wait', args: {} }, null],
  ['{"command":"wait", “text”: "Yes."}', 'Yes.', { name: 'wait', args: {} }, null],
  ['{"command":"wait","text":42}', '42', { name: 'wait', args: {} }, null],
  [
    '{"text":"A. ","command":"one"} {"text":"B.","command":"two"}',
    'A.  B.',
    { name: 'one', args: {} },
    'second_command',
  ],
  ['{"text":"A. "}{"text":"B.","command":"two"}', 'A. B.', { name: 'two', args: {} }, null],
  [
    '{"args":"{\\"app_name\\":\\"Safari\\"}","command":"open_app"}',
    '',
    { name: 'open_app', args: '{"app_name":"Safari"}' },
    null,
  ],
  ['{"text":"Hi.","command":"open_app","args":{"app_name":"Saf', 'Hi.', null, 'unclosed_object'],
  ['{"text":"Hi.","command":"open_app","args":{"app_name":"Saf}}', 'Hi.', null, 'unclosed_object'],
  ['{"text":"Hi.","command":"open_app","args":{"app_name":"Safari"}', 'Hi.', null, 'unclosed_object'],
  ['{"text":"Hi there, how ar', 'Hi there, how ar', null, 'unclosed_object'],
  ['{"text":"Hi \\u04', 'Hi ', null, 'unclosed_object'],
  ['{"te', '', null, 'unclosed_object'],
  ['{"text":', '', null, 'unclosed_object'],
  ['```json\n', '', null, 'unclosed_object'],
  ['```json\n{"te', '', null, 'unclosed_object'],
  ['```json\n{"text":"Hi."}\n``', 'Hi.', null, null],
];

/** Text that only looks like it. */
export const plainTexts: readonly string[] = [
  '',
  'Hello there.',
  '{',
  '}',
  'Use { and } in C.',
  'The template is {name}, {{name}} or $' + '{name}.',
  'The JSON {"a":1} is small.',
  '{"a":1,"text":"no"}',
  '{"textual":"no"}',
  '{"texts":["no"]}',
  '{text}',
  '{text, command}',
  '{text: string}',
  '{command: Command}',
  '{"text"}',
  '{"text" "x"}',
  '{"text": 5}',
  '{"text": [1]}',
  '{"command": {"a": 1}}',
  '{}',
  '{ }',
  '[{"a":"b"}]',
  'const a = {b: {c: "text"}};',
  '```json\n{"a":1}\n```\nThat was JSON.',
  '```json\n[1, 2]\n```',
  '```\nplain code { text: 1 }\n```',
  '```ts\nconst a = {text: "b", command: "c"};\n```',
  '```python\nprint({"text": "x"})\n```\nDone.',
  '``` ```',
  '`code` and ``more`` and ```',
  'A `{` in code.',
  `{${' '.repeat(100)}"text":"x"}`,
  '{"',
  'It ends with {"',
  'It ends with {te',
  'It ends with ```',
  'Quotes " and \' and \\ and \\u0041.',
  'Привет {мир} 😀 你好。',
];

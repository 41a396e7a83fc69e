/** What the demo says of its engines: never "as configured" where it is not. */
import { expect, test } from 'vitest';
import { configuredSettings, engineLines } from '../../../src/cli/demo/demo.ts';

const engines = { answerEngine: 'openai', speechEngine: 'command', replaced: {} };

test('names the engines in use, and says whether they were configured', () => {
  expect(engineLines(engines, true)).toEqual([{ text: 'As configured: openai answers, command speaks.' }]);
  expect(engineLines({ ...engines, answerEngine: 'embedded', speechEngine: 'embedded' }, false)).toEqual([
    { text: 'Embedded rules answer, embedded voices speak: no network, no key.' },
  ]);
});

test.each([
  ['the voice', { speech: 'no program' }, ['The embedded voice stands in for the configured one: no program']],
  [
    'the answer engine',
    { answer: 'no module' },
    ['The embedded answer engine stands in for the configured one: no module'],
  ],
  [
    'both',
    { answer: 'no module', speech: 'no program' },
    [
      'The embedded answer engine stands in for the configured one: no module',
      'The embedded voice stands in for the configured one: no program',
    ],
  ],
])('says that %s stands in, and why', (_, replaced, reasons) => {
  const lines = engineLines({ ...engines, replaced }, true);
  expect(lines.map(({ text }) => text)).toEqual([
    'Degraded, not as configured: openai answers, command speaks.',
    ...reasons,
  ]);
  expect(lines.every(({ isWarning }) => isWarning === true)).toBe(true);
});

test('a reason cannot steer the terminal', () => {
  const [, line] = engineLines({ ...engines, replaced: { speech: 'a\u001b[2Jb' } }, true);
  expect(line?.text).toBe('The embedded voice stands in for the configured one: a\ufffd[2Jb');
});

test.each([
  ['CONFIG_FILE', 'recital.yaml', { CONFIG_FILE: 'recital.yaml', ANSWER_ENGINE: '', SPEECH_ENGINE: '' }],
  ['ANSWER_ENGINE', 'openai', { ANSWER_ENGINE: 'openai' }],
  ['SPEECH_ENGINE', 'piper', { SPEECH_ENGINE: 'piper' }],
  ['KILL_SWITCHES', 'disable_module_coordinator', { KILL_SWITCHES: 'disable_module_coordinator' }],
])('%s is a configuration of the demo, other settings go with it', (name, text, settings) => {
  expect(configuredSettings({ [name]: text, MEMORY: 'off', HOME: '/home/me' })).toEqual({ ...settings, MEMORY: 'off' });
});

test.each([[{}], [{ MEMORY: 'off' }], [{ KILL_SWITCHES: ' ', CONFIG_FILE: '' }]])(
  'nothing is configured by %j: the demo is the usual one',
  (env) => {
    expect(configuredSettings(env)).toBeUndefined();
  },
);

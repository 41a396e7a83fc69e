/** Scenario files: what is accepted, what is refused, and that every fault is named at once. */
import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import {
  parseScenario,
  ScenarioFault,
  type ScenarioFaultItem,
  scenarioBounds,
} from '../../../src/engines/scripted/scenario.ts';

function faultsOf(scenario: unknown): readonly ScenarioFaultItem[] {
  const text = typeof scenario === 'string' ? scenario : JSON.stringify(scenario);
  try {
    parseScenario(text, 'test.json');
  } catch (error) {
    if (error instanceof ScenarioFault) return error.faults;
    throw error;
  }
  return [];
}

function stepFaults(step: unknown): readonly ScenarioFaultItem[] {
  return faultsOf({ answers: [{ when: '', steps: [step] }] });
}

describe('a scenario that is accepted', () => {
  test("the contract's own example is a valid scenario", () => {
    const scenario = parseScenario(
      `{"answers": [{"when": "weather", "steps": [{"say": "It is "}, {"wait_ms": 40}, {"say": "sunny. "},
          {"command": {"command": "open_app", "args": {"app_name": "Safari"}}}]},
        {"when": "down", "steps": [{"fail": {"error_code": "UNAVAILABLE", "message": "model is down"}}]},
        {"when": "bug",  "steps": [{"say": "One. "}, {"throw": "boom"}]},
        {"when": "hang", "steps": [{"say": "One. "}, {"hang": true}]},
        {"when": "",     "steps": [{"echo": true}]}],
       "speech": {"chunks_per_sentence": 3, "chunk_bytes": 4096, "ms_per_chunk": 0, "fail_when": "…", "hang_when": "…"}}`,
      'contract',
    );
    expect(scenario.answers.map(({ steps }) => steps)).toEqual([
      [
        { verb: 'say', text: 'It is ', repeat: 1 },
        { verb: 'wait', ms: 40, repeat: 1 },
        { verb: 'say', text: 'sunny. ', repeat: 1 },
        { verb: 'command', name: 'open_app', args: { app_name: 'Safari' }, repeat: 1 },
      ],
      [{ verb: 'fail', errorCode: 'UNAVAILABLE', message: 'model is down', repeat: 1 }],
      [
        { verb: 'say', text: 'One. ', repeat: 1 },
        { verb: 'throw', message: 'boom', repeat: 1 },
      ],
      [
        { verb: 'say', text: 'One. ', repeat: 1 },
        { verb: 'hang', repeat: 1 },
      ],
      [{ verb: 'echo', repeat: 1 }],
    ]);
  });

  test('the shipped demo scenario is valid', () => {
    const text = readFileSync(new URL('../../../scenarios/demo.json', import.meta.url), 'utf8');
    expect(parseScenario(text, 'demo.json').answers.length).toBeGreaterThan(5);
  });

  test('parts that are left out have the documented defaults', () => {
    expect(parseScenario('{}', 'empty')).toEqual({
      answers: [],
      speech: { chunksPerSentence: 3, chunkBytes: 4096, msPerChunk: 0, failWhen: undefined, hangWhen: undefined },
    });
    expect(parseScenario('{"speech":{"ms_per_chunk":85.3}}', 'part').speech).toMatchObject({
      chunksPerSentence: 3,
      msPerChunk: 85.3,
    });
  });

  test('a byte order mark in front of the file does no harm', () => {
    expect(parseScenario('\uFEFF{"answers":[]}', 'bom').answers).toEqual([]);
  });

  test('patterns ignore case, know Unicode, and fall back to the older syntax', () => {
    const when = (pattern: string) =>
      parseScenario(JSON.stringify({ answers: [{ when: pattern, steps: [] }] }), 'when').answers[0]?.when;
    expect(when('ПОГОДА')?.test('какая погода')).toBe(true);
    expect(when('^\\p{L}+$')?.test('погода')).toBe(true);
    expect(when('a\\-b')?.test('A-B')).toBe(true);
  });

  test.each([
    [{ say: '' }, { verb: 'say', text: '', repeat: 1 }],
    [
      { say: 'x', repeat: scenarioBounds.repeat },
      { verb: 'say', text: 'x', repeat: scenarioBounds.repeat },
    ],
    [{ wait_ms: 2 ** 31 - 1 }, { verb: 'wait', ms: 2 ** 31 - 1, repeat: 1 }],
    [{ wait_ms: 0 }, { verb: 'wait', ms: 0, repeat: 1 }],
    [{ command: { command: 'x' } }, { verb: 'command', name: 'x', args: {}, repeat: 1 }],
    [{ command: { command: 'x', args: null } }, { verb: 'command', name: 'x', args: null, repeat: 1 }],
    [{ fail: { message: 'm' } }, { verb: 'fail', errorCode: undefined, message: 'm', repeat: 1 }],
    [{ fail: { error_code: 'ODD', message: '' } }, { verb: 'fail', errorCode: 'ODD', message: '', repeat: 1 }],
    [{ fail: {} }, { verb: 'fail', errorCode: undefined, message: '', repeat: 1 }],
    [{ throw: '' }, { verb: 'throw', message: '', repeat: 1 }],
    [
      { usage: { input_tokens: 12, output_tokens: 5, model: 'm' } },
      { verb: 'usage', inputTokens: 12, outputTokens: 5, model: 'm', repeat: 1 },
    ],
    [
      { usage: {}, repeat: 2 },
      { verb: 'usage', inputTokens: 0, outputTokens: 0, model: 'scripted', repeat: 2 },
    ],
  ])('%j is a step', (step, compiled) => {
    const scenario = parseScenario(JSON.stringify({ answers: [{ when: '', steps: [step] }] }), 'step');
    expect(scenario.answers[0]?.steps).toEqual([compiled]);
  });
});

describe('a scenario that is refused', () => {
  const exactlyOne = 'a step with exactly one of: say, wait_ms, command, fail, throw, usage, hang, echo';
  const at = 'answers[0].steps[0]';

  test.each([
    [{}, [{ path: at, value: '{}', expected: exactlyOne }]],
    [
      { usage: { input_tokens: -1, output_tokens: 1.5, model: 7 } },
      [
        { path: `${at}.usage.input_tokens`, value: '-1', expected: 'a whole number from 0 to 2147483647' },
        { path: `${at}.usage.output_tokens`, value: '1.5', expected: 'a whole number from 0 to 2147483647' },
        { path: `${at}.usage.model`, value: '7', expected: 'a text' },
      ],
    ],
    [{ repeat: 2 }, [{ path: at, value: '{"repeat":2}', expected: exactlyOne }]],
    [{ say: 'a', echo: true }, [{ path: at, value: '{"say":"a","echo":true}', expected: exactlyOne }]],
    [
      { sey: 'a' },
      [
        {
          path: `${at}.sey`,
          value: 'unknown key',
          expected: 'one of: say, wait_ms, command, fail, throw, usage, hang, echo, repeat',
        },
        { path: at, value: '{"sey":"a"}', expected: exactlyOne },
      ],
    ],
    ['say', [{ path: at, value: '"say"', expected: expect.stringContaining('an object with the keys say') }]],
    [null, [{ path: at, value: 'null', expected: expect.stringContaining('an object') }]],
    [[], [{ path: at, value: '[]', expected: expect.stringContaining('an object') }]],
    [{ say: 5 }, [{ path: `${at}.say`, value: '5', expected: 'a text' }]],
    [{ say: null }, [{ path: `${at}.say`, value: 'null', expected: 'a text' }]],
    [{ wait_ms: -1 }, [{ path: `${at}.wait_ms`, value: '-1', expected: 'a number from 0 to 2147483647' }]],
    [{ wait_ms: 2 ** 31 }, [{ path: `${at}.wait_ms`, value: '2147483648', expected: 'a number from 0 to 2147483647' }]],
    [{ wait_ms: '40' }, [{ path: `${at}.wait_ms`, value: '"40"', expected: 'a number from 0 to 2147483647' }]],
    [{ hang: false }, [{ path: `${at}.hang`, value: 'false', expected: 'true' }]],
    [{ echo: 'yes' }, [{ path: `${at}.echo`, value: '"yes"', expected: 'true' }]],
    [{ throw: {} }, [{ path: `${at}.throw`, value: '{}', expected: 'a text' }]],
    [
      { fail: { code: 'X', message: 'm' } },
      [{ path: `${at}.fail.code`, value: 'unknown key', expected: 'one of: error_code, message' }],
    ],
    [{ command: { args: {} } }, [{ path: `${at}.command.command`, value: 'missing', expected: 'a text' }]],
    [
      { command: { command: 'x', arg: {} } },
      [{ path: `${at}.command.arg`, value: 'unknown key', expected: 'one of: command, args' }],
    ],
    [{ say: 'a', repeat: 0 }, [{ path: `${at}.repeat`, value: '0', expected: 'a whole number from 1 to 10000000' }]],
    [
      { say: 'a', repeat: 1.5 },
      [{ path: `${at}.repeat`, value: '1.5', expected: 'a whole number from 1 to 10000000' }],
    ],
    [
      { say: 'a', repeat: 10_000_001 },
      [{ path: `${at}.repeat`, value: '10000001', expected: 'a whole number from 1 to 10000000' }],
    ],
  ])('step %j is named with path, value and what is expected', (step, faults) => {
    expect(stepFaults(step)).toEqual(faults);
  });

  test.each([
    [{ chunk_bytes: 4095 }, 'speech.chunk_bytes', '4095', 'an even number: a sample has two bytes'],
    [{ chunk_bytes: 0 }, 'speech.chunk_bytes', '0', 'a whole number from 2 to 1048576'],
    [{ chunk_bytes: 2 ** 21 }, 'speech.chunk_bytes', '2097152', 'a whole number from 2 to 1048576'],
    [{ chunks_per_sentence: -1 }, 'speech.chunks_per_sentence', '-1', 'a whole number from 0 to 10000000'],
    [{ ms_per_chunk: -1 }, 'speech.ms_per_chunk', '-1', 'a number from 0 to 2147483647'],
    [{ fail_when: '(' }, 'speech.fail_when', '"("', expect.stringContaining('a valid regular expression (')],
    [{ hang_when: 1 }, 'speech.hang_when', '1', 'a text'],
    [
      { chunks: 1 },
      'speech.chunks',
      'unknown key',
      expect.stringContaining('one of: chunks_per_sentence, chunk_bytes'),
    ],
  ])('speech %j is named with path, value and what is expected', (speech, path, value, expected) => {
    expect(faultsOf({ speech })).toEqual([{ path, value, expected }]);
  });

  test('every fault of a file is listed at once, one a line', () => {
    const text = JSON.stringify({
      answer: [],
      answers: [{ when: '[', steps: [{ say: 1 }, { wait_ms: -1, repeat: 0 }] }, { steps: 'x' }],
      speech: { chunk_bytes: 3, fail_when: '*' },
    });
    expect(() => parseScenario(text, 'many.json')).toThrow(ScenarioFault);
    expect(
      faultsOf(text)
        .map(({ path }) => path)
        .sort(),
    ).toEqual([
      'answer',
      'answers[0].steps[0].say',
      'answers[0].steps[1].repeat',
      'answers[0].steps[1].wait_ms',
      'answers[0].when',
      'answers[1].steps',
      'answers[1].when',
      'speech.chunk_bytes',
      'speech.fail_when',
    ]);
    expect(() => parseScenario(text, 'many.json')).toThrow(
      /^many\.json is not a valid scenario:\n(.*\n)* {2}answers\[0\]\.steps\[1\]\.wait_ms: -1, must be a number from 0 to 2147483647/,
    );
  });

  test.each([
    ['', 'empty', 'one JSON object'],
    ['{"answers": [', expect.stringContaining('not JSON ('), 'one JSON object'],
    ['[]', '[]', 'an object with the keys answers, speech'],
    ['null', 'null', 'an object with the keys answers, speech'],
  ])('a file %j is refused as a whole', (text, value, expected) => {
    expect(faultsOf(text)).toEqual([{ path: '', value, expected }]);
  });

  test('a long value is shown shortened', () => {
    expect(stepFaults({ wait_ms: 'x'.repeat(1000) })[0]?.value).toBe(`"${'x'.repeat(79)}…`);
  });
});

describe('an expression', () => {
  const speaks = (source: string, prompt: string): boolean => {
    const { answers } = parseScenario(JSON.stringify({ answers: [{ when: source, steps: [] }] }), 'x');
    return answers[0]?.when.test(prompt) === true;
  };

  test.each([
    '^(a+)+$',
    '(a|aa)+$',
    '(.*)*x',
    '^(\\w+\\s?)*$',
    '(x+x+)+y',
    '(a?){500}a{500}b',
    '^(([a-z])+.)+[A-Z]([a-z])+$',
  ])('%s is looked for in time that is linear in the prompt', (source) => {
    const startedAtMs = performance.now();
    // The longest prompt that is taken; the language's own expressions need years for forty letters of it.
    expect(speaks(source, `${'a'.repeat(32_767)}!`)).toBe(false);
    expect(performance.now() - startedAtMs).toBeLessThan(5_000);
  });

  test.each([
    ['погода|sun', 'Какая ПОГОДА?', true],
    ['^what (is|was) it\\? \\(a\\.b\\)$', 'What was it? (a.b)', true],
    ['\\bsun\\b', 'sunny', false],
    ['(?<name>x)\\d{2,}', 'X42', true],
    ['\\u0436\\/', 'Ж/', true],
    ['[\\w-]+@[^\\s]+$', 'a-b@c.d', true],
    ['[^\\x00-\\x7f]', 'plain', false],
    ['\\p{Lu}\\p{L}*', '日本', false],
    ['a.c', 'a\nc', false],
    ['', 'anything', true],
  ])('%s means what it means elsewhere: %s %s', (source, prompt, isFound) => {
    expect(speaks(source, prompt)).toBe(isFound);
  });

  test.each([
    ['(?<n>a)\\k<n>', /^a valid regular expression \(a backreference is not supported/],
    ['(?=a)b', /^a valid regular expression \(lookahead is not supported: it can't be looked for in linear time/],
    ['a(?!b)', /^a valid regular expression \(lookahead is not supported/],
    ['(?<!a)b', /^a valid regular expression \(lookbehind is not supported/],
    ['(a)\\1', /^a valid regular expression \(a backreference is not supported/],
    ['(?:x{900}){900}', /^a valid regular expression \(invalid repeat count/],
    ['(x?){900}'.repeat(5), /^a regular expression of at most 10000 steps, and this has \d+/],
  ])('%s is a fault that says why', (source, expected) => {
    for (const scenario of [
      { answers: [{ when: source, steps: [] }] },
      { speech: { fail_when: source } },
      { speech: { hang_when: source } },
    ]) {
      const faults = faultsOf(scenario);
      expect(faults).toHaveLength(1);
      expect(faults[0]?.expected).toMatch(expected);
    }
  });
});

describe('what is nested without end', () => {
  const nested = (levels: number): string => `${'{"a":'.repeat(levels)}1${'}'.repeat(levels)}`;
  const withArgs = (args: string): string =>
    `{"answers":[{"when":"","steps":[{"command":{"command":"open_app","args":${args}}}]}]}`;

  test('is a fault, and so deep a one does not end the process', () => {
    expect(faultsOf(withArgs(nested(32)))).toEqual([]);
    for (const levels of [33, 100_000]) {
      expect(faultsOf(withArgs(nested(levels)))).toMatchObject([
        { path: 'answers[0].steps[0].command.args', expected: 'a value of at most 32 levels' },
      ]);
    }
    expect(faultsOf('['.repeat(200_000))).toHaveLength(1);
    expect(faultsOf(`{"answers":${nested(200_000)}}`)).toMatchObject([{ path: 'answers' }]);
  });
});

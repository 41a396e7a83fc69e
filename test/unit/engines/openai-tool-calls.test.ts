/** Tool calls, put together from their fragments: how endpoints cut and repeat them, and that nothing unfinished becomes a command. */
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  argumentsMaxChars,
  mostToolCalls,
  ToolCallDrafts,
  type ToolCallFragment,
} from '../../../src/engines/openai-answer/tool-calls.ts';

const offered = ['open_app', 'close_app', 'send_message', 'find_contact', 'close_browser'];

function callsOf(fragments: readonly ToolCallFragment[]) {
  const drafts = new ToolCallDrafts(offered);
  for (const fragment of fragments) expect(drafts.add(fragment)).toBe(true);
  return drafts.finish();
}

const safari = { name: 'open_app', args: { app_name: 'Safari' } };
const mail = { name: 'open_app', args: { app_name: 'Mail' } };
const safariText = '{"app_name":"Safari"}';
const mailText = '{"app_name":"Mail"}';
const open = (args?: unknown, more: object = {}) => ({
  index: 0,
  function: { name: 'open_app', arguments: args },
  ...more,
});
const piece = (args: unknown, more: object = {}) => ({ index: 0, function: { arguments: args }, ...more });

describe('Calls 1: calls stay apart', () => {
  test('by their index, in whatever order their fragments come', () => {
    expect(
      callsOf([
        { index: 0, id: 'a', function: { name: 'open_app', arguments: '{"app_name":' } },
        { index: 1, id: 'b', function: { name: 'find_contact', arguments: '{"query":' } },
        { index: 0, function: { arguments: '"Mail"}' } },
        { index: 1, function: { arguments: '"Anna"}' } },
      ]),
    ).toEqual([mail, { name: 'find_contact', args: { query: 'Anna' } }]);
  });

  test.each<readonly [string, readonly ToolCallFragment[]]>([
    ['under one index and new ids', [open(safariText, { id: 'a' }), open(mailText, { id: 'b' })]],
    ['under one index and empty ids', [open(safariText, { id: '' }), open(mailText, { id: '' })]],
    [
      'under one index and no ids, in pieces',
      [open('{"app_name":'), piece('"Safari"}'), open('{"app_na'), piece('me":"Mail"}')],
    ],
    ['without an index', [open(safariText, { index: null, id: 'a' }), open(mailText, { index: undefined, id: 'b' })]],
    ['with neither index nor id', [open(safariText, { index: undefined }), open(mailText, { index: undefined })]],
    ['under the same id', [open(safariText, { index: 0, id: 'x' }), open(mailText, { index: 1, id: 'x' })]],
    ['with indices that are texts', [open(safariText, { index: '0' }), open(mailText, { index: '1' })]],
    [
      'by their ids under one index, interleaved',
      [
        open('{"app_name":', { id: 'a' }),
        open('', { id: 'b', function: { name: 'close_app', arguments: '' } }),
        piece('"Safari"}', { id: 'a' }),
        piece(mailText, { id: 'b' }),
      ],
    ],
  ])('%s', (_how, fragments) => {
    expect(callsOf(fragments).map(({ args }) => args)).toEqual([safari.args, mail.args]);
  });

  test('when a new name begins a new call', () => {
    const calls = callsOf([open(safariText), { index: 0, function: { name: 'close_browser', arguments: '' } }]);
    expect(calls).toEqual([safari, { name: 'close_browser', args: {} }]);
    const empty = callsOf([
      { function: { name: 'close_browser', arguments: '' } },
      open(safariText, { index: undefined }),
    ]);
    expect(empty).toEqual([{ name: 'close_browser', args: {} }, safari]);
  });
});

describe('Calls 1 and 2: a call stays one', () => {
  test.each<readonly [string, readonly ToolCallFragment[]]>([
    ['when its name and id come again and again', [open('{"app_name":', { id: 'a' }), open('"Safari"}', { id: 'a' })]],
    [
      'when its id is another one in each fragment',
      [open('', { id: 'a' }), piece('{"app_name":', { id: 'b' }), piece('"Safari"}', { id: 'c' })],
    ],
    ['when name and another id come with each', [open('{"app_name":', { id: 'a' }), open('"Safari"}', { id: 'b' })]],
    [
      'when each fragment has an index of its own',
      [open('', { index: 0 }), piece('{"app_name":', { index: 1 }), piece('"Safari"}', { index: 2 })],
    ],
    ['when its name comes late', [{ index: 0, id: 'a', function: { arguments: '' } }, open(safariText)]],
    ['when its name comes behind the arguments', [piece(safariText, { id: 'a' }), open('')]],
    [
      'when its name comes in pieces',
      [{ index: 0, function: { name: 'open' } }, { index: 0, function: { name: '_app' } }, piece(safariText)],
    ],
    ['when its name grows', [{ index: 0, function: { name: 'open' } }, open(''), piece(safariText)]],
    ['when its id comes late', [open(''), piece(safariText, { id: 'a' })]],
    ['without function around it', [{ index: 0, name: 'open_app', arguments: safariText }]],
    ['under a name with a prefix', [{ function: { name: 'functions.open_app', arguments: safariText } }]],
    [
      'under a name with a prefix and a number',
      [{ function: { name: 'functions.open_app:0', arguments: safariText } }],
    ],
    ['with parameters', [{ function: { name: 'open_app', parameters: { app_name: 'Safari' } } }]],
    ['with an input', [{ name: 'open_app', input: { app_name: 'Safari' } }]],
    [
      'under a name with the rest of a header',
      [{ function: { name: 'open_app<|channel|>commentary', arguments: safariText } }],
    ],
    ['when it ends with a fragment of nothing', [open(safariText), piece(''), piece(null), {}, { index: 0, id: null }]],
  ])('%s', (_how, fragments) => {
    expect(callsOf(fragments)).toEqual([safari]);
  });
});

describe('Calls 3: the arguments are the first whole object', () => {
  test.each<readonly [string, readonly ToolCallFragment[]]>([
    ['behind an empty one', [open('{}'), piece(safariText)]],
    ['behind an empty one, in pieces', [open('{}'), piece('{"app_'), piece('name":"Safari"}')]],
    ['behind an empty one, with the name again', [open('{}'), open(safariText)]],
    ['behind an empty object that is no text', [open({}), piece(safariText)]],
    ['behind null', [open(null), piece('null'), piece(safariText)]],
    ['before an empty one', [open(safariText), piece('{}')]],
    ['said again at the end', [open('{"app_name":'), piece('"Safari"}'), piece(safariText)]],
    ['said again at the end with the name', [open('{"app_name":'), piece('"Safari"}'), open(safariText)]],
    ['said three times', [open(safariText), piece(safariText), piece(safariText)]],
    ['said again in other words', [open(safariText), piece('{"app_name": "Safari"}')]],
    ['said again before it was whole', [open('{"app_name":"Saf'), piece('{"app_name": "Safari"}')]],
    [
      'growing from fragment to fragment',
      [open('{'), piece('{"app_'), piece('{"app_'), piece('{"app_name":"Saf'), piece(safariText)],
    ],
    ['as an object', [open({ app_name: 'Safari' })]],
    ['encoded twice', [open(JSON.stringify(safariText))]],
    ['with a bracket too many', [open('{"app_name":"Safari"}}')]],
    ['behind white space', [open(' \n'), piece(safariText)]],
  ])('%s', (_how, fragments) => {
    expect(callsOf(fragments)).toEqual([safari]);
  });

  test('brackets and quotes in a text are no end of it', () => {
    const args = { contact: 'Anna', message: 'a {"b"} \\" ] } c', n: [[{}], 1] };
    const text = JSON.stringify(args);
    expect(callsOf([...text].map((part, at) => (at === 0 ? open(part) : piece(part))))).toEqual([
      { name: 'open_app', args },
    ]);
  });

  test('a text that repeats itself loses nothing', () => {
    expect(callsOf([open('{"app_name":"1'), piece('00'), piece('00'), piece('"}')])).toEqual([
      { name: 'open_app', args: { app_name: '10000' } },
    ]);
  });

  test.each([undefined, null, '', ' ', '{}', 'null', {}, []])('%j is none', (args) => {
    expect(callsOf([{ function: { name: 'close_browser', arguments: args } }])).toEqual([
      { name: 'close_browser', args: {} },
    ]);
  });
});

describe('Calls 4: an object that was not closed is none', () => {
  test.each([
    '{"app_name": "Saf',
    '{}{"app_name": "Saf',
    '{"a": {"app_name": "Safari"}',
    '[{"app_name": "Saf',
    'Safari',
    '5',
    '"x"',
    '[1]',
  ])('%j', (args) => {
    expect(callsOf([open(args)])).toEqual([{ name: 'open_app', args: undefined }]);
  });

  test('a call behind it counts', () => {
    expect(callsOf([open('{"app_name": "Saf', { id: 'a' }), open(mailText, { id: 'b' })])).toEqual([
      { name: 'open_app', args: undefined },
      mail,
    ]);
  });

  test('arguments are the same however they are cut, and never whole when a piece is missing', () => {
    const args = fc.dictionary(fc.string(), fc.oneof(fc.string({ unit: 'binary' }), fc.integer(), fc.boolean()), {
      minKeys: 1,
    });
    fc.assert(
      fc.property(args, fc.array(fc.nat(40)), fc.nat(), (given, cuts, missing) => {
        const text = JSON.stringify(given);
        const whole = new ToolCallDrafts();
        whole.add({ index: 0, id: 'a', function: { name: 'open_app', arguments: '' } });
        let rest = text;
        for (const cut of [...cuts, text.length]) {
          whole.add({ index: 0, function: { arguments: rest.slice(0, cut) } });
          rest = rest.slice(cut);
        }
        expect(whole.finish()).toEqual([{ name: 'open_app', args: JSON.parse(text) }]);
        const cutOff = new ToolCallDrafts();
        // At least one character of an object is missing at its end: it is not closed.
        const kept = text.slice(0, missing % text.length);
        cutOff.add({ index: 0, id: 'a', function: { name: 'open_app', arguments: kept === '' ? '{' : kept } });
        expect(cutOff.finish()).toEqual([{ name: 'open_app', args: undefined }]);
      }),
    );
  });
});

test('Calls 5: a call that is said twice is one', () => {
  const calls = callsOf([
    open(safariText, { index: 0, id: 'a' }),
    open(safariText, { index: 1, id: 'b' }),
    open(mailText, { index: 2 }),
  ]);
  expect(calls).toEqual([safari, mail]);
});

test('what is no fragment is none', () => {
  fc.assert(
    fc.property(fc.array(fc.object({ maxDepth: 3 }), { maxLength: 8 }), (fragments) => {
      const drafts = new ToolCallDrafts(offered);
      for (const fragment of fragments) drafts.add(fragment);
      for (const { args } of drafts.finish()) expect(['object', 'undefined']).toContain(typeof args);
    }),
  );
  expect(callsOf([{ function: { name: 5, arguments: safariText } }])).toEqual([]);
});

test('Calls 7: they are bounded in number and length, and a fragment costs its own length', () => {
  const many = new ToolCallDrafts();
  for (let index = 0; index < mostToolCalls; index += 1) {
    expect(many.add({ index, function: { name: 'open_app' } })).toBe(true);
  }
  expect(many.add({ index: mostToolCalls, function: { name: 'open_app' } })).toBe(false);
  const long = new ToolCallDrafts();
  expect(long.add({ function: { name: 'x', arguments: 'x'.repeat(argumentsMaxChars) } })).toBe(true);
  expect(long.add({ function: { arguments: 'x' } })).toBe(false);
  const slow = new ToolCallDrafts();
  const startedAtMs = performance.now();
  for (let at = 0; at < argumentsMaxChars; at += 1) slow.add(open(at === 0 ? '{' : '"'));
  expect(performance.now() - startedAtMs).toBeLessThan(3_000);
});

describe('Calls 6: spelling', () => {
  test.each<readonly [string, string, object | undefined]>([
    ['a number that no double holds', '{"contact":12345678901234567890}', { contact: '12345678901234567890' }],
    [
      'the first such number',
      '{"contact":9007199254740993,"n":-9007199254740993}',
      { contact: '9007199254740993', n: '-9007199254740993' },
    ],
    ['one that a double holds', '{"contact":9007199254740992}', { contact: 9007199254740992 }],
    ['one in a text', '{"message":"call 12345678901234567890"}', { message: 'call 12345678901234567890' }],
    ['one that is encoded twice', '"{\\"contact\\":12345678901234567890}"', { contact: '12345678901234567890' }],
    ['single quotes', "{'app_name': 'Safari'}", { app_name: 'Safari' }],
    ['a telephone number', '{"contact": +4915112345678,}', { contact: '+4915112345678' }],
    ['a brace inside of them', "{'message': 'a } b'}", undefined],
    ['an apostrophe in a text', '{"message":"it\'s {fine}",}', { message: "it's {fine}" }],
    ['a comma too many', '{"app_name": "Safari",}', { app_name: 'Safari' }],
    ['keys without quotes', '{app_name: "Safari"}', { app_name: 'Safari' }],
    ['a line feed in a text', '{"message":"a\nb"}', { message: 'a\nb' }],
    ['single quotes that nobody closed', "{'message': 'see you :}", undefined],
    ['quotes that nobody closed', '{"message": "see you :}', undefined],
    ['an object that is closed as a list', '{"app_name": ["Saf"}', undefined],
    ['what is too deep for anybody', `${'{"a":'.repeat(3_000)}1${'}'.repeat(3_000)}`, undefined],
    ['an object that nobody closed', "{'app_name': 'Saf'", undefined],
  ])('%s', (_title, text, args) => {
    expect(callsOf([open(text)])).toEqual([{ name: 'open_app', args }]);
    expect(callsOf([open(''), ...text.split('').map((unit) => piece(unit))])).toEqual([{ name: 'open_app', args }]);
  });

  test('is mended in one call of an answer', () => {
    const misspelt = (name: string) => ({ function: { name, arguments: "{'app_name': 'Safari'}" } });
    expect(callsOf([misspelt('open_app'), misspelt('close_app')])).toEqual([
      safari,
      { name: 'close_app', args: undefined },
    ]);
  });
});

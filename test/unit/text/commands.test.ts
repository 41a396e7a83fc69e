import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { commandNames, defaultCommands, judgeCommand, normaliseCommandName } from '../../../src/text/commands.ts';
import { runs } from '../../support/runs.ts';

const judge = (name: string, args: unknown) => judgeCommand({ name, args }, commandNames);

describe('the names', () => {
  test('are the eleven of the contract, five of them on', () => {
    expect(commandNames).toHaveLength(11);
    expect(defaultCommands).toEqual(['open_app', 'close_app', 'send_message', 'read_messages', 'find_contact']);
  });

  test.each([
    ...['open_app', ' Open_App ', 'OPEN-APP', 'open.app', 'open app', '\topen_app\n'],
    ...['open__app', 'open___app', 'Open - App', 'open._app', ' open.-app '],
  ])('%j is open_app', (name) => {
    expect(normaliseCommandName(name)).toBe('open_app');
    expect(judge(name, { app_name: 'Safari' })).toEqual({
      accepted: true,
      command: 'open_app',
      args: { app_name: 'Safari' },
    });
  });

  test.each(['', 'open', 'openapp', '_open_app', 'open_app_', 'constructor', '__proto__', 'toString', 'open_app;rm'])(
    '%j is no command',
    (name) => {
      expect(judge(name, {})).toMatchObject({ accepted: false, reason: 'unknown_command' });
    },
  );

  test('a known command that is not allowed is disabled', () => {
    expect(judgeCommand({ name: 'Browser-Use', args: { task: 'x' } }, defaultCommands)).toEqual({
      accepted: false,
      name: 'browser_use',
      reason: 'disabled_command',
      detail: 'switched off in the configuration',
    });
  });

  test('the name in a refusal is bounded and printable', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 300 }), (name) => {
        const verdict = judge(name, {});
        if (verdict.accepted) return;
        expect(verdict.name.length).toBeLessThanOrEqual(64);
        expect(verdict.name).toMatch(/^[\p{L}\p{N}_?]*$/u);
        expect(verdict.name.isWellFormed()).toBe(true);
      }),
    );
  });
});

describe('good arguments', () => {
  test.each([
    ['open_app', { app_name: 'Safari' }, { app_name: 'Safari' }],
    ['close_app', { app_name: ' Сафари ' }, { app_name: 'Сафари' }],
    ['send_message', { contact: 'Мама', message: 'Я дома' }, { contact: 'Мама', message: 'Я дома' }],
    ['read_messages', {}, {}],
    ['read_messages', undefined, {}],
    ['read_messages', null, {}],
    ['read_messages', { contact: 'Bob', limit: 5 }, { contact: 'Bob', limit: 5 }],
    ['read_messages', { contact: null, limit: null }, {}],
    ['read_messages', { contact: ' ', limit: '' }, {}],
    ['read_messages', { limit: ' 7 ' }, { limit: 7 }],
    ['read_messages', { limit: 100 }, { limit: 100 }],
    ['find_contact', { query: 'Bob' }, { query: 'Bob' }],
    ['send_whatsapp_message', { contact: 'a', message: 'b' }, { contact: 'a', message: 'b' }],
    ['read_whatsapp_messages', { limit: 1 }, { limit: 1 }],
    ['browser_use', { task: 'Book a table' }, { task: 'Book a table' }],
    ['close_browser', {}, {}],
    ['browser_use', { task: 'x', url: null, model: '', config_preset: ' ' }, { task: 'x' }],
    [
      'browser_use',
      { task: 'x', url: 'https://example.com/?a=b', model: 'gemini-2.0', config_preset: 'fast', steps: 9 },
      { task: 'x', url: 'https://example.com/?a=b', model: 'gemini-2.0', config_preset: 'fast' },
    ],
    ['browser_use', { task: 42, model: 4.1 }, { task: '42', model: '4.1' }],
    ['buy_subscription', {}, {}],
    [
      'buy_subscription',
      { plan: 'pro', seats: 3, more: { a: [1, null] } },
      { plan: 'pro', seats: 3, more: { a: [1, null] } },
    ],
    ['manage_subscription', { action: 'cancel', reason: null }, { action: 'cancel', reason: null }],
    ['manage_subscription', '{"action":"cancel"}', { action: 'cancel' }],
    ['buy_subscription', nested(16), nested(16)],
    ['buy_subscription', `{"plan":"pro","__proto__":${JSON.stringify(nested(17))}}`, { plan: 'pro' }],
    ['manage_subscription', { a: 'a'.repeat(65_528) }, { a: 'a'.repeat(65_528) }],
    ['send_message', { contact: 5551234567, message: 42 }, { contact: '5551234567', message: '42' }],
    ['send_message', { contact: -7.25, message: 0 }, { contact: '-7.25', message: '0' }],
    ['send_message', { contact: 9007199254740991, message: -0 }, { contact: '9007199254740991', message: '0' }],
    [
      'send_message',
      '{"contact":12345678901234567890,"message":"12345678901234567890"}',
      { contact: '12345678901234567890', message: '12345678901234567890' },
    ],
    ['find_contact', { query: 911 }, { query: '911' }],
    ['find_contact', { query: '😀'.repeat(8000) }, { query: '😀'.repeat(8000) }],
    ['open_app', { app_name: '😀'.repeat(200) }, { app_name: '😀'.repeat(200) }],
    ['open_app', { app_name: 1984 }, { app_name: '1984' }],
    ['read_messages', { contact: 5551234567 }, { contact: '5551234567' }],
    ['read_messages', { limit: 0 }, { limit: 1 }],
    ['read_messages', { limit: 500 }, { limit: 100 }],
    ['read_messages', { limit: '99999999999999999999' }, { limit: 100 }],
    ['read_messages', { limit: -3 }, { limit: 1 }],
    ['read_messages', { limit: 10.7 }, { limit: 10 }],
    ['read_messages', { limit: 0.5 }, { limit: 1 }],
    ['read_messages', { limit: 1e300 }, { limit: 100 }],
    ['read_messages', { limit: '10' }, { limit: 10 }],
    ['read_messages', { limit: '-5' }, { limit: 1 }],
    ['read_messages', { limit: '10.0' }, { limit: 10 }],
    ['read_messages', { limit: '1000' }, { limit: 100 }],
    ['read_messages', { limit: 'all' }, {}],
    ['read_messages', { limit: 'five', contact: 'Bob' }, { contact: 'Bob' }],
    ['read_whatsapp_messages', { limit: 999 }, { limit: 100 }],
    ['manage_subscription', '', {}],
    ['open_app', { app_name: 'Safari', reason: 'because', nested: { a: 1 } }, { app_name: 'Safari' }],
    ['open_app', '{"app_name":"Safari"}', { app_name: 'Safari' }],
  ])('%s %j', (name, args, expected) => {
    expect(judge(name, args)).toEqual({ accepted: true, command: name, args: expected });
  });

  test('__proto__ and constructor as keys are dropped', () => {
    const verdict = judge('open_app', JSON.parse('{"app_name":"a","__proto__":{"app_name":"b"},"constructor":"c"}'));
    expect(verdict).toEqual({ accepted: true, command: 'open_app', args: { app_name: 'a' } });
    const inherited = judge('open_app', JSON.parse('{"__proto__":{"app_name":"b"}}'));
    expect(inherited).toMatchObject({ accepted: false, reason: 'invalid_args' });
  });
});

/** Objects in each other. */
function nested(depth: number): unknown {
  return JSON.parse(`${'{"a":'.repeat(depth)}1${'}'.repeat(depth)}`);
}

describe('bad arguments', () => {
  test.each([
    ['open_app', {}, 'app_name must be string, not blank'],
    ['open_app', { app_name: '' }, 'app_name must not be blank'],
    ['open_app', { app_name: '  ' }, 'app_name must not be blank'],
    ['open_app', { app_name: null }, 'app_name must be string, not blank'],
    ['open_app', { app_name: true }, 'app_name must be string, not blank'],
    ['open_app', { app_name: 'a'.repeat(201) }, 'app_name must be at most 200 characters'],
    ['open_app', { app_name: '😀'.repeat(201) }, 'app_name must be at most 200 characters'],
    ['open_app', [], 'args must be a JSON object'],
    ['open_app', 'Safari', 'args must be a JSON object'],
    ['open_app', '{"app_name":"Saf', 'args must be a JSON object'],
    ['open_app', 5, 'args must be a JSON object'],
    ['send_message', { contact: 'Bob' }, 'message must be string, not blank'],
    ['send_message', { contact: 'Bob', message: 'a'.repeat(8001) }, 'message must be at most 8000 characters'],
    ['read_messages', { limit: true }, 'limit must be number, 1..100'],
    ['read_messages', { limit: [5] }, 'limit must be number, 1..100'],
    ['read_messages', { limit: { max: 5 } }, 'limit must be number, 1..100'],
    ['browser_use', { url: 'https://example.com' }, 'task must be string, not blank'],
    ['browser_use', { task: 'x', url: ['https://example.com'] }, 'url must be string, not blank'],
    ['send_message', { contact: Number.POSITIVE_INFINITY, message: 'x' }, 'contact must be string, not blank'],
    ['send_message', { contact: 2 ** 53, message: 'x' }, 'contact must be string, not blank'],
    ['send_message', { contact: 1e-7, message: 'x' }, 'contact must be string, not blank'],
    ['buy_subscription', ['pro'], 'args must be a JSON object'],
    ['buy_subscription', nested(17), 'args must be at most 16 objects deep'],
    ['manage_subscription', { a: 'a'.repeat(65_529) }, 'args must be at most 65536 characters of JSON'],
    ['read_messages', { contact: ['Bob'] }, 'contact must be string, not blank'],
  ])('%s %j: %s', (name, args, detail) => {
    expect(judge(name, args)).toEqual({ accepted: false, name, reason: 'invalid_args', detail });
  });

  test('nothing that somebody said is in a refusal, and nothing is thrown', () => {
    const secret = 'SECRETWORD';
    const leaf = fc.oneof(fc.constant(secret), fc.constant(null), fc.integer(), fc.constant(secret.repeat(1000)));
    const args = fc.dictionary(
      fc.oneof(
        fc.constantFrom('app_name', 'contact', 'message', 'limit', 'query', 'task', '__proto__'),
        fc.constant(secret),
      ),
      fc.oneof(leaf, fc.array(leaf), fc.dictionary(fc.string(), leaf)),
    );
    fc.assert(
      fc.property(fc.constantFrom(...commandNames), fc.oneof(args, leaf), (name, given) => {
        const verdict = judge(name, given);
        if (!verdict.accepted) expect(`${verdict.name} ${verdict.detail}`).not.toContain(secret);
      }),
      { numRuns: runs(500) },
    );
  });
});

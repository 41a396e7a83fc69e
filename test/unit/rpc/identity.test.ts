/** Whose call it is (CONTRACT §1, "Identity"): what each policy asks of each rpc, as a table over every way to have no id. */
import { describe, expect, test } from 'vitest';
import { isOneDevice, type RpcMethod } from '../../../src/call/call.ts';
import { type GivenIds, type IdentityPolicy, identify } from '../../../src/rpc/identity.ts';

const UUID = '7f0c3a52-4f4e-4c1e-9d2c-0b7b8f1f8a11';
const uuidV4 = /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;
const policies: readonly IdentityPolicy[] = ['lenient', 'device', 'strict'];
const noIds = ['', 'unknown', 'Unknown', 'UNKNOWN', 'uNkNoWn'];
/** None either, and not well formed. */
const blanks = [' ', '\t', ' unknown ', '\u00a0'];

/** The ids of the call, a made one as `made`; or the error_type. */
function seen(method: RpcMethod, policy: IdentityPolicy, given: GivenIds) {
  const { call, failure } = identify[method](policy, given);
  if (failure !== null) return failure.errorType;
  const isMade = call.sessionId !== given.session_id && uuidV4.test(call.sessionId);
  return [isMade ? 'made' : call.sessionId, call.hardwareId];
}

describe('StreamAudio', () => {
  test.each(noIds)('without a session_id (%j) gets one, but under strict', (session_id) => {
    const ids = { session_id, hardware_id: 'device-1' };
    expect(policies.map((policy) => seen('StreamAudio', policy, ids))).toEqual([
      ['made', 'device-1'],
      ['made', 'device-1'],
      'missing_session_id',
    ]);
  });

  test.each(noIds)("without a hardware_id (%j) is nobody's, but only under lenient", (hardware_id) => {
    const ids = { session_id: UUID, hardware_id };
    expect(policies.map((policy) => seen('StreamAudio', policy, ids))).toEqual([
      [UUID, 'unknown'],
      'invalid_hardware_id',
      'invalid_hardware_id',
    ]);
  });

  test.each(blanks)('with blanks for an id (%j) is refused by every policy', (blank) => {
    const session = (policy: IdentityPolicy) => seen('StreamAudio', policy, { session_id: blank, hardware_id: 'd' });
    const device = (policy: IdentityPolicy) => seen('StreamAudio', policy, { session_id: UUID, hardware_id: blank });
    expect(policies.map(session).every((type) => /^(missing|invalid)_session_id$/.test(String(type)))).toBe(true);
    expect(policies.map(device)).toEqual(Array(3).fill('invalid_hardware_id'));
  });

  test.each(['session-1', 'welcome_1796006750.5', '~', UUID.replace('-4c1e', '-1c1e'), `{${UUID}}`])(
    'with the session_id %j runs under it, but under strict',
    (session_id) => {
      const ids = { session_id, hardware_id: 'device-1' };
      expect(policies.map((policy) => seen('StreamAudio', policy, ids))).toEqual([
        [session_id, 'device-1'],
        [session_id, 'device-1'],
        'invalid_session_id',
      ]);
    },
  );

  test.each([...noIds, ' ', '\t'])('a COLLECT with the session_id %j is refused by every policy', (session_id) => {
    const ids = { session_id, hardware_id: 'device-1', phase: 1 };
    expect(policies.map((policy) => seen('StreamAudio', policy, ids))).toEqual(Array(3).fill('missing_session_id'));
  });

  test("a COLLECT under an id of its own is that device's, as everything else is", () => {
    const ids = { session_id: UUID, hardware_id: 'device-1', phase: 1 };
    expect(policies.map((policy) => seen('StreamAudio', policy, ids))).toEqual(Array(3).fill([UUID, 'device-1']));
    expect(seen('StreamAudio', 'lenient', { ...ids, session_id: 'a b' })).toBe('invalid_session_id');
  });

  test.each(['unknown-1', 'unknow', 'unknownn', 'un-known', 'ünknown'.slice(1)])('%j is an id like any other', (id) => {
    expect(seen('StreamAudio', 'device', { session_id: id, hardware_id: id })).toEqual([id, id]);
  });
});

describe('GenerateWelcomeAudio', () => {
  test.each(['welcome_1796006750.5', 'welcome_1730000000.123456', UUID, 'a'])(
    'keeps the session_id %j under every policy',
    (session_id) => {
      for (const policy of policies) {
        expect(seen('GenerateWelcomeAudio', policy, { session_id })).toEqual([session_id, '']);
      }
    },
  );

  test.each(noIds)('without one (%j) gets one under every policy', (session_id) => {
    for (const policy of policies) expect(seen('GenerateWelcomeAudio', policy, { session_id })).toEqual(['made', '']);
  });

  test.each([' ', 'a b', 'x'.repeat(129), 'привет', 'a\n'])(
    'with a malformed one (%j) is refused by every policy',
    (session_id) => {
      for (const policy of policies)
        expect(seen('GenerateWelcomeAudio', policy, { session_id })).toBe('invalid_session_id');
    },
  );
});

describe('ReportUsage', () => {
  test.each(['welcome_1796006750.5', 'session-1', UUID])('keeps the session_id %j under every policy', (session_id) => {
    for (const policy of policies) {
      expect(seen('ReportUsage', policy, { session_id, hardware_id: 'd' })).toEqual([session_id, 'd']);
    }
  });

  test.each(noIds)('has no session where it says %j', (session_id) => {
    for (const policy of policies)
      expect(seen('ReportUsage', policy, { session_id, hardware_id: 'd' })).toEqual(['', 'd']);
  });

  test.each(noIds.slice(1))("of the device %j is nobody's, and only under lenient", (hardware_id) => {
    expect(policies.map((policy) => seen('ReportUsage', policy, { hardware_id }))).toEqual([
      ['', 'unknown'],
      'invalid_hardware_id',
      'invalid_hardware_id',
    ]);
  });

  test.each(['', ...blanks])('of no device (%j) is refused by every policy', (hardware_id) => {
    for (const policy of policies) expect(seen('ReportUsage', policy, { hardware_id })).toBe('invalid_hardware_id');
  });
});

test.each([...noIds, ...blanks])('InterruptSession of the device %j is refused by every policy', (hardware_id) => {
  for (const policy of policies) expect(seen('InterruptSession', policy, { hardware_id })).toBe('invalid_hardware_id');
});

test('what names no device is none anywhere', () => {
  expect([...noIds, ...blanks].filter(isOneDevice)).toEqual([]);
  expect(['d', 'unknown-1', 'Unknown device'].filter(isOneDevice)).toHaveLength(3);
});

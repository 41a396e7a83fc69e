/** The settings of the inspector: what is refused at start, and what is never shown. */
import { inspect } from 'node:util';
import { describe, expect, test } from 'vitest';
import { ConfigFault, loadConfig } from '../../../src/config.ts';

function load(env: Readonly<Record<string, string>>) {
  return loadConfig({ env, readFile: () => '' });
}

function faultsOf(env: Readonly<Record<string, string>>): readonly string[] {
  try {
    load(env);
    return [];
  } catch (error) {
    if (!(error instanceof ConfigFault)) throw error;
    return error.faults;
  }
}

describe('INSPECTOR=on', () => {
  test.each(['0.0.0.0', '::', '192.168.1.5', 'voice.example', '169.254.1.1'])(
    'is refused with HTTP_HOST=%s',
    (HTTP_HOST) => {
      expect(faultsOf({ INSPECTOR: 'on', HTTP_HOST })).toEqual([
        `HTTP_HOST "${HTTP_HOST}" (environment) must be a loopback address, such as 127.0.0.1, while INSPECTOR is on: ` +
          'what it shows would go over the network unencrypted',
      ]);
      expect(faultsOf({ HTTP_HOST })).toEqual([]);
    },
  );

  test.each(['127.0.0.1', '127.1.2.3', '::1', '0:0:0:0:0:0:0:1', 'localhost', 'LOCALHOST'])(
    'is taken with HTTP_HOST=%s',
    (HTTP_HOST) => {
      expect(load({ INSPECTOR: 'on', HTTP_HOST }).inspector.isOn).toBe(true);
    },
  );
});

test('INSPECTOR_TOKEN is carried where nobody sees it, and a bad one is told without its text', () => {
  const config = load({ INSPECTOR: 'on', INSPECTOR_TOKEN: 'open-sesame' });
  expect(config.inspector.token?.reveal()).toBe('open-sesame');
  expect(JSON.stringify(config) + inspect(config, { depth: 10 })).not.toContain('sesame');
  for (const token of ['open sesame', 'open\nsesame', 'sésame', 'sesame'.repeat(1_000)]) {
    const [fault = '', ...others] = faultsOf({ INSPECTOR: 'on', INSPECTOR_TOKEN: token });
    expect(others).toEqual([]);
    expect(fault).toContain('INSPECTOR_TOKEN (environment) must be');
    expect(fault).not.toContain('same');
  }
});

test('what has no effect without the inspector is said', () => {
  const { notes } = load({ INSPECTOR_TRY: 'on', INSPECTOR_TOKEN: 'open-sesame' });
  expect(notes.map(({ name, note }) => `${name} ${note}`)).toEqual([
    'INSPECTOR_TOKEN (environment) has no effect: INSPECTOR is off',
    'INSPECTOR_TRY (environment) has no effect: INSPECTOR is off',
  ]);
});

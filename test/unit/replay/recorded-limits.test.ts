/** A limit of a session that is new is a setting of `--with`, of an exported scenario, and no reason to give up older logs. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { isBadLog, readLog } from '../../../src/log/log-reader.ts';
import { limitNames, recordedInputOf, settingsOf } from '../../../src/replay/recorded-limits.ts';
import { runCli } from '../../support/run-cli.ts';

const folder = fileURLToPath(new URL('../../recordings/session', import.meta.url));
const recordings = readdirSync(folder).filter((name) => name.endsWith('.jsonl'));

const limits = {
  idleTimeoutMs: 1_000,
  firstTokenTimeoutMs: 2_000,
  answerStallTimeoutMs: 3_000,
  speechTimeoutMs: 4_000,
  sessionTimeoutMs: 5_000,
  maxFramesPerSecond: 6,
  speechLookahead: 7,
  speechFailure: 'degrade',
  allowedCommands: ['open_app'],
} as const;

describe('the limits of a session', () => {
  const names = [...limitNames];

  test('are all known here', () => {
    expect(Object.keys(limits).toSorted()).toEqual(names.toSorted());
  });

  test.each(names)('%s is a setting of its own in a scenario that is made of a log', (name) => {
    const changed = { ...limits, [name]: otherValueOf(name) };
    const [before, after] = [settingsOf({ limits }), settingsOf({ limits: changed })];
    const differing = Object.keys({ ...before, ...after }).filter((setting) => before[setting] !== after[setting]);
    expect(differing).toHaveLength(1);
  });

  test('that wait as long as a timer can are off', () => {
    expect(settingsOf({ limits: { ...limits, idleTimeoutMs: 2 ** 31 - 1, speechTimeoutMs: 0 } })).toMatchObject({
      BACKPRESSURE_IDLE_TIMEOUT: '0',
      SPEECH_TIMEOUT: '0',
      SESSION_TIMEOUT: '5',
    });
  });

  test('are all taken by `recital replay --with`', async () => {
    const { stderr } = await runCli(['replay', folder, '--with', 'HTTP_PORT=1']);
    const [, taken = ''] = /changes nothing in a session; it takes (.*)/.exec(stderr) ?? [];
    expect(taken.split(', ')).toEqual(expect.arrayContaining(Object.keys(settingsOf({ limits }))));
  });

  test.each(recordings)('can be read from %s, however old it is', (name) => {
    const log = readLog(readFileSync(join(folder, name), 'utf8'));
    if (isBadLog(log)) expect.fail(`bad log: line ${log.line}, ${log.why}`);
    expect(recordedInputOf(log.header.input)).not.toBeNull();
  });
});

function otherValueOf(name: string): unknown {
  if (name === 'speechFailure') return 'fail';
  return name === 'allowedCommands' ? ['close_app'] : 9_000;
}

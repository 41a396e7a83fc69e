/**
 * The configuration: what is accepted, what is refused and in which words, who wins, and that docs/CONFIG.md says the
 * same as the table.
 */

import { readFileSync } from 'node:fs';
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { expectationOf, type Setting } from '../../../src/config/setting.ts';
import { settingNames, settingsTable } from '../../../src/config/settings-table.ts';
import { type Config, ConfigFault, loadConfig } from '../../../src/config.ts';
import { defaultCommands } from '../../../src/text/commands.ts';

type Environment = Readonly<Record<string, string | undefined>>;

const scenario = JSON.stringify({ answers: [{ when: '', steps: [{ echo: true }] }] });

/** Loads with files held in memory. */
function load(env: Environment, files: Readonly<Record<string, string>> = {}): Config {
  return loadConfig({
    env,
    readFile: (path) => {
      const text = Object.hasOwn(files, path) ? files[path] : undefined;
      if (text === undefined) throw new Error(`ENOENT: no such file or directory, open '${path}'`);
      return text;
    },
  });
}

function loadYaml(yaml: string, env: Environment = {}): Config {
  return load({ CONFIG_FILE: 'c.yaml', ...env }, { 'c.yaml': yaml });
}

/** The faults of a configuration that must not load. */
function faultsOf(run: () => Config): readonly string[] {
  try {
    run();
  } catch (error) {
    if (error instanceof ConfigFault) return error.faults;
    throw error;
  }
  throw new Error('the configuration loaded, but should have been refused');
}

describe('a fault of the YAML', () => {
  test.each([
    ['SPEECH_API_KEY: !sk-secret', 'Unresolved tag (a value that begins with a sign needs quotes)'],
    ['SPEECH_API_KEY: | sk-secret', 'Not a YAML token (a value that begins with a sign needs quotes)'],
    ['SPEECH_API_KEY: @sk-secret', 'Plain value cannot start with reserved character @'],
    ['SPEECH_API_KEY: "sk-secret', 'Missing closing "quote'],
    ['SPEECH_API_KEY: sk: secret', 'Nested mappings are not allowed in compact mappings'],
  ])('%s is told without the key', (text, words) => {
    expect(() => loadConfig({ env: { CONFIG_FILE: 'r.yaml' }, readFile: () => text })).toThrow(
      new ConfigFault([`r.yaml line 1 is not valid YAML: ${words}`]),
    );
  });

  test('of a file that was never a configuration are shown in a bounded number', () => {
    const load = () => loadConfig({ env: { CONFIG_FILE: 'r.yaml' }, readFile: () => 'A: 1\n'.repeat(1_000) });
    expect(load).toThrow(/^The configuration has 1000 faults:\n(?:.*\n){100} {2}and 900 more$/);
  });
});

describe('defaults', () => {
  test('an empty environment gives exactly the documented defaults', () => {
    expect(load({})).toEqual({
      grpc: { host: '127.0.0.1', port: 50_051 },
      http: { host: '127.0.0.1', port: 8080, allowedHosts: [] },
      backpressure: {
        maxStreams: 50,
        idleTimeoutMs: 300_000,
        maxFramesPerSecond: 0,
        gracePeriodMs: 30_000,
        maxStreamsPerDevice: 10,
        oneStreamPerDevice: false,
      },
      duplicates: { policy: 'reject', queueTimeoutMs: 5_000, queueMax: 4 },
      workers: 1,
      connections: { maxConnections: 1000, maxStreamsPerConnection: 100 },
      overload: { isOn: true, maxLagMs: 100 },
      timeouts: {
        firstTokenTimeoutMs: 30_000,
        answerStallTimeoutMs: 30_000,
        speechTimeoutMs: 15_000,
        sessionTimeoutMs: 600_000,
      },
      collect: {
        ttlMs: 120_000,
        maxBuffers: 1000,
        maxChars: 32_768,
        promptMaxChars: 32_768,
        screenshotMaxBytes: 10_485_760,
      },
      speech: { lookaheadSentences: 2, failurePolicy: 'degrade', unknownVoice: 'fallback' },
      identity: { policy: 'lenient' },
      engines: {
        answer: 'embedded',
        speech: 'embedded',
        startFailure: 'emergency',
        scenario: null,
        speechProvider: null,
      },
      answer: { providers: [], retries: 1, attemptTimeoutMs: 10_000, systemPrompt: null },
      commands: { allowed: [...defaultCommands] },
      data: { dir: './data' },
      eventLog: {
        isOn: true,
        dir: './data/event-logs',
        files: 'segment',
        redaction: 'shape',
        maxAgeMs: 1_209_600_000,
        maxTotalBytes: 1_073_741_824,
      },
      memory: {
        isOn: true,
        maxExchanges: 20,
        maxChars: 16_384,
        ttlMs: 2_592_000_000,
        maxDevices: 100_000,
      },
      quota: { daily: 0, weekly: 0, monthly: 0 },
      inspector: { isOn: false, token: null, canTry: false, exportUrl: null },
      log: { level: 'info', format: 'json', hasLevelNames: false },
      notes: [],
      killSwitches: { disableModuleCoordinator: false, disableForwardAssistantActions: false },
    });
  });

  test('the event logs follow DATA_DIR unless they have a folder of their own', () => {
    expect(load({ DATA_DIR: '/var/$&' }).eventLog.dir).toBe('/var/$&/event-logs');
    expect(load({ DATA_DIR: '/var/r', EVENT_LOG_DIR: '/logs' }).eventLog.dir).toBe('/logs');
  });

  test('a variable that is not a setting is ignored in the environment', () => {
    expect(load({ HOME: '/root', BACKPRESSURE_MAXIMUM: 'x', toString: 'y' })).toEqual(load({}));
  });

  test.each(['', ' ', '\t\n', undefined])('an empty value %j counts as not set', (empty) => {
    const env = Object.fromEntries(settingNames.map((name) => [name, empty]));
    expect(load(env)).toEqual(load({}));
  });

  test('the configuration and every section of it are frozen', () => {
    const config = load({});
    expect(Object.isFrozen(config)).toBe(true);
    for (const section of Object.values(config)) expect(Object.isFrozen(section)).toBe(true);
    expect(Object.isFrozen(config.commands.allowed)).toBe(true);
  });
});

describe('accepted values', () => {
  test.each<[string, string, (config: Config) => unknown, unknown]>([
    ['GRPC_PORT', '0', (c) => c.grpc.port, 0],
    ['GRPC_PORT', '65535', (c) => c.grpc.port, 65_535],
    ['GRPC_PORT', ' 6000 ', (c) => c.grpc.port, 6000],
    ['MEMORY', 'off', (c) => c.memory.isOn, false],
    ['MEMORY_TTL', '1', (c) => c.memory.ttlMs, 1000],
    ['QUOTA_MONTHLY', '1000000000', (c) => c.quota.monthly, 1_000_000_000],
    ['GRPC_HOST', '::1', (c) => c.grpc.host, '::1'],
    ['GRPC_HOST', 'localhost', (c) => c.grpc.host, 'localhost'],
    ['HTTP_HOST', 'my_service.internal', (c) => c.http.host, 'my_service.internal'],
    [
      'HTTP_ALLOWED_HOSTS',
      'voice.example, 10.0.0.7,[fd00::7],',
      (c) => c.http.allowedHosts,
      ['voice.example', '10.0.0.7', 'fd00::7'],
    ],
    ['HTTP_ALLOWED_HOSTS', '*', (c) => c.http.allowedHosts, ['*']],
    ['INSPECTOR_EXPORT', 'ws://127.0.0.1:8090', (c) => c.inspector.exportUrl, 'ws://127.0.0.1:8090'],
    ['INSPECTOR_EXPORT', 'ws://localhost:8090/a?b=c', (c) => c.inspector.exportUrl, 'ws://localhost:8090/a?b=c'],
    ['INSPECTOR_EXPORT', 'ws://[::1]:1', (c) => c.inspector.exportUrl, 'ws://[::1]:1'],
    ['INSPECTOR_EXPORT', 'ws://127.9.9.9', (c) => c.inspector.exportUrl, 'ws://127.9.9.9'],
    ['INSPECTOR_EXPORT', 'WS://LOCALHOST:1/', (c) => c.inspector.exportUrl, 'WS://LOCALHOST:1/'],
    ['BACKPRESSURE_MAX_STREAMS', '1', (c) => c.backpressure.maxStreams, 1],
    ['BACKPRESSURE_MAX_STREAMS', '1e3', (c) => c.backpressure.maxStreams, 1000],
    ['BACKPRESSURE_IDLE_TIMEOUT', '0', (c) => c.backpressure.idleTimeoutMs, 0],
    ['BACKPRESSURE_IDLE_TIMEOUT', '-0', (c) => c.backpressure.idleTimeoutMs, 0],
    ['BACKPRESSURE_IDLE_TIMEOUT', '0.5', (c) => c.backpressure.idleTimeoutMs, 500],
    ['BACKPRESSURE_IDLE_TIMEOUT', '.07', (c) => c.backpressure.idleTimeoutMs, 70],
    ['BACKPRESSURE_IDLE_TIMEOUT', '0.0001', (c) => c.backpressure.idleTimeoutMs, 1],
    ['SESSION_TIMEOUT', '2147483', (c) => c.timeouts.sessionTimeoutMs, 2_147_483_000],
    ['COLLECT_TTL', '0.2', (c) => c.collect.ttlMs, 200],
    ['SPEECH_LOOKAHEAD', '0', (c) => c.speech.lookaheadSentences, 0],
    ['SPEECH_FAILURE', 'fail', (c) => c.speech.failurePolicy, 'fail'],
    ['VOICE_UNKNOWN', 'refuse', (c) => c.speech.unknownVoice, 'refuse'],
    ['IDENTITY_POLICY', 'Strict', (c) => c.identity.policy, 'strict'],
    ['IDENTITY_POLICY', 'device', (c) => c.identity.policy, 'device'],
    ['PROMPT_MAX_CHARS', '1', (c) => c.collect.promptMaxChars, 1],
    ['LOG_LEVEL', 'silent', (c) => c.log.level, 'silent'],
    ['LOG_FORMAT', 'pretty', (c) => c.log.format, 'pretty'],
    ['LOG_LEVEL_NAMES', 'on', (c) => c.log.hasLevelNames, true],
    ['COMMANDS', ' open_app , BROWSER_USE,open_app,', (c) => c.commands.allowed, ['open_app', 'browser_use']],
    [
      'KILL_SWITCHES',
      'disable_module_coordinator,disable_forward_assistant_actions',
      (c) => c.killSwitches,
      { disableModuleCoordinator: true, disableForwardAssistantActions: true },
    ],
  ])('%s=%j', (name, text, pick, value) => {
    expect(pick(load({ [name]: text }))).toEqual(value);
  });

  test.each(['0', '65', '1.5', '-1', 'all', 'AUTO', '1 2', '٢'])(
    'WORKERS=%j is a fault that names its bounds',
    (text) => {
      expect(() => load({ WORKERS: text })).toThrow(/WORKERS .* must be a whole number from 1 to 64, or auto/);
    },
  );

  test('WORKERS is a number, or auto', () => {
    expect(['1', '2', '64', 'auto'].map((text) => load({ WORKERS: text }).workers)).toEqual([1, 2, 64, 'auto']);
  });

  test.each(['on', 'ON', 'true', 'True', '1', 'yes', 'YES'])('a switch is on for %j', (text) => {
    expect(load({ ONE_STREAM_PER_DEVICE: text }).backpressure.oneStreamPerDevice).toBe(true);
  });

  test.each(['off', 'OFF', 'false', 'FALSE', '0', 'no', 'No'])('a switch is off for %j', (text) => {
    expect(load({ EVENT_LOG: text }).eventLog.isOn).toBe(false);
  });

  test('every duration becomes whole milliseconds within a Node timer, and 0 only for 0', () => {
    fc.assert(
      fc.property(fc.double({ min: 0, max: 2_147_483, noNaN: true }), (seconds) => {
        const ms = load({ SESSION_TIMEOUT: String(seconds) }).timeouts.sessionTimeoutMs;
        expect(Number.isInteger(ms) && ms >= 0 && ms < 2 ** 31).toBe(true);
        expect(ms === 0).toBe(seconds === 0);
        expect(Math.abs(ms - seconds * 1000)).toBeLessThanOrEqual(1);
      }),
    );
  });
});

describe('refused values', () => {
  test.each([
    ['GRPC_PORT', '65536'],
    ['HTTP_ALLOWED_HOSTS', 'voice.example:8080'],
    ['HTTP_ALLOWED_HOSTS', 'http://voice.example'],
    ['HTTP_ALLOWED_HOSTS', 'a b'],
    ['HTTP_ALLOWED_HOSTS', '*.example'],
    ['GRPC_PORT', '-1'],
    ['INSPECTOR_EXPORT', 'ws://example.com:8090'],
    ['INSPECTOR_EXPORT', 'wss://127.0.0.1:8090'],
    ['INSPECTOR_EXPORT', 'http://127.0.0.1:8090'],
    ['INSPECTOR_EXPORT', 'ws://0.0.0.0:8090'],
    ['INSPECTOR_EXPORT', 'ws://127.0.0.1:0'],
    ['INSPECTOR_EXPORT', 'ws://[::]:8090'],
    ['INSPECTOR_EXPORT', 'ws://192.168.0.7:8090'],
    ['INSPECTOR_EXPORT', 'ws://127.0.0.1.example:8090'],
    ['INSPECTOR_EXPORT', 'ws://127.0.0.1:8090/#a'],
    ['INSPECTOR_EXPORT', 'ws://127.0.0.1:65536'],
    ['INSPECTOR_EXPORT', '127.0.0.1:8090'],
    ['INSPECTOR_EXPORT', 'ws:'],
    ['INSPECTOR_EXPORT', 'on'],
    ['INSPECTOR_EXPORT', 'ws://127.0.0.1:8090 x'],
    ['GRPC_PORT', '80.5'],
    ['GRPC_PORT', '0x50'],
    ['GRPC_PORT', '8_080'],
    ['GRPC_PORT', '٨٠'],
    ['GRPC_PORT', '80 81'],
    ['GRPC_PORT', 'http'],
    ['HTTP_PORT', 'NaN'],
    ['GRPC_HOST', '127.0.0.1:50051'],
    ['GRPC_HOST', '[::1]'],
    ['GRPC_HOST', 'a b'],
    ['HTTP_HOST', 'http://localhost'],
    ['BACKPRESSURE_MAX_STREAMS', '0'],
    ['BACKPRESSURE_MAX_STREAMS', '100001'],
    ['BACKPRESSURE_IDLE_TIMEOUT', '-0.001'],
    ['BACKPRESSURE_IDLE_TIMEOUT', '2147484'],
    ['BACKPRESSURE_IDLE_TIMEOUT', 'Infinity'],
    ['BACKPRESSURE_IDLE_TIMEOUT', '30s'],
    ['BACKPRESSURE_IDLE_TIMEOUT', '1,5'],
    ['BACKPRESSURE_MAX_RATE', '5.5'],
    ['FIRST_TOKEN_TIMEOUT', 'NaN'],
    ['COLLECT_TTL', '0'],
    ['COLLECT_MAX_BUFFERS', '0'],
    ['SCREENSHOT_MAX_BYTES', '16777217'],
    ['SPEECH_LOOKAHEAD', '17'],
    ['SPEECH_LOOKAHEAD', '1e999'],
    ['SPEECH_FAILURE', 'ignore'],
    ['VOICE_UNKNOWN', 'replace'],
    ['IDENTITY_POLICY', 'none'],
    ['ONE_STREAM_PER_DEVICE', 'maybe'],
    ['ONE_STREAM_PER_DEVICE', 'constructor'],
    ['EVENT_LOG', '2'],
    ['COMMANDS', 'open_app,fly'],
    ['COMMANDS', ','],
    ['KILL_SWITCHES', 'disable_everything'],
    ['ANSWER_ENGINE', 'gpt'],
    ['SPEECH_ENGINE', 'toString'],
    ['LOG_LEVEL', 'loud'],
    ['DATA_DIR', 'a\0b'],
  ])('%s=%j is a fault that names the setting, the value, the bounds and the place', (name, text) => {
    const row = Object.entries<Setting>(settingsTable).find(([key]) => key === name)?.[1];
    const expectation = row === undefined ? undefined : expectationOf(row);
    expect(faultsOf(() => load({ [name]: text }))).toEqual([
      `${name} ${JSON.stringify(text)} (environment) must be ${expectation}`,
    ]);
  });

  test('a value that is too long for one line is shortened', () => {
    const [fault] = faultsOf(() => load({ LOG_LEVEL: 'x'.repeat(100_000) }));
    expect(fault?.length).toBeLessThan(250);
  });

  test('any text either loads or is refused by a fault that names its setting', () => {
    const numbers = settingNames.filter((name) => name !== 'CONFIG_FILE' && name !== 'SCENARIO_FILE');
    fc.assert(
      fc.property(fc.constantFrom(...numbers), fc.string({ unit: 'binary' }), (name, text) => {
        try {
          load({ [name]: text });
        } catch (error) {
          if (!(error instanceof ConfigFault)) throw error;
          expect(error.faults.every((fault) => fault.includes(name))).toBe(true);
        }
      }),
    );
  });
});

describe('all faults at once', () => {
  test('faults of the environment, the file and the scenario come in one error, one line each', () => {
    const files = {
      'c.yaml': 'GRPC_PORT: 99999\nNOPE: 1\nHTTP_PORT: [1]\nLOG_LEVEL: loud\n',
      's.json': '{"answers": 3}',
    };
    const env = {
      CONFIG_FILE: 'c.yaml',
      SCENARIO_FILE: 's.json',
      LOG_LEVEL: 'quiet',
      COMMANDS: 'fly',
      ANSWER_ENGINE: 'scripted',
    };
    const faults = faultsOf(() => load(env, files));
    expect(faults).toEqual([
      '"NOPE" (c.yaml line 2) is not a setting',
      'HTTP_PORT (c.yaml line 3) is a list, but must be a single value',
      'GRPC_PORT "99999" (c.yaml line 1) must be a whole number from 0 to 65535',
      expect.stringMatching(/^SCENARIO_FILE "s.json" \(environment\) answers: 3 must be /),
      expect.stringMatching(/^COMMANDS "fly" \(environment\) must be a comma list of open_app, /),
      expect.stringMatching(/^LOG_LEVEL "quiet" \(environment\) must be one of trace, /),
    ]);
    expect(() => load(env, files)).toThrow(`The configuration has 6 faults:\n  ${faults.join('\n  ')}`);
  });
});

describe('the file', () => {
  test('the environment wins, setting by setting; an empty variable leaves it to the file', () => {
    const config = loadYaml('GRPC_PORT: 1\nHTTP_PORT: 2\nLOG_LEVEL: debug', { GRPC_PORT: '9', HTTP_PORT: '' });
    expect([config.grpc.port, config.http.port, config.log.level]).toEqual([9, 2, 'debug']);
  });

  test('a faulty value of the file that the environment overrides is no fault', () => {
    expect(loadYaml('GRPC_PORT: nonsense', { GRPC_PORT: '9' }).grpc.port).toBe(9);
  });

  test('natural YAML types are taken: numbers, booleans, lists, null, aliases', () => {
    const yaml = `\uFEFF# comment
GRPC_PORT: 0x10
BACKPRESSURE_IDLE_TIMEOUT: 1.5
SESSION_TIMEOUT: "20"
ONE_STREAM_PER_DEVICE: true
EVENT_LOG: off
COMMANDS:
  - open_app
  - browser_use
KILL_SWITCHES: []
LOG_LEVEL: ~
HTTP_HOST: ""
GRPC_HOST: &host 0.0.0.0
DATA_DIR: 007
SPEECH_LOOKAHEAD: 1.0
`;
    const config = loadYaml(yaml);
    expect(config.grpc).toEqual({ host: '0.0.0.0', port: 16 });
    expect(config.backpressure.idleTimeoutMs).toBe(1500);
    expect(config.timeouts.sessionTimeoutMs).toBe(20_000);
    expect(config.backpressure.oneStreamPerDevice).toBe(true);
    expect(config.data).toEqual({ dir: '007' });
    expect(config.eventLog).toMatchObject({ isOn: false, dir: '007/event-logs' });
    expect(config.commands.allowed).toEqual(['open_app', 'browser_use']);
    expect(config.log.level).toBe('info');
    expect(config.http.host).toBe('127.0.0.1');
    expect(config.speech.lookaheadSentences).toBe(1);
    expect(loadYaml('GRPC_HOST: &h ::1\nHTTP_HOST: *h').http.host).toBe('::1');
  });

  test('an explicitly empty list of commands means none, not the default', () => {
    expect(loadYaml('COMMANDS: []').commands.allowed).toEqual([]);
  });

  test.each([
    ['', 'an empty file'],
    ['# nothing\n', 'a file of comments'],
    ['---\n', 'an empty document'],
    ['{}', 'an empty map'],
  ])('%j: %s sets nothing', (yaml) => {
    expect(loadYaml(yaml)).toEqual(load({}));
  });

  test.each<[string, readonly unknown[]]>([
    ['- GRPC_PORT', [expect.stringContaining('c.yaml must be a map of settings')]],
    ['just words', [expect.stringContaining('c.yaml must be a map of settings')]],
    ['GRPC_PORT: 1\nGRPC_PORT: 2', ['GRPC_PORT (c.yaml line 2) was already given at c.yaml line 1']],
    ['{GRPC_PORT: 1, GRPC_PORT: 1}', ['GRPC_PORT (c.yaml line 1) was already given at c.yaml line 1']],
    [
      'NOPE: 1\nNOPE: 2',
      ['"NOPE" (c.yaml line 1) is not a setting', 'NOPE (c.yaml line 2) was already given at c.yaml line 1'],
    ],
    ['grpc-port: 1', ['"grpc-port" (c.yaml line 1) is not a setting; did you mean GRPC_PORT?']],
    ['__proto__: 1', ['"__proto__" (c.yaml line 1) is not a setting']],
    ['constructor: 1', ['"constructor" (c.yaml line 1) is not a setting']],
    ['"<<": {GRPC_PORT: 1}', ['"<<" (c.yaml line 1) is not a setting']],
    ['1: 2', ['"1" (c.yaml line 1) is not a setting']],
    ['? [a, b]\n: 1', ['c.yaml line 1 has a key that is not a plain name']],
    ['CONFIG_FILE: other.yaml', ['CONFIG_FILE (c.yaml line 1) is only read from the environment']],
    ['GRPC_PORT: {a: 1}', [expect.stringMatching(/^GRPC_PORT \(c.yaml line 1\) must be a number, not a nested value/)]],
    ['GRPC_PORT: *nowhere', [expect.stringMatching(/^GRPC_PORT \(c.yaml line 1\) must be a number/)]],
    ['GRPC_PORT: true', ['GRPC_PORT "true" (c.yaml line 1) must be a whole number from 0 to 65535']],
    ['GRPC_HOST: true', [expect.stringMatching(/^GRPC_HOST \(c.yaml line 1\) must be a text/)]],
    ['SESSION_TIMEOUT: .inf', [expect.stringMatching(/^SESSION_TIMEOUT "Infinity" \(c.yaml line 1\) must be /)]],
    ['COMMANDS: [open_app, [close_app]]', ['COMMANDS (c.yaml line 1) has a list item that is not a plain name']],
    ['COMMANDS: [open_app, 7]', [expect.stringMatching(/^COMMANDS "open_app,7" \(c.yaml line 1\) must be /)]],
    ['LOG_LEVEL: [info]', ['LOG_LEVEL (c.yaml line 1) is a list, but must be a single value']],
    ['\n\tGRPC_PORT: 1', [expect.stringMatching(/^c.yaml line 2 is not valid YAML: Tabs/)]],
    ['GRPC_PORT: !!foo 1', [expect.stringMatching(/^c.yaml line 1 is not valid YAML: Unresolved tag/)]],
    [
      'GRPC_PORT: 1\n---\nGRPC_PORT: 2',
      [expect.stringMatching(/^c.yaml line 2 is not valid YAML: .*multiple documents/)],
    ],
  ])('%j is refused', (yaml, faults) => {
    expect(faultsOf(() => loadYaml(yaml))).toEqual(faults);
  });

  test('a file that can not be read is a fault that names it, and the environment is still checked', () => {
    expect(faultsOf(() => load({ CONFIG_FILE: 'gone.yaml', GRPC_PORT: 'x' }))).toEqual([
      `CONFIG_FILE "gone.yaml" (environment) can't be read: ENOENT: no such file or directory, open 'gone.yaml'`,
      'GRPC_PORT "x" (environment) must be a whole number from 0 to 65535',
    ]);
  });
});

describe('the scenario', () => {
  test('scripted engines take the parsed scenario along', () => {
    const config = load({ ANSWER_ENGINE: 'scripted', SCENARIO_FILE: 's.json' }, { 's.json': scenario });
    expect(config.engines.answer).toBe('scripted');
    expect(config.engines.scenario?.answers.map(({ steps }) => steps)).toEqual([[{ verb: 'echo', repeat: 1 }]]);
  });

  test('each scripted engine without a scenario is a fault', () => {
    const faults = faultsOf(() => loadYaml('SPEECH_ENGINE: scripted', { ANSWER_ENGINE: 'scripted' }));
    expect(faults).toEqual([
      'ANSWER_ENGINE "scripted" (environment) needs SCENARIO_FILE, which is not set',
      'SPEECH_ENGINE "scripted" (c.yaml line 1) needs SCENARIO_FILE, which is not set',
    ]);
  });

  test.each(['scripted', 'embedded'])('a scenario that is not there is a fault, also with the %s engine', (engine) => {
    expect(faultsOf(() => load({ ANSWER_ENGINE: engine, SCENARIO_FILE: 'gone.json' }))).toEqual([
      `SCENARIO_FILE "gone.json" (environment) can't be read: ENOENT: no such file or directory, open 'gone.json'`,
    ]);
  });

  test('every fault of a scenario is listed with its path', () => {
    const faulty = '{"answers": [{"when": "(", "steps": [{"sing": 1}]}]}';
    const faults = faultsOf(() => load({ ANSWER_ENGINE: 'scripted', SCENARIO_FILE: 's.json' }, { 's.json': faulty }));
    expect(faults.length).toBeGreaterThanOrEqual(2);
    for (const fault of faults)
      expect(fault).toMatch(/^SCENARIO_FILE "s\.json" \(environment\) answers\[0\]\.\S+: .* must be /);
  });
});

describe('docs/CONFIG.md', () => {
  const documented = readFileSync(new URL('../../../docs/CONFIG.md', import.meta.url), 'utf8')
    .split('\n')
    .filter((line) => /^\| `[A-Z_]+` \|/.test(line));

  test('has one row for each setting, with its default, bounds and meaning, and no other row', () => {
    const rows = Object.entries<Setting>(settingsTable).map(([name, setting]) => {
      const unit = setting.type === 'integer' ? ` (${setting.unit})` : '';
      const shownDefault = setting.default === '' ? '' : `\`${setting.default}\``;
      return `| \`${name}\` | ${shownDefault} | ${expectationOf(setting)}${unit} | ${setting.meaning} |`;
    });
    expect(documented).toEqual(rows);
  });

  test('its example of faults is what really comes out', () => {
    const text = readFileSync(new URL('../../../docs/CONFIG.md', import.meta.url), 'utf8');
    const faults = faultsOf(() => load({ GRPC_PORT: '99999', LOG_LEVEL: 'loud' }));
    expect(text).toContain(`${new ConfigFault(faults).message}\n\`\`\``);
  });
});

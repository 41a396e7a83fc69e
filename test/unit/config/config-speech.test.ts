/** The settings of voices from outside: what is accepted, what each provider needs, and that no fault shows a key. */
import { inspect } from 'node:util';
import { describe, expect, test } from 'vitest';
import { ConfigFault, loadConfig } from '../../../src/config.ts';

type Environment = Readonly<Record<string, string>>;

function load(env: Environment, files: Readonly<Record<string, string>> = {}) {
  const readFile = (path: string): string => {
    const text = Object.hasOwn(files, path) ? files[path] : undefined;
    if (text === undefined) throw new Error(`ENOENT: no such file or directory, open '${path}'`);
    return text;
  };
  return loadConfig({ env, readFile }).engines.speechProvider;
}

/** With its key as a text. */
function seen(settings: ReturnType<typeof load>) {
  return settings === null ? null : { ...settings, apiKey: settings.apiKey?.reveal() ?? '' };
}

function faultsOf(env: Environment, files: Readonly<Record<string, string>> = {}): readonly string[] {
  try {
    load(env, files);
  } catch (error) {
    if (error instanceof ConfigFault) return error.faults;
    throw error;
  }
  throw new Error('the configuration loaded, but should have been refused');
}

const openai = { SPEECH_ENGINE: 'openai', SPEECH_API_KEY: 'sk-1' };

describe('a voice from outside', () => {
  test('of OpenAI needs a key alone, and has its address by default', () => {
    expect(seen(load(openai))).toEqual({
      provider: 'openai',
      baseUrl: 'https://api.openai.com/v1',
      apiKey: 'sk-1',
      model: '',
      voice: '',
      voices: [],
      sampleRateHz: 0,
      command: null,
      retries: 1,
      maxConcurrent: 16,
    });
  });

  test('shows its key to nobody who prints the configuration', () => {
    const settings = load(openai);
    expect(inspect(settings, { depth: null, showHidden: true })).not.toContain('sk-1');
    expect(JSON.stringify(settings)).not.toContain('sk-1');
  });

  test('has every setting that was given, frozen', () => {
    const settings = load({
      ...openai,
      SPEECH_BASE_URL: 'http://127.0.0.1:8000/v1/',
      SPEECH_MODEL: 'kokoro',
      SPEECH_VOICE: 'af_heart',
      SPEECH_VOICES: ' en = Anna Lee , de-AT=Dora,, zh_Hans=Mei, ',
      SPEECH_SAMPLE_RATE: '22050',
      SPEECH_RETRIES: '5',
      SPEECH_MAX_CONCURRENT: '1',
    });
    expect(settings).toMatchObject({
      baseUrl: 'http://127.0.0.1:8000/v1',
      model: 'kokoro',
      voice: 'af_heart',
      voices: [
        { language: 'en', voice: 'Anna Lee' },
        { language: 'de-at', voice: 'Dora' },
        { language: 'zh-hans', voice: 'Mei' },
      ],
      sampleRateHz: 22_050,
      retries: 5,
      maxConcurrent: 1,
    });
    expect(Object.isFrozen(settings)).toBe(true);
  });

  test.each<[string, Environment, string]>([
    ['elevenlabs', { SPEECH_ENGINE: 'elevenlabs', SPEECH_API_KEY: 'k' }, 'https://api.elevenlabs.io'],
    ['piper', { SPEECH_ENGINE: 'piper' }, 'http://127.0.0.1:5000'],
    [
      'azure',
      { SPEECH_ENGINE: 'azure', SPEECH_API_KEY: 'k', SPEECH_BASE_URL: 'https://x.tts.speech.microsoft.com' },
      'https://x.tts.speech.microsoft.com',
    ],
    ['openai elsewhere, without a key', { SPEECH_ENGINE: 'openai', SPEECH_BASE_URL: 'http://a/v1' }, 'http://a/v1'],
    ['command', { SPEECH_ENGINE: 'command', SPEECH_COMMAND: 'say {text}' }, ''],
  ])('%s loads with what it needs', (_, env, baseUrl) => {
    expect(load(env)?.baseUrl).toBe(baseUrl);
  });

  test('takes its key from the first line of a file', () => {
    const env = { SPEECH_ENGINE: 'openai', SPEECH_API_KEY_FILE: '/run/key' };
    expect(load(env, { '/run/key': '  sk-file \r\nanother line' })?.apiKey?.reveal()).toBe('sk-file');
  });

  test('does not exist for the engines inside of the server', () => {
    expect(load({ SPEECH_API_KEY: 'k', SPEECH_COMMAND: 'x {text}' })).toBeNull();
  });
});

describe('a fault', () => {
  test.each<[string, Environment, readonly string[]]>([
    [
      'no key for OpenAI',
      { SPEECH_ENGINE: 'openai' },
      ['SPEECH_ENGINE "openai" (environment) needs SPEECH_API_KEY or SPEECH_API_KEY_FILE, which is not set'],
    ],
    [
      'neither key nor address for Azure, told at once',
      { SPEECH_ENGINE: 'azure' },
      [
        'SPEECH_ENGINE "azure" (environment) needs SPEECH_API_KEY or SPEECH_API_KEY_FILE, which is not set',
        'SPEECH_ENGINE "azure" (environment) needs SPEECH_BASE_URL, such as https://westeurope.tts.speech.microsoft.com, which is not set',
      ],
    ],
    [
      'no command',
      { SPEECH_ENGINE: 'command' },
      ['SPEECH_ENGINE "command" (environment) needs SPEECH_COMMAND, which is not set'],
    ],
    [
      'a command with {voice} and no voice',
      { SPEECH_ENGINE: 'command', SPEECH_COMMAND: 'espeak-ng -v {voice}' },
      [
        'SPEECH_ENGINE "command" (environment) needs SPEECH_VOICE or SPEECH_VOICES for the {voice} of SPEECH_COMMAND, which is not set',
      ],
    ],
    [
      'a command that can not be meant, also while another engine speaks',
      { SPEECH_COMMAND: 'say "{text}' },
      ['SPEECH_COMMAND "say \\"{text}" (environment) has a " that is never closed'],
    ],
    [
      'a rate that Azure does not have',
      {
        SPEECH_ENGINE: 'azure',
        SPEECH_API_KEY: 'k',
        SPEECH_BASE_URL: 'https://x',
        SPEECH_SAMPLE_RATE: '12000',
      },
      [
        'SPEECH_SAMPLE_RATE "12000" (environment) must be 0 or one of 8000, 16000, 22050, 24000, 44100, 48000 for SPEECH_ENGINE "azure"',
      ],
    ],
    [
      'a rate that nobody can convert',
      { ...openai, SPEECH_SAMPLE_RATE: '3999' },
      ['SPEECH_SAMPLE_RATE "3999" (environment) must be 0, or 4000 or more'],
    ],
    [
      'retries out of bounds',
      { ...openai, SPEECH_RETRIES: '6', SPEECH_MAX_CONCURRENT: '0' },
      [
        'SPEECH_RETRIES "6" (environment) must be a whole number from 0 to 5',
        'SPEECH_MAX_CONCURRENT "0" (environment) must be a whole number from 1 to 1000',
      ],
    ],
  ])('%s', (_, env, faults) => {
    expect(faultsOf(env)).toEqual(faults);
  });

  test.each(['ftp://x', 'x.example.com', 'http://', 'https://x/?a=1', 'https://x/#top', 'https://x/?'])(
    'an address like %s is refused with its value',
    (url) => {
      expect(faultsOf({ ...openai, SPEECH_BASE_URL: url })).toEqual([
        `SPEECH_BASE_URL "${url}" (environment) must be a URL that begins with http:// or https://, without credentials, query and fragment`,
      ]);
    },
  );

  test.each(['https://user:hunter2@x/', 'https://hunter2@x', 'user:hunter2@x', '//hunter2@x'])(
    'an address with credentials in it is refused without showing them: %s',
    (url) => {
      const faults = faultsOf({ ...openai, SPEECH_BASE_URL: url });
      expect(faults).toEqual([
        'SPEECH_BASE_URL (environment) must not have credentials in it; the key belongs in SPEECH_API_KEY',
      ]);
      expect(faults.join()).not.toContain('hunter2');
    },
  );

  test.each(['en', 'en=', '=x', 'en=a,en=b', 'en-GB=a, en_gb=b', 'english=a', 'e=a', 'en=a;ru=b,x'])(
    'a list of voices like %j is refused',
    (list) => {
      expect(faultsOf({ ...openai, SPEECH_VOICES: list })).toEqual([
        `SPEECH_VOICES "${list}" (environment) must be a comma list of language=voice, such as en=alloy,ru=nova, each language once`,
      ]);
    },
  );

  test('of a key file shows its path and nothing of what is in it', () => {
    const file = { SPEECH_ENGINE: 'openai', SPEECH_API_KEY_FILE: '/run/key' };
    const expected =
      'SPEECH_API_KEY_FILE "/run/key" (environment) must have a key as its first line: 1 to 4096 printable ASCII characters without spaces';
    for (const text of ['', '\nsk-1', 'sk 1', 'sk-é', 'x'.repeat(4097)]) {
      expect(faultsOf(file, { '/run/key': text })).toEqual([expected]);
    }
    expect(faultsOf(file)).toEqual([
      `SPEECH_API_KEY_FILE "/run/key" (environment) can't be read: ENOENT: no such file or directory, open '/run/key'`,
    ]);
  });

  test('of a key given twice, or with a line break in it, shows neither', () => {
    const both = faultsOf({ ...openai, SPEECH_API_KEY_FILE: '/run/key' }, { '/run/key': 'sk-2' });
    expect(both).toEqual([
      'SPEECH_API_KEY_FILE "/run/key" (environment) must not be set together with SPEECH_API_KEY (environment)',
    ]);
    const broken = faultsOf({ SPEECH_ENGINE: 'openai', SPEECH_API_KEY: 'sk-1\nsk-2' });
    expect(broken.join()).not.toContain('sk-');
    expect(broken).toHaveLength(1);
  });
});

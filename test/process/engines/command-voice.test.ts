/**
 * A program as a voice: no shell and no way to smuggle an argument in, its bad ends are failures, and nothing is left of it when nobody
 * listens any more. With espeak-ng on the machine the real one speaks, too.
 */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import * as fc from 'fast-check';
import { afterAll, describe, expect, test } from 'vitest';
import {
  CommandTemplateFault,
  fillCommandTemplate,
  parseCommandTemplate,
} from '../../../src/engines/speech-providers/command-template.ts';
import { childSound } from '../../../src/engines/speech-providers/command-voice.ts';
import type { ChosenProviderSettings } from '../../../src/engines/speech-providers/provider-table.ts';
import { eventually } from '../../support/eventually.ts';
import { createVoice, failureOf, measure, samplesOf, speak } from '../../support/providers/voices.ts';
import { startStopwatch } from '../../support/stopwatch.ts';

const program = fileURLToPath(new URL('../../support/providers/speaking-program.mjs', import.meta.url));
const dir = mkdtempSync(join(tmpdir(), 'recital-voice-'));
afterAll(() => rmSync(dir, { recursive: true }));

function commandOf(template: string, given: Partial<ChosenProviderSettings> = {}) {
  return createVoice({
    provider: 'command',
    command: parseCommandTemplate(template),
    sampleRateHz: 16_000,
    ...given,
  });
}

const node = `"${process.execPath}" "${program}"`;

interface Told {
  readonly words: readonly string[];
  readonly input: string;
  readonly env: Readonly<Record<string, string>>;
}

function toldIn(path: string): Told {
  const told: Told = JSON.parse(readFileSync(path, 'utf8'));
  return told;
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    // A zombie answers signals, too, until it is collected.
    return !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'));
  } catch {
    return false;
  }
}

/** The two process ids that a stubborn program writes as soon as it runs. */
function idsIn(path: string): Promise<readonly number[]> {
  const read = (): readonly number[] => {
    try {
      return JSON.parse(readFileSync(path, 'utf8'));
    } catch {
      return [];
    }
  };
  return eventually(read, (ids) => ids.length === 2);
}

describe('a template', () => {
  test.each([
    ['piper --model {voice} --output-raw', 'piper', ['--model', '{voice}', '--output-raw'], false, true],
    ['  say\t-v {voice}  {text} ', 'say', ['-v', '{voice}', '{text}'], true, true],
    [`x 'a b' "c 'd" e\\ f '' "\\"" 'g\\h'`, 'x', ['a b', "c 'd", 'e f', '', '"', 'g\\h'], false, false],
    [
      'x --lang={language} ; rm -rf $HOME > y | z &',
      'x',
      ['--lang={language}', ';', 'rm', '-rf', '$HOME', '>', 'y', '|', 'z', '&'],
      false,
      false,
    ],
    ['x {} {1} { text }', 'x', ['{}', '{1}', '{', 'text', '}'], false, false],
  ])('%s is an argument list', (template, program, args, takesTextAsArgument, needsVoice) => {
    expect(parseCommandTemplate(template)).toEqual({ program, args, takesTextAsArgument, needsVoice });
  });

  test.each([
    ['', 'names no program'],
    ["''", 'names no program'],
    ['x "a', 'has a " that is never closed'],
    ["x 'a", "has a ' that is never closed"],
    ['x a\\', 'ends with a backslash'],
    ['x {txt}', 'has a placeholder other than {text}, {voice}, {language}'],
    ['{voice} x', 'must name its program without a placeholder'],
  ])('%j is refused: %s', (template, words) => {
    expect(() => parseCommandTemplate(template)).toThrow(new CommandTemplateFault(words));
  });

  test('keeps its number of arguments, and no sentence becomes an option or a placeholder', () => {
    const template = parseCommandTemplate('x -v {voice} "say {text} now" {text}');
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), fc.string(), (text, voice) => {
        const args = fillCommandTemplate(template, { text, voice, language: 'en' });
        const dashed = (value: string) => (value.startsWith('-') ? ` ${value}` : value);
        expect(args).toEqual(['-v', dashed(voice), `say ${text} now`, dashed(text)]);
      }),
    );
  });
});

describe('a program', () => {
  test('is heard at its rate, on 48 kHz', async () => {
    const { engine } = commandOf(`${node} tone`);
    await engine.start();
    const heard = measure(await speak(engine, 'Hello.'));
    expect(heard.seconds).toBe(1);
    expect(heard.hz).toBeCloseTo(440, 0);
    expect(heard.greatestStep).toBeLessThan(0.025);
  });

  test('gets the sentence on one line of its input, or as one argument, whatever is in it', async () => {
    const hostile = '$(touch x) `id` ; "quoted" \'so\' \\ {voice} --help\n\0 end';
    const said = '$(touch x) `id` ; "quoted" \'so\' \\ {voice} --help end';
    const path = join(dir, 'told.json');
    await speak(commandOf(`${node} tell ${path} {language}`).engine, hostile);
    expect(toldIn(path)).toMatchObject({ words: ['en'], input: `${said}\n` });
    await speak(commandOf(`${node} tell ${path} {text} --voice={voice}`, { voice: 'a "b' }).engine, hostile);
    expect(toldIn(path)).toMatchObject({ words: [said, '--voice=a "b'], input: '' });
  });

  test('sees no variable that may hold a key', async () => {
    const path = join(dir, 'told.json');
    process.env.SPEECH_API_KEY = 'sk-secret';
    process.env.SPEECH_TEST_SEEN = 'yes';
    process.env.SPEECH_TEST_COPY = 'sk-secret';
    try {
      await speak(commandOf(`${node} tell ${path}`).engine, 'Hello.');
    } finally {
      delete process.env.SPEECH_API_KEY;
      delete process.env.SPEECH_TEST_SEEN;
      delete process.env.SPEECH_TEST_COPY;
    }
    const { env } = toldIn(path);
    expect(env).toMatchObject({ SPEECH_TEST_SEEN: 'yes', PATH: process.env.PATH });
    expect(JSON.stringify(env)).not.toContain('sk-secret');
  });

  test('that does not read its input is heard all the same', async () => {
    const { engine } = commandOf(`${node} deaf`);
    expect(await speak(engine, 'a '.repeat(500_000))).toHaveLength(96_000);
  });

  test.each([
    ['exit', 'ended with exit code 3', 'the model is broken'],
    ['late', 'ended with exit code 4', ''],
    ['signal', 'was ended by SIGKILL', ''],
    ['silent', 'sent no sound at all', ''],
  ])('"%s" fails: %s, and the log has its last words', async (what, words, lastWords) => {
    const { engine, failedTries } = commandOf(`${node} ${what}`);
    expect(await failureOf(engine, 'Hello.')).toEqual({
      code: 'UNAVAILABLE',
      message: `the voice command ${words}`,
      isFinal: true,
    });
    expect(failedTries).toHaveLength(1);
    expect(failedTries[0]?.detail).toContain(lastWords);
    expect(failedTries[0]?.detail).not.toContain('Hello.');
  });

  test('that ends badly before its sound is tried again, and after it is not', async () => {
    const before = commandOf(`${node} exit`, { retries: 1 });
    await failureOf(before.engine, 'Hello.');
    expect(before.failedTries).toHaveLength(2);
    const after = commandOf(`${node} late`, { retries: 5 });
    await failureOf(after.engine, 'Hello.');
    expect(after.failedTries).toHaveLength(1);
  });

  test('that is not there is found at the start, by name and by path', async () => {
    await expect(commandOf('no-such-voice {text}').engine.start()).rejects.toThrow(
      'SPEECH_COMMAND: the program "no-such-voice" is not there, or may not be run',
    );
    await expect(commandOf(`${program}-gone`).engine.start()).rejects.toThrow('is not there');
    expect(await failureOf(commandOf('no-such-voice').engine, 'Hello.')).toMatchObject({
      code: 'UNAVAILABLE',
      message: "the voice command can't be started",
    });
  });

  test.each([
    ['is not there', '#!/no/such/interpreter -x\n', '"/no/such/interpreter"'],
    ['has a CR in its name', '#! /bin/sh\r\nexit 0\r\n', '"/bin/sh\\r"'],
    ['may not be run', '#!/etc/passwd\n', '"/etc/passwd"'],
  ])('that is a script whose interpreter %s is found at the start', async (_, script, interpreter) => {
    const path = join(dir, 'script');
    writeFileSync(path, script, { mode: 0o755 });
    await expect(commandOf(path).engine.start()).rejects.toThrow(`is a script for ${interpreter}, which is not there`);
    writeFileSync(path, '#!/bin/sh\nexit 0\n');
    await commandOf(path).engine.start();
  });

  test('is ended with all that it started, deaf to SIGTERM or not, within 100 ms or so of an abort; no zombie stays', async () => {
    const path = join(dir, 'pids.json');
    const { engine } = commandOf(`${node} stubborn ${path}`);
    const abort = new AbortController();
    const end = speak(engine, 'Hello.', abort.signal).catch((error: unknown) => error);
    const pids = await idsIn(path);
    expect(pids.every(isAlive)).toBe(true);
    const elapsedMs = startStopwatch();
    abort.abort(new Error('enough'));
    expect(await end).toBe(abort.signal.reason);
    await eventually(
      () => pids.filter(isAlive),
      (alive) => alive.length === 0,
    );
    const goneMs = elapsedMs();
    console.log(`a stubborn program was gone ${goneMs.toFixed(0)} ms after the abort`);
    expect(goneMs).toBeLessThan(1000);
  });

  test('is gone when the engine has stopped', async () => {
    const path = join(dir, 'stopped.json');
    const { engine } = commandOf(`${node} stubborn ${path}`);
    const end = speak(engine, 'Hello.').catch((error: unknown) => error);
    const pids = await idsIn(path);
    await engine.stop();
    expect(isAlive(pids[0] ?? 0)).toBe(false);
    expect(await end).toMatchObject({ message: 'the speech engine was stopped' });
  });

  test('that never stops is stopped at the bound of a sentence', async () => {
    const { engine } = createVoice(
      { provider: 'command', command: parseCommandTemplate(`${node} endless`), sampleRateHz: 16_000 },
      { maxSoundBytes: 500_000 },
    );
    expect((await failureOf(engine, 'Hello.')).message).toContain('more than 500000 bytes of sound');
  });

  test('that gives no sound has a bound in time', async () => {
    const path = join(dir, 'quiet.json');
    const sound = childSound(
      {
        program: process.execPath,
        text: 'Hello.',
        args: [program, 'stubborn', path],
        input: null,
        env: process.env,
        silenceLimitMs: 300,
      },
      new AbortController().signal,
    );
    await expect(sound.next()).rejects.toMatchObject({
      message: 'gave no sound for 300 ms',
      next: 'again',
    });
  });

  test('of raw sound without a rate says which setting is missing', async () => {
    const { engine } = commandOf(`${node} tone`, { sampleRateHz: 0 });
    expect((await failureOf(engine, 'Hello.')).message).toBe(
      'the voice command sent sound without a header: SPEECH_SAMPLE_RATE must say its rate',
    );
  });
});

describe('a voice that a client names', () => {
  test.each(['../../etc/passwd', '/etc/passwd', '-f', '', 'a\nb', 'a;b', 'x'.repeat(200)])(
    '%j is no path, no option and nothing long: NOT_FOUND, and no program runs',
    async (voice) => {
      const { engine } = commandOf(`${node} exit {voice}`);
      if (voice === '') return expect((await failureOf(engine, { text: 'Hi.', voice })).code).toBe('UNAVAILABLE');
      expect(await failureOf(engine, { text: 'Hi.', voice })).toMatchObject({
        code: 'NOT_FOUND',
        message: expect.stringContaining('does not exist for the configured command'),
      });
    },
  );

  test.each(['crash', 'exit', 'silent'])('is replaced where the program does "%s" over it', async (voice) => {
    const command = parseCommandTemplate(`${node} {voice}`);
    const settings = { provider: 'command' as const, command, sampleRateHz: 16_000, voice: 'tone' };
    const { engine, replaced, failedTries } = createVoice(settings, { policy: 'fallback' });
    expect(await speak(engine, { text: 'Hi.', voice })).toHaveLength(96_000);
    expect(replaced).toEqual([{ voice, spokenBy: 'tone', isLastTold: false }]);
    expect(failedTries).toEqual([]);
  });

  test('is NOT_FOUND where the template has no place for it, or the program says so', async () => {
    expect((await failureOf(commandOf(`${node} tone`).engine, { text: 'Hi.', voice: 'anna' })).code).toBe('NOT_FOUND');
    expect(await failureOf(commandOf(`${node} novoice {voice}`).engine, { text: 'Hi.', voice: 'anna' })).toMatchObject({
      code: 'NOT_FOUND',
      message: 'the voice "anna" does not exist for the configured command',
    });
  });
});

const hasEspeak = (() => {
  try {
    execFileSync('espeak-ng', ['--version'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
})();
if (!hasEspeak && process.env.CI !== undefined) throw new Error('espeak-ng must be there: apt-get install espeak-ng');
if (!hasEspeak) console.log('the real espeak-ng is not tested; apt-get install espeak-ng brings it');

describe.skipIf(!hasEspeak)('the real espeak-ng', () => {
  const settings: Partial<ChosenProviderSettings> = {
    provider: 'command',
    voices: [
      { language: 'en', voice: 'en-us' },
      { language: 'ru', voice: 'ru' },
    ],
  };

  test('does not have the voice that a client names: its own speaks', async () => {
    const command = parseCommandTemplate('espeak-ng --stdout -v {voice}');
    const { engine, replaced } = createVoice({ ...settings, command }, { policy: 'fallback' });
    const own = await speak(engine, 'Hello there.');
    for (const _ of [1, 2]) {
      expect((await speak(engine, { text: 'Hello there.', voice: 'JennyNeural' })).length).toBe(own.length);
    }
    expect(replaced).toEqual([{ voice: 'JennyNeural', spokenBy: 'en-us', isLastTold: false }]);
  });

  test.each(['espeak-ng --stdout -v {voice}', 'espeak-ng --stdout -v {voice} {text}'])(
    'speaks with: %s',
    async (template) => {
      const { engine } = createVoice({ ...settings, command: parseCommandTemplate(template) });
      await engine.start();
      for (const text of ['Good morning, how do you do?', 'Доброе утро, как у вас дела?']) {
        const pcm = await speak(engine, text);
        const heard = measure(pcm);
        expect(heard.seconds).toBeGreaterThan(1);
        expect(heard.seconds).toBeLessThan(4);
        expect(heard.rms).toBeGreaterThan(0.03);
        expect(heard.greatestStep).toBeLessThan(0.5);
        // Not a tone and not noise: quiet and loud parts alternate.
        const samples = samplesOf(pcm);
        const levels = Array.from({ length: Math.floor(samples.length / 4800) }, (_, at) =>
          Math.max(...samples.slice(at * 4800, (at + 1) * 4800).map(Math.abs)),
        );
        expect(Math.max(...levels) / (Math.min(...levels) + 1e-6)).toBeGreaterThan(5);
      }
    },
  );

  test('has no voice of an unknown name', async () => {
    const { engine } = createVoice({ ...settings, command: parseCommandTemplate('espeak-ng --stdout -v {voice}') });
    expect(await failureOf(engine, { text: 'Hello.', voice: 'nosuch' })).toMatchObject({
      code: 'NOT_FOUND',
      message: 'the voice "nosuch" does not exist for the configured command',
    });
  });
});

/** What README.md shows is what happens: its scenario gives its output, its Python client works. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { runBuf, whatBufLacks } from '../support/buf.ts';
import { readDocument } from '../support/docs/markdown.ts';
import { makeStubs, requirePython } from '../support/python/python-client.ts';
import { runBin } from '../support/run-bin.ts';
import { type ServerProcess, startServerProcess } from '../support/server-process.ts';

const { text } = readDocument('README.md');

/** The code block after the comment that names it. */
function block(name: string): string {
  const [, code] = new RegExp(`^<!-- ${name} -->\\n\`\`\`.*\\n([\\s\\S]*?)^\`\`\``, 'm').exec(text) ?? [];
  if (code === undefined) throw new Error(`README.md has no code block "${name}"`);
  return code;
}

let server: ServerProcess;
let dir: string;

beforeAll(async () => {
  dir = mkdtempSync(join(tmpdir(), 'recital-readme-'));
  const scenario: object = JSON.parse(block('scenario'));
  server = await startServerProcess({ scenario });
});

afterAll(() => rmSync(dir, { recursive: true, force: true }));

describe('README.md', () => {
  const shown = block('scenario output')
    .split(/^\$ npx recital /m)
    .slice(1)
    .map((part) => {
      const [command = '', ...lines] = part.trimEnd().split('\n');
      return { command, output: lines.join('\n') };
    });

  test('shows what its scenario answers, line by line', async () => {
    expect(shown.map(({ command }) => command)).toEqual(['ask weather --json', 'ask quota']);
    for (const { command, output } of shown) {
      const { stdout, stderr } = await runBin([...command.split(' '), '--server', `127.0.0.1:${server.grpcPort}`]);
      expect(`${stdout}${stderr}`.trimEnd()).toBe(output);
    }
  });

  const lackingBuf = whatBufLacks();

  test.skipIf(lackingBuf !== null)('shows what buf curl prints, line by line', async () => {
    const commands = block('buf curl')
      .split(/^\$ npx buf /m)
      .slice(1);
    expect(commands).toHaveLength(3);
    for (const shownCommand of commands) {
      const [line = '', ...output] = shownCommand.trimEnd().split('\n');
      const words = line.match(/'[^']*'|\S+/g) ?? [];
      const args = words.map((word) => word.replaceAll("'", '').replace('50051', String(server.grpcPort)));
      const { stdout, stderr } = await runBuf(args);
      expect(`${stdout}${stderr}`.trimEnd()).toBe(output.join('\n'));
    }
  });

  const lacking = requirePython();

  describe.skipIf(lacking !== null)('has a Python client that', () => {
    const run = (prompt: string) => {
      writeFileSync(join(dir, 'ask.py'), block('python').replace('50051', String(server.grpcPort)));
      const env = { PATH: process.env.PATH, PYTHONDONTWRITEBYTECODE: '1' };
      return spawnSync('/usr/bin/python3', ['ask.py', prompt], { cwd: dir, env, encoding: 'utf8' });
    };
    beforeAll(() => makeStubs(dir));

    test('prints the text and the command, writes the sound, ends with 0', () => {
      const { stdout, stderr, status } = run('weather');
      const [words, command = ''] = stdout.trimEnd().split('\ncommand: ');
      expect({ words, status, stderr }).toEqual({
        words: 'It will rain until three. Take a coat!',
        status: 0,
        stderr: '',
      });
      expect(JSON.parse(command)).toMatchObject({ command: 'open_app', args: { app_name: 'Weather' } });
      expect(statSync(join(dir, 'answer.wav')).size).toBe(44 + 6 * 4096);
    });

    test('says the status, the error_type and the text of an error', () => {
      const { stderr, status } = run('quota');
      expect({ stderr, status }).toEqual({ stderr: 'RESOURCE_EXHAUSTED, overloaded: no tokens left\n', status: 1 });
    });
  });
});

/** The command line as a whole: its help, how it refuses what is typed wrong, and what it loads before it knows what is asked for. */
import { posix } from 'node:path';
import { describe, expect, test } from 'vitest';
import { runCli } from '../../support/run-cli.ts';
import { importsOf, targetOf } from '../../support/tidy/import-rules.ts';
import { sourceFiles } from '../../support/tidy/source-file.ts';

describe('usage', () => {
  test.each([
    [[], 'Usage: recital'],
    [['sing'], "unknown command 'sing'"],
    [['ask'], "missing required argument 'prompt'"],
    [['ask', 'a', 'b'], 'too many arguments'],
    [['ask', 'a', '--loud'], "unknown option '--loud'"],
    [['ask', 'a', '--server', 'nowhere'], 'HOST:PORT'],
    [['ask', 'a', '--server', 'host:0'], 'HOST:PORT'],
    [['ask', 'a', '--server', '::1:50051'], 'HOST:PORT'],
    [['ask', 'a', '--screenshot', '/nowhere/x.png'], "--screenshot /nowhere/x.png can't be read: ENOENT"],
    [['ask', 'a', '--wav', '/nowhere/x.wav'], "--wav /nowhere/x.wav can't be written: ENOENT"],
  ])('%j is refused with words and exit code 2', async (args, words) => {
    const { exitCode, stdout, stderr } = await runCli(args);
    expect(stderr).toContain(words);
    expect(stdout).toBe('');
    expect(exitCode).toBe(2);
  });

  test.each([[['--help']], [['serve', '--help']], [['ask', '--help']], [['demo', '--help']], [['--version']]])(
    '%j prints to stdout and exits 0',
    async (args) => {
      const { exitCode, stdout, stderr } = await runCli(args);
      expect(stdout.trim()).not.toBe('');
      expect([exitCode, stderr]).toEqual([0, '']);
    },
  );
});

const commands = [
  [],
  ...['serve', 'ask', 'demo', 'replay', 'log', 'chart', 'usage', 'forget', 'check-config'].map((name) => [name]),
  ...['list', 'show', 'diff', 'stats', 'to-test', 're-record', 'to-scenario'].map((name) => ['log', name]),
];

describe('the help', () => {
  test.each(commands.map((command) => [['recital', ...command].join(' '), command] as const))(
    'of %s begins with its usage and tells its exit codes',
    async (name, command) => {
      const { exitCode, stdout, stderr } = await runCli([...command, '--help']);
      expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' });
      expect(stdout).toMatch(new RegExp(`^Usage: ${name}\\b`));
      const isGroup = name === 'recital' || name === 'recital log';
      expect(stdout.includes('Exit codes: ')).toBe(!isGroup);
    },
  );

  test.each(commands.map((command) => [['recital', ...command].join(' '), command] as const))(
    'of %s has lines of at most 80 columns where nothing else is known, and what is typed stays whole',
    async (_, command) => {
      const { stdout } = await runCli([...command, '--help']);
      expect(stdout.split('\n').filter((line) => line.length > 80)).toEqual([]);
      const { stdout: wide } = await runCli([...command, '--help'], { columns: 200 });
      const typed = (help: string) =>
        help
          .replaceAll(/ \\\n +/g, ' ')
          .split('\n')
          .filter((line) => /^ .*recital /.test(line));
      expect(typed(stdout)).toEqual(typed(wide));
    },
  );

  test('is as wide as the terminal', async () => {
    const widths = await Promise.all(
      [80, 100, 200].map(async (columns) => {
        const { stdout } = await runCli(['--help'], { columns });
        return Math.max(...stdout.split('\n').map((line) => line.length));
      }),
    );
    const [narrow = 0, usual = 0, wide = 0] = widths;
    expect(narrow).toBeLessThanOrEqual(80);
    expect(usual).toBeLessThanOrEqual(100);
    expect(usual).toBeGreaterThan(80);
    expect(wide).toBeGreaterThan(100);
  });
});

test('nothing is loaded before it is known which command is meant, but what reads the command line', () => {
  const files = new Map(sourceFiles().map((file) => [file.path, file]));
  const loaded = new Set<string>();
  const packages = new Set<string>();
  const load = (path: string): void => {
    const file = files.get(path);
    if (file === undefined || loaded.has(path)) return;
    loaded.add(path);
    for (const { at, specifier, isTypeOnly } of importsOf(file)) {
      if (specifier === null || isTypeOnly || at.type === 'ImportExpression') continue;
      const target = targetOf(file, specifier);
      if (specifier.startsWith('.')) load(target);
      else if (!specifier.startsWith('node:')) packages.add(target);
    }
  };
  // The program loads these two, so that it can say why if it can't.
  for (const path of ['cli.ts', 'cli/run.ts', 'cli/terminal/command.ts']) load(path);
  expect([...packages].sort()).toEqual(['commander', 'zod']);
  const others = [...loaded].filter((path) => posix.basename(path) !== 'command.ts');
  expect(others.sort()).toEqual([
    'cli.ts',
    'cli/ask/server-address.ts',
    'cli/run.ts',
    'cli/terminal/output.ts',
    'cli/terminal/times.ts',
    'errors.ts',
    'server/package-version.ts',
  ]);
});

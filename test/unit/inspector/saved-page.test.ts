/** A saved page holds its log, whatever stands in it, and nothing of it gets out of its block. */
import { expect, test } from 'vitest';
import { readSavedLog, type SavedLog, savedFileName, savedPage } from '../../../src/inspector/page/views/saved-page.ts';
import { testCommand } from '../../../src/inspector/page/views/test-command.ts';

const template =
  '<!doctype html><html><body><div id="page"></div>' +
  '<script type="application/json" id="saved-log">null</script><script type="module">run()</script></body></html>';

const hostile = [
  '</script><script>alert(1)</script>',
  '<!--<script>',
  '</SCRIPT ><img src=x onerror=alert(1)>',
  'line\u2028and paragraph\u2029separators',
  '&lt;b&gt; &amp; $& $1 $` null<',
  '"quoted" \\ and \u0000',
];

function saved(lines: readonly string[]): SavedLog {
  return { name: 'a</title>b', lines, turn: 3, savedAt: '2026-11-30T12:00:00.000Z', version: '0.1.0' };
}

function blockOf(html: string): string {
  const begin = 'id="saved-log">';
  const from = html.indexOf(begin) + begin.length;
  return html.slice(from, html.indexOf('</script>', from));
}

test('its lines are those of the log, to the letter', () => {
  const log = saved(hostile.map((text) => JSON.stringify({ text })));
  const html = savedPage(template, log);
  expect(readSavedLog(blockOf(html))).toEqual(log);
  expect(readSavedLog(blockOf(template))).toBeNull();
  expect(readSavedLog(null)).toBeNull();
  expect(html.startsWith(template.slice(0, template.indexOf('null')))).toBe(true);
  expect(html.endsWith('</script><script type="module">run()</script></body></html>')).toBe(true);
});

test('no character of the log can begin or end anything of the page', () => {
  const block = blockOf(savedPage(template, saved(hostile)));
  expect(block).not.toMatch(/[<>&\u2028\u2029]/);
});

test('a template without a place for a log is refused', () => {
  expect(() => savedPage('<html></html>', saved([]))).toThrow('no place for a log');
});

test('its file has a name that every file system takes', () => {
  expect(savedFileName('2e0ce7e1-b1dd')).toBe('recital-2e0ce7e1-b1dd.html');
  expect(savedFileName('../../etc/passwd')).toBe('recital-etc-passwd.html');
  expect(savedFileName('<b>"☎"')).toBe('recital-b.html');
  expect(savedFileName('…')).toBe('recital-session.html');
  expect(savedFileName('x'.repeat(500))).toHaveLength(93);
});

test('the command that makes a test names the file as a shell takes it', () => {
  const header = {
    kind: 'header',
    format: 1,
    machine: 'session',
    version: '1',
    definition: '',
    build: '0.1.0',
    redaction: 'shape',
    startedAt: '2026-11-23T00:33:44.073Z',
    input: {},
  } as const;
  const overview = { id: 'a3d17d72-3ca2-459f-b29a-97e6bd4bc00d', header };
  expect(testCommand(overview, null)).toBe(
    'recital log extract a3d17d72-3ca2-459f-b29a-97e6bd4bc00d ./data/event-logs --out a3d17d72-3ca2-459f-b29a-97e6bd4bc00d.jsonl && ' +
      'recital log to-test a3d17d72-3ca2-459f-b29a-97e6bd4bc00d.jsonl',
  );
  expect(testCommand(overview, { EVENT_LOG_DIR: '/var/lib/my logs' })).toBe(
    "recital log extract a3d17d72-3ca2-459f-b29a-97e6bd4bc00d '/var/lib/my logs' --out a3d17d72-3ca2-459f-b29a-97e6bd4bc00d.jsonl && " +
      'recital log to-test a3d17d72-3ca2-459f-b29a-97e6bd4bc00d.jsonl',
  );
  expect(testCommand(overview, null, "it's; rm -rf.jsonl")).toBe("recital log to-test 'it'\\''s; rm -rf.jsonl'");
  // A browser does not tell where a file is that was dropped: a command could not find it.
  expect(testCommand({ ...overview, id: 'file:2:a.jsonl' }, null)).toBeNull();
  expect(testCommand({ id: '2026-11-22.003339.320-17472-supervisor', header: null }, { EVENT_LOG_DIR: 'logs' })).toBe(
    'recital log extract 003339.320-17472-supervisor logs --out 003339.320-17472-supervisor.jsonl && ' +
      'recital log to-test 003339.320-17472-supervisor.jsonl',
  );
  // Opened by `recital inspect`, wherever it stands; nothing is guessed.
  expect(testCommand(overview, {}, 'from prod/a.jsonl')).toBe("recital log to-test 'from prod/a.jsonl'");
  const supervisor = { id: 'supervisor', header: { ...header, machine: 'supervisor' } };
  expect(testCommand(supervisor, { EVENT_LOG_DIR: 'logs' })).toBe(
    'recital log extract 003344.073- logs --out 003344.073-.jsonl && recital log to-test 003344.073-.jsonl',
  );
});

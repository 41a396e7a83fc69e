/**
 * proto/streaming.proto is the contract: it equals the contract's tables, written out here, and buf finds every change that would
 * break a client in the field. Each check of buf is shown to fail on a tampered copy.
 */

import { execFileSync } from 'node:child_process';
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { loadSync } from '@grpc/proto-loader';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type BufResult, runBuf, whatBufLacks } from '../../support/buf.ts';
import { type ProtoTables, tablesInSet, tablesOfFile } from './proto-tables.ts';

const root = fileURLToPath(new URL('../../..', import.meta.url));

/** As the server loads it: by proto-loader. */
function loadTables(dir: string): ProtoTables {
  const loaded = loadSync('streaming.proto', { keepCase: true, includeDirs: [join(root, dir)] });
  const request = loaded['streaming.StreamRequest'] ?? {};
  const [file]: unknown[] = 'fileDescriptorProtos' in request ? Object.values(request.fileDescriptorProtos) : [];
  if (!Buffer.isBuffer(file)) throw new Error('proto-loader gives no descriptor');
  return tablesOfFile(file);
}

const readings = [
  { title: 'as the server loads it', proto: loadTables('proto') },
  { title: 'as clients in the field have it', proto: loadTables('test/contract') },
  {
    title: 'as reflection tells it',
    proto: tablesInSet(readFileSync(join(root, 'proto/descriptors.binpb')), 'streaming.proto'),
  },
];

describe.each(readings)('the contract $title', ({ proto }) => {
  test('is the package streaming', () => {
    expect(proto.package).toBe('streaming');
  });

  test('has these rpcs', () => {
    expect(proto.services).toEqual({
      StreamingService: [
        'StreamAudio(StreamRequest) → stream StreamResponse',
        'InterruptSession(InterruptRequest) → InterruptResponse',
        'GenerateWelcomeAudio(WelcomeRequest) → stream WelcomeResponse',
        'ReportUsage(UsageRequest) → UsageResponse',
      ],
    });
  });

  // `*` = proto3 optional.
  test('has these messages, with these fields, numbers and types', () => {
    expect(proto.messages).toEqual({
      StreamRequest: [
        'prompt 1 string',
        'screenshot* 2 string',
        'screen_width* 3 int32',
        'screen_height* 4 int32',
        'hardware_id 5 string',
        'session_id 6 string',
        'phase 7 RequestPhase',
        'chunk_seq 8 int32',
        'chunk_text* 9 string',
      ],
      StreamResponse: [
        'content: text_chunk 1 string',
        'content: audio_chunk 2 AudioChunk',
        'content: end_message 3 string',
        'content: error_message 4 string',
        'content: action_message 5 ActionMessage',
        'content: browser_progress 6 BrowserProgressMessage',
      ],
      AudioChunk: [
        'audio_data 1 bytes',
        'dtype 2 string',
        'shape 3 repeated int32',
        'sample_rate 4 int32',
        'channels 5 int32',
      ],
      ActionMessage: ['action_json 1 string', 'session_id 2 string', 'feature_id* 3 string'],
      InterruptRequest: ['hardware_id 1 string'],
      InterruptResponse: ['success 1 bool', 'interrupted_sessions 2 repeated string', 'message 3 string'],
      WelcomeRequest: ['text 1 string', 'session_id 2 string', 'voice 3 string', 'language 4 string'],
      WelcomeMetadata: [
        'method 1 string',
        'duration_sec 2 double',
        'sample_rate 3 int32',
        'channels 4 int32',
        'dtype 5 string',
      ],
      WelcomeResponse: [
        'content: audio_chunk 1 AudioChunk',
        'content: metadata 2 WelcomeMetadata',
        'content: end_message 3 string',
        'content: error_message 4 string',
      ],
      UsageRequest: [
        'hardware_id 1 string',
        'session_id 2 string',
        'source 3 string',
        'input_tokens 4 int32',
        'output_tokens 5 int32',
        'model 6 string',
      ],
      UsageResponse: ['success 1 bool', 'message 2 string'],
      BrowserProgressMessage: [
        'type 1 BrowserEventType',
        'task_id 2 string',
        'step_number* 3 int32',
        'description* 4 string',
        'url* 5 string',
        'action* 6 string',
        'timestamp 7 string',
        'error* 8 string',
        'details* 9 BrowserProgressDetails',
      ],
      BrowserProgressDetails: ['duration_sec* 1 double', 'actions 2 repeated string', 'metadata 3 map<string,string>'],
    });
  });

  test('has these enums', () => {
    expect(proto.enums).toEqual({
      RequestPhase: ['REQUEST_PHASE_UNSPECIFIED 0', 'REQUEST_PHASE_COLLECT 1', 'REQUEST_PHASE_COMMIT 2'],
      BrowserEventType: [
        'BROWSER_TASK_STARTED 0',
        'BROWSER_STEP_STARTED 1',
        'BROWSER_STEP_COMPLETED 2',
        'BROWSER_ACTION_EXECUTED 3',
        'BROWSER_TASK_COMPLETED 4',
        'BROWSER_TASK_FAILED 5',
        'BROWSER_TASK_CANCELLED 6',
      ],
    });
  });
});

const lacking = whatBufLacks();

describe.skipIf(lacking !== null)(`npm run lint:proto${lacking === null ? '' : ` (${lacking})`}`, () => {
  const { scripts }: { scripts: Record<string, string> } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
  const commands = scripts['lint:proto']?.split(' && ').map((command) => command.split(' ').slice(1)) ?? [];
  let dir: string;
  beforeAll(() => {
    dir = mkdtempSync(join(tmpdir(), 'recital-proto-'));
  });
  afterAll(() => rmSync(dir, { recursive: true, force: true }));

  /** A copy of what the script looks at, in which `from` in proto/streaming.proto has become `to`. */
  function tamperedCopy(from: string, to: string): string {
    const copy = mkdtempSync(join(dir, 'copy-'));
    for (const part of ['buf.yaml', 'proto', 'test/contract'])
      cpSync(join(root, part), join(copy, part), { recursive: true });
    const path = join(copy, 'proto/streaming.proto');
    const text = readFileSync(path, 'utf8');
    expect(text.split(from)).toHaveLength(2);
    writeFileSync(path, text.replace(from, to));
    return copy;
  }

  /** One command of the script, with the script's own arguments. */
  function runOf(name: 'lint' | 'breaking', cwd: string): Promise<BufResult> {
    const command = commands.find(([first]) => first === name);
    if (command === undefined) throw new Error(`lint:proto does not run buf ${name}`);
    return runBuf(command, { cwd });
  }

  const good = { exitCode: 0, stdout: '', stderr: '' };

  test('lints, then compares with the field', () => {
    expect(commands.map(([command]) => command)).toEqual(['lint', 'breaking']);
    expect(scripts.check?.split(' && ')).toContain('npm run lint:proto');
  });

  test('is content with the contract', async () => {
    expect(await runOf('lint', root)).toEqual(good);
    expect(await runOf('breaking', root)).toEqual(good);
  });

  test.each([
    { title: 'a new comment', from: 'string prompt = 1;', to: '// Words.\n  string prompt = 1;' },
    { title: 'a new field', from: 'string model = 6;', to: 'string model = 6;\n  string region = 7;' },
    { title: 'a new message', from: 'message UsageResponse {', to: 'message Price {}\n\nmessage UsageResponse {' },
  ])('lets $title pass', async ({ from, to }) => {
    const copy = tamperedCopy(from, to);
    expect(await runOf('lint', copy)).toEqual(good);
    expect(await runOf('breaking', copy)).toEqual(good);
  });

  test.each([
    {
      title: 'a changed field number',
      from: 'string hardware_id = 5;',
      to: 'string hardware_id = 15;',
      says: 'deleted',
    },
    {
      title: 'two swapped field numbers',
      from: 'voice = 3;\n  string language = 4;',
      to: 'voice = 4;\n  string language = 3;',
      says: 'name',
    },
    { title: 'a changed type', from: 'int32 chunk_seq = 8;', to: 'int64 chunk_seq = 8;', says: 'int32' },
    {
      title: 'a string that became bytes',
      from: 'optional string screenshot = 2;',
      to: 'optional bytes screenshot = 2;',
      says: 'bytes',
    },
    { title: 'a renamed field', from: 'string prompt = 1;', to: 'string words = 1;', says: 'prompt' },
    { title: 'a removed field', from: '  string model = 6;\n', to: '', says: 'model' },
    {
      title: 'a field that is no longer optional',
      from: 'optional string chunk_text',
      to: 'string chunk_text',
      says: 'chunk_text',
    },
    {
      title: 'a field that became repeated',
      from: 'string action_json',
      to: 'repeated string action_json',
      says: 'action_json',
    },
    {
      title: 'a renamed oneof',
      from: 'oneof content {\n    AudioChunk',
      to: 'oneof body {\n    AudioChunk',
      says: 'content',
    },
    {
      title: 'a removed rpc',
      from: '  rpc ReportUsage(UsageRequest) returns (UsageResponse);\n',
      to: '',
      says: 'ReportUsage',
    },
    {
      title: 'an rpc that no longer streams',
      from: 'returns (stream WelcomeResponse)',
      to: 'returns (WelcomeResponse)',
      says: 'GenerateWelcomeAudio',
    },
    {
      title: 'an rpc with another answer',
      from: 'returns (InterruptResponse)',
      to: 'returns (UsageResponse)',
      says: 'InterruptSession',
    },
    { title: 'a removed enum value', from: '  BROWSER_TASK_CANCELLED = 6;\n', to: '', says: 'BrowserEventType' },
    {
      title: 'a renumbered enum value',
      from: 'BROWSER_TASK_FAILED = 5;',
      to: 'BROWSER_TASK_FAILED = 7;',
      says: 'BrowserEventType',
    },
    // Nothing is left of the old package, so its file is what buf misses.
    { title: 'a renamed package', from: 'package streaming;', to: 'package streams;', says: 'package' },
  ])('breaking: finds $title', async ({ from, to, says }) => {
    const { exitCode, stdout } = await runOf('breaking', tamperedCopy(from, to));
    // 100 is buf's code for what it found; any other would be a fault of the check itself.
    expect({ exitCode, stdout }).toEqual({ exitCode: 100, stdout: expect.stringContaining(says) });
  });

  test.each([
    { title: 'a field whose name is no snake case', to: 'string theRegion = 7;' },
    {
      title: 'an exception outside of buf.yaml',
      to: '// buf:lint:ignore FIELD_LOWER_SNAKE_CASE\n  string theRegion = 7;',
    },
  ])('lint: finds $title', async ({ to }) => {
    const { exitCode, stdout } = await runOf('lint', tamperedCopy('string model = 6;', `string model = 6;\n  ${to}`));
    expect({ exitCode, stdout }).toEqual({ exitCode: 100, stdout: expect.stringContaining('theRegion') });
  });

  test('lint: lifts no rule for another file', async () => {
    const copy = tamperedCopy('string prompt = 1;', '// Words.\n  string prompt = 1;');
    writeFileSync(
      join(copy, 'proto/other.proto'),
      'syntax = "proto3";\n\npackage other;\n\nenum Kind {\n  ONE = 0;\n}\n',
    );
    const { exitCode, stdout } = await runOf('lint', copy);
    expect(exitCode).toBe(100);
    for (const rule of ['suffixed', 'prefixed', 'within a directory']) expect(stdout).toContain(rule);
  });

  test('proto/descriptors.binpb is what the generator makes', () => {
    const made = join(dir, 'descriptors.binpb');
    execFileSync(process.execPath, [join(root, 'scripts/generate-descriptors.mjs'), made], { stdio: 'pipe' });
    expect(readFileSync(made).equals(readFileSync(join(root, 'proto/descriptors.binpb')))).toBe(true);
  });
});

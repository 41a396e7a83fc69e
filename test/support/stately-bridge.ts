/** examples/stately/bridge.mjs, running for a test file. */
import { spawn } from 'node:child_process';
import { atEndOfFile } from './end-of-file.ts';
import { eventually } from './eventually.ts';

/** Starts it on a free port, with `tool` in its frame; resolves with its host and port. */
export async function startBridge(tool: string): Promise<string> {
  const bridge = spawn(process.execPath, ['examples/stately/bridge.mjs', '--port', '0', '--tool', tool]);
  atEndOfFile(() => bridge.kill());
  let said = '';
  bridge.stdout.setEncoding('utf8').on('data', (part: string) => {
    said += part;
  });
  await eventually(
    () => said,
    (text) => text.includes('\n'),
  );
  return /http:\/\/(127\.0\.0\.1:\d+)/.exec(said)?.[1] ?? '';
}

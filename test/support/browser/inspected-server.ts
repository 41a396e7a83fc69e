/** A server whose inspector is on, and what a test asks of it beside the page: its sessions and the logs that it wrote of them. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { connect, type RunningCall, start, type TestClient } from '../client.ts';
import { eventually } from '../eventually.ts';
import { startServer } from '../server.ts';
import type { TestServer, TestServerOptions } from '../test-server.ts';

export const testToken = 'token-of-the-browser-tests';

export interface InspectedServer extends TestServer {
  readonly client: TestClient;
  /** The page with its token, as the ready line tells it; `fragment` follows the token. */
  readonly pageUrl: string;
}

/** The settings of a server that is inspected: a token that is known, a log file a session. */
export function inspectedEnv(env: Readonly<Record<string, string>> = {}): Readonly<Record<string, string>> {
  return {
    INSPECTOR: 'on',
    INSPECTOR_TOKEN: testToken,
    EVENT_LOG_FILES: 'session',
    BACKPRESSURE_MAX_STREAMS: '250',
    MAX_STREAMS_PER_CONNECTION: '10000',
    ...env,
  };
}

/** Starts one; it is stopped when the test file ends. */
export async function startInspected({ scenario = manyKinds, env }: TestServerOptions = {}): Promise<InspectedServer> {
  return inspected(await startServer({ scenario, env: inspectedEnv(env) }));
}

export function inspected<Server extends TestServer>(server: Server): Server & InspectedServer {
  const url = server.logsOf('ready')[0]?.ctx?.inspector_url;
  if (typeof url !== 'string') throw new Error('the ready line has no inspector_url');
  return { ...server, client: connect(server.grpcPort), pageUrl: url };
}

/** Says `prompt` under a session id; the call goes on by itself. */
export function say(server: InspectedServer, session: string, prompt: string): RunningCall {
  return start(server.client, { prompt, session_id: session, hardware_id: `device-of-${session}`.slice(0, 128) });
}

/** The log of a session as it stands in its file, once it has all of it. */
export async function wholeLogOf(server: TestServer, session: string): Promise<string> {
  return eventually(
    () => logOf(server, session),
    (text) => text.includes('\n{"kind":"footer"'),
  );
}

/** The log of a session as far as it stands in its file; '' if there is none yet. */
export function logOf({ dataDir }: Pick<TestServer, 'dataDir'>, session: string): string {
  const folder = join(dataDir, 'event-logs');
  const files = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.jsonl'));
  const texts = files.map((name) => readFileSync(join(folder, name), 'utf8'));
  return texts.find((text) => text.slice(0, text.indexOf('\n')).includes(JSON.stringify(session))) ?? '';
}

const sentence = (word: string) => `This is the ${word} sentence of the answer. `;
const slowly = ['first', 'second', 'third', 'fourth'].flatMap((word) => [{ say: sentence(word) }, { wait_ms: 150 }]);

/** By the word in the prompt: answers that walk slowly, one that never ends, one whose voice never comes, failures, echoes. */
export const manyKinds = {
  answers: [
    // Time enough for the page to see that it is there.
    { when: 'watched', steps: [{ wait_ms: 2000 }, ...slowly, ...slowly, { say: 'The end.' }] },
    { when: 'walk', steps: [...slowly, { say: 'The end.' }] },
    { when: 'hang', steps: [{ say: sentence('only') }, { hang: true }] },
    { when: 'silent', steps: [{ hang: true }] },
    { when: 'mute', steps: [{ say: 'This one is mute. ' }, { say: 'It has ended.' }] },
    { when: 'refuse', steps: [{ fail: { error_code: 'UNAVAILABLE', message: 'the model is down' } }] },
    {
      when: 'hostile',
      steps: [
        { say: 'One. ' },
        {
          fail: { error_code: 'UNAVAILABLE', message: '<img src=x onerror="document.title=1">\u202egnp.exe</script>' },
        },
      ],
    },
    { when: '', steps: [{ echo: true }] },
  ],
  speech: { chunks_per_sentence: 2, chunk_bytes: 4096, ms_per_chunk: 20, hang_when: 'mute' },
};

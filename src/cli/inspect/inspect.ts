/**
 * `recital inspect [PATH…]`: the inspector's page without a server, for log files: those that are given, and those that are dropped onto the
 * page. The same pages, checks and feed as a server's (inspector/server/), on a port of the loopback address, until it is told to end.
 */
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { wordsOf } from '../../errors.ts';
import { Inspector } from '../../inspector/server/inspector.ts';
import { MAX_ENDED } from '../../inspector/server/session-list.ts';
import { packageVersion } from '../../server/package-version.ts';
import { systemWordsOf } from '../log/log-files.ts';
import { findLogs } from '../log/log-paths.ts';
import { selectLogs } from '../log/log-selection.ts';
import { type CommandContext, exitCodes } from '../terminal/command.ts';
import { printable } from '../terminal/output.ts';
import { countText } from '../terminal/progress.ts';
import { GrowingLogs } from './growing-logs.ts';
import { OpenedFiles } from './opened-files.ts';

/** Others on the network have no business with logs. */
const HOST = '127.0.0.1';
/** Behind any time that a log can have begun at. */
const FAR_FUTURE = '9999-12-31T23:59:59.999Z';
/** As many as fit on a screen; of more a number. */
const TOLD_BAD = 10;

export interface InspectOptions {
  /** None = the page alone. */
  readonly paths: readonly string[];
  /** 0 = any free one. */
  readonly port: number;
}

/** Serves until a signal comes: good then; unusable = a path names no log or can't be read, or the port can't be had. */
export async function inspectLogs({ paths, port }: InspectOptions, context: CommandContext): Promise<number> {
  const { stdout, stderr } = context;
  const files = await openFiles(paths, context);
  if (files === null) return exitCodes.unusable;
  const fail = (what: string): number => {
    stderr.line(`${stderr.styled('red', 'error:')} ${printable(what)}`);
    return exitCodes.unusable;
  };
  let served: ServedFiles;
  try {
    served = new ServedFiles(files, paths);
  } catch (error) {
    return fail(wordsOf(error));
  }
  const ended = new Promise<void>((end) => context.stopOnSignals(end));
  try {
    await served.listen(port);
  } catch (error) {
    return fail(`port ${port} of ${HOST} can't be had: ${systemWordsOf(error)}`);
  }
  reportFiles(files, context);
  stdout.line(`Inspector: ${served.url}`);
  await ended;
  await served.close();
  return exitCodes.good;
}

/** Null = something of what was given can't be found or read, and that was told. */
async function openFiles(paths: readonly string[], context: CommandContext): Promise<OpenedFiles | null> {
  const files = new OpenedFiles();
  if (paths.length === 0) return files;
  const selected = await selectLogs(paths, context);
  if (selected === null || selected.faults > 0) {
    selected?.progress.clear();
    return null;
  }
  const { progress } = selected;
  await files.add(selected.paths, (count) => progress.tell(() => countText(count, selected.paths.length, 'log')));
  progress.clear();
  return files;
}

/** Says how many there are, and what is wrong with some: it stands in the list, too. */
function reportFiles({ size, bad }: OpenedFiles, { stderr }: CommandContext): void {
  for (const { path, why } of bad.slice(0, TOLD_BAD)) {
    stderr.line(`${printable(path)}: ${stderr.styled('red', 'bad log:')} ${printable(why ?? '')}`);
  }
  if (bad.length > TOLD_BAD) stderr.line(`and ${bad.length - TOLD_BAD} more bad ones, which the list has`);
  const what = size === 0 ? 'drop log files onto the page' : countText(size, null, 'log');
  stderr.line(stderr.styled('dim', `${what}; Ctrl-C ends it`));
}

class ServedFiles {
  readonly #files: OpenedFiles;
  readonly #growing: GrowingLogs;
  readonly #inspector: Inspector;
  readonly #server: Server;

  /** Throws where the page was not built. */
  constructor(files: OpenedFiles, given: readonly string[]) {
    this.#files = files;
    this.#growing = new GrowingLogs({
      files,
      find: async () => (given.length === 0 ? [] : (await findLogs(given)).paths),
      inspector: () => this.#inspector,
    });
    this.#inspector = new Inspector({
      host: HOST,
      allowedHosts: [],
      token: null,
      archive: files,
      logs: () => this.#growing,
      ask: null,
      facts: () => ({ version: packageVersion(), grpc: null, maxStreams: 0, redaction: 'shape', settings: {} }),
      totals: () => ({ slots: 0, maxStreams: 0, refused: 0, refusedBy: {}, state: 'files', health: 'ok' }),
      now: () => performance.now(),
      date: () => new Date(),
    });
    this.#server = createServer((request, response) => {
      const [path = ''] = (request.url ?? '').split(/[?#]/, 1);
      if (this.#inspector.isAsked(path)) this.#inspector.answer(request, response);
      else response.writeHead(308, { location: '/inspect/', 'content-length': 0 }).end();
    });
  }

  get url(): string {
    const address: AddressInfo | string | null = this.#server.address();
    return this.#inspector.urlAt(typeof address === 'object' && address !== null ? address.port : 0);
  }

  /** Rejects if the port can't be had. */
  async listen(port: number): Promise<void> {
    const { rows, leftOut } = await this.#files.rowsBefore(FAR_FUTURE, MAX_ENDED, () => false);
    const shown = rows.map((row) => this.#growing.shown(row));
    this.#inspector.list.addRead(shown, leftOut);
    await new Promise<void>((resolve, reject) => {
      this.#server.once('error', reject);
      this.#server.listen({ host: HOST, port }, resolve);
    });
    this.#growing.start();
  }

  async close(): Promise<void> {
    this.#growing.stop();
    this.#inspector.close();
    await new Promise<void>((resolve) => {
      this.#server.close(() => resolve());
      this.#server.closeAllConnections();
    });
  }
}

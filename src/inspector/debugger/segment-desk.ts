/**
 * Segments of the person, as the page lists them: their logs by the index, or where a process was killed by a walk over all of it. A part
 * of the worker that is loaded apart from it. Only what is looked at is read: an index, and of a log its own blocks when it is opened.
 *
 * What holds: of all segments together at most MAX_LISTED logs are listed, the newest of each; what is wrong with one, or not whole, is told
 * in words with its place, and the logs before it are listed; nothing here judges a log, which is done when it is opened.
 */
import { badLogReason } from '../../log/log-reader.ts';
import { OpenedSegment } from '../../log/opened-segment.ts';
import type { LogSummary } from '../../log/segment-format.ts';
import type { SegmentSource } from '../../log/segment-pages.ts';
import type { ListRow } from '../feed-format.ts';
import { rowOfSummary, summaryOfHead, withTail } from '../listed-log.ts';
import type { Report } from './messages.ts';

/** As many as two segments have that are full; a row of the list takes about a KiB in page and worker. */
const MAX_LISTED = 131_072;
/** Rows that are told at once. */
const ROWS_AT_ONCE = 2_000;

type SegmentReport = Extract<Report, { readonly kind: 'segment' }>;

export class SegmentDesk {
  readonly #post: (report: SegmentReport) => void;
  readonly #segments = new Map<string, { readonly segment: OpenedSegment; listed: number }>();
  readonly #maxListed: number;

  constructor(post: (report: SegmentReport) => void, maxListed = MAX_LISTED) {
    this.#post = post;
    this.#maxListed = maxListed;
  }

  /** Tells what stands in the segment that `blob` is, as `id`; its logs are named `<id>#<name>`. Never rejects. */
  async open(id: string, blob: Blob): Promise<void> {
    const opened = { segment: new OpenedSegment(blobSource(blob)), listed: 0 };
    this.#segments.set(id, opened);
    const told = { kind: 'segment', id, logs: 0, rows: [], isReading: true, words: '', isBad: false } as const;
    this.#post(told);
    /** Of logs that no index tells of. */
    const seen = new Map<number, LogSummary>();
    let whyUnread = '';
    try {
      await opened.segment.look(({ log, head, tail }) => {
        const begun = seen.get(log.number) ?? (log.blocks === 1 ? summaryOfHead(textOf(head)) : null);
        if (begun !== null) seen.set(log.number, withTail(begun, textOf(tail)));
      });
    } catch (error) {
      whyUnread = error instanceof Error ? error.message : String(error);
    }
    if (this.#segments.get(id) !== opened) return;
    const { members, fault } = opened.segment;
    const free = [...this.#segments.values()].reduce((left, { listed }) => left - listed, this.#maxListed);
    opened.listed = Math.min(members.length, free);
    const rows: ListRow[] = [];
    for (let number = members.length - 1; number >= members.length - opened.listed; number -= 1) {
      const { name = '', entry = null } = members[number] ?? {};
      rows.push(rowOf(`${id}#${name}`, entry ?? seen.get(number) ?? null));
    }
    const words = wordsOf(opened.segment, { whyUnread, unlisted: members.length - opened.listed });
    const whole = { ...told, logs: members.length, words, isBad: fault !== null || whyUnread !== '' };
    for (let from = 0; from < rows.length - ROWS_AT_ONCE; from += ROWS_AT_ONCE)
      this.#post({ ...whole, rows: rows.splice(0, ROWS_AT_ONCE) });
    this.#post({ ...whole, rows, isReading: false });
  }

  /** The bytes of a log by its id, or why they can't be had. */
  async bytesOf(id: string): Promise<Uint8Array | string> {
    const at = id.lastIndexOf('#');
    const opened = this.#segments.get(id.slice(0, at));
    if (opened === undefined) return 'its segment is not open here';
    try {
      return await opened.segment.bytesOf({ name: id.slice(at + 1) });
    } catch (error) {
      return `its segment can't be read: ${error instanceof Error ? error.message : String(error)}`;
    }
  }

  close(id: string): void {
    this.#segments.delete(id);
  }
}

function rowOf(id: string, summary: LogSummary | null): ListRow {
  const file = id.replace(/^file:\d+:/, '');
  if (summary !== null) return { ...rowOfSummary(summary, id), file };
  const session = file.slice(file.lastIndexOf('#') + 1);
  const bare = { machine: '', streamId: '', sessionId: session, hardwareId: '', startedAt: '', state: '' };
  const row = rowOfSummary({ ...bare, reason: badLogReason, durationMs: 0, turns: 0, dropped: 0 }, id);
  return { ...row, file, why: 'its header can not be read' };
}

function wordsOf(
  { isEnded, lost, fault, members }: OpenedSegment,
  { whyUnread, unlisted }: { readonly whyUnread: string; readonly unlisted: number },
): string {
  const words: string[] = [];
  if (whyUnread !== '') words.push(`It can't be read: ${whyUnread}.`);
  else if (fault !== null) {
    const before = members.length === 0 ? '' : '; the logs before that are listed';
    words.push(`It is no good segment from byte ${fault.at} on: ${fault.why}${before}.`);
  } else if (!isEnded) {
    words.push('It has no end: its process was killed, or writes it still.');
    if (lost !== null)
      words.push(`Its last ${lost.bytes} bytes${lost.log === null ? '' : `, of log ${lost.log},`} are no whole lines.`);
  }
  if (unlisted > 0) words.push(`Its oldest ${unlisted} logs are not listed: \`recital log list\` lists all.`);
  return words.join(' ');
}

function blobSource(blob: Blob): SegmentSource {
  const read = async (at: number, bytes: number) => new Uint8Array(await blob.slice(at, at + bytes).arrayBuffer());
  return { open: async () => ({ size: blob.size, read, close: async () => {} }) };
}

const decoder = new TextDecoder();

function textOf(bytes: Uint8Array): string {
  return decoder.decode(bytes);
}

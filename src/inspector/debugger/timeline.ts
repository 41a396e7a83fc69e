/**
 * The waterfall of a log: what went on in which lane, on the log's own clock, and for whom it was waited. All of it is read from what was
 * recorded, so that a log that diverges, or whose chart is not known here, has one too.
 */
import type { LogTurn } from '../../log/log-format.ts';
import { waitsOf } from '../waits.ts';
import type { Timeline, TimelineBar, TimelineLane } from './views.ts';

type Mutable<T> = { -readonly [Key in keyof T]: T[Key] };
type OpenBar = Mutable<TimelineBar>;

/** A time in which nothing happened is squeezed when it is this long, and longer than half of all other time together. */
const QUIET_MIN_MS = 5_000;
/** Sound that stood ready unfetched for less has no bar of its own. */
const UNFETCHED_MIN_MS = 50;
/** Bars and ticks a lane: more can't be told apart. */
const MAX_ITEMS = 20_000;

/** The text of a sentence that was cut in a turn, if it is known. */
export type SentenceText = (turn: number, segment: number) => string;

/** `toMs`: so far a log that still grows has come on its own clock, whatever its last turn was; what is open then goes on until there. */
export function timelineOf(turns: readonly LogTurn[], textOf: SentenceText, toMs = 0): Timeline {
  const endMs = Math.max(turns.at(-1)?.atMs ?? 0, toMs);
  const isStream = turns[0]?.changes?.maxStreams === undefined;
  const lanes = isStream ? streamLanes(turns, textOf, endMs) : supervisorLanes(turns, endMs);
  return { endMs, waits: waitsOf(turns, endMs), lanes, quiet: quietIn(turns, endMs) };
}

function quietIn(turns: readonly LogTurn[], endMs: number): Timeline['quiet'] {
  const gaps: { fromMs: number; toMs: number }[] = [];
  let fromMs = turns[0]?.atMs ?? endMs;
  const look = (atMs: number) => {
    if (atMs - fromMs >= QUIET_MIN_MS) gaps.push({ fromMs, toMs: atMs });
    fromMs = atMs;
  };
  for (const { atMs } of turns) look(atMs);
  look(endMs);
  const quietMs = gaps.reduce((sum, { fromMs, toMs }) => sum + toMs - fromMs, 0);
  return gaps.filter(({ fromMs, toMs }) => toMs - fromMs > (endMs - quietMs) / 2);
}

/** Puts bars in a lane, one after the other as they end. */
class Lane {
  readonly bars: TimelineBar[] = [];
  readonly ticks: number[] = [];
  readonly #open = new Map<string, OpenBar>();

  isOpen(key: string): boolean {
    return this.#open.has(key);
  }

  open(key: string, bar: Omit<TimelineBar, 'toMs'>): void {
    const { size } = this.#open;
    if (this.bars.length + size < MAX_ITEMS) this.#open.set(key, { ...bar, toMs: bar.fromMs });
  }

  close(key: string, toMs: number, change: Partial<TimelineBar> = {}): void {
    const bar = this.#open.get(key);
    if (bar === undefined) return;
    this.#open.delete(key);
    this.bars.push({ ...bar, toMs, ...change });
  }

  tick(atMs: number): void {
    if (this.ticks.length < MAX_ITEMS) this.ticks.push(atMs);
  }

  told(name: TimelineLane['name'], endMs: number): TimelineLane {
    for (const key of [...this.#open.keys()]) this.close(key, endMs);
    return { name, bars: this.bars.sort((a, b) => a.fromMs - b.fromMs), ticks: this.ticks };
  }
}

/** What a state means in a lane while a stream is in it; the first that fits. */
const modelStates = [
  { place: /answer\.running\.awaitingFirstToken$/, label: 'waiting for the first token', tone: 'start', waits: true },
  { place: /answer\.running\.receiving$/, label: 'answers', tone: 'model', waits: false },
  { place: /answer\.running\.held$/, label: 'made to wait: the backlog is full', tone: 'idle', waits: true },
  { place: /answer\.running\.resuming$/, label: 'goes on', tone: 'model', waits: true },
] as const;
const readerStates = [
  { place: /voice\.speaking\.unvoiced$/, label: 'no room: sound is not fetched', tone: 'reader', waits: true },
  {
    place: /^(idle|commandSent|streaming\.reader)\.questioned$/,
    label: 'asked whether it still reads',
    tone: 'reader',
    waits: true,
  },
  {
    place: /voice\.(closing|failing)$|^commandSent\./,
    label: 'all is said: waiting until it is out',
    tone: 'out',
    waits: true,
  },
] as const;

type LaneStates = typeof modelStates | typeof readerStates;

function streamLanes(turns: readonly LogTurn[], textOf: SentenceText, endMs: number): readonly TimelineLane[] {
  const [model, reader] = [new Lane(), new Lane()];
  let hasModel = false;
  const unfetched = new UnfetchedSound(reader);
  for (const { turn, atMs, event, state } of turns) {
    if (event.type === 'answer.textReceived') model.tick(atMs);
    unfetched.take(event.fullMs, atMs, turn);
    if (state === undefined) continue;
    hasModel ||= state.includes('answer.');
    follow(model, modelStates, { turn, atMs, state });
    follow(reader, readerStates, { turn, atMs, state });
  }
  const spoken = new SpokenLanes(textOf, turns[0]?.changes?.reading !== undefined);
  for (const turn of turns) spoken.take(turn);
  const { sentences, voice, out } = spoken.told(endMs);
  const lanes = [sentences, voice, reader.told('reader', endMs), out];
  return hasModel ? [model.told('model', endMs), ...lanes] : lanes;
}

/**
 * Sound that was not fetched, in the reader's lane: an event tells how long, and when at the latest. Between two such events it may have been
 * in pieces; they are drawn as one, up to the event.
 */
class UnfetchedSound {
  readonly #lane: Lane;
  #fullMs = 0;
  #untilMs = Number.NEGATIVE_INFINITY;

  constructor(lane: Lane) {
    this.#lane = lane;
  }

  take(fullMs: unknown, atMs: number, turn: number): void {
    if (typeof fullMs !== 'number' || fullMs - this.#fullMs < UNFETCHED_MIN_MS) return;
    const label = 'sound stood ready and was not fetched';
    const fromMs = Math.max(0, atMs - (fullMs - this.#fullMs));
    // Between the two the reader may have been asked, which is a bar of its own.
    const place = this.#lane.bars.findLastIndex((bar) => bar.label === label);
    const isOneWithLast = place >= 0 && fromMs - this.#untilMs < UNFETCHED_MIN_MS;
    const [last] = isOneWithLast ? this.#lane.bars.splice(place, 1) : [];
    const begin = last ?? { fromMs, turn };
    this.#lane.open(label, { fromMs: begin.fromMs, label, tone: 'reader', isWaiting: true, turn: begin.turn });
    this.#lane.close(label, atMs);
    this.#fullMs = fullMs;
    this.#untilMs = atMs;
  }
}

/** One bar for as long as a stream is in one of the lane's states. */
function follow(
  lane: Lane,
  states: LaneStates,
  now: { readonly turn: number; readonly atMs: number; readonly state: string },
): void {
  const leaves = now.state.split(' | ');
  const found = states.find(({ place }) => leaves.some((leaf) => place.test(leaf)));
  for (const { label } of states) if (label !== found?.label) lane.close(label, now.atMs);
  if (found === undefined || lane.isOpen(found.label)) return;
  const { label, tone, waits } = found;
  lane.open(label, { fromMs: now.atMs, label, tone, isWaiting: waits, turn: now.turn });
}

/** The way of the sentences: cut out of the answer, waiting for their turn, spoken, out. */
class SpokenLanes {
  readonly #textOf: SentenceText;
  readonly #sentences = new Lane();
  readonly #voice = new Lane();
  readonly #out = new Lane();
  /** Segments below it were cut. */
  #cut = 0;
  /** The next one whose turn comes, and the one that is being said. */
  #next = 0;
  #head: number | null = null;
  #isSpeaking = false;
  #isVoiced = true;
  readonly #isWelcome: boolean;

  constructor(textOf: SentenceText, isWelcome: boolean) {
    this.#textOf = textOf;
    this.#isWelcome = isWelcome;
  }

  take({ turn, atMs, event, state, changes, effects = [], status }: LogTurn): void {
    const { nextSegment } = changes ?? {};
    for (; typeof nextSegment === 'number' && this.#cut < nextSegment; this.#cut += 1) {
      const label = `#${this.#cut} ${this.#textOf(turn, this.#cut)}`.trim();
      this.#sentences.open(`${this.#cut}`, { fromMs: atMs, label, tone: 'model', isWaiting: true, turn });
    }
    const wasSpeaking = this.#isSpeaking;
    const isSaid = event.type === 'speech.finished' && event.segment === this.#head;
    if (isSaid) this.#finish(atMs, turn, event.audioBytes);
    if (state !== undefined) this.#isSpeaking = state.includes('voice.speaking');
    if (!this.#isSpeaking) this.#finish(atMs, turn, 0);
    const hasText = effects.some((effect) => effect.startsWith('say sentence.reached'));
    // A welcome's texts are known to its client: it does not say them.
    if (hasText || (this.#isWelcome && this.#isSpeaking && (isSaid || !wasSpeaking))) this.#reach(atMs, turn);
    if (state !== undefined) this.#isVoiced = !state.includes('voice.speaking.unvoiced');
    if (effects.some((effect) => effect.startsWith('say command.reached'))) this.#frame(atMs, turn, 'command');
    if (effects.some((effect) => effect.startsWith('say end.reached'))) this.#frame(atMs, turn, 'end');
    if (status === 'done' && state === 'error') this.#frame(atMs, turn, 'error', 'error');
  }

  told(endMs: number): Readonly<Record<'sentences' | 'voice' | 'out', TimelineLane>> {
    return {
      sentences: this.#sentences.told('sentences', endMs),
      voice: this.#voice.told('voice', endMs),
      out: this.#out.told('frames out', endMs),
    };
  }

  /** It is a sentence's turn: its text goes out, and its sound may. */
  #reach(atMs: number, turn: number): void {
    this.#finish(atMs, turn, 0);
    const segment = this.#next;
    this.#next += 1;
    this.#head = segment;
    const waiting = `${segment}`;
    const label = `#${segment}`;
    this.#sentences.close(waiting, atMs);
    this.#sentences.open(waiting, { fromMs: atMs, label, tone: 'model', isWaiting: false, turn });
    this.#voice.open(label, { fromMs: atMs, label, tone: 'voice', isWaiting: false, turn });
    this.#out.open(label, { fromMs: atMs, label: 'text', tone: 'out', isWaiting: false, turn });
  }

  #finish(atMs: number, turn: number, audioBytes: unknown): void {
    const head = this.#head;
    if (head === null) return;
    this.#head = null;
    this.#sentences.close(`${head}`, atMs);
    const label = `#${head}`;
    const bytes = typeof audioBytes === 'number' ? audioBytes : 0;
    this.#voice.close(label, atMs, this.#isVoiced ? {} : { tone: 'reader', label: `${label} without sound` });
    this.#out.close(label, atMs, bytes > 0 ? { label: bytesText(bytes), turn } : {});
  }

  #frame(atMs: number, turn: number, label: string, tone: TimelineBar['tone'] = 'out'): void {
    this.#out.open(label, { fromMs: atMs, label, tone, isWaiting: false, turn });
    this.#out.close(label, atMs);
  }
}

/** Rounded, in KiB from one on. */
function bytesText(bytes: number): string {
  return bytes < 1024 ? `${bytes} B` : `${Math.round(bytes / 1024)} KiB`;
}

/** Of the supervisor: who came in, who was refused, who left. */
function supervisorLanes(turns: readonly LogTurn[], endMs: number): readonly TimelineLane[] {
  const [admissions, refusals, ends] = [new Lane(), new Lane(), new Lane()];
  for (const { atMs, effects = [] } of turns) {
    for (const effect of effects) {
      if (effect.startsWith('say stream.admitted')) admissions.tick(atMs);
      else if (effect.startsWith('say stream.refused')) refusals.tick(atMs);
      else if (effect.startsWith('say slot.freed')) ends.tick(atMs);
    }
  }
  return [admissions.told('admissions', endMs), refusals.told('refusals', endMs), ends.told('ends', endMs)];
}

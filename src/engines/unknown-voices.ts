/**
 * Voices that callers name and an engine does not have. Clients are shipped with the name of one provider's voice and meet servers with
 * another: a name that is not known is replaced by the engine's own voice for the language, unless VOICE_UNKNOWN=refuse. Which names those
 * are is kept for a while, so that a provider is not asked for each sentence again, and told once a name.
 *
 * Names come from clients, so there is a bound for everything: MAX_NAMES are remembered, MAX_NAMES told in the life of the engine, and one
 * line says that there are more.
 */

/** Clients of a kind have one name, or one a language. */
const MAX_NAMES = 100;
/** A voice may be added; it is found again after that long. */
const REMEMBERED_MS = 10 * 60_000;

/** A voice was replaced by another one, or by the engine's own choice (''). */
export interface ReplacedVoice {
  readonly voice: string;
  readonly spokenBy: string;
  /** So many were told that this is the last one. */
  readonly isLastTold: boolean;
}

export interface UnknownVoicesOptions {
  readonly policy: 'fallback' | 'refuse';
  readonly onReplaced?: (replaced: ReplacedVoice) => void;
  /** A monotonic clock in ms; replaced in tests. */
  readonly now?: () => number;
}

export class UnknownVoices {
  readonly #options: UnknownVoicesOptions;
  readonly #now: () => number;
  /** When each name was found to be unknown, the oldest first. */
  readonly #foundAtMs = new Map<string, number>();
  readonly #told = new Set<string>();

  constructor(options: UnknownVoicesOptions) {
    this.#options = options;
    this.#now = options.now ?? (() => performance.now());
  }

  /** False where such a voice is the caller's mistake. */
  get areReplaced(): boolean {
    return this.#options.policy === 'fallback';
  }

  /** True if the engine did not have the voice a short time ago. */
  has(voice: string): boolean {
    const foundAtMs = this.#foundAtMs.get(voice);
    return foundAtMs !== undefined && this.#now() - foundAtMs < REMEMBERED_MS;
  }

  /** `voice` does not exist, and `spokenBy` speaks for it. */
  replace(voice: string, spokenBy: string): void {
    if (!this.has(voice)) {
      // Not anew with each use: after its time the voice is looked for again.
      this.#foundAtMs.delete(voice);
      this.#foundAtMs.set(voice, this.#now());
    }
    for (const oldest of this.#foundAtMs.keys()) {
      if (this.#foundAtMs.size <= MAX_NAMES) break;
      this.#foundAtMs.delete(oldest);
    }
    if (this.#told.has(voice) || this.#told.size === MAX_NAMES) return;
    this.#told.add(voice);
    this.#options.onReplaced?.({ voice, spokenBy, isLastTold: this.#told.size === MAX_NAMES });
  }
}

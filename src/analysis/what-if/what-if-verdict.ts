/** What a what-if comes to. */

export interface WhatIfVerdict {
  /** `same_end`: for the same reason, if perhaps earlier. `other_end`: for another. */
  readonly verdict: 'same_end' | 'other_end' | 'undetermined';
  /** The reason with which the session would have ended; null = undetermined. */
  readonly to: string | null;
  /** The recorded turn from which it went another way, or is undetermined; null = it went as recorded. */
  readonly turn: number | null;
  /** When that was, in ms since the session began. */
  readonly atMs: number | null;
  /** True if it would certainly not have ended when it did. */
  readonly isOutlived: boolean;
  /** In words; null where there is nothing to say. */
  readonly why: string | null;
}

/** A place in a log. */
export interface Moment {
  readonly turn: number;
  readonly atMs: number;
}

/** Nothing that the other limits change would have been noticed. */
export function asRecorded(reason: string): WhatIfVerdict {
  return { verdict: 'same_end', to: reason, turn: null, atMs: null, isOutlived: false, why: null };
}

/** The recorded facts do not tell, from this moment on. */
export function undetermined({ turn, atMs }: Moment, why: string): WhatIfVerdict {
  return { verdict: 'undetermined', to: null, turn, atMs, isOutlived: false, why };
}

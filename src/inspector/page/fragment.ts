/**
 * What stands behind the # of the page's address: the place that is shown, so that it can be shared and found again. A token stands there
 * once, when the page is opened from the server's own link; the page takes it out, so that a copied link has no secret.
 */
export interface Place {
  /** The session's id; '' = not told. */
  readonly session: string;
  /** The id of its log, which is told apart where a session has several; '' = its newest one. */
  readonly log: string;
  /** null = the last one, following. */
  readonly turn: number | null;
}

export interface Fragment {
  readonly place: Place;
  readonly token: string | null;
}

export function readFragment(hash: string): Fragment {
  const fields = new URLSearchParams(hash.replace(/^#/, ''));
  const turn = fields.get('turn') ?? '';
  return {
    place: {
      session: fields.get('session') ?? '',
      log: fields.get('log') ?? '',
      turn: /^\d{1,9}$/.test(turn) ? Number(turn) : null,
    },
    token: fields.get('token'),
  };
}

/** '' where nothing is shown. */
export function fragmentOf({ session, log, turn }: Place): string {
  const fields = new URLSearchParams();
  if (session !== '') fields.set('session', session);
  if (log !== '') fields.set('log', log);
  if (turn !== null) fields.set('turn', String(turn));
  const text = fields.toString();
  return text === '' ? '' : `#${text}`;
}

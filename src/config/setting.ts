/** What one setting is: its type with its bounds, its default, its meaning, as data. */

interface Described {
  /** As one would write it in the environment; empty = none. */
  readonly default: string;
  /** One sentence. */
  readonly meaning: string;
}

interface Bounded {
  /** Both ends are allowed. */
  readonly min: number;
  readonly max: number;
}

export type Setting = Described &
  (
    | { readonly type: 'host' }
    | { readonly type: 'path' }
    | ({ readonly type: 'integer'; readonly unit: string } & Bounded)
    | ({ readonly type: 'number' } & Bounded)
    | ({ readonly type: 'seconds' } & Bounded)
    | { readonly type: 'switch' }
    | { readonly type: 'choice'; readonly allowed: readonly string[] }
    | { readonly type: 'list'; readonly allowed: readonly string[] }
    /** A list of hosts, of which none need exist. */
    | { readonly type: 'hosts' }
    /** A line of anything; `expectation` completes "must be …", as what it means is checked by who reads it. */
    | { readonly type: 'text'; readonly expectation: string }
    /** A text that no fault, no log line and no status may show. */
    | { readonly type: 'secret' }
  );

/** Node clamps a longer timer to 1 ms, so a duration must stay below 2^31 ms. */
export const longestTimerSeconds = 2_147_483;

/** The longest text or secret; a header that carries one has at most some KiB. */
export const MAX_TEXT_CHARS = 4096;

/** What a value of this setting must be, in words that complete "must be …". */
export function expectationOf(setting: Setting): string {
  switch (setting.type) {
    case 'host':
      return 'a host name or an IP address, without a port';
    case 'path':
      return 'a path';
    case 'integer':
      return `a whole number from ${setting.min} to ${setting.max}`;
    case 'number':
      return `a number from ${setting.min} to ${setting.max}`;
    case 'seconds':
      return `a number of seconds from ${setting.min} to ${setting.max}`;
    case 'switch':
      return 'on or off';
    case 'choice':
      return `one of ${setting.allowed.join(', ')}`;
    case 'hosts':
      return 'a comma list of host names and IP addresses, without ports; * is any';
    case 'list':
      return `a comma list of ${setting.allowed.join(', ')}`;
    case 'text':
      return setting.expectation;
    case 'secret':
      return `one line of printable ASCII characters, at most ${MAX_TEXT_CHARS}`;
  }
}

/**
 * Settings of a server, by name, as the limits that a session would have had with them: what `recital replay --with` takes, by the rules
 * and bounds of the configuration (a test compares the two). The configuration itself does not run in a page.
 */
import type { SessionLimits } from '../../machines/session/session.types.ts';
import { commandNames } from '../../text/commands.ts';

/** As the configuration has it: the longest time of a timer. */
const LONGEST_SECONDS = 2_147_483;
const MAX_RATE = 100_000;
const MAX_LOOKAHEAD = 16;
/** Decimal only: Number() alone would also take "", "0x10" and "Infinity". */
const decimalNumber = /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i;

/** What a text makes of the limits, or what it must be. */
type Read = (text: string) => Partial<SessionLimits> | string;

const reads: Readonly<Record<string, Read>> = {
  BACKPRESSURE_IDLE_TIMEOUT: seconds((idleTimeoutMs) => ({ idleTimeoutMs })),
  BACKPRESSURE_MAX_RATE: whole(MAX_RATE, (maxFramesPerSecond) => ({ maxFramesPerSecond })),
  FIRST_TOKEN_TIMEOUT: seconds((firstTokenTimeoutMs) => ({ firstTokenTimeoutMs })),
  ANSWER_STALL_TIMEOUT: seconds((answerStallTimeoutMs) => ({ answerStallTimeoutMs })),
  SPEECH_TIMEOUT: seconds((speechTimeoutMs) => ({ speechTimeoutMs })),
  SESSION_TIMEOUT: seconds((sessionTimeoutMs) => ({ sessionTimeoutMs })),
  SPEECH_LOOKAHEAD: whole(MAX_LOOKAHEAD, (speechLookahead) => ({ speechLookahead })),
  SPEECH_FAILURE: (text) => {
    const speechFailure = (['degrade', 'fail'] as const).find((policy) => policy === text.toLowerCase());
    return speechFailure === undefined ? 'one of degrade, fail' : { speechFailure };
  },
  COMMANDS: (text) => {
    const names = text.split(',').map((name) => name.trim().toLowerCase());
    const wanted = new Set(names.filter((name) => name !== ''));
    const allowedCommands = [...wanted].flatMap((name) => commandNames.filter((known) => known === name));
    const isGood = wanted.size > 0 && allowedCommands.length === wanted.size;
    return isGood ? { allowedCommands } : `a comma list of ${commandNames.join(', ')}`;
  },
  // Behind COMMANDS: with both, no command is allowed, as in the configuration.
  KILL_SWITCHES: (text) =>
    text.toLowerCase() === 'disable_forward_assistant_actions'
      ? { allowedCommands: [] }
      : 'disable_forward_assistant_actions: no other switch changes a session',
};

/** The names of the settings that change a session. */
export const forkSettingNames: readonly string[] = Object.freeze(Object.keys(reads));

/** The change that `settings` make to a session's limits, or the first fault in them: name, value and bounds. */
export function changeOfLimits(
  settings: Readonly<Record<string, string>>,
): { readonly change: Partial<SessionLimits> } | { readonly fault: string } {
  const given = Object.keys(settings);
  if (given.length === 0) return { fault: 'name a setting and its value, such as SESSION_TIMEOUT 20' };
  const unknown = given.find((name) => !forkSettingNames.includes(name));
  if (unknown !== undefined) {
    return { fault: `${JSON.stringify(unknown)} changes nothing in a session: ${forkSettingNames.join(', ')} do` };
  }
  let change: Partial<SessionLimits> = {};
  for (const name of forkSettingNames) {
    const text = settings[name]?.trim();
    if (text === undefined) continue;
    const read = reads[name]?.(text) ?? 'known';
    if (typeof read === 'string') return { fault: `${name} ${JSON.stringify(text)} must be ${read}` };
    change = { ...change, ...read };
  }
  return { change };
}

function seconds(change: (ms: number) => Partial<SessionLimits>): Read {
  return (text) => {
    const value = numberOf(text);
    if (!(value >= 0 && value <= LONGEST_SECONDS)) return `a number of seconds from 0 to ${LONGEST_SECONDS}`;
    // 0 means "off", so a tiny time must not round to it.
    return change(value === 0 ? 0 : Math.max(1, Math.round(value * 1000)));
  };
}

function whole(max: number, change: (value: number) => Partial<SessionLimits>): Read {
  return (text) => {
    const value = numberOf(text);
    return Number.isInteger(value) && value >= 0 && value <= max ? change(value) : `a whole number from 0 to ${max}`;
  };
}

function numberOf(text: string): number {
  return decimalNumber.test(text) ? Number(text) + 0 : Number.NaN;
}

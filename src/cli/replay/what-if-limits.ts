/**
 * The settings that `recital replay --with` takes: those of the configuration that bound a session, read by the reader of the
 * configuration.
 */
import { createSettingReader, type SettingReader } from '../../config/setting-reader.ts';
import {
  isSettingName,
  killSwitchNames,
  type SettingName,
  settingNames,
  speechFailurePolicies,
} from '../../config/settings-table.ts';
import type { SessionLimits } from '../../machines/session/session.types.ts';
import { commandNames } from '../../text/commands.ts';

/** What each setting makes of a session's limits. */
const changes: { readonly [Name in SettingName]?: (values: SettingReader) => Partial<SessionLimits> } = {
  BACKPRESSURE_IDLE_TIMEOUT: (values) => ({ idleTimeoutMs: values.milliseconds('BACKPRESSURE_IDLE_TIMEOUT') }),
  BACKPRESSURE_MAX_RATE: (values) => ({ maxFramesPerSecond: values.integer('BACKPRESSURE_MAX_RATE') }),
  FIRST_TOKEN_TIMEOUT: (values) => ({ firstTokenTimeoutMs: values.milliseconds('FIRST_TOKEN_TIMEOUT') }),
  ANSWER_STALL_TIMEOUT: (values) => ({ answerStallTimeoutMs: values.milliseconds('ANSWER_STALL_TIMEOUT') }),
  SPEECH_TIMEOUT: (values) => ({ speechTimeoutMs: values.milliseconds('SPEECH_TIMEOUT') }),
  SESSION_TIMEOUT: (values) => ({ sessionTimeoutMs: values.milliseconds('SESSION_TIMEOUT') }),
  SPEECH_LOOKAHEAD: (values) => ({ speechLookahead: values.integer('SPEECH_LOOKAHEAD') }),
  SPEECH_FAILURE: (values) => ({ speechFailure: values.choice('SPEECH_FAILURE', speechFailurePolicies) }),
  COMMANDS: (values) => ({ allowedCommands: values.list('COMMANDS', commandNames) }),
  // Behind COMMANDS: with both, no command is allowed, as in the configuration.
  KILL_SWITCHES: (values) => ({ allowedCommands: allowedUnder(values) }),
};

const ORIGIN = '--with';

/** The change that `given` (`KEY=VALUE` each) makes to a session's limits, or every fault in it. */
export function changeOfLimits(
  given: readonly string[],
): { readonly change: Partial<SessionLimits> } | { readonly faults: readonly string[] } {
  const settings = new Map<SettingName, { text: string; origin: string }>();
  const faults: string[] = [];
  for (const pair of given) {
    const at = pair.indexOf('=');
    const name = pair.slice(0, at);
    const text = pair.slice(at + 1).trim();
    const fault = faultOf(name, text, settings);
    if (fault !== null) faults.push(fault);
    else if (isSettingName(name)) settings.set(name, { text, origin: ORIGIN });
  }
  if (given.length === 0) faults.push('--with needs a setting, such as SESSION_TIMEOUT=20');
  const values = createSettingReader(settings);
  const known = settingNames.filter((name) => settings.has(name));
  const parts = known.map((name) => changes[name]?.(values) ?? {});
  faults.push(...values.faults);
  if (known.includes('KILL_SWITCHES') && allowedUnder(values).length > 0) {
    faults.push(`KILL_SWITCHES (${ORIGIN}): only disable_forward_assistant_actions changes a session`);
  }
  return faults.length > 0 ? { faults } : { change: Object.assign({}, ...parts) };
}

function faultOf(name: string, text: string, known: ReadonlyMap<SettingName, unknown>): string | null {
  if (!isSettingName(name)) return `${JSON.stringify(name)} (${ORIGIN}) is not a setting`;
  if (changes[name] === undefined) {
    return `${name} (${ORIGIN}) changes nothing in a session; it takes ${Object.keys(changes).join(', ')}`;
  }
  if (text === '') return `${name} (${ORIGIN}) needs a value`;
  return known.has(name) ? `${name} (${ORIGIN}) is given twice` : null;
}

function allowedUnder(values: SettingReader): SessionLimits['allowedCommands'] {
  const switches = values.list('KILL_SWITCHES', killSwitchNames);
  return switches.includes('disable_forward_assistant_actions') ? [] : commandNames;
}

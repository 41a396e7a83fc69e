/**
 * THE table of settings: every name the server reads, with its default, bounds and meaning, as data.
 * docs/CONFIG.md is checked against it row by row, and the defaults go through the same checks as given values do.
 */
import { type SpeechProviderName, speechProviderNames } from '../engines/speech-providers/provider-table.ts';
import { commandNames, defaultCommands } from '../text/commands.ts';
import { collectSettings, limitSettings } from './limit-settings.ts';
import { answerSettings, speechProviderSettings } from './provider-settings.ts';
import type { Setting } from './setting.ts';

/** Ten years; it is compared with dates and never a timer. */
const longestRetentionSeconds = 315_360_000;

/** No device asks so often in a month. */
const mostRequests = 1_000_000_000;

/** What of a text stands in an event log. */
export const eventLogRedactions = ['shape', 'full'] as const;
export const eventLogFiles = ['segment', 'session'] as const;

export const answerEngineNames = ['embedded', 'scripted', 'openai'] as const;
export const speechEngineNames: readonly ('embedded' | 'scripted' | SpeechProviderName)[] = [
  'embedded',
  'scripted',
  ...speechProviderNames,
];
export const speechFailurePolicies = ['degrade', 'fail'] as const;
export const unknownVoicePolicies = ['fallback', 'refuse'] as const;
export const startFailurePolicies = ['emergency', 'fail'] as const;
export const identityPolicies = ['lenient', 'device', 'strict'] as const;
export const logFormats = ['json', 'pretty'] as const;
export const logLevels = ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'] as const;
export const killSwitchNames = ['disable_module_coordinator', 'disable_forward_assistant_actions'] as const;

export const settingsTable = {
  CONFIG_FILE: {
    type: 'path',
    default: '',
    meaning: 'A YAML file with the same names as below; only read from the environment.',
  },
  GRPC_HOST: {
    type: 'host',
    default: '127.0.0.1',
    meaning: 'The address the gRPC server listens on; 0.0.0.0 for every interface.',
  },
  GRPC_PORT: {
    type: 'integer',
    unit: 'port',
    min: 0,
    max: 65_535,
    default: '50051',
    meaning: 'The port of the gRPC server; 0 takes any free one, which the ready line names.',
  },
  HTTP_HOST: {
    type: 'host',
    default: '127.0.0.1',
    meaning: 'The address of /health, /ready, /status, /metrics and the inspector.',
  },
  HTTP_PORT: {
    type: 'integer',
    unit: 'port',
    min: 0,
    max: 65_535,
    default: '8080',
    meaning: 'The port of the HTTP server; 0 takes any free one, which the ready line names.',
  },
  HTTP_ALLOWED_HOSTS: {
    type: 'hosts',
    default: '',
    meaning: 'Names beside its own by which the HTTP server may be called; any other Host header is refused with 403.',
  },
  ...limitSettings,
  COMMANDS: {
    type: 'list',
    allowed: commandNames,
    default: defaultCommands.join(','),
    meaning:
      'The commands that a model may give; any other is dropped, its text still goes out. The embedded answerer has rules for each of them, and says of any other that it is switched off.',
  },
  ...collectSettings,
  SPEECH_LOOKAHEAD: {
    type: 'integer',
    unit: 'sentences',
    min: 0,
    max: 16,
    default: '2',
    meaning: 'Sentences that are synthesised ahead while an earlier one is being sent.',
  },
  SPEECH_FAILURE: {
    type: 'choice',
    allowed: speechFailurePolicies,
    default: 'degrade',
    meaning:
      'What a sentence that cannot be spoken does: go on without its sound, or end the stream with speech_failed.',
  },
  VOICE_UNKNOWN: {
    type: 'choice',
    allowed: unknownVoicePolicies,
    default: 'fallback',
    meaning:
      "What a voice that a client names and the engine does not have becomes: the engine's own for the language (fallback), or NOT_FOUND (refuse).",
  },
  IDENTITY_POLICY: {
    type: 'choice',
    allowed: identityPolicies,
    default: 'lenient',
    meaning:
      'Whether missing ids of a StreamAudio are filled in (lenient), all but the hardware_id (device), or refused (strict: session_id a UUID v4).',
  },
  ANSWER_ENGINE: {
    type: 'choice',
    allowed: answerEngineNames,
    default: 'embedded',
    meaning: 'Who answers; scripted needs SCENARIO_FILE, openai (any chat completions endpoint) needs ANSWER_MODEL.',
  },
  ...answerSettings,
  SPEECH_ENGINE: {
    type: 'choice',
    allowed: speechEngineNames,
    default: 'embedded',
    meaning:
      'Who speaks; scripted needs SCENARIO_FILE, the last five what docs/PROVIDERS.md says, with the settings that follow.',
  },
  ...speechProviderSettings,
  SCENARIO_FILE: {
    type: 'path',
    default: '',
    meaning: 'The JSON scenario that the scripted engines play; read and checked at start whenever it is given.',
  },
  START_FAILURE: {
    type: 'choice',
    allowed: startFailurePolicies,
    default: 'emergency',
    meaning:
      'What an engine that does not come up means: the embedded one takes its place, that engine alone, and health is degraded; ' +
      'or the server ends with exit code 1 and the reason.',
  },
  DATA_DIR: {
    type: 'path',
    default: './data',
    meaning:
      'The folder of the embedded store (usage, memories, quotas; in its folder store), made when the server starts.',
  },
  MEMORY: {
    type: 'switch',
    default: 'on',
    meaning: 'Whether what a device and its assistant said is remembered, and told to the model next time.',
  },
  MEMORY_MAX_EXCHANGES: {
    type: 'integer',
    unit: 'exchanges',
    min: 1,
    max: 200,
    default: '20',
    meaning: 'Exchanges (an utterance and its answer) that are remembered of a device; the oldest are forgotten.',
  },
  MEMORY_MAX_CHARS: {
    type: 'integer',
    unit: 'characters',
    min: 100,
    max: 262_144,
    default: '16384',
    meaning:
      'The text of all exchanges that are remembered of a device; the oldest are forgotten, a longer one is cut.',
  },
  MEMORY_TTL: {
    type: 'seconds',
    min: 1,
    max: longestRetentionSeconds,
    default: '2592000',
    meaning: 'How long an exchange is remembered; 30 days by default.',
  },
  MEMORY_MAX_DEVICES: {
    type: 'integer',
    unit: 'devices',
    min: 1,
    max: 10_000_000,
    default: '100000',
    meaning: 'Devices that are remembered; the one that was silent longest is forgotten first.',
  },
  QUOTA_DAILY: {
    type: 'integer',
    unit: 'requests',
    min: 0,
    max: mostRequests,
    default: '0',
    meaning:
      'Answers that a device may ask for in a calendar day (UTC), beyond which it is refused with access_denied; 0 = off.',
  },
  QUOTA_WEEKLY: {
    type: 'integer',
    unit: 'requests',
    min: 0,
    max: mostRequests,
    default: '0',
    meaning: 'The same for a week, from Monday 00:00 UTC; 0 = off.',
  },
  QUOTA_MONTHLY: {
    type: 'integer',
    unit: 'requests',
    min: 0,
    max: mostRequests,
    default: '0',
    meaning: 'The same for a calendar month (UTC); 0 = off.',
  },
  EVENT_LOG: {
    type: 'switch',
    default: 'on',
    meaning: 'Whether every session writes an event log that can be replayed.',
  },
  EVENT_LOG_DIR: {
    type: 'path',
    default: '<DATA_DIR>/event-logs',
    meaning: 'The folder of the event logs; by default one inside DATA_DIR.',
  },
  EVENT_LOG_FILES: {
    type: 'choice',
    allowed: eventLogFiles,
    default: 'segment',
    meaning:
      'Whether the logs of ten minutes of sessions stand in one file, a segment with an index, or each session has a file of its own.',
  },
  EVENT_LOG_REDACTION: {
    type: 'choice',
    allowed: eventLogRedactions,
    default: 'shape',
    meaning:
      'Whether texts stand in the event logs by their shape alone, or in full (synthetic sessions and devices that agreed).',
  },
  EVENT_LOG_MAX_AGE: {
    type: 'seconds',
    min: 1,
    max: longestRetentionSeconds,
    default: '1209600',
    meaning: 'How long an event log is kept before it is deleted; 14 days by default.',
  },
  EVENT_LOG_MAX_BYTES: {
    type: 'integer',
    unit: 'bytes',
    min: 1_048_576,
    max: 1_099_511_627_776,
    default: '1073741824',
    meaning: 'The size of all event logs together, beyond which the oldest are deleted.',
  },
  INSPECTOR: {
    type: 'switch',
    default: 'off',
    meaning:
      'Whether the HTTP server has the inspector, in which a developer watches sessions; HTTP_HOST must then be a loopback address.',
  },
  INSPECTOR_TOKEN: {
    type: 'secret',
    default: '',
    meaning:
      'What opens the inspector, without spaces; by default 128 random bits, new at every start. Fewer than 16 characters are warned of.',
  },
  INSPECTOR_TRY: {
    type: 'switch',
    default: 'off',
    meaning: 'Whether the inspector may ask the server something itself, with real calls.',
  },
  INSPECTOR_EXPORT: {
    type: 'text',
    expectation: 'a ws:// address of this machine, such as ws://127.0.0.1:8090, without user, password and fragment',
    default: '',
    meaning:
      "Where Stately's tools are told what the charts do, as the event logs have it (docs/STATELY.md); empty = nowhere. It needs no INSPECTOR.",
  },
  KILL_SWITCHES: {
    type: 'list',
    allowed: killSwitchNames,
    default: '',
    meaning:
      'disable_module_coordinator starts in the emergency profile (embedded engines, health degraded); ' +
      'disable_forward_assistant_actions sends no commands to clients.',
  },
  LOG_LEVEL: {
    type: 'choice',
    allowed: logLevels,
    default: 'info',
    meaning: 'The least important level of log lines on stdout; the ready line is printed at every level.',
  },
  LOG_FORMAT: {
    type: 'choice',
    allowed: logFormats,
    default: 'json',
    meaning: 'json writes an object a line, for programs; pretty writes a line for people, in colour on a terminal.',
  },
  LOG_LEVEL_NAMES: {
    type: 'switch',
    default: 'off',
    meaning:
      'Whether JSON lines have their level as a word and their time as ISO 8601 (info, 2026-11-22T12:31:05.120Z) instead of as numbers (30, milliseconds).',
  },
} as const satisfies Readonly<Record<string, Setting>>;

export type SettingName = keyof typeof settingsTable;

/** The names of all settings of one type. */
export type NameOfType<Type extends Setting['type']> = {
  [Name in SettingName]: (typeof settingsTable)[Name]['type'] extends Type ? Name : never;
}[SettingName];

/** True if `name` is a setting; safe for names like `__proto__`. */
export function isSettingName(name: string): name is SettingName {
  return Object.hasOwn(settingsTable, name);
}

/** Every setting name, in the order of the table. */
export const settingNames: readonly SettingName[] = Object.keys(settingsTable).filter(isSettingName);

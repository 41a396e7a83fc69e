/**
 * The configuration: given texts in, one frozen Config out, or one error that lists every fault at once.
 * Pure but for the reading of files, which comes from outside; the environment wins over the file (docs/CONFIG.md).
 */
import { type AnswerConfig, compileAnswer } from './config/answer-config.ts';
import { type ConfigSource, gatherSettings } from './config/given-settings.ts';
import { compileLimits, type LimitConfig } from './config/limit-settings.ts';
import { Secret } from './config/secret.ts';
import { type SettingNote, unknownNames, unusedSettings } from './config/setting-notes.ts';
import { createSettingReader, type GivenFile, readGivenFile, type SettingReader } from './config/setting-reader.ts';
import {
  answerEngineNames,
  eventLogFiles,
  eventLogRedactions,
  identityPolicies,
  killSwitchNames,
  logFormats,
  logLevels,
  speechEngineNames,
  speechFailurePolicies,
  startFailurePolicies,
  unknownVoicePolicies,
} from './config/settings-table.ts';
import { type ConfiguredVoice, compileSpeechProvider } from './config/speech-config.ts';
import { parseScenario, type Scenario, ScenarioFault, scenarioBounds } from './engines/scripted/scenario.ts';
import { isLoopbackHost } from './observe/own-hosts.ts';
import { type CommandName, commandNames } from './text/commands.ts';

export { type EffectiveSetting, effectiveSettings } from './config/given-settings.ts';

export type AnswerEngineName = (typeof answerEngineNames)[number];
export type SpeechEngineName = (typeof speechEngineNames)[number];

/** The compiled configuration, frozen. Durations are whole milliseconds below 2^31. */
export interface Config extends LimitConfig {
  readonly grpc: { readonly host: string; readonly port: number };
  readonly http: { readonly host: string; readonly port: number; readonly allowedHosts: readonly string[] };
  readonly speech: {
    readonly lookaheadSentences: number;
    readonly failurePolicy: (typeof speechFailurePolicies)[number];
    readonly unknownVoice: (typeof unknownVoicePolicies)[number];
  };
  readonly identity: { readonly policy: (typeof identityPolicies)[number] };
  readonly engines: {
    readonly answer: AnswerEngineName;
    readonly speech: SpeechEngineName;
    /** What one that does not come up means: the embedded one in its place, or no server. */
    readonly startFailure: (typeof startFailurePolicies)[number];
    /** Never null when an engine is `scripted`. */
    readonly scenario: Scenario | null;
    /** Never null when the speech engine is a provider. */
    readonly speechProvider: ConfiguredVoice | null;
  };
  readonly answer: AnswerConfig;
  readonly commands: { readonly allowed: readonly CommandName[] };
  readonly data: { readonly dir: string };
  readonly memory: {
    readonly isOn: boolean;
    readonly maxExchanges: number;
    readonly maxChars: number;
    readonly ttlMs: number;
    readonly maxDevices: number;
  };
  /** Requests of a device; 0 = off, each. */
  readonly quota: { readonly daily: number; readonly weekly: number; readonly monthly: number };
  readonly eventLog: {
    readonly isOn: boolean;
    readonly dir: string;
    readonly files: (typeof eventLogFiles)[number];
    readonly redaction: (typeof eventLogRedactions)[number];
    readonly maxAgeMs: number;
    readonly maxTotalBytes: number;
  };
  readonly inspector: {
    readonly isOn: boolean;
    /** null = one is made at start. */
    readonly token: Secret | null;
    readonly canTry: boolean;
    /** INSPECTOR_EXPORT, a ws:// address of this machine; null = nobody is told. */
    readonly exportUrl: string | null;
  };
  readonly log: {
    readonly level: (typeof logLevels)[number];
    readonly format: (typeof logFormats)[number];
    readonly hasLevelNames: boolean;
  };
  /** What is no fault and probably not meant: settings without effect, names that look like one. */
  readonly notes: readonly SettingNote[];
  readonly killSwitches: {
    readonly disableModuleCoordinator: boolean;
    readonly disableForwardAssistantActions: boolean;
  };
}

/** What a person reads; a file that was never a configuration has a fault a line. */
const MAX_SHOWN_FAULTS = 100;

/** Thrown by loadConfig: every fault, one line each, in `faults` and, the first hundred, in the message. */
export class ConfigFault extends Error {
  override readonly name = 'ConfigFault';
  readonly faults: readonly string[];

  constructor(faults: readonly string[]) {
    const shown = faults.slice(0, MAX_SHOWN_FAULTS);
    if (faults.length > shown.length) shown.push(`and ${faults.length - shown.length} more`);
    super(
      `The configuration has ${faults.length === 1 ? 'a fault' : `${faults.length} faults`}:\n  ${shown.join('\n  ')}`,
    );
    this.faults = faults;
  }
}

/**
 * Reads and checks the whole configuration. Durations are given in seconds and compiled to milliseconds; an empty value
 * counts as not set. Throws ConfigFault, with every fault: its setting, its value, what it must be and where it came from.
 */
export function loadConfig(source: ConfigSource): Config {
  const given = gatherSettings(source);
  const values = createSettingReader(given.settings);
  const config = compile(values, source);
  const faults = [...given.faults, ...values.faults, ...faultsOfPorts(config)];
  if (faults.length > 0) throw new ConfigFault(faults);
  return config;
}

function compile(values: SettingReader, { env, readFile }: ConfigSource): Config {
  const dataDir = values.path('DATA_DIR');
  const killSwitches = values.list('KILL_SWITCHES', killSwitchNames);
  const httpHost = values.host('HTTP_HOST');
  return Object.freeze({
    grpc: Object.freeze({ host: values.host('GRPC_HOST'), port: values.integer('GRPC_PORT') }),
    http: Object.freeze({
      host: httpHost,
      port: values.integer('HTTP_PORT'),
      allowedHosts: Object.freeze(values.hosts('HTTP_ALLOWED_HOSTS')),
    }),
    ...compileLimits(values),
    speech: Object.freeze({
      lookaheadSentences: values.integer('SPEECH_LOOKAHEAD'),
      failurePolicy: values.choice('SPEECH_FAILURE', speechFailurePolicies),
      unknownVoice: values.choice('VOICE_UNKNOWN', unknownVoicePolicies),
    }),
    identity: Object.freeze({ policy: values.choice('IDENTITY_POLICY', identityPolicies) }),
    engines: compileEngines(values, readFile),
    answer: compileAnswer(values, readFile),
    commands: Object.freeze({ allowed: Object.freeze(values.list('COMMANDS', commandNames)) }),
    data: Object.freeze({ dir: dataDir }),
    memory: Object.freeze({
      isOn: values.isOn('MEMORY'),
      maxExchanges: values.integer('MEMORY_MAX_EXCHANGES'),
      maxChars: values.integer('MEMORY_MAX_CHARS'),
      ttlMs: values.milliseconds('MEMORY_TTL'),
      maxDevices: values.integer('MEMORY_MAX_DEVICES'),
    }),
    quota: Object.freeze({
      daily: values.integer('QUOTA_DAILY'),
      weekly: values.integer('QUOTA_WEEKLY'),
      monthly: values.integer('QUOTA_MONTHLY'),
    }),
    eventLog: Object.freeze({
      isOn: values.isOn('EVENT_LOG'),
      dir: values.path('EVENT_LOG_DIR').replace('<DATA_DIR>', () => dataDir),
      files: values.choice('EVENT_LOG_FILES', eventLogFiles),
      redaction: values.choice('EVENT_LOG_REDACTION', eventLogRedactions),
      maxAgeMs: values.milliseconds('EVENT_LOG_MAX_AGE'),
      maxTotalBytes: values.integer('EVENT_LOG_MAX_BYTES'),
    }),
    inspector: compileInspector(values, httpHost),
    log: Object.freeze({
      level: values.choice('LOG_LEVEL', logLevels),
      format: values.choice('LOG_FORMAT', logFormats),
      hasLevelNames: values.isOn('LOG_LEVEL_NAMES'),
    }),
    notes: Object.freeze([...unusedSettings(values), ...unknownNames(env)]),
    killSwitches: Object.freeze({
      disableModuleCoordinator: killSwitches.includes('disable_module_coordinator'),
      disableForwardAssistantActions: killSwitches.includes('disable_forward_assistant_actions'),
    }),
  });
}

function compileInspector(values: SettingReader, host: string): Config['inspector'] {
  const isOn = values.isOn('INSPECTOR');
  if (isOn && !isLoopbackHost(host)) {
    const place = `HTTP_HOST "${host}" (${values.originOf('HTTP_HOST')})`;
    const why = 'what it shows would go over the network unencrypted';
    values.addFault(`${place} must be a loopback address, such as 127.0.0.1, while INSPECTOR is on: ${why}`);
  }
  const token = values.secret('INSPECTOR_TOKEN');
  if (/\s/.test(token)) {
    values.addFault(`INSPECTOR_TOKEN (${values.originOf('INSPECTOR_TOKEN')}) must be without spaces`);
  }
  const exportUrl = values.text('INSPECTOR_EXPORT', isLoopbackSocket);
  return Object.freeze({
    isOn,
    token: token === '' ? null : new Secret(token),
    canTry: values.isOn('INSPECTOR_TRY'),
    exportUrl: exportUrl === '' ? null : exportUrl,
  });
}

/** A WebSocket of this machine: it carries no TLS and no token. */
function isLoopbackSocket(text: string): boolean {
  const url = URL.canParse(text) ? new URL(text) : null;
  if (url?.protocol !== 'ws:' || url.username !== '' || url.password !== '' || /[#\s]/.test(text)) return false;
  // Port 0 means any free one, and that is nobody's.
  if (url.port === '0') return false;
  return isLoopbackHost(url.hostname.replace(/^\[|\]$/g, ''));
}

/** Found here, the fault names both settings; found by binding, it would be a stranger who holds the port. */
function faultsOfPorts({ grpc, http }: Config): readonly string[] {
  const isShared = grpc.host === http.host || anyHost.includes(grpc.host) || anyHost.includes(http.host);
  if (grpc.port === 0 || grpc.port !== http.port || !isShared) return [];
  return [`GRPC_PORT and HTTP_PORT are both ${grpc.port}, but each server needs a port of its own`];
}

const anyHost: readonly string[] = ['0.0.0.0', '::'];

function compileEngines(values: SettingReader, readFile: ConfigSource['readFile']): Config['engines'] {
  const answer = values.choice('ANSWER_ENGINE', answerEngineNames);
  const speech = values.choice('SPEECH_ENGINE', speechEngineNames);
  if (answer === 'openai' && values.originOf('ANSWER_MODEL') === undefined) {
    values.addFault(
      `ANSWER_ENGINE "openai" (${values.originOf('ANSWER_ENGINE')}) needs ANSWER_MODEL, which is not set`,
    );
  }
  const speechProvider = compileSpeechProvider(speech, values, readFile);
  const file = readGivenFile('SCENARIO_FILE', values, readFile, scenarioBounds.fileChars);
  if (values.originOf('SCENARIO_FILE') === undefined) {
    if (answer === 'scripted') values.addFault(missingScenario('ANSWER_ENGINE', values));
    if (speech === 'scripted') values.addFault(missingScenario('SPEECH_ENGINE', values));
  }
  const scenario = file === null ? null : readScenario(file, values);
  const startFailure = values.choice('START_FAILURE', startFailurePolicies);
  return Object.freeze({ answer, speech, startFailure, scenario, speechProvider });
}

function missingScenario(name: 'ANSWER_ENGINE' | 'SPEECH_ENGINE', values: SettingReader): string {
  return `${name} "scripted" (${values.originOf(name)}) needs SCENARIO_FILE, which is not set`;
}

/** Null after adding a fault: what a faulty scenario means is a guess. */
function readScenario({ path, text, place }: GivenFile, values: SettingReader): Scenario | null {
  try {
    return parseScenario(text, path);
  } catch (error) {
    if (!(error instanceof ScenarioFault)) throw error;
    for (const fault of error.faults) {
      values.addFault(
        `${place} ${fault.path === '' ? 'as a whole' : fault.path}: ${fault.value} must be ${fault.expected}`,
      );
    }
    return null;
  }
}

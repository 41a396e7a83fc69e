/**
 * Scenarios: what the scripted engines say, as data (JSON). For demos, tests and QA: the same scenario and the same
 * prompt always give the same stream. A file is checked as a whole: every fault is listed with its path, its value and
 * what was expected, and a faulty file is never half used.
 */
import { RE2JS } from 're2js';
import { z } from 'zod';
import { wordsOf } from '../../errors.ts';

/** One step of an answer; it happens `repeat` times in a row. */
export type ScenarioStep = {
  readonly repeat: number;
} & (
  | { readonly verb: 'say'; readonly text: string }
  | { readonly verb: 'wait'; readonly ms: number }
  | { readonly verb: 'command'; readonly name: string; readonly args: unknown }
  | { readonly verb: 'fail'; readonly errorCode: string | undefined; readonly message: string }
  | { readonly verb: 'throw'; readonly message: string }
  /** Tokens that the answer took, told where the step stands; each repetition is a report of its own. */
  | { readonly verb: 'usage'; readonly inputTokens: number; readonly outputTokens: number; readonly model: string }
  | { readonly verb: 'hang' }
  | { readonly verb: 'echo' }
);

/** A case-insensitive regular expression; it is looked for in time that is linear in the text, and keeps no state. */
export interface ScenarioPattern {
  test(text: string): boolean;
}

interface ScenarioAnswer {
  readonly when: ScenarioPattern;
  readonly steps: readonly ScenarioStep[];
}

export interface ScenarioSpeech {
  readonly chunksPerSentence: number;
  readonly chunkBytes: number;
  readonly msPerChunk: number;
  /** A sentence that matches fails; undefined = none does. */
  readonly failWhen: ScenarioPattern | undefined;
  /** A sentence that matches gives no sound and no end; undefined = none does. */
  readonly hangWhen: ScenarioPattern | undefined;
}

/** A checked scenario, ready to be played. */
export interface Scenario {
  readonly answers: readonly ScenarioAnswer[];
  readonly speech: ScenarioSpeech;
}

/** Far above any use, and small enough that a slip of the finger is found: each bound is named in its fault. */
export const scenarioBounds = {
  /** Characters of the file; a `say` may be as long as that. */
  fileChars: 64 * 1024 * 1024,
  answers: 10_000,
  stepsPerAnswer: 100_000,
  patternChars: 10_000,
  /** Of a compiled pattern: a few times its characters, unless it repeats much. Looking for it costs text times this at the worst. */
  patternSteps: 10_000,
  /** What a `command` carries is copied for each session, level by level. */
  argsDepth: 32,
  repeat: 10_000_000,
  /** The longest delay of a Node timer. */
  waitMs: 2 ** 31 - 1,
  /** What a client could report (int32). */
  tokens: 2 ** 31 - 1,
  modelChars: 128,
  chunksPerSentence: 10_000_000,
  chunkBytes: 1024 * 1024,
} as const;

/** One thing that is wrong with a scenario. */
export interface ScenarioFaultItem {
  /** Where: `answers[0].steps[1].wait_ms`; empty for the file as a whole. */
  readonly path: string;
  /** The value that was found there, as shortened JSON, or "missing". */
  readonly value: string;
  /** What must stand there. */
  readonly expected: string;
}

/** Thrown by parseScenario: every fault of the file, in `faults` and, one a line, in the message. */
export class ScenarioFault extends Error {
  override readonly name = 'ScenarioFault';
  readonly sourceName: string;
  readonly faults: readonly ScenarioFaultItem[];

  constructor(sourceName: string, faults: readonly ScenarioFaultItem[], options?: { readonly cause?: unknown }) {
    const lines = faults.map(
      ({ path, value, expected }) => `  ${path === '' ? '(file)' : path}: ${value}, must be ${expected}`,
    );
    super(`${sourceName} is not a valid scenario:\n${lines.join('\n')}`, options);
    this.sourceName = sourceName;
    this.faults = faults;
  }
}

/** Reads a scenario (CONTRACT §3) from the text of a file; `sourceName` only names it. Throws ScenarioFault. */
export function parseScenario(text: string, sourceName: string): Scenario {
  const input = parseJson(text, sourceName);
  const result = scenarioSchema.safeParse(input);
  if (result.success) return result.data;
  throw new ScenarioFault(
    sourceName,
    result.error.issues.flatMap((issue) => faultsOf(issue, input)),
    { cause: result.error },
  );
}

function parseJson(text: string, sourceName: string): unknown {
  if (text.length > scenarioBounds.fileChars) {
    const value = `${text.length} characters`;
    throw new ScenarioFault(sourceName, [{ path: '', value, expected: `at most ${scenarioBounds.fileChars}` }]);
  }
  try {
    // Editors on Windows put a byte order mark in front.
    return JSON.parse(text.replace(/^\uFEFF/, ''));
  } catch (cause) {
    const value = text.trim() === '' ? 'empty' : `not JSON (${wordsOf(cause)})`;
    throw new ScenarioFault(sourceName, [{ path: '', value, expected: 'one JSON object' }], { cause });
  }
}

function number(options: { readonly from: number; readonly to: number; readonly whole: boolean }) {
  const { from, to, whole } = options;
  const error = `a ${whole ? 'whole ' : ''}number from ${from} to ${to}`;
  const schema = z.number({ error }).min(from, { error }).max(to, { error });
  return whole ? schema.refine(Number.isInteger, { error }) : schema;
}

function list<Item extends z.ZodType>(item: Item, max: number) {
  const error = `a list of at most ${max}`;
  return z.array(item, { error }).max(max, { error });
}

/** A closed object: an unknown key is a fault of its own, with the known ones named. */
function closedObject<Shape extends z.ZodRawShape>(shape: Shape) {
  const keys = Object.keys(shape).join(', ');
  return z.strictObject(shape, {
    error: (issue) => (issue.code === 'unrecognized_keys' ? `one of: ${keys}` : `an object with the keys ${keys}`),
  });
}

const anyText = z.string({ error: 'a text' });

/**
 * RE2 and not the language's own expressions: those try every way to match, so one `^(a+)+$` and a prompt of forty letters stop the server for
 * hours. What can't be looked for in linear time (lookahead, lookbehind, backreferences) is a fault of the file.
 */
const pattern = anyText
  .max(scenarioBounds.patternChars, { error: `at most ${scenarioBounds.patternChars} characters` })
  .transform((source, context): ScenarioPattern => {
    try {
      // RE2 would take it for the letter k.
      if (namedBackreference.test(source)) throw new Error('invalid escape sequence: `\\k`');
      const compiled = RE2JS.compile(RE2JS.translateRegExp(source), RE2JS.CASE_INSENSITIVE);
      if (compiled.programSize() <= scenarioBounds.patternSteps) return { test: (text) => compiled.test(text) };
      const steps = `${scenarioBounds.patternSteps} steps, and this has ${compiled.programSize()}: fewer repetitions, or smaller ones`;
      context.addIssue({ code: 'custom', message: `a regular expression of at most ${steps}` });
    } catch (error) {
      context.addIssue({ code: 'custom', message: `a valid regular expression (${patternReason(source, error)})` });
    }
    return z.NEVER;
  });

const namedBackreference = /(?<!\\)(?:\\\\)*\\k</;

/** What RE2 leaves out, by how it is written. */
const untestable = [
  { name: 'lookahead', written: /\(\?[=!]/ },
  { name: 'lookbehind', written: /\(\?<[=!]/ },
  { name: 'a backreference', written: /\\(?:[1-9]|k<)/ },
] as const;

function patternReason(source: string, error: unknown): string {
  const found = untestable.find(({ written }) => written.test(source));
  const words = wordsOf(error).replace(/^error parsing regexp: /, '');
  return found === undefined
    ? words
    : `${found.name} is not supported: it can't be looked for in linear time; ${words}`;
}

const tokenCount = number({ from: 0, to: scenarioBounds.tokens, whole: true }).default(0);
const modelName = anyText
  .max(scenarioBounds.modelChars, { error: `at most ${scenarioBounds.modelChars} characters` })
  .default('scripted');

const onlyTrue = z.literal(true, { error: 'true' });

const commandArgs = z.unknown().refine((args) => !isDeeperThan(args, scenarioBounds.argsDepth), {
  error: `a value of at most ${scenarioBounds.argsDepth} levels`,
});

/** Whether lists and objects in `value` stand in each other deeper than `levels`. */
function isDeeperThan(value: unknown, levels: number): boolean {
  if (typeof value !== 'object' || value === null) return false;
  return levels === 0 || Object.values(value).some((member) => isDeeperThan(member, levels - 1));
}

const verbs = {
  say: anyText,
  wait_ms: number({ from: 0, to: scenarioBounds.waitMs, whole: false }),
  command: closedObject({ command: anyText, args: commandArgs.optional() }),
  fail: closedObject({ error_code: anyText.optional(), message: anyText.default('') }),
  throw: anyText,
  usage: closedObject({ input_tokens: tokenCount, output_tokens: tokenCount, model: modelName }),
  hang: onlyTrue,
  echo: onlyTrue,
};

const verbNames = Object.keys(verbs);
const repeat = number({ from: 1, to: scenarioBounds.repeat, whole: true });

const stepSchema = closedObject({ ...z.object(verbs).partial().shape, repeat: repeat.default(1) })
  .refine((step) => verbsOf(step).length === 1, {
    error: `a step with exactly one of: ${verbNames.join(', ')}`,
    // Also beside other faults of the step: all of them are to be listed at once.
    when: ({ value }) => typeof value === 'object' && value !== null && !Array.isArray(value),
  })
  .transform((step, context): ScenarioStep => {
    const { repeat } = step;
    if (step.say !== undefined) return { verb: 'say', text: step.say, repeat };
    if (step.wait_ms !== undefined) return { verb: 'wait', ms: step.wait_ms, repeat };
    if (step.command !== undefined) {
      const { command: name, args = {} } = step.command;
      return { verb: 'command', name, args, repeat };
    }
    if (step.fail !== undefined) {
      return { verb: 'fail', errorCode: step.fail.error_code, message: step.fail.message, repeat };
    }
    if (step.throw !== undefined) return { verb: 'throw', message: step.throw, repeat };
    if (step.usage !== undefined) {
      const { input_tokens: inputTokens, output_tokens: outputTokens, model } = step.usage;
      return { verb: 'usage', inputTokens, outputTokens, model, repeat };
    }
    if (step.hang !== undefined) return { verb: 'hang', repeat };
    if (step.echo !== undefined) return { verb: 'echo', repeat };
    // The refinement above has reported it already.
    context.addIssue({ code: 'custom', message: 'a step with a verb' });
    return z.NEVER;
  });

const answerSchema = closedObject({ when: pattern, steps: list(stepSchema, scenarioBounds.stepsPerAnswer) });

const speechSchema = closedObject({
  chunks_per_sentence: number({ from: 0, to: scenarioBounds.chunksPerSentence, whole: true }).default(3),
  chunk_bytes: number({ from: 2, to: scenarioBounds.chunkBytes, whole: true })
    .refine((bytes) => bytes % 2 === 0, { error: 'an even number: a sample has two bytes' })
    .default(4096),
  ms_per_chunk: number({ from: 0, to: scenarioBounds.waitMs, whole: false }).default(0),
  fail_when: pattern.optional(),
  hang_when: pattern.optional(),
}).transform(
  (speech): ScenarioSpeech => ({
    chunksPerSentence: speech.chunks_per_sentence,
    chunkBytes: speech.chunk_bytes,
    msPerChunk: speech.ms_per_chunk,
    failWhen: speech.fail_when,
    hangWhen: speech.hang_when,
  }),
);

/** Either part may be left out: a file may serve one of the two scripted engines alone. */
const scenarioSchema = closedObject({
  answers: list(answerSchema, scenarioBounds.answers).default([]),
  speech: speechSchema.prefault({}),
});

function verbsOf(step: object): string[] {
  return Object.keys(step).filter((key) => verbNames.includes(key));
}

type Issue = z.core.$ZodIssue;

function faultsOf(issue: Issue, input: unknown): ScenarioFaultItem[] {
  if (issue.code === 'unrecognized_keys') {
    return issue.keys.map((key) => ({
      path: pathText([...issue.path, key]),
      value: 'unknown key',
      expected: issue.message,
    }));
  }
  const value = valueText(issue.path.reduce<unknown>(memberOf, input));
  return [{ path: pathText(issue.path), value, expected: issue.message }];
}

function memberOf(container: unknown, key: PropertyKey): unknown {
  if (typeof container !== 'object' || container === null || !Object.hasOwn(container, key)) return undefined;
  return Reflect.get(container, key);
}

const maxShownChars = 80;

function valueText(value: unknown): string {
  const json = jsonOf(value);
  if (json === undefined) return 'missing';
  return json.length > maxShownChars ? `${json.slice(0, maxShownChars)}…` : json;
}

/** What is nested too deep for JSON is shown by its kind. */
function jsonOf(value: unknown): string | undefined {
  try {
    return JSON.stringify(value);
  } catch {
    return Array.isArray(value) ? '[…]' : '{…}';
  }
}

function pathText(path: readonly PropertyKey[]): string {
  return path
    .map((key) => (typeof key === 'number' ? `[${key}]` : `.${String(key)}`))
    .join('')
    .replace(/^\./, '');
}

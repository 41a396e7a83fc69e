/** Measures of what is heard, to tell speech from silence, a tone and noise without listening. */

export interface Heard {
  readonly seconds: number;
  /** Of full scale, 0..1. */
  readonly peak: number;
  /** Level of the frames that are not silent, in dB of full scale. */
  readonly levelDb: number;
  /** Longest run of samples at full scale. */
  readonly clippedRun: number;
  /** Share of 20 ms frames below -50 dBFS. */
  readonly silentShare: number;
  /** Standard deviation of the frame levels in dB: a tone or noise has next to none. */
  readonly levelVariationDb: number;
  /** 5th and 95th percentile of zero crossings a second, over frames that are not silent: vowels low, "s" high. */
  readonly crossingsPerSecond: readonly [low: number, high: number];
  /** Greatest step between two samples, of full scale: a click at a border of chunks is a great step. */
  readonly greatestStep: number;
}

const sampleRateHz = 48_000;
const frameSamples = 960;

export function hear(chunks: readonly Uint8Array[]): Heard {
  const bytes = Buffer.concat(chunks);
  const samples = Array.from({ length: bytes.length / 2 }, (_, at) => bytes.readInt16LE(at * 2) / 32_768);
  const frames = Array.from({ length: Math.floor(samples.length / frameSamples) }, (_, at) =>
    samples.slice(at * frameSamples, (at + 1) * frameSamples),
  );
  const levels = frames.map(
    (frame) => 10 * Math.log10(frame.reduce((sum, x) => sum + x * x, 0) / frameSamples + 1e-12),
  );
  const loud = levels.filter((level) => level > -50);
  const power = loud.reduce((sum, level) => sum + 10 ** (level / 10), 0) / loud.length;
  const mean = loud.reduce((sum, level) => sum + level, 0) / loud.length;
  const crossings = frames
    .filter((_, at) => (levels[at] ?? -100) > -50)
    .map(crossingsOf)
    .sort((a, b) => a - b);
  let run = 0;
  let clippedRun = 0;
  let greatestStep = 0;
  for (const [at, x] of samples.entries()) {
    run = Math.abs(x) >= 32_767 / 32_768 ? run + 1 : 0;
    clippedRun = Math.max(clippedRun, run);
    greatestStep = Math.max(greatestStep, Math.abs(x - (samples[at - 1] ?? 0)));
  }
  return {
    seconds: samples.length / sampleRateHz,
    peak: samples.reduce((most, x) => Math.max(most, Math.abs(x)), 0),
    levelDb: 10 * Math.log10(power),
    clippedRun,
    silentShare: 1 - loud.length / frames.length,
    levelVariationDb: Math.sqrt(loud.reduce((sum, level) => sum + (level - mean) ** 2, 0) / loud.length),
    crossingsPerSecond: [
      crossings[Math.floor(crossings.length * 0.05)] ?? 0,
      crossings[Math.floor(crossings.length * 0.95)] ?? 0,
    ],
    greatestStep,
  };
}

function crossingsOf(frame: readonly number[]): number {
  const count = frame.filter((x, at) => at > 0 && x >= 0 !== (frame[at - 1] ?? 0) >= 0).length;
  return (count * sampleRateHz) / frameSamples;
}

/** Why `heard` is not speech of about `characters` letters; empty if it is. */
export function faultsOfSpeech(heard: Heard, characters: number): string[] {
  const secondsPerCharacter = (heard.seconds - 0.3) / characters;
  const [low, high] = heard.crossingsPerSecond;
  const faults: readonly (readonly [boolean, string])[] = [
    [secondsPerCharacter < 0.025 || secondsPerCharacter > 0.16, `${heard.seconds} s for ${characters} characters`],
    [heard.levelDb < -30 || heard.levelDb > -12, `level ${heard.levelDb} dBFS`],
    [heard.peak < 0.1 || heard.peak > 1, `peak ${heard.peak}`],
    [heard.clippedRun > 4, `${heard.clippedRun} samples clipped in a row`],
    [heard.silentShare > 0.6, `${heard.silentShare * 100} % silence`],
    [heard.levelVariationDb < 4, `level varies by ${heard.levelVariationDb} dB only`],
    [low > 1500, `even the lowest sounds cross zero ${low} times a second`],
    [high < 1000, `even the highest sounds cross zero ${high} times a second`],
    [heard.greatestStep > 0.5, `a click: a step of ${heard.greatestStep} between two samples`],
  ];
  return faults.flatMap(([isFault, what]) => (isFault ? [what] : []));
}

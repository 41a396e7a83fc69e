/** The sound of an answer, without gaps: each piece begins where the one before ends. Its peak can be read, by people and by tests. */

/** Of the sound on the wire: s16le, mono. */
const SAMPLE_RATE = 48_000;
/** So late begins what comes after a silence, so that the next piece is there in time. */
const LEAD_SECONDS = 0.08;

interface Player {
  readonly context: AudioContext;
  readonly analyser: AnalyserNode;
  /** On the context's clock, in seconds. */
  endsAt: number;
}

let player: Player | null = null;

/** Plays one piece behind those before it; `pcm` is base64. */
export function playSound(pcm: string): void {
  player ??= newPlayer();
  const samples = samplesOf(pcm);
  if (samples.length === 0) return;
  const { context, analyser } = player;
  const buffer = context.createBuffer(1, samples.length, SAMPLE_RATE);
  buffer.copyToChannel(samples, 0);
  const source = context.createBufferSource();
  source.buffer = buffer;
  source.connect(analyser);
  const startsAt = player.endsAt > context.currentTime ? player.endsAt : context.currentTime + LEAD_SECONDS;
  source.start(startsAt);
  player.endsAt = startsAt + buffer.duration;
}

/** What is there and not yet heard. */
export function soundAheadSeconds(): number {
  return player === null ? 0 : Math.max(0, player.endsAt - player.context.currentTime);
}

/** Of what is heard now: 0 = silence, 1 = as loud as can be. */
export function soundPeak(): number {
  if (player === null) return 0;
  const wave = new Float32Array(player.analyser.fftSize);
  player.analyser.getFloatTimeDomainData(wave);
  return wave.reduce((peak, each) => Math.max(peak, Math.abs(each)), 0);
}

export function stopSound(): void {
  void player?.context.close();
  player = null;
}

function newPlayer(): Player {
  const context = new AudioContext({ sampleRate: SAMPLE_RATE });
  const analyser = context.createAnalyser();
  analyser.connect(context.destination);
  void context.resume();
  return { context, analyser, endsAt: 0 };
}

function samplesOf(pcm: string): Float32Array<ArrayBuffer> {
  const bytes = Uint8Array.from(atob(pcm), (char) => char.charCodeAt(0));
  const view = new DataView(bytes.buffer);
  return Float32Array.from({ length: bytes.length >> 1 }, (_, at) => view.getInt16(2 * at, true) / 32_768);
}

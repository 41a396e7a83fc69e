/**
 * What a voice really sent, told by its content: labels lie. Formats with a mark at their beginning are known by it; MP3 and AAC, which have
 * none, by frames of which several must follow each other, since two bytes of sound look like the head of a frame now and then; text by
 * having nothing else in it. Everything else is taken for raw PCM. Pure.
 */

/** `refused` names a format that is not decoded here. */
export type SoundKind = 'wav' | 'pcm' | 'text' | { readonly refused: string };

/** The longest mark, and as much as decides about most. */
const MARK_BYTES = 16;

/** Marks, a `?` for any byte; none of them is what sound has by chance. */
const marks: readonly (readonly [mark: string, name: string])[] = [
  ['ID3', 'MP3'],
  ['APETAGEX', 'MP3'],
  ['OggS', 'Ogg'],
  ['fLaC', 'FLAC'],
  ['\x1aE\xdf\xa3', 'WebM or Matroska'],
  ['????ftypM4A', 'AAC in MP4 (M4A)'],
  ['????ftyp', 'MP4'],
  ['????styp', 'MP4'],
  ['????moov', 'MP4'],
  ['????moof', 'MP4'],
  ['????mdat', 'MP4'],
  ['RF64????WAVE', 'RF64'],
  ['BW64????WAVE', 'BW64'],
  ['RIFX????WAVE', 'RIFX, a WAV of big-endian samples'],
  ['riff\x2e\x91\xcf\x11', 'Wave64'],
  ['RIFF????AVI ', 'AVI'],
  ['RIFF????WEBP', 'an image (WebP)'],
  ['RIFF????RMID', 'MIDI'],
  ['RIFF????XWMA', 'WMA'],
  ['FORM????AIFF', 'AIFF'],
  ['FORM????AIFC', 'AIFC'],
  ['.snd\0\0', 'Sun audio (.snd)'],
  ['dns.????\0\0', 'Sun audio (.snd)'],
  ['caff\0', 'CAF'],
  ['#!AMR', 'AMR'],
  ['#!SILK', 'SILK'],
  ['\x02#!SILK', 'SILK'],
  ['ADIF', 'AAC'],
  ['wvpk', 'WavPack'],
  ['MAC \x96\x0f', "Monkey's Audio"],
  ['TTA1', 'TTA'],
  ['MThd\0\0\0\x06', 'MIDI'],
  ['NIST_1A', 'NIST SPHERE'],
  ['DSD \x1c\0\0\0', 'DSD'],
  ['\x7f\xfe\x80\x01', 'DTS'],
  ['\xfe\x7f\x01\x80', 'DTS'],
  ['Creative Voice F', 'Creative Voice (.voc)'],
  ['.SoX????', 'SoX sound'],
  ['XoS.????', 'SoX sound'],
  ['\x64\xa3?\0', 'IRCAM sound (.sf)'],
  ['\0?\xa3\x64', 'IRCAM sound (.sf)'],
  ['nut/multimedia', 'NUT'],
  ['.RMF\0\0\0', 'RealMedia'],
  ['.ra\xfd', 'RealAudio'],
  ['MPCK', 'Musepack'],
  ['FLV\x01', 'FLV'],
  ['\x30\x26\xb2\x75\x8e\x66\xcf\x11', 'WMA'],
  ['\x1f\x8b\x08', 'gzip'],
  ['\x28\xb5\x2f\xfd', 'zstd'],
  ['\x04\x22\x4d\x18', 'LZ4'],
  ['\xfd7zXZ\0', 'xz'],
  ['BZh?1AY&SY', 'bzip2'],
  ['PK\x03\x04', 'a ZIP archive'],
  ['7z\xbc\xaf\x27\x1c', 'a 7z archive'],
  ['\x89PNG\r\n\x1a\n', 'an image (PNG)'],
  ['\xff\xd8\xff', 'an image (JPEG)'],
  ['GIF87a', 'an image (GIF)'],
  ['GIF89a', 'an image (GIF)'],
  ['%PDF-', 'PDF'],
];

interface FrameFormat {
  readonly name: string;
  readonly headBytes: number;
  /** The length of the frame whose head is at `at`; 0 = there is none. */
  readonly lengthAt: (bytes: Uint8Array, at: number) => number;
  /** What is the same in all heads of a stream. */
  readonly sameAt: (bytes: Uint8Array, at: number) => number;
  /** Heads in a row that no sound has by chance. */
  readonly frames: number;
}

const frameFormats: readonly FrameFormat[] = [
  { name: 'MP3', headBytes: 4, lengthAt: mpegFrameAt, sameAt: mpegSameAt, frames: 3 },
  { name: 'AAC (ADTS)', headBytes: 7, lengthAt: adtsFrameAt, sameAt: adtsSameAt, frames: 3 },
  { name: 'AAC (LATM)', headBytes: 3, lengthAt: loasFrameAt, sameAt: () => 0, frames: 4 },
  { name: 'an MPEG transport stream', headBytes: 1, lengthAt: packetAt, sameAt: () => 0, frames: 5 },
];

/** What `bytes`, the beginning of a stream or, if `isWhole`, all of it, are; null = more bytes are needed, at most about 8 KiB. */
export function soundKindOf(bytes: Uint8Array, isWhole: boolean): SoundKind | null {
  if (bytes.length < MARK_BYTES && !isWhole) return null;
  if (hasMark(bytes, 'RIFF????WAVE')) return 'wav';
  const marked = marks.find(([mark]) => hasMark(bytes, mark));
  if (marked !== undefined) return { refused: marked[1] };
  let isDecided = true;
  for (const format of frameFormats) {
    const isOfIt = hasFrames(bytes, format, isWhole);
    if (isOfIt === true) return { refused: format.name };
    if (isOfIt === null) isDecided = false;
  }
  const isText = isTextSoFar(bytes, isWhole);
  if (isText === true) return 'text';
  return isDecided && isText === false ? 'pcm' : null;
}

/** Printable characters that no sound has in a row. */
const TEXT_BYTES = 64;
/** A whole body may be as short as that: `{}`, "err". */
const SHORT_TEXT_BYTES = 2;
/** Of a text in the letters of another encoding than UTF-8; quiet sound has no more than half of them, loud sound fewer. */
const ASCII_SHARE = 0.85;

/** True if `bytes` are text, as UTF-8 or, for the most part, ASCII; null = more bytes are needed. */
export function isTextSoFar(bytes: Uint8Array, isWhole: boolean): boolean | null {
  const isAll = bytes.length < TEXT_BYTES;
  const beginning = bytes.subarray(0, TEXT_BYTES);
  for (const byte of beginning) {
    const isControl = (byte < 0x20 && byte !== 0x09 && byte !== 0x0a && byte !== 0x0d) || byte === 0x7f;
    if (isControl) return false;
  }
  try {
    // The last character may be cut.
    new TextDecoder('utf-8', { fatal: true }).decode(beginning, { stream: !(isAll && isWhole) });
  } catch {
    const ascii = beginning.filter((byte) => byte < 0x80).length;
    if (ascii < ASCII_SHARE * beginning.length) return false;
  }
  if (!isAll) return true;
  return isWhole ? bytes.length >= SHORT_TEXT_BYTES : null;
}

/** As much as tells whether bytes are samples: a third of a second at 24 kHz, so that there is a vowel in it. */
export const sampleEvidenceBytes = 16_384;
/**
 * The mean size of samples: 500 to 6000 in speech, 8000 in FLAC, 12,000 or more in everything else that is compressed, whose bytes are spread
 * evenly. The mean step between them, as a share of it: 0.1 to 0.6 in vowels, up to 1.2 in "s", 1.1 to 1.4 in what is compressed.
 */
const quietMeanSize = 5000;
const greatestMeanSize = 11_000;
const greatestStepShare = 0.7;

/** True if `bytes`, read as samples of 16 bits, follow each other as those of sound do; false for what is compressed, and for silence. */
export function areSamples(bytes: Uint8Array): boolean {
  const { meanSize, stepShare } = shapeOf(bytes);
  if (meanSize < quietMeanSize) return meanSize > 0;
  return meanSize < greatestMeanSize && stepShare < greatestStepShare;
}

/** As much as tells noise from sound without keeping anybody waiting: less than one frame of the wire holds. */
export const noiseEvidenceBytes = 1024;
/**
 * Bytes of every value in any order, read as samples, have a mean size of 16,384 and steps of 1.33 of it. Nothing that is said comes near:
 * the loudest hiss of a voice has 5000.
 */
const noiseSizes: readonly [least: number, most: number] = [12_500, 20_000];
const noiseStepShares: readonly [least: number, most: number] = [1.15, 1.5];

/** True if `bytes` are spread as evenly as those of compressed or encrypted data are: as samples, noise at full scale. */
export function areNoise(bytes: Uint8Array): boolean {
  if (bytes.length < noiseEvidenceBytes) return false;
  const { meanSize, stepShare } = shapeOf(bytes.subarray(0, noiseEvidenceBytes));
  return isBetween(meanSize, noiseSizes) && isBetween(stepShare, noiseStepShares);
}

function isBetween(value: number, [least, most]: readonly [number, number]): boolean {
  return value >= least && value <= most;
}

/** What `bytes` are like as samples: their mean size, and the mean step from one to the next as a share of it. */
function shapeOf(bytes: Uint8Array): { readonly meanSize: number; readonly stepShare: number } {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let sizes = 0;
  let steps = 0;
  let before = 0;
  for (let at = 0; at + 1 < bytes.length; at += 2) {
    const sample = view.getInt16(at, true);
    sizes += Math.abs(sample);
    steps += Math.abs(sample - before);
    before = sample;
  }
  return { meanSize: (2 * sizes) / bytes.length, stepShare: sizes === 0 ? 0 : steps / sizes };
}

/** A step beyond the usual ones that may still be sound: an onset. */
const onsetStep = 2000;
/** As many samples as tell how sound was going. */
const goingSamples = 8;

/**
 * True if the samples of `sound`, 16 bits each, from the one at `border` on may be the same sound going on. What is no sound comes with a jump
 * and goes on with jumps; where sound was cut, its next part begins with one at most.
 */
export function goesOn(sound: Uint8Array, border: number): boolean {
  const view = new DataView(sound.buffer, sound.byteOffset, sound.byteLength);
  const length = sound.length >> 1;
  if (border < goingSamples || length === border) return true;
  const stepAt = (at: number) => Math.abs(view.getInt16(2 * at, true) - view.getInt16(2 * at - 2, true));
  let steps = 0;
  for (let at = 1; at < border; at++) steps += stepAt(at);
  const greatest = onsetStep + (4 * steps) / (border - 1);
  if (stepAt(border) <= greatest) return true;
  let greatestBehind = 0;
  for (let at = border + 1; at < length; at++) greatestBehind = Math.max(greatestBehind, stepAt(at));
  return length > border + 1 && greatestBehind <= greatest;
}

function hasMark(bytes: Uint8Array, mark: string): boolean {
  if (bytes.length < mark.length) return false;
  for (let at = 0; at < mark.length; at++) {
    if (mark[at] !== '?' && mark.charCodeAt(at) !== bytes[at]) return false;
  }
  return true;
}

/** True if frames follow each other, or fill the whole; null = more bytes are needed. */
function hasFrames(bytes: Uint8Array, format: FrameFormat, isWhole: boolean): boolean | null {
  let at = 0;
  for (let frame = 0; frame < format.frames; frame++) {
    // A whole stream may end after its first frame, or inside one behind it.
    if (isWhole && (at === bytes.length || (at > bytes.length && frame > 1))) return frame > 0;
    if (at + format.headBytes > bytes.length) return isWhole ? frame > 1 : null;
    const length = format.lengthAt(bytes, at);
    if (length === 0 || format.sameAt(bytes, at) !== format.sameAt(bytes, 0)) return false;
    at += length;
  }
  return true;
}

/** kbit/s by index: of MPEG 1 in its layers I, II and III, then of MPEG 2 and 2.5 in I, and in II and III. */
const mpegBitRates: readonly (readonly number[])[] = [
  [0, 32, 64, 96, 128, 160, 192, 224, 256, 288, 320, 352, 384, 416, 448],
  [0, 32, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320, 384],
  [0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320],
  [0, 32, 48, 56, 64, 80, 96, 112, 128, 144, 160, 176, 192, 224, 256],
  [0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160],
];
const mpegRatesHz: readonly number[] = [44_100, 48_000, 32_000];

function mpegFrameAt(bytes: Uint8Array, at: number): number {
  const [sync = 0, kind = 0, rates = 0] = bytes.subarray(at, at + 3);
  const version = (kind >> 3) & 3;
  // 3 = layer I, 2 = II, 1 = III.
  const layer = (kind >> 1) & 3;
  const rateHz = (mpegRatesHz[(rates >> 2) & 3] ?? 0) >> (version === 3 ? 0 : version === 2 ? 1 : 2);
  if (sync !== 0xff || kind < 0xe0 || version === 1 || layer === 0 || rateHz === 0) return 0;
  const table = version === 3 ? 3 - layer : layer === 3 ? 3 : 4;
  const bitsPerSecond = (mpegBitRates[table]?.[rates >> 4] ?? 0) * 1000;
  if (bitsPerSecond === 0) return 0;
  const padding = (rates >> 1) & 1;
  if (layer === 3) return (Math.floor((12 * bitsPerSecond) / rateHz) + padding) * 4;
  const samples = layer === 1 && version !== 3 ? 72 : 144;
  return Math.floor((samples * bitsPerSecond) / rateHz) + padding;
}

/** Version, layer and rate. */
function mpegSameAt(bytes: Uint8Array, at: number): number {
  return (((bytes[at + 1] ?? 0) & 0xfe) << 8) | ((bytes[at + 2] ?? 0) & 0x0c);
}

function adtsFrameAt(bytes: Uint8Array, at: number): number {
  const [sync = 0, kind = 0, rate = 0, high = 0, middle = 0, low = 0] = bytes.subarray(at, at + 6);
  const isHead = sync === 0xff && (kind & 0xf6) === 0xf0 && ((rate >> 2) & 15) < 13;
  const length = ((high & 3) << 11) | (middle << 3) | (low >> 5);
  return isHead && length > 7 ? length : 0;
}

/** Version, profile, rate and channels. */
function adtsSameAt(bytes: Uint8Array, at: number): number {
  const [, kind = 0, rate = 0, channels = 0] = bytes.subarray(at, at + 4);
  return (kind << 16) | ((rate & 0xfd) << 8) | (channels & 0xc0);
}

function loasFrameAt(bytes: Uint8Array, at: number): number {
  const [sync = 0, high = 0, low = 0] = bytes.subarray(at, at + 3);
  const length = ((high & 0x1f) << 8) | low;
  return sync === 0x56 && high >> 5 === 7 && length > 0 ? length + 3 : 0;
}

function packetAt(bytes: Uint8Array, at: number): number {
  return bytes[at] === 0x47 ? 188 : 0;
}

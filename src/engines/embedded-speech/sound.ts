/**
 * What a synthesiser made, on its way to the resampler: reading its WAV file, cutting the silence around the speech, its loudness.
 */
import { EngineFailure } from '../../errors.ts';

/** Mono 16-bit samples at the synthesiser's own rate. */
export interface Sound {
  readonly samples: Int16Array;
  readonly sampleRateHz: number;
}

/** Level under which a frame counts as silent: -55 dBFS, above flite's noise floor and below its softest fricatives. */
const silenceLevel = 60;
const frameMs = 10;
/** What stays around the speech, so that a soft onset such as "h" or "th" is not cut. */
const marginMs = 40;

/** Reads a RIFF/WAVE file of mono 16-bit PCM; throws EngineFailure INTERNAL if it is anything else. */
export function readWav(bytes: Uint8Array): Sound {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const tag = (at: number) => String.fromCharCode(...bytes.subarray(at, at + 4));
  if (bytes.length < 44 || tag(0) !== 'RIFF' || tag(8) !== 'WAVE' || tag(12) !== 'fmt ') throw notWav('no RIFF header');
  if (view.getUint16(22, true) !== 1 || view.getUint16(34, true) !== 16) throw notWav('not mono 16-bit');
  const sampleRateHz = view.getUint32(24, true);
  let at = 20 + view.getUint32(16, true);
  while (at + 8 <= bytes.length && tag(at) !== 'data') at += 8 + view.getUint32(at + 4, true);
  if (at + 8 > bytes.length) throw notWav('no data chunk');
  const dataBytes = Math.min(view.getUint32(at + 4, true), bytes.length - at - 8);
  const start = bytes.byteOffset + at + 8;
  return { samples: new Int16Array(bytes.buffer.slice(start, start + (dataBytes & ~1))), sampleRateHz };
}

function notWav(what: string): EngineFailure {
  return new EngineFailure({ errorCode: 'INTERNAL', message: `the synthesiser's sound file is unreadable: ${what}` });
}

/** `sound` without the silence before and after the speech but for a margin of 40 ms; empty if all of it is silent. */
export function trimSilence(sound: Sound): Sound {
  const { samples, sampleRateHz } = sound;
  const frame = Math.round((sampleRateHz * frameMs) / 1000);
  const margin = Math.round((sampleRateHz * marginMs) / 1000);
  let first = 0;
  while (first < samples.length && isSilent(samples, first, frame)) first += frame;
  let end = samples.length;
  while (end > first && isSilent(samples, Math.max(first, end - frame), frame)) end -= frame;
  if (first >= samples.length) return { samples: new Int16Array(0), sampleRateHz };
  return {
    samples: samples.subarray(Math.max(0, first - margin), Math.min(samples.length, end + margin)),
    sampleRateHz,
  };
}

function isSilent(samples: Int16Array, from: number, length: number): boolean {
  const end = Math.min(samples.length, from + length);
  let energy = 0;
  for (let at = from; at < end; at++) energy += (samples[at] ?? 0) ** 2;
  return energy < silenceLevel ** 2 * (end - from);
}

/** The samples of `sound`, `gain` times as loud, as bytes; what is too loud saturates: wrapping round would be a loud click. */
export function amplified(samples: Int16Array, gain: number): Uint8Array {
  const louder = new Int16Array(samples.length);
  for (let at = 0; at < samples.length; at++) {
    louder[at] = Math.min(32_767, Math.max(-32_768, Math.round((samples[at] ?? 0) * gain)));
  }
  return new Uint8Array(louder.buffer);
}

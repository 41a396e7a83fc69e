/**
 * `hash` of a text, in hexadecimal digits. In the place of node:crypto in the page: the browser's own digests are asynchronous, and not there
 * on a page that came by plain HTTP from another machine. Compared with Node's in test/unit/inspector/node-shims.test.ts.
 */

const BLOCK_BYTES = 64;
/** The length of the text in bits stands at the end of the last block. */
const LENGTH_BYTES = 8;
const utf8 = new TextEncoder();

type Algorithm = 'sha1' | 'sha256';

export function hash(algorithm: Algorithm, text: string): string {
  const sum = algorithm === 'sha1' ? sha1 : sha256;
  const state = algorithm === 'sha1' ? [...sha1Start] : [...sha256Start];
  const bytes = utf8.encode(text);
  const blocks = Math.ceil((bytes.length + 1 + LENGTH_BYTES) / BLOCK_BYTES);
  const padded = new Uint8Array(blocks * BLOCK_BYTES);
  padded.set(bytes);
  padded[bytes.length] = 0x80;
  const view = new DataView(padded.buffer);
  view.setBigUint64(padded.length - LENGTH_BYTES, BigInt(bytes.length) * 8n);
  for (let at = 0; at < padded.length; at += BLOCK_BYTES) sum(state, view, at);
  return state.map((word) => (word >>> 0).toString(16).padStart(8, '0')).join('');
}

const rotateLeft = (word: number, bits: number) => (word << bits) | (word >>> (32 - bits));
const rotateRight = (word: number, bits: number) => (word >>> bits) | (word << (32 - bits));

/** FIPS 180-4, 6.1. */
const sha1Start = [0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476, 0xc3d2e1f0] as const;

function sha1(state: number[], block: DataView, at: number): void {
  const words = new Int32Array(80);
  for (let i = 0; i < 80; i += 1) {
    const word = (back: number) => words[i - back] ?? 0;
    words[i] = i < 16 ? block.getInt32(at + 4 * i) : rotateLeft(word(3) ^ word(8) ^ word(14) ^ word(16), 1);
  }
  let [a = 0, b = 0, c = 0, d = 0, e = 0] = state;
  for (let i = 0; i < 80; i += 1) {
    const round = Math.floor(i / 20);
    const mixed = round === 0 ? (b & c) | (~b & d) : round === 2 ? (b & c) | (b & d) | (c & d) : b ^ c ^ d;
    const next = (rotateLeft(a, 5) + mixed + e + (sha1Rounds[round] ?? 0) + (words[i] ?? 0)) | 0;
    [a, b, c, d, e] = [next, a, rotateLeft(b, 30), c, d];
  }
  for (const [i, word] of [a, b, c, d, e].entries()) state[i] = ((state[i] ?? 0) + word) | 0;
}

const sha1Rounds = [0x5a827999, 0x6ed9eba1, 0x8f1bbcdc, 0xca62c1d6] as const;

/** FIPS 180-4, 6.2: the first 32 bits of the fractions of the roots of the first primes. */
const primes = firstPrimes(64);
const sha256Start = primes.slice(0, 8).map((prime) => fractionBits(Math.sqrt(prime)));
const sha256Rounds = primes.map((prime) => fractionBits(Math.cbrt(prime)));

function firstPrimes(count: number): readonly number[] {
  const found: number[] = [];
  for (let number = 2; found.length < count; number += 1)
    if (found.every((prime) => number % prime)) found.push(number);
  return found;
}

function fractionBits(root: number): number {
  return Math.floor((root % 1) * 2 ** 32) | 0;
}

function sha256(state: number[], block: DataView, at: number): void {
  const words = new Int32Array(64);
  for (let i = 0; i < 64; i += 1) {
    const [w2, w7, w15, w16] = [words[i - 2] ?? 0, words[i - 7] ?? 0, words[i - 15] ?? 0, words[i - 16] ?? 0];
    const s0 = rotateRight(w15, 7) ^ rotateRight(w15, 18) ^ (w15 >>> 3);
    const s1 = rotateRight(w2, 17) ^ rotateRight(w2, 19) ^ (w2 >>> 10);
    words[i] = i < 16 ? block.getInt32(at + 4 * i) : w16 + s0 + w7 + s1;
  }
  let [a = 0, b = 0, c = 0, d = 0, e = 0, f = 0, g = 0, h = 0] = state;
  for (let i = 0; i < 64; i += 1) {
    const s1 = rotateRight(e, 6) ^ rotateRight(e, 11) ^ rotateRight(e, 25);
    const first = (h + s1 + ((e & f) ^ (~e & g)) + (sha256Rounds[i] ?? 0) + (words[i] ?? 0)) | 0;
    const s0 = rotateRight(a, 2) ^ rotateRight(a, 13) ^ rotateRight(a, 22);
    const second = (s0 + ((a & b) ^ (a & c) ^ (b & c))) | 0;
    [a, b, c, d, e, f, g, h] = [(first + second) | 0, a, b, c, (d + first) | 0, e, f, g];
  }
  for (const [i, word] of [a, b, c, d, e, f, g, h].entries()) state[i] = ((state[i] ?? 0) + word) | 0;
}

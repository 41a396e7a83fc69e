// Requests that no client makes, from a seed: what bench/attack.mjs sends and bench/soak.mjs chooses by. The same seed gives the same ones.

/** Numbers by chance, from a seed (mulberry32). */
export function createChance(seed) {
  let state = seed >>> 0;
  const next = () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
  /** 0 to `bound` - 1. */
  const below = (bound) => Math.floor(next() * bound);
  return {
    below,
    of: (list) => list[below(list.length)],
    bytes: (count) => Buffer.from(Array.from({ length: count }, () => below(256))),
  };
}

const texts = [
  '',
  ' ',
  '\n',
  '\0',
  'hello',
  'unknown',
  '\ud800',
  'a\udfff',
  '🎤'.repeat(9),
  '{"text":',
  '../../etc/passwd',
  '%s%n',
  'x'.repeat(129),
];
const numbers = [0, 1, 2, 3, -1, 7, 65_535, 65_536, 2 ** 31 - 1, -(2 ** 31)];
/** Larger than any bound of a field, smaller than a request may be. */
const HUGE_CHARS = 40_000;

/** The fields of a StreamRequest, each of them good, odd, huge or absent. */
function fields(chance) {
  const text = () => (chance.below(40) === 0 ? 'z'.repeat(HUGE_CHARS) : chance.of(texts));
  const maybe = (name, value) => (chance.below(2) === 0 ? {} : { [name]: value() });
  return {
    prompt: text(),
    session_id: text(),
    hardware_id: text(),
    ...maybe('screenshot', text),
    ...maybe('screen_width', () => chance.of(numbers)),
    ...maybe('screen_height', () => chance.of(numbers)),
    ...maybe('phase', () => chance.of(numbers)),
    ...maybe('chunk_seq', () => chance.of(numbers)),
    ...maybe('chunk_text', text),
  };
}

/** A request's bytes, as often as not damaged: cut, bits turned over, bytes put in, wire types and lengths that lie. */
export function mutatedRequest(chance, encode) {
  const good = encode(fields(chance));
  const at = chance.below(good.length + 1);
  switch (chance.below(8)) {
    case 0:
      return good.subarray(0, at);
    case 1: {
      const turned = Buffer.from(good);
      if (turned.length > 0) turned[at % turned.length] ^= 1 << chance.below(8);
      return turned;
    }
    case 2:
      return Buffer.concat([good.subarray(0, at), chance.bytes(1 + chance.below(16)), good.subarray(at)]);
    case 3:
      // A field of any number and wire type, with a length that is not there.
      return Buffer.concat([good, Buffer.of(chance.below(256), 0xff, 0xff, 0xff, 0xff, chance.below(16))]);
    case 4:
      return Buffer.concat([good, good]);
    default:
      return good;
  }
}

/** A message's prefix, as often as not one that lies: too long, too short, compressed, an unknown flag. */
export function mutatedFrame(chance, body) {
  const prefix = Buffer.alloc(5);
  prefix.writeUInt32BE(body.length, 1);
  switch (chance.below(12)) {
    case 0:
      prefix.writeUInt32BE(0xffffffff, 1);
      break;
    case 1:
      prefix.writeUInt32BE(body.length + 1 + chance.below(100), 1);
      break;
    case 2:
      prefix.writeUInt32BE(chance.below(body.length + 1), 1);
      break;
    case 3:
      prefix[0] = 1 + chance.below(255);
      break;
    case 4:
      return prefix.subarray(0, chance.below(5));
  }
  return Buffer.concat([prefix, body]);
}

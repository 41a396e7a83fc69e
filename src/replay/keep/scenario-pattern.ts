/** Regular expressions for scenarios that match given texts and nothing else. */

/** Longer ones are refused by a scenario; what a long text begins with tells it from others well enough. */
export const MAX_PATTERN_CHARS = 10_000;
/** `^(?:` and `)$`. */
const FRAME_CHARS = 6;

/** Matches `text` alone; a text that is too long for a pattern, by its beginning. */
export function exactPattern(text: string): string {
  return patternOf([text]);
}

/** Matches any of `texts` and nothing else. */
export function patternOf(texts: readonly string[]): string {
  const room = Math.floor((MAX_PATTERN_CHARS - FRAME_CHARS) / texts.length) - 1;
  const alternatives = texts.map((text) => {
    const whole = `${escaped(text)}$`;
    return whole.length <= room ? whole : beginningOf(text, room);
  });
  return alternatives.length === 1 ? `^${alternatives[0] ?? ''}` : `^(?:${alternatives.join('|')})`;
}

function beginningOf(text: string, room: number): string {
  let pattern = '';
  for (const character of text) {
    const next = escaped(character);
    if (pattern.length + next.length > room) break;
    pattern += next;
  }
  return pattern;
}

function escaped(text: string): string {
  return text.replace(/[\\^$.*+?()[\]{}|/]/g, '\\$&');
}

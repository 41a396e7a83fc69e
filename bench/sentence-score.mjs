// How good the parts are that a splitter gives, compared with marked texts. A place in a text is the number of visible characters before
// it, so that white space between two sentences may belong to either, and a splitter that alters it is compared all the same.

// Marks in a text: ‖ and ¦ where a sentence ends (our cutter ends a piece at the first, joins at the second because the sentence is short), ╎ and ┊
// where readers would not agree (as before, with and without an end of a piece): nobody wins or loses there.
const marks = /[‖¦╎┊]/g;

/** A marked text as its text, the places where sentences end, and the places that do not count. */
export function readCase(marked) {
  const ends = new Set();
  const open = new Set();
  let visible = 0;
  for (const character of marked) {
    if (character === '‖' || character === '¦') ends.add(visible);
    else if (character === '╎' || character === '┊') open.add(visible);
    else if (/\S/.test(character)) visible += 1;
  }
  ends.delete(visible);
  open.delete(visible);
  return { text: marked.replaceAll(marks, ''), ends, open, visible };
}

/** The places where `parts` end, the last one left out. */
export function endsOf(parts) {
  const ends = new Set();
  let visible = 0;
  for (const part of parts) {
    visible += visibleIn(part);
    ends.add(visible);
  }
  ends.delete(visible);
  ends.delete(0);
  return ends;
}

function visibleIn(text) {
  let count = 0;
  for (const character of text) if (/\S/.test(character)) count += 1;
  return count;
}

/** Counts over all `cases`: cut exactly right, ends found, missed and made up, texts of which characters are lost, and those that went wrong. */
export function scoreOf(split, cases) {
  const total = { cases: 0, exact: 0, found: 0, missed: 0, madeUp: 0, lossy: 0, wrong: [] };
  for (const { language, marked } of cases) {
    const { text, ends, open } = readCase(marked);
    const parts = split(text, language);
    const got = [...endsOf(parts)].filter((end) => !open.has(end));
    const found = got.filter((end) => ends.has(end)).length;
    const isExact = found === ends.size && found === got.length;
    total.cases += 1;
    total.found += found;
    total.missed += ends.size - found;
    total.madeUp += got.length - found;
    if (isExact) total.exact += 1;
    else total.wrong.push({ language, marked, parts });
    if (parts.join('').replaceAll(/\s/g, '') !== text.replaceAll(/\s/g, '')) total.lossy += 1;
  }
  return total;
}

/** The harmonic mean of "what it found of the ends" and "what of its ends are ends". */
export function f1Of({ found, missed, madeUp }) {
  return found === 0 ? 0 : (2 * found) / (2 * found + missed + madeUp);
}

// A small writer of charts: rows of a median with its span, and lines over sizes. Every shape has its colours as attributes, for renderers that
// know no style sheets, and a class, by which a dark page gives it others.

/** Light, and dark: what is written, what lines are drawn with, and one colour a kind of server. */
const colours = {
  paper: ['#ffffff', '#14171c'],
  ink: ['#1c2128', '#e4e8ee'],
  soft: ['#5c6672', '#9aa5b3'],
  grid: ['#e3e7ec', '#2a3038'],
  aim: ['#b3261e', '#ff8a80'],
  recital: ['#0b62c4', '#6cb0ff'],
  node: ['#6b7280', '#a8b0bc'],
  python: ['#a15c00', '#f0b35a'],
};

const FONT = 'font-family="system-ui, -apple-system, Segoe UI, DejaVu Sans, sans-serif"';

/** @param {string | number} text */
export function escaped(text) {
  return String(text)
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;');
}

const at = (value) => String(Math.round(value * 10) / 10);

/**
 * @param {number} x
 * @param {number} y
 * @param {string | number} content
 * @param {{ colour?: keyof typeof colours, size?: number, anchor?: string, isBold?: boolean }} [look]
 */
export function text(x, y, content, { colour = 'ink', size = 12, anchor = 'start', isBold = false } = {}) {
  const weight = isBold ? ' font-weight="600"' : '';
  const place = `x="${at(x)}" y="${at(y)}" font-size="${size}" text-anchor="${anchor}"${weight}`;
  return `<text class="f-${colour}" fill="${colours[colour][0]}" ${place}>${escaped(content)}</text>`;
}

/** A line through points. */
function line(points, colour, { width = 1, dash = '' } = {}) {
  const path = points.map(([x, y], index) => `${index === 0 ? 'M' : 'L'}${at(x)} ${at(y)}`).join('');
  const dashes = dash === '' ? '' : ` stroke-dasharray="${dash}"`;
  return `<path class="s-${colour}" d="${path}" fill="none" stroke="${colours[colour][0]}" stroke-width="${width}"${dashes}/>`;
}

function dot(x, y, colour, radius = 4) {
  return `<circle class="f-${colour}" cx="${at(x)}" cy="${at(y)}" r="${radius}" fill="${colours[colour][0]}"/>`;
}

/** A whole page of charts. */
export function page({ width, height, title }, parts) {
  const rules = Object.entries(colours).map(([name, [, dark]]) => `.f-${name}{fill:${dark}}.s-${name}{stroke:${dark}}`);
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" ${FONT} role="img">`,
    `<title>${escaped(title)}</title>`,
    `<style>@media (prefers-color-scheme: dark){${rules.join('')}}</style>`,
    `<rect class="f-paper" fill="${colours.paper[0]}" width="${width}" height="${height}"/>`,
    ...parts,
    '</svg>\n',
  ].join('\n');
}

/**
 * Where values lie between two ends, and which of them are worth a mark.
 * @param {number} from
 * @param {number} to
 * @param {readonly [number, number]} span
 */
export function scaleOf(from, to, [start, end], isLog = false) {
  if (!(to > from) || (isLog && !(from > 0))) throw new RangeError(`a scale from ${from} to ${to}`);
  const project = isLog ? Math.log10 : (value) => value;
  const [low, high] = [project(from), project(to)];
  const place = (value) => start + ((project(value) - low) / (high - low)) * (end - start);
  return { place, ticks: isLog ? logTicks(from, to) : linearTicks(from, to) };
}

function linearTicks(from, to) {
  const rough = (to - from) / 4;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].map((factor) => factor * power).find((candidate) => candidate >= rough) ?? rough;
  const count = Math.floor(to / step + 1e-9);
  const first = Math.ceil(from / step - 1e-9);
  return Array.from({ length: count - first + 1 }, (_, index) => Number(((first + index) * step).toPrecision(6)));
}

/** Powers of ten; where they are few, twice and five times them, too. */
function logTicks(from, to) {
  const powers = [];
  for (let power = Math.floor(Math.log10(from)); power <= Math.ceil(Math.log10(to)); power += 1)
    powers.push(10 ** power);
  const factors = Math.log10(to / from) > 2.5 ? [1] : [1, 2, 5];
  return powers
    .flatMap((power) => factors.map((factor) => Number((factor * power).toPrecision(6))))
    .filter((tick) => tick >= from * 0.999 && tick <= to * 1.001);
}

/** @param {number} value */
export function tickLabel(value) {
  if (value >= 1e6) return `${value / 1e6} M`;
  if (value >= 1e3) return `${value / 1e3} k`;
  return String(value);
}

/**
 * Ends of a logarithmic scale around values: from and to the next 1, 2 or 5 times a power of ten.
 * @param {readonly number[]} values
 * @returns {[number, number]}
 */
export function logEnds(values) {
  const steps = [1, 2, 5, 10];
  const [least, most] = [Math.min(...values), Math.max(...values)];
  const powerOf = (value) => 10 ** Math.floor(Math.log10(value));
  const below = steps.toReversed().find((step) => step * powerOf(least) <= least * 1.0001) * powerOf(least);
  const above = steps.find((step) => step * powerOf(most) >= most * 0.9999) * powerOf(most);
  return [below, above > below ? above : below * 10];
}

const HEAD = 46;
const FOOT = 40;

function frameOf({ x, y, width, title, note }) {
  const parts = [text(x, y + 13, title, { size: 13, isBold: true })];
  if (note !== undefined) parts.push(text(x + width, y + 13, note, { size: 11, colour: 'soft', anchor: 'end' }));
  return parts;
}

/**
 * One row a server: its median, a bar from `low` to `high`, the number beside it. `aim` is a dashed line across all rows.
 * @param {{ x: number, y: number, width: number, height: number, title: string, unit: string, isLog?: boolean, aim?: number | null,
 *   note?: string, rows: readonly { label: string, colour: any, value: number, low: number, high: number, told: string }[] }} chart
 */
export function rangeChart(chart) {
  const { x, y, width, height, unit, isLog = false, aim = null, rows } = chart;
  const parts = frameOf(chart);
  if (rows.length === 0) return [...parts, text(x, y + HEAD + 20, 'no figure', { colour: 'soft' })].join('\n');
  const values = [...rows.flatMap(({ low, high, value }) => [low, high, value]), ...(aim === null ? [] : [aim])];
  const [from, to] = isLog ? logEnds(values) : [0, Math.max(...values) * 1.05];
  const [left, right, top, bottom] = [x + 126, x + width - 64, y + HEAD, y + height - FOOT];
  const { place, ticks } = scaleOf(from, to, [left, right], isLog);
  for (const tick of ticks) {
    parts.push(
      line(
        [
          [place(tick), top - 6],
          [place(tick), bottom],
        ],
        'grid',
      ),
    );
    parts.push(text(place(tick), bottom + 14, tickLabel(tick), { size: 11, colour: 'soft', anchor: 'middle' }));
  }
  parts.push(
    text(right, bottom + 29, isLog ? `${unit}, logarithmic` : unit, { size: 11, colour: 'soft', anchor: 'end' }),
  );
  const step = (bottom - top) / rows.length;
  for (const [index, { label, colour, value, low, high, told }] of rows.entries()) {
    const middle = top + step * (index + 0.5);
    parts.push(text(left - 10, middle + 4, label, { size: 11.5, anchor: 'end' }));
    parts.push(
      line(
        [
          [place(low), middle],
          [place(high), middle],
        ],
        colour,
        { width: 3 },
      ),
    );
    parts.push(dot(place(value), middle, colour));
    parts.push(text(x + width, middle + 4, told, { size: 11.5, anchor: 'end' }));
  }
  if (aim !== null) {
    parts.push(
      line(
        [
          [place(aim), top - 8],
          [place(aim), bottom],
        ],
        'aim',
        { width: 1.5, dash: '4 3' },
      ),
    );
    parts.push(text(place(aim), top - 12, `aim ${aim}`, { size: 10.5, colour: 'aim', anchor: 'middle' }));
  }
  return parts.join('\n');
}

/**
 * Lines over sizes, both axes logarithmic, each line with its name at its end.
 * @param {{ x: number, y: number, width: number, height: number, title: string, unit: string, across: string, note?: string,
 *   lines: readonly { label: string, colour: any, points: readonly { size: number, value: number }[] }[] }} chart
 */
export function lineChart(chart) {
  const { x, y, width, height, unit, across, lines } = chart;
  const parts = frameOf(chart);
  if (lines.length === 0) return [...parts, text(x, y + HEAD + 20, 'no figure', { colour: 'soft' })].join('\n');
  const points = lines.flatMap((one) => one.points);
  const [left, right, top, bottom] = [x + 46, x + width - 62, y + HEAD, y + height - FOOT];
  const sizes = points.map(({ size }) => size);
  const horizontal = scaleOf(Math.min(...sizes), Math.max(...sizes), [left, right], true);
  const vertical = scaleOf(...logEnds(points.map(({ value }) => value)), [bottom, top], true);
  for (const tick of vertical.ticks) {
    parts.push(
      line(
        [
          [left, vertical.place(tick)],
          [right, vertical.place(tick)],
        ],
        'grid',
      ),
    );
    parts.push(text(left - 6, vertical.place(tick) + 4, tickLabel(tick), { size: 11, colour: 'soft', anchor: 'end' }));
  }
  for (const tick of horizontal.ticks) {
    parts.push(
      line(
        [
          [horizontal.place(tick), bottom],
          [horizontal.place(tick), bottom + 4],
        ],
        'soft',
      ),
    );
    const label = tickLabel(tick);
    parts.push(text(horizontal.place(tick), bottom + 16, label, { size: 11, colour: 'soft', anchor: 'middle' }));
  }
  parts.push(text(x, top - 13, unit, { size: 11, colour: 'soft' }));
  parts.push(
    text(right, bottom + 31, `${across}, logarithmic as the other axis`, { size: 11, colour: 'soft', anchor: 'end' }),
  );
  const ends = apart(lines.map((one) => vertical.place(one.points.at(-1).value)));
  for (const [index, { label, colour, points: own }] of lines.entries()) {
    const placed = own.map(({ size, value }) => [horizontal.place(size), vertical.place(value)]);
    parts.push(line(placed, colour, { width: 2 }), ...placed.map(([cx, cy]) => dot(cx, cy, colour, 3)));
    parts.push(text(right + 8, ends[index] + 4, label, { size: 11.5, colour }));
  }
  return parts.join('\n');
}

/** The same places, moved so far that words of 12 pixels do not cover each other. */
function apart(places) {
  const order = places.map((place, index) => ({ place, index })).toSorted((a, b) => a.place - b.place);
  for (let next = 1; next < order.length; next += 1) {
    order[next].place = Math.max(order[next].place, order[next - 1].place + 14);
  }
  return order.toSorted((a, b) => a.index - b.index).map(({ place }) => place);
}

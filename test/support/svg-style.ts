/** What a drawing asks of its reader: everything that a renderer without a browser's CSS would not draw. */

/**
 * Why a renderer that knows neither style sheets nor custom properties would draw `svg` wrongly, one line each: a computed value, a shape or a
 * text without a fill of its own (it is drawn black), a colour that is no literal.
 */
export function styleFaultsOf(svg: string): string[] {
  const computed =
    svg.match(/var\([^)]*\)|--[a-z]+\s*:|(?:light-dark|color-mix|env|calc)\([^)]*\)|currentColor/g) ?? [];
  const shapes = [...svg.matchAll(/<(rect|path|circle|text|line|polygon)\b[^>]*>/g)];
  return [
    ...computed.map((text) => `computed: ${text}`),
    ...shapes.filter(([tag]) => !/ fill="/.test(tag)).map(([tag]) => `no fill of its own: ${tag}`),
    ...[...svg.matchAll(/ (?:fill|stroke)="([^"]*)"/g)]
      .map(([, value = '']) => value)
      .filter((value) => !/^(?:none|#[0-9a-f]{6})$/.test(value))
      .map((value) => `no literal: ${value}`),
  ];
}

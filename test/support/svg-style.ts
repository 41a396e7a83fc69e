/** What the style of a drawing asks of its reader: everything that a renderer without a browser's CSS would not draw. */

/**
 * Why a renderer that knows neither conditions nor custom properties would draw `svg` wrongly, one line each: a computed value, or
 * a colour that is given under a condition alone. What has no fill of its own is drawn black.
 */
export function styleFaultsOf(svg: string): string[] {
  const style = /<style>([\s\S]*?)<\/style>/.exec(svg)?.[1] ?? '';
  const conditional = [...style.matchAll(/@[^{}]*\{((?:[^{}]*\{[^{}]*\})*[^{}]*)\}/g)].map(([, rules = '']) => rules);
  const plain = style.replaceAll(/@[^{}]*\{(?:[^{}]*\{[^{}]*\})*[^{}]*\}/g, '');
  const computed =
    svg.match(/var\([^)]*\)|--[a-z]+\s*:|(?:light-dark|color-mix|env|calc)\([^)]*\)|currentColor/g) ?? [];
  const given = coloursIn(plain);
  return [
    ...computed.map((text) => `computed: ${text}`),
    ...conditional
      .flatMap((rules) => [...coloursIn(rules)])
      .filter((colour) => !given.has(colour))
      .map((colour) => `under a condition alone: ${colour}`),
    ...[...plain.matchAll(/(?:fill|stroke):\s*([^;}\s]+)/g)]
      .map(([, value = '']) => value)
      .filter((value) => !/^(?:none|#[0-9a-f]{6})$/.test(value))
      .map((value) => `no literal: ${value}`),
  ];
}

/** `selector property` of every fill and stroke. */
function coloursIn(rules: string): Set<string> {
  const found = new Set<string>();
  for (const [, selectors = '', body = ''] of rules.matchAll(/([^{}]+)\{([^{}]*)\}/g)) {
    for (const [, property = ''] of body.matchAll(/\b(fill|stroke):/g)) {
      for (const selector of selectors.split(',')) found.add(`${selector.trim()} ${property}`);
    }
  }
  return found;
}

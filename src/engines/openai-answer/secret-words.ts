/**
 * Takes keys out of a provider's words: some quote the key they refuse, in whole or in part, or an address that holds one. What goes to
 * clients goes through here first.
 */

/** The shapes of keys, of whole ones and of those with stars in the middle, and of addresses with a user. */
const secretShapes: readonly RegExp[] = Object.freeze([
  /\b(?:sk|pk|gsk|xai|key|rk)-[\w*.-]{4,}/gi,
  /\bAIza[\w*-]{8,}/g,
  /\bBearer\s+\S+/gi,
  /(?<=\/\/)[^\s/@]+@/g,
  /(?<=[?&](?:key|api_key|token|access_token)=)[^\s&]+/gi,
]);

/** `text` without `key`, nor anything that looks like one. */
export function withoutSecrets(text: string, key: string): string {
  // A key of a few characters is a placeholder, and would be found in every other word.
  const known = key.length >= 6 ? text.replaceAll(key, '[key]') : text;
  return secretShapes.reduce((cleaned, shape) => cleaned.replace(shape, '[key]'), known);
}

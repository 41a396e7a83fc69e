/**
 * The address of a provider: http or https, and nothing in it that is secret or that a path can't be added to. A fault must show an address
 * without what somebody wrote into it by mistake: user, password, a key in its query.
 */

/** Completes "must be …". */
export const providerUrlExpectation = 'an http or https URL without user, password, query and fragment';

/** True if `text` is an address to which a path can be added. */
export function isProviderUrl(text: string): boolean {
  if (!URL.canParse(text) || /[\s?#\\]/.test(text)) return false;
  const { protocol, username, password, hostname } = new URL(text);
  return (protocol === 'http:' || protocol === 'https:') && username === '' && password === '' && hostname !== '';
}

/** `text` without what may be secret in an address; what is short is no key. */
export function withoutCredentials(text: string): string {
  return text.replace(/\/\/[^/]*@/g, '//…@').replace(/([?&#][^=&#]*=)[^&#]{8,}/g, '$1…');
}

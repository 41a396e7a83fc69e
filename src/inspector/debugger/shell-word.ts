/** A word of a shell's command, quoted where it needs to be. */
export function shellWord(text: string): string {
  return /^[\w=.,:/@%+-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`;
}

/** What a rule answers: a text, and perhaps one command to go with it. */
export interface Reply {
  readonly text: string;
  readonly command?: { readonly name: string; readonly args: Readonly<Record<string, unknown>> };
}

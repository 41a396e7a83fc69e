/** What the engine needs to know of one provider. The key is held by who can hide it, and asked for only when it is sent. */
export interface ChatProviderOptions {
  /** As logs, /status and errors call it. */
  readonly name: string;
  /** Without /chat/completions. */
  readonly baseUrl: string;
  readonly model: string;
  /** null = none is sent. */
  readonly apiKey: { reveal(): string } | null;
  /** null = not sent. */
  readonly temperature: number | null;
  /** 0 = not sent. */
  readonly maxTokens: number;
}

/** A command that the model may give, as it is told of it. */
export interface ChatTool {
  readonly name: string;
  readonly description: string;
  /** A JSON schema of type object. */
  readonly parameters: Readonly<Record<string, unknown>>;
}

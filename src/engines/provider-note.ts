/** Who really did a job of an engine, and what it took; told by engines that have more than one way to do it. */
export interface ProviderNote {
  /** As the configuration calls it; never a key, nor an address that may hold one. */
  readonly provider: string;
  /** Tries that failed before, of this provider and of others. */
  readonly retries: number;
}

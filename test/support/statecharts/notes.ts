/** The hand-written words beside a generated chart document; `document.ts` insists that they fit the machine exactly. */
import type { Picture } from '../../../src/analysis/chart/mermaid.ts';

export interface ChartNotes {
  /** Where the machine stands, from the root of the repository. */
  readonly source: string;
  readonly title: string;
  /** Markdown. */
  readonly intro: string;
  readonly pictures: readonly { readonly title: string; readonly text: string; readonly picture: Picture }[];
  /** States whose inside is that of another one: drawn and listed once. */
  readonly sameInside: Readonly<Record<string, string>>;
  /** Stands above the table of states. */
  readonly statesText: string;
  /** By path: what a state waits for, or what it is. */
  readonly states: Readonly<Record<string, string>>;
  readonly events: Readonly<Record<string, string>>;
  readonly guards: Readonly<Record<string, string>>;
  readonly delays: Readonly<Record<string, string>>;
  /** Emitted facts. */
  readonly facts: Readonly<Record<string, string>>;
  /** Facts of actions whose text does not name them literally. */
  readonly computedFacts: Readonly<Record<string, readonly string[]>>;
  readonly messages: Readonly<Record<string, MessageNote>>;
  readonly actors: Readonly<Record<string, string>>;
}

export interface MessageNote {
  /** The id of the child. */
  readonly to: string;
  readonly meaning: string;
  /** The fact inside which the host passes it on; absent = the chart sends it itself. */
  readonly carriedBy?: string;
}

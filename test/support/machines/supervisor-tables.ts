/** The supervisor's tables as plain records, for tests to compare. */
import { entriesOf, withPlainTables } from '../../../src/machines/supervisor/persistent-table.ts';
import type { SupervisorContext } from '../../../src/machines/supervisor/supervisor.types.ts';

/** The fields of a context, or some of them, with a record in the place of each table. */
export function plainTables(context: Partial<SupervisorContext>): Readonly<Record<string, unknown>> {
  return Object.fromEntries(Object.entries(context).map(([name, value]) => [name, withPlainTables(value)]));
}

/** Its tables, as records. */
export function tablesOf({ streams, inFlight, groups }: SupervisorContext) {
  return {
    streams: Object.fromEntries(entriesOf(streams)),
    inFlight: Object.fromEntries(entriesOf(inFlight)),
    groups: Object.fromEntries(
      entriesOf(groups).map(([name, members]) => [name, Object.fromEntries(entriesOf(members))]),
    ),
  };
}

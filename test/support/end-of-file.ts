/**
 * What a test file has started and must not leave behind. Files of the process project share their modules, so a hook that a support
 * module registers while it loads would belong to the first file alone; end-of-file.setup.ts runs these after each file.
 */
type Stop = () => unknown;

const stops = new Set<Stop>();

/** `stop` is called when the current file ends, unless the returned function is called before. */
export function atEndOfFile(stop: Stop): () => void {
  stops.add(stop);
  return () => {
    stops.delete(stop);
  };
}

/** Stops everything at once and waits for it. */
export async function stopEverything(): Promise<void> {
  const all = [...stops];
  stops.clear();
  await Promise.all(all.map((stop) => stop()));
}

/**
 * Figures in Prometheus' words, and those of the Node process beside them. Nothing is loaded or watched before somebody asks for the first
 * time; from then on Node's own figures (garbage collections, the delay of the event loop) are gathered until the process ends.
 */
import type { MetricObject, Registry } from 'prom-client';

/** One value of a family. */
export interface Sample {
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
  /** Of a histogram: the family's name with its ending. */
  readonly metricName?: string;
}

export interface MetricFamily {
  readonly name: string;
  readonly help: string;
  readonly type: 'counter' | 'gauge' | 'histogram';
  readonly values: readonly Sample[];
}

/** How often it took at most so long; `counts` has one more than `bounds`: what took longer than all. */
export interface BucketCounts {
  readonly counts: readonly number[];
  readonly sum: number;
}

/** The samples of one histogram with these labels. */
export function histogramSamples(
  name: string,
  labels: Readonly<Record<string, string>>,
  bounds: readonly number[],
  { counts, sum }: BucketCounts,
): readonly Sample[] {
  let below = 0;
  const buckets = counts.map((count, at): Sample => {
    below += count;
    return { labels: { ...labels, le: String(bounds[at] ?? '+Inf') }, value: below, metricName: `${name}_bucket` };
  });
  return [
    ...buckets,
    { labels, value: sum, metricName: `${name}_sum` },
    { labels, value: below, metricName: `${name}_count` },
  ];
}

/** Node's own figures of one process, as they may be sent to another one. */
export type NodeFigures = readonly MetricObject[];

export class Exposition {
  #loaded: Promise<{ readonly library: typeof import('prom-client'); readonly node: Registry }> | undefined;

  readonly contentType = 'text/plain; version=0.0.4; charset=utf-8';

  /** Node's own figures of this process. */
  async nodeFigures(): Promise<NodeFigures> {
    return (await this.#load()).node.getMetricsAsJSON();
  }

  /** These families, and Node's own figures of this process and of the `others`, added up. */
  async text(families: readonly MetricFamily[], others: readonly NodeFigures[]): Promise<string> {
    const { library, node } = await this.#load();
    const aggregate = library.AggregatorRegistry.aggregate;
    const ours = aggregate([families.map((family) => ({ ...family, aggregator: 'first' }))]);
    // Alone it tells also what does not add up, such as when it was started.
    const nodes = others.length === 0 ? node : aggregate([await node.getMetricsAsJSON(), ...others]);
    return `${await ours.metrics()}${await nodes.metrics()}`;
  }

  #load() {
    this.#loaded ??= import('prom-client').then((module) => {
      const library = module.default;
      const node = new library.Registry();
      library.collectDefaultMetrics({ register: node });
      return { library, node };
    });
    return this.#loaded;
  }
}

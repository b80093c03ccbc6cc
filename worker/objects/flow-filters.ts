/**
 * The Gremlin filters of flow subscribers: a query over flows (`G.Flows().Has(…)`), run on each batch as if the batch
 * were all there is. The reference takes such a filter and ignores it (WebSocket notes, section 15).
 */
import { messageOf } from '../../core/errors.ts';
import { runSearch } from '../../core/flow/run-search.ts';
import { Graph } from '../../core/graph/graph.ts';
import { parseQuery, runQuery } from '../../core/gremlin/gremlin.ts';
import type { Flow } from '../../proto/gen/flow.ts';

type Query = ReturnType<typeof parseQuery>;

/** Parsed filters kept; one subscriber has one. */
const FILTERS_MAX = 1_000;

export class FlowFilters {
  readonly #parsed = new Map<string, Query>();
  readonly #graph = new Graph();

  /** Why the filter cannot be used; undefined when it can, or when it is "". */
  async check(filter: string): Promise<string | undefined> {
    if (filter === '') return undefined;
    try {
      await this.apply(filter, []);
      return undefined;
    } catch (error) {
      return `Invalid Gremlin filter '${filter}': ${messageOf(error)}`;
    }
  }

  /** The flows that the filter lets through. Throws when it is no query over flows. */
  async apply(filter: string, flows: readonly Flow[]): Promise<readonly Flow[]> {
    const { result } = await runQuery(this.#query(filter), {
      graph: this.#graph,
      flows: { search: (search) => Promise.resolve(runSearch(flows, search)) },
      now: () => Date.now(),
    });
    if (result.kind !== 'flows') throw new TypeError('the query does not return flows');
    return result.flows;
  }

  #query(filter: string): Query {
    let query = this.#parsed.get(filter);
    if (query === undefined) {
      query = parseQuery(filter);
      if (this.#parsed.size >= FILTERS_MAX) this.#parsed.clear();
      this.#parsed.set(filter, query);
    }
    return query;
  }
}

/**
 * The plan of a query that ran, as plain JSON for `POST /api/topology?explain=1`: which steps ran as one, which index
 * was used, what the holders of flows were asked for, how much was looked at and found.
 */
import type { FlowReduction } from '../flow/reduction.ts';
import type { FlowFilter, FlowSearch } from '../flow/search.ts';
import type { Query } from './ast.ts';
import type { QueryResult } from './context.ts';
import type { GremlinError } from './errors.ts';
import type { FlowRequest, PlanRecord, StepRun } from './plan.ts';
import { printQuery, printStep } from './print.ts';

export interface PlanJson {
  /** The query as it was understood. */
  readonly Query: string;
  readonly Steps: readonly PlanStepJson[];
  readonly Result: { readonly Kind: string; readonly Count: number };
  readonly Warnings: readonly string[];
}

export interface PlanStepJson {
  readonly Step: string;
  /** Steps that ran as part of this one. */
  readonly Folded?: readonly string[];
  readonly From: string;
  readonly To: string;
  /** What was looked up in an index, and in which. */
  readonly Index?: string;
  readonly Flows?: readonly PlanSearchJson[];
  /** Elements and flows looked at by this step. */
  readonly Visited: number;
  /** Elements that came out. */
  readonly Count?: number;
  readonly Ms: number;
}

/** What shards, or stored history, were asked for. */
export interface PlanSearchJson {
  readonly Filter: string;
  readonly Hosts?: number;
  readonly Sort?: string;
  readonly Dedup?: readonly string[];
  readonly Range?: readonly [number, number];
  /** What comes back instead of whole flows. */
  readonly Ships: string;
}

export function explainPlan(query: Query, plan: PlanRecord, result: QueryResult): PlanJson {
  return {
    Query: printQuery(query),
    Steps: foldedFlows(plan.steps).map(stepJson),
    Result: { Kind: result.kind, Count: countOf(result) },
    Warnings: plan.warnings,
  };
}

/** A refused query: the reference's text, where it is wrong and what was expected there. */
export function explainError(text: string, error: GremlinError): Readonly<Record<string, unknown>> {
  const { message, stage, code, offset, hint } = error;
  return {
    Error: message,
    Stage: stage,
    Code: code,
    Offset: offset,
    At: pointerTo(text, offset),
    Hint: hint,
  };
}

const POINTER_CHARS = 30;

/** The text around the place, which `»` points to. */
function pointerTo(text: string, offset: number): string {
  return `${text.slice(Math.max(0, offset - POINTER_CHARS), offset)}»${text.slice(offset, offset + POINTER_CHARS)}`;
}

/** Steps that only refine the search that comes with a later one belong to `Flows`. */
function foldedFlows(steps: readonly StepRun[]): readonly StepRun[] {
  const shown: StepRun[] = [];
  for (const step of steps) {
    const before = shown.at(-1);
    if (step.from === 'flows' && step.to === 'flows' && before?.to === 'flows') {
      before.folded = [...before.folded, step.step, ...step.folded];
      before.visited += step.visited;
      before.ms += step.ms;
      before.requests.push(...step.requests);
    } else shown.push({ ...step, requests: [...step.requests] });
  }
  return shown;
}

function stepJson(run: StepRun): PlanStepJson {
  return {
    Step: printStep(run.step),
    ...(run.folded.length === 0 ? {} : { Folded: run.folded.map(printStep) }),
    From: shownKind(run.from),
    To: shownKind(run.to),
    ...(run.index === undefined ? {} : { Index: run.index }),
    ...(run.requests.length === 0 ? {} : { Flows: run.requests.map(searchJson) }),
    Visited: run.visited,
    ...(run.count === undefined ? {} : { Count: run.count }),
    Ms: run.ms,
  };
}

function shownKind(kind: string): string {
  return kind === 'keyedGroups' || kind === 'elementGroups' ? 'groups' : kind;
}

function searchJson({ search, reduction }: FlowRequest): PlanSearchJson {
  const { filter, hosts, sort, dedup, range } = search;
  return {
    Filter: filter === undefined ? 'all flows' : printFilter(filter),
    ...(hosts === undefined ? {} : { Hosts: hosts.length }),
    ...(sort === undefined ? {} : { Sort: `${sort.key} ${sort.descending ? 'descending' : 'ascending'}` }),
    ...(dedup === undefined ? {} : { Dedup: dedup }),
    ...(range === undefined ? {} : { Range: [range.from, range.to] }),
    Ships: shipped(search, reduction),
  };
}

function shipped(search: FlowSearch, reduction: FlowReduction | undefined): string {
  switch (reduction?.kind) {
    case undefined:
      return search.withRawPackets === true ? 'flows with their packets' : 'flows';
    case 'count':
      return 'a number';
    case 'rows':
      return `values of ${reduction.keys.join(', ')}`;
    case 'groups': {
      const columns = reduction.columns.map((fields) => fields.join(' + ')).join(', ');
      const by = reduction.keys.length === 0 ? 'one row' : `a row for each ${reduction.keys.join(', ')}`;
      return columns === '' ? by : `${by}: count, sum, least and most of ${columns}`;
    }
  }
}

/** Members of long lists shown. */
const MEMBERS_MAX = 5;

const SIGNS = { gt: '>', lt: '<', gte: '>=', lte: '<=' } as const;

export function printFilter(filter: FlowFilter): string {
  switch (filter.kind) {
    case 'and':
    case 'or': {
      if (filter.filters.length === 0) return 'all';
      const shown = filter.filters.slice(0, MEMBERS_MAX).map((inner) => {
        const text = printFilter(inner);
        const isList = (inner.kind === 'and' || inner.kind === 'or') && inner.filters.length > 1;
        return isList ? `(${text})` : text;
      });
      const more = filter.filters.length - shown.length;
      return [...shown, ...(more > 0 ? [`${more} more`] : [])].join(` ${filter.kind} `);
    }
    case 'not':
      if (filter.filter.kind === 'absent') return `${filter.filter.key} exists`;
      return `not (${printFilter(filter.filter)})`;
    case 'equals':
      return `${filter.key} = ${JSON.stringify(filter.value)}`;
    case 'gt':
    case 'lt':
    case 'gte':
    case 'lte':
      return `${filter.key} ${SIGNS[filter.kind]} ${filter.value}`;
    case 'regex':
      return `${filter.key} matches ${JSON.stringify(filter.pattern)}`;
    case 'absent':
      return `${filter.key} does not exist`;
    case 'ipv4Range':
      return `${filter.key} in ${filter.cidr}`;
  }
}

function countOf(result: QueryResult): number {
  switch (result.kind) {
    case 'graph':
      return result.graph.nodeCount + result.graph.edgeCount;
    case 'nodes':
      return result.nodes.length;
    case 'edges':
      return result.edges.length;
    case 'paths':
      return result.paths.length;
    case 'value':
      return Array.isArray(result.value) ? result.value.length : 1;
    case 'flows':
      return result.flows.length;
    case 'groups':
      return result.groups.size;
    case 'metrics':
      return result.metrics.size;
    case 'packets':
      return result.packets.size;
    case 'sockets':
      return result.sockets.size;
    case 'nextHops':
      return result.hops.size;
  }
}

/**
 * A parsed query: frozen plain data, never changed by running it. Offsets are characters of the query text.
 * Source of the names: Gremlin notes, sections 2 and 3.
 */
export const STEP_NAMES = [
  'G',
  'V',
  'E',
  'Context',
  'Has',
  'HasKey',
  'HasNot',
  'HasEither',
  'Out',
  'In',
  'Both',
  'OutV',
  'InV',
  'BothV',
  'OutE',
  'InE',
  'BothE',
  'Dedup',
  'Count',
  'Range',
  'Limit',
  'Sort',
  'Values',
  'ValueMap',
  'Keys',
  'Sum',
  'As',
  'Select',
  'ShortestPathTo',
  'ShortestPathsTo',
  'SubGraph',
  'Descendants',
  'Ascendants',
  'Neighbors',
  'NextHop',
  'Flows',
  'Hops',
  'Nodes',
  'CaptureNode',
  'Metrics',
  'Aggregates',
  'RawPackets',
  'BPF',
  'Sockets',
  'Group',
  'MoreThan',
  'Workflow',
  'Or',
  'And',
  'Not',
  'Min',
  'Max',
  'Mean',
] as const;
export type StepName = (typeof STEP_NAMES)[number];

export const PREDICATE_NAMES = [
  'Metadata',
  'Within',
  'Without',
  'Lt',
  'Gt',
  'Lte',
  'Gte',
  'Inside',
  'Outside',
  'Between',
  'Ne',
  'Nee',
  'Regex',
  'Ipv4Range',
  'Contains',
  'Since',
] as const;
export type PredicateName = (typeof PREDICATE_NAMES)[number];

export const WORDS = ['ASC', 'DESC', 'NOW', 'FOREVER'] as const;
export type Word = (typeof WORDS)[number];

export type Param =
  | { readonly kind: 'text'; readonly value: string; readonly offset: number }
  /** `integer`: written as a 64-bit integer; otherwise a double. */
  | { readonly kind: 'number'; readonly value: number; readonly integer: boolean; readonly offset: number }
  | { readonly kind: 'boolean'; readonly value: boolean; readonly offset: number }
  | { readonly kind: 'word'; readonly word: Word; readonly offset: number }
  | {
      readonly kind: 'predicate';
      readonly name: PredicateName;
      readonly params: readonly Param[];
      readonly offset: number;
    }
  /** Steps without a beginning, as Or, And and Not take them: they begin at each element. */
  | { readonly kind: 'traversal'; readonly steps: readonly Step[]; readonly offset: number };

/** Steps whose parameters are traversals. */
export const NESTING_STEPS: ReadonlySet<StepName> = new Set<StepName>(['Or', 'And', 'Not']);

export interface Step {
  readonly name: StepName;
  readonly params: readonly Param[];
  readonly offset: number;
}

/** The leading `G` is not a step. */
export interface Query {
  readonly text: string;
  readonly steps: readonly Step[];
}

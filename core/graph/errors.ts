/** What the graph refuses; the texts are the reference's and clients see them (topology notes, section 1). */
export type GraphErrorCode =
  | 'node-conflict'
  | 'edge-conflict'
  | 'node-not-found'
  | 'edge-not-found'
  | 'parent-not-found'
  | 'child-not-found'
  /** The graph has as many nodes and edges as it may have. */
  | 'graph-full';

const TEXTS: Record<GraphErrorCode, string> = {
  'node-conflict': 'Node ID conflict',
  'edge-conflict': 'Edge ID conflict',
  'node-not-found': 'Node not found',
  'edge-not-found': 'Edge not found',
  'parent-not-found': 'Parent node not found',
  'child-not-found': 'Child node not found',
  'graph-full': 'The graph has as many nodes and edges as it may have (elementsMax)',
};

export class GraphError extends Error {
  readonly code: GraphErrorCode;
  readonly id: string;

  constructor(code: GraphErrorCode, id: string) {
    super(TEXTS[code]);
    this.name = 'GraphError';
    this.code = code;
    this.id = id;
  }
}
